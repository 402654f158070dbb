/* Sorts tables by their heads, filters rows and figures by outcome and network, shows and hides policies.
   The page is whole without it: it adds buttons to what is there, loads nothing, keeps nothing. */
"use strict";
(function () {
  const view = document.getElementById("view");
  const search = document.getElementById("view-search");
  const network = document.getElementById("view-network");
  const boxes = [...view.querySelectorAll("[data-shows]")];
  const told = document.getElementById("view-told");
  const rows = [...document.querySelectorAll("tr[data-network]")];
  const figures = [...document.querySelectorAll("figure")];
  const columns = [...document.querySelectorAll("th[data-network], td[data-network]")];
  const ofPolicies = [...document.querySelectorAll("[data-policy]")];
  const inOrder = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

  /* A row by its first cell, a figure by its title; only those with a network are filtered by outcome. */
  function saidBy(node) {
    return (node.querySelector(node.tagName === "TR" ? "th" : ".title") || node).textContent.toLowerCase();
  }

  function wanted(node) {
    const inNetwork = !network.value || !node.dataset.network || node.dataset.network === network.value;
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const said = saidBy(node);
    return inNetwork && words.every((word) => said.includes(word));
  }

  function show() {
    const hidden = new Set(boxes.filter((box) => !box.checked).map((box) => box.dataset.shows));
    const off = (node, is) => node.classList.toggle("off", Boolean(is));
    ofPolicies.forEach((node) => off(node, hidden.has(node.dataset.policy)));
    columns.forEach((cell) => off(cell, network.value && cell.dataset.network !== network.value));
    const filtered = [...rows, ...figures.filter((figure) => figure.dataset.network !== undefined)];
    filtered.forEach((node) => off(node, hidden.has(node.dataset.policy) || !wanted(node)));
    document.querySelectorAll("tbody > .group").forEach((group) => {
      const under = [...group.parentElement.rows].filter((row) => row !== group);
      off(group, under.every((row) => row.closest(".off")));
    });
    document.querySelectorAll("[data-empties]").forEach((part) => {
      off(part, [...part.querySelectorAll("figure")].every((figure) => figure.classList.contains("off")));
    });
    const seen = rows.filter((row) => !row.closest(".off")).length;
    const policies = boxes.length > 1 ? `, ${boxes.length - hidden.size} of ${boxes.length} policies` : "";
    told.textContent = `${seen} of ${rows.length} rows of outcomes${policies}`;
  }

  /* What a cell is sorted by: its number where it has one, else its text; "" where it says nothing. */
  function sortedBy(row, column) {
    const cell = row.cells[column];
    if (!cell || cell.classList.contains("missing")) return "";
    return cell.dataset.value === undefined ? cell.textContent.trim() : Number(cell.dataset.value);
  }

  /* Ties keep the given order; cells that say nothing come last both ways. */
  function compare(a, b, sign) {
    if (a === "" || b === "") return (a === "") - (b === "");
    if (typeof a === "number" && typeof b === "number") return sign * (a - b);
    return sign * inOrder.compare(a, b);
  }

  /* Groups (one tbody each) stay where they are, with their head first; a row of totals stays last. */
  function sort(table, column, sign) {
    for (const body of table.tBodies) {
      const rest = [...body.rows].sort((a, b) => a.dataset.place - b.dataset.place);
      const first = rest.filter((row) => row.classList.contains("group"));
      const last = rest.filter((row) => row.classList.contains("stays"));
      const moved = rest.filter((row) => !first.includes(row) && !last.includes(row));
      if (sign) moved.sort((a, b) => compare(sortedBy(a, column), sortedBy(b, column), sign));
      body.append(...first, ...moved, ...last);
    }
  }

  function sortable(table) {
    const heads = [...table.tHead.rows[0].cells];
    for (const body of table.tBodies) [...body.rows].forEach((row, place) => { row.dataset.place = place; });
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const next = { ascending: "descending", descending: "" }[head.getAttribute("aria-sort")] ?? "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        if (next) head.setAttribute("aria-sort", next);
        sort(table, column, { ascending: 1, descending: -1 }[next] || 0);
      });
    });
  }

  function everything() {
    search.value = "";
    network.value = "";
    boxes.forEach((box) => { box.checked = true; });
    show();
  }

  document.querySelectorAll("table").forEach((table) => {
    if (Math.max(...[...table.tBodies].map((body) => body.rows.length)) > 2) sortable(table);
  });
  search.addEventListener("input", show);
  network.addEventListener("change", show);
  boxes.forEach((box) => box.addEventListener("change", show));
  document.getElementById("view-all").addEventListener("click", everything);
  document.documentElement.classList.add("alive");
  view.hidden = false;
  everything();
})();
