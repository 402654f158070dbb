"""The page in headless Chromium: it fits a phone and a desktop, sorts, filters and hides, follows the colours, and loads nothing."""

from __future__ import annotations

import dataclasses
import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sim.records.sensitivity import SensitivityRecord
from sim.records.study import StudyRecord
from sim.report import files, words
from tests.report.chromium import Browser, chromium

pytestmark = pytest.mark.browser

WIDTHS = [390, 1280]
EVIL = '<script>window.alerted=1</script><img src=x onerror="window.alerted=1">\'"' + "W" * 10_000

# What lies where: boxes that leave the view or overlap, the smallest text of a figure in pixels, colours.
LAYOUT = """(() => {
  const scrolls = (node) => {
    for (let up = node.parentElement; up; up = up.parentElement)
      if (["auto", "hidden", "scroll"].includes(getComputedStyle(up).overflowX)) return true;
    return false;
  };
  const clipped = (node) => node.closest(".skip, .hidden, thead")?.getBoundingClientRect().width <= 1 || node.closest(".skip");
  const seen = (node) => node.getBoundingClientRect().width > 1 && !clipped(node);
  const wide = [...document.querySelectorAll("body :not(svg *)")]
    .filter((node) => seen(node) && node.getBoundingClientRect().right > innerWidth + 0.5 && !scrolls(node));
  const cells = [...document.querySelectorAll("th, td, dt, dd, li, p, label, button")]
    .filter((node) => seen(node) && node.scrollWidth > node.clientWidth + 1 && getComputedStyle(node).display !== "inline");
  const drawings = [...document.querySelectorAll("svg.plot")];
  const texts = drawings.flatMap((drawing) => [...drawing.querySelectorAll("text")].map((node) =>
    parseFloat(getComputedStyle(node).fontSize) * drawing.getBoundingClientRect().width / drawing.viewBox.baseVal.width));
  const outside = drawings.filter((drawing) => {
    const frame = drawing.getBoundingClientRect();
    return [...drawing.querySelectorAll("text")].some((node) => {
      const box = node.getBoundingClientRect();
      return box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1 || box.bottom > frame.bottom + 1;
    });
  });
  const body = getComputedStyle(document.body), text = document.querySelector("svg text");
  return {
    inner: innerWidth, scroll: document.documentElement.scrollWidth, smallest: Math.min(...texts), texts: texts.length,
    wide: wide.slice(0, 5).map((node) => node.outerHTML.slice(0, 120)), cells: cells.slice(0, 5).map((node) => node.outerHTML.slice(0, 120)),
    outside: outside.map((drawing) => drawing.getAttribute("aria-label").slice(0, 60)),
    paper: body.backgroundColor, ink: body.color, figure: text ? getComputedStyle(text).fill : "",
    cut: [...document.querySelectorAll(".wide:has(.folds)")].map((node) => node.scrollWidth - node.clientWidth),
    alerts: window.alerted || 0, scripts: document.scripts.length,
  };
})()"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    chromium()
    with Browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(scope="module")
def page(record: StudyRecord, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The record's page, one number of the first policy left out."""
    chromium()
    outcomes = [
        dataclasses.replace(s, mean=None, low=None, high=None, reason="no run measured it")
        if (s.outcome, s.policy, s.coin_price) == ("tao.coin_usd", "four_years", "pool")
        else s
        for s in record.outcomes
    ]
    return files.write(dataclasses.replace(record, outcomes=outcomes), tmp_path_factory.mktemp("browser"))


def assert_fits(seen: dict[str, Any], width: int) -> None:
    """Nothing is wider than the view, no text leaves its cell or its drawing."""
    assert seen["inner"] == width
    assert seen["scroll"] <= width, seen["wide"]
    assert (seen["wide"], seen["cells"], seen["outside"]) == ([], [], [])


def shown_whole(browser: Browser, page: Path, width: int, dark: bool = False) -> dict[str, Any]:
    """What lies where on a page that is shown; it fits, and no text of a figure is below nine pixels."""
    seen: dict[str, Any] = browser.show(page, width, dark=dark).value(LAYOUT)
    assert_fits(seen, width)
    assert seen["smallest"] >= 9
    return seen


def luminance(colour: str) -> float:
    """Relative luminance of `rgb(r, g, b)` (WCAG 2.2)."""
    parts = [int(number) / 255 for number in re.findall(r"\d+", colour)[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("dark", [False, True])
def test_the_page_fits_and_follows_the_colour_scheme(browser: Browser, page: Path, width: int, dark: bool) -> None:
    seen = shown_whole(browser, page, width, dark)
    assert seen["texts"] > 100
    assert (luminance(seen["paper"]) < 0.05) == dark
    light, deep = sorted((luminance(seen["paper"]), luminance(seen["ink"])), reverse=True)
    assert (light + 0.05) / (deep + 0.05) > 7
    assert seen["figure"] == seen["ink"]
    assert seen["scripts"] == 1


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("dark", [False, True])
def test_what_moves_an_outcome_fits_and_follows_its_policy(
    uncertain_record: StudyRecord,
    analyses: list[SensitivityRecord],
    browser: Browser,
    tmp_path: Path,
    width: int,
    dark: bool,
) -> None:
    shown_whole(browser, files.write(uncertain_record, tmp_path, analyses), width, dark)
    assert (browser.requests, browser.complaints) == ([], [])
    there = "[...document.querySelectorAll('#sobol-tao-nodes-end-two_years-pool, #tornado-cloud-share_frac-two_years-pool')]"
    assert browser.value(f"{there}.filter((node) => node.getBoundingClientRect().height > 80).length") == 2
    browser.click("[data-shows='1']")
    assert browser.value(f"{there}.filter((node) => node.getBoundingClientRect().height > 0).length") == 0


@pytest.mark.parametrize("width", WIDTHS)
def test_lines_over_a_swept_key_fit_and_hide_with_their_policy(
    swept_record: StudyRecord, browser: Browser, tmp_path: Path, width: int
) -> None:
    shown_whole(browser, files.write(swept_record, tmp_path), width)
    lines = SHOWN.format('figure[id^="swept-"] svg [data-policy="1"] path')
    assert browser.value(SHOWN.format('figure[id^="swept-"]')) == len({v.outcome for v in swept_record.verdicts})
    assert browser.value(lines) > 8
    browser.click("[data-shows='1']")
    assert browser.value(lines) == 0


@pytest.mark.parametrize("width", WIDTHS)
def test_a_page_with_all_that_there_can_be_fits_and_prints_one_point(
    full_record: StudyRecord, browser: Browser, tmp_path: Path, width: int
) -> None:
    seen = shown_whole(browser, files.write(full_record, tmp_path), width)
    assert browser.complaints == []
    assert set(seen["cut"]) == {0}, "a column of what broke is cut"
    shown = SHOWN.format('#t-solved-1, #t-starts-1, #t-breaks-1, #t-breaks-2, figure[id^="heat-"]')
    assert browser.value(shown) > 4
    points = SHOWN.format('[aria-labelledby="outcomes"] > div')
    told = SHOWN.format(".on-paper")
    assert (browser.value(points), browser.value(told)) == (12, 0)
    browser.ask("Emulation.setEmulatedMedia", media="print")
    assert (browser.value(points), browser.value(told)) == (1, 1)
    browser.ask("Emulation.setEmulatedMedia", media="")


def test_keys_alone_reach_everything(browser: Browser, page: Path) -> None:
    browser.show(page)
    browser.press("Tab")
    assert browser.value("document.activeElement.className") == "skip"
    browser.press("Enter")
    assert browser.value("location.hash") == "#content"
    seen = []
    for _ in range(80):
        browser.press("Tab")
        seen.append(
            browser.value(
                "(a => [a.tagName, a.id || a.dataset.shows || a.getAttribute('role') || ''])(document.activeElement)"
            )
        )
        if seen[-1] == ["INPUT", "view-search"]:
            browser.type("E2E")
        if seen[-1] == ["INPUT", "1"]:
            browser.press("Space")
        if seen[-1][0] == "DIV":
            break
    reached = [name for _, name in seen]
    assert reached[:2] == ["view-search", "view-network"], seen
    assert {"0", "1", "2", "view-all", "region"} <= set(reached), "boxes of policies, the button, a table that scrolls"
    assert browser.value("document.getElementById('view-search').value") == "E2E"
    assert not browser.value("document.querySelector('[data-shows=\"1\"]').checked")
    rows = SHOWN.format('[aria-labelledby="t-outcomes-0"] tbody tr')
    assert 0 < browser.value(rows) < 10


def column(browser: Browser, table: str, place: int) -> list[str]:
    """What the rows of a table's first body say in a column, heads of groups left out; numbers by what they sort by."""
    cells = "[...t.tBodies[0].rows].filter(r => !r.matches('.group, .stays, .off')).map(r => r.cells[{0}])"
    read = cells.format(place) + ".map(c => c.dataset.value ?? (c.matches('.missing') ? '' : c.textContent.trim()))"
    return list(browser.value(f"(t => {read})(document.querySelector({json.dumps(table)}))"))


def test_a_click_on_a_head_sorts_and_a_third_gives_the_first_order(browser: Browser, page: Path) -> None:
    table = "[aria-labelledby='t-outcomes-0'] table"
    head = f"{table} thead th:nth-child(2)"
    browser.show(page)
    given = column(browser, table, 1)
    state = f"document.querySelector(\"{head}\").getAttribute('aria-sort')"
    numbers = [float(cell) for cell in given if cell]
    assert len(numbers) > 15 and numbers != sorted(numbers) and "" in given
    empty = [cell for cell in given if not cell]
    browser.click(f"{head} button")
    assert browser.value(state) == "ascending"
    assert column(browser, table, 1) == [*sorted((c for c in given if c), key=float), *empty]
    browser.click(f"{head} button")
    assert browser.value(state) == "descending"
    assert column(browser, table, 1) == [*sorted((c for c in given if c), key=float, reverse=True), *empty]
    browser.click(f"{table} thead th:nth-child(1) button")
    assert browser.value(state) is None, "one column alone tells the order"
    names = column(browser, table, 0)
    assert names == sorted(names, key=str.lower) and names != sorted(names, reverse=True)
    browser.click(f"{head} button")
    browser.click(f"{head} button")
    browser.click(f"{head} button")
    assert (browser.value(state), column(browser, table, 1)) == (None, given)


def test_a_key_sorts_too_and_groups_stay_whole(browser: Browser, page: Path) -> None:
    table = "[aria-labelledby='verdicts-0'] table"
    browser.show(page)
    browser.value(f'document.querySelector("{table} thead th:nth-child(2) button").focus()')
    browser.press("Tab")
    assert browser.value("document.activeElement.textContent") == "price from a pool"
    browser.press("Enter")
    first = [float(value) for value in column(browser, table, 2)]
    assert first == sorted(first) and len(first) == 8
    browser.press("Space")
    assert [float(value) for value in column(browser, table, 2)] == sorted(first, reverse=True)
    heads = browser.value(f'[...document.querySelectorAll("{table} tbody")].map(b => b.rows[0].textContent.trim())')
    assert heads == ["two_years", "fees_only"]


def test_the_residual_stays_last(browser: Browser, page: Path) -> None:
    browser.show(page)
    for _ in range(2):
        browser.click("[aria-labelledby='t-flows-1'] table thead th:nth-child(2) button")
        last = browser.value(
            "document.querySelector(\"[aria-labelledby='t-flows-1'] table tbody\").lastElementChild.textContent"
        )
        assert last.strip().startswith("residual")


SHOWN = "[...document.querySelectorAll('{0}')].filter(node => node.getClientRects().length).length"


def test_rows_and_figures_are_filtered_by_words_and_by_network(
    browser: Browser, page: Path, record: StudyRecord
) -> None:
    browser.show(page)
    rows = SHOWN.format("tr[data-network]")
    every = browser.value(rows)
    labels = [words.full_label(name).lower() for name in {s.outcome for s in record.outcomes}]
    browser.click("#view-search")
    browser.type("NODES end")
    wanted = [name for name in labels if "nodes" in name and "end" in name]
    compared = [v for v in record.verdicts if v.coin_price == "both" and "nodes@end" in v.outcome]
    assert browser.value(rows) == len(wanted) + len(compared) == 3
    assert browser.value("document.getElementById('view-told').textContent").startswith(f"3 of {every} rows")
    assert not browser.value("document.getElementById('latency').checkVisibility()"), "a part without figures goes"
    browser.click("#view-all")
    assert browser.value(rows) == every and browser.value("document.getElementById('view-search').value") == ""
    choose = (
        "(s => { s.value = 'cloud'; s.dispatchEvent(new Event('change')); })(document.getElementById('view-network'))"
    )
    browser.value(choose)
    said = browser.value(
        "[...document.querySelectorAll('tr[data-network]')].filter(r => r.getClientRects().length).map(r => r.cells[0].textContent)"
    )
    assert said and all(text.startswith("cloud: ") for text in said)
    assert browser.value(SHOWN.format("figure[data-network=cloud]")) == 4
    assert browser.value(SHOWN.format("figure[data-network=tao]")) == 0


def test_a_policy_is_hidden_in_tables_and_charts_and_shown_again(browser: Browser, page: Path) -> None:
    browser.show(page)
    every = SHOWN.format("[data-policy]")
    mine, others = SHOWN.format('[data-policy="2"]'), SHOWN.format('[data-policy="1"]')
    before = (browser.value(every), browser.value(mine), browser.value(others))
    curves = SHOWN.format('svg [data-policy="2"] path')
    assert browser.value(curves) > 20
    browser.click("[data-shows='2']")
    assert (browser.value(mine), browser.value(curves), browser.value(others)) == (0, 0, before[2])
    heads = browser.value(
        "[...document.querySelectorAll('th')].filter(h => h.getClientRects().length).map(h => h.textContent.trim())"
    )
    assert "two_years" in heads and not [head for head in heads if "fees_only" in head]
    assert "2 of 3 policies" in browser.value("document.getElementById('view-told').textContent")
    assert browser.value(LAYOUT)["wide"] == []
    browser.click("[data-shows='2']")
    assert (browser.value(every), browser.value(mine), browser.value(others)) == before


@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_is_whole_without_scripts(browser: Browser, page: Path, width: int) -> None:
    browser.show(page, width, scripts=False)
    browser.ask("Emulation.setScriptExecutionDisabled", value=False)
    assert not browser.value("document.getElementById('view').checkVisibility()")
    assert browser.value("document.querySelectorAll('button.sort').length") == 0
    assert browser.value(SHOWN.format("tr[data-network]")) == browser.value(
        "document.querySelectorAll('tr[data-network]').length"
    )
    assert_fits(browser.value(LAYOUT), width)


def test_no_request_leaves_the_page(browser: Browser, page: Path) -> None:
    browser.show(page)
    assert (browser.requests, browser.complaints) == ([], [])
    assert browser.value("performance.getEntriesByType('resource').length") == 0
    # Whatever got in: a picture, a sheet, a frame or a call would ask for nothing, and no second script would run.
    browser.ask("Runtime.evaluate", expression="""
        document.body.insertAdjacentHTML("beforeend", "<img src='https://example.org/a.png'><iframe src='https://example.org/'></iframe>"
          + "<link rel=stylesheet href='https://example.org/a.css'><form id=f action='https://example.org/'></form>");
        const more = document.createElement("script"); more.textContent = "window.alerted = 1"; document.body.append(more);
        document.getElementById("f").submit();
        fetch("https://example.org/b").catch(() => 0)""")  # fmt: skip
    blocked = "new Promise(done => setTimeout(() => done(window.alerted || 0), 300))"
    assert browser.value(blocked) == 0
    assert browser.value("performance.getEntriesByType('resource').filter(entry => entry.responseStatus).length") == 0
    assert len([text for text in browser.complaints if "Content Security Policy" in text]) >= 5
    assert browser.value("location.protocol") == "file:"


def test_a_picture_is_no_blank_page(browser: Browser, page: Path, tmp_path: Path) -> None:
    from matplotlib import image

    shot = browser.show(page, 800, 1200).picture(tmp_path / "shot.png", whole=False)
    pixels = image.imread(shot)[:, :, :3]
    assert pixels.shape == (1200, 800, 3)
    assert len({tuple(pixel) for pixel in pixels[::7, ::7].reshape(-1, 3).tolist()}) > 20


def test_the_page_prints(browser: Browser, page: Path, tmp_path: Path) -> None:
    paper = browser.show(page).paper(tmp_path / "report.pdf").read_bytes()
    assert paper.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) < 25


def test_all_of_the_page_fits_on_paper(browser: Browser, page: Path) -> None:
    # 190 mm of an A4 sheet are 718 px; what scrolls on a screen is cut on paper.
    browser.show(page, 718)
    browser.ask("Emulation.setEmulatedMedia", media="print")
    seen = browser.value(LAYOUT)
    hidden = browser.value("document.getElementById('view').checkVisibility()")
    browser.ask("Emulation.setEmulatedMedia", media="")
    assert not hidden, "boxes to click are no use on paper"
    assert (seen["wide"], seen["cells"], seen["outside"]) == ([], [], [])
    assert seen["scroll"] <= 719, "a pixel by rounding"


CONTRASTS = """[...document.querySelectorAll(".word, .soft, small, a, th, td, summary, label, button, .caption, figcaption p")]
  .filter((node) => node.getClientRects().length).map((node) => {
    let ground = "rgba(0, 0, 0, 0)";
    for (let up = node; up && ground === "rgba(0, 0, 0, 0)"; up = up.parentElement) ground = getComputedStyle(up).backgroundColor;
    return [node.outerHTML.slice(0, 80), getComputedStyle(node).color, ground];
  })"""


@pytest.mark.parametrize("dark", [False, True])
def test_every_text_stands_out_from_its_ground(browser: Browser, page: Path, dark: bool) -> None:
    found = browser.show(page, dark=dark).value(CONTRASTS)
    assert len(found) > 500
    for said, *colours in found:
        light, deep = sorted(map(luminance, colours), reverse=True)
        # WCAG 2.2, 1.4.3: text of this size needs a contrast of 4.5.
        assert (light + 0.05) / (deep + 0.05) > 4.5, said


# Names as a reader of the screen hears them, from the browser's own tree (W3C, Accessible Name and Description Computation).
NAMED = {
    "img",
    "table",
    "region",
    "navigation",
    "button",
    "checkbox",
    "searchbox",
    "combobox",
    "link",
    "columnheader",
    "rowheader",
}


@pytest.mark.parametrize("width", WIDTHS)
def test_a_reader_of_the_screen_finds_landmarks_tables_and_names(browser: Browser, page: Path, width: int) -> None:
    browser.show(page, width)
    browser.ask("Accessibility.enable")
    nodes = [node for node in browser.ask("Accessibility.getFullAXTree")["nodes"] if not node["ignored"]]
    browser.ask("Accessibility.disable")
    roles = [node["role"]["value"] for node in nodes]
    assert [roles.count(role) for role in ("banner", "main", "navigation", "contentinfo")] == [1, 1, 1, 1]
    nameless = [
        node["role"]["value"]
        for node in nodes
        if node["role"]["value"] in NAMED and not node.get("name", {}).get("value")
    ]
    assert nameless == []
    drawings = [
        node["name"]["value"]
        for node in nodes
        if node["role"]["value"] in ("img", "image", "figure") and len(node["name"]["value"]) > 100
    ]
    assert len(drawings) >= browser.value("document.querySelectorAll('svg.plot').length") == 15
    shown = browser.value(
        "[...document.querySelectorAll('table')].filter(t => !t.closest('details:not([open])')).length"
    )
    assert roles.count("table") == shown and roles.count("rowheader") > 60 and roles.count("columnheader") > 20
    levels = browser.value("[...document.querySelectorAll('h1, h2, h3')].map(head => Number(head.tagName[1]))")
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def hostile(record: StudyRecord) -> StudyRecord:
    """Every name is `EVIL` or begins so: the scenario, its policies, its networks and its outcomes."""

    def renamed(row: Any) -> Any:
        fields = {}
        for name in ("policy", "baseline"):
            if getattr(row, name, "") in record.policies:
                fields[name] = EVIL if getattr(row, name) == "two_years" else getattr(row, name)
        if hasattr(row, "outcome"):
            network, _, rest = row.outcome.partition(".")
            fields["outcome"] = (
                f"{EVIL}{network}.{EVIL if rest == 'gini' else rest}" if network == "tao" else row.outcome
            )
        elif hasattr(row, "network"):
            fields["network"] = EVIL + row.network if row.network == "tao" else row.network
        return dataclasses.replace(row, **fields)

    lists = ("outcomes", "verdicts", "bands", "histograms", "flows", "checks", "changes", "lorenz", "break_evens")
    return dataclasses.replace(
        record, **{name: [renamed(row) for row in getattr(record, name)] for name in lists}, name=EVIL, scenario_file=EVIL,
        policies=["four_years", EVIL, "fees_only"], sentences=[EVIL, "W" * 3000], warnings=[EVIL], scenario_resolved=EVIL, held_fixed=[EVIL],
        method={EVIL: EVIL}, start=EVIL, assumptions=[dataclasses.replace(a, source=EVIL, path=EVIL) for a in record.assumptions],
    )  # fmt: skip


def hostile_analysis(analysis: SensitivityRecord) -> SensitivityRecord:
    """All that a scenario can name in an analysis is `EVIL`."""

    def renamed(row: Any) -> Any:
        fields = {name: EVIL for name in ("low_text", "high_text") if hasattr(row, name)}
        asked = dataclasses.replace(row.asked, outcome=f"{EVIL}tao.nodes", policy=EVIL, baseline=EVIL)
        return dataclasses.replace(row, asked=asked, parameter=EVIL + row.parameter, **fields)

    return dataclasses.replace(
        analysis, indices=[renamed(row) for row in analysis.indices], swings=[renamed(row) for row in analysis.swings],
        parameters=[dataclasses.replace(one, path=EVIL + one.path) for one in analysis.parameters],
    )  # fmt: skip


@pytest.fixture(scope="module")
def hostile_page(
    record: StudyRecord, analyses: list[SensitivityRecord], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    chromium()
    return files.write(hostile(record), tmp_path_factory.mktemp("hostile"), list(map(hostile_analysis, analyses)))


@pytest.mark.parametrize("width", WIDTHS)
def test_hostile_names_neither_run_nor_overflow(browser: Browser, hostile_page: Path, width: int) -> None:
    seen = browser.show(hostile_page, width).value(LAYOUT)
    assert (seen["alerts"], seen["scripts"]) == (0, 1)
    assert (browser.requests, browser.complaints) == ([], [])
    assert browser.value("document.querySelectorAll('img, script:not(:last-of-type)').length") == 0
    assert_fits(seen, width)
    browser.click("[data-shows='1']")
    assert browser.value(SHOWN.format('[data-policy="1"]')) == 0
    browser.click("#view-search")
    browser.type("<script>")
    assert browser.value(SHOWN.format("tr[data-network]")) > 10
    assert browser.value("window.alerted || 0") == 0
