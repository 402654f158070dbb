"""Windows beside the run that serves every request, over the grid of `tests/world/grid.py`: `python -m benchmarks.fidelity FOLDER`.

Each cell and replication is played twice, and what it says is kept in FOLDER as one JSON file: a broken-off run goes on where it
stopped. `--cell NAME` plays one cell, `--write` makes `docs/fidelity.md` of what FOLDER holds. All of it takes about half a CPU-hour.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sim.records.run import RunRecord
from tests.world.fidelity import Difference, differences
from tests.world.grid import ALL, CELLS, REPLICATIONS, Cell
from tests.world.small import play

PAGE = Path(__file__).parents[1] / "docs" / "fidelity.md"
FEWEST = 3
"""Replications below which a cell counts as not run."""
HEAD = """# Windows beside all requests

`requests.mode: sampled` serves windows, `all` serves every request. This page holds the one to the other, outcome by outcome.

**Rule.** Over 30 days, in every cell of a grid, for every outcome: the 95 % interval of the paired difference (sampled - all, Student's t over
replications that meet the same users) contains 0, or lies within 5 % of the mean of `all`.

**Grid.** Loads .6, .8 and .95; every hour alike (*flat*) or the hours of a day (*day*; at .8 the evening asks for 1.17 of what the nodes
serve); nodes that never fail, or every three days in the mean (*fail*); users who come whatever they meet (*open*) or
choose every six hours between the network and a cloud by price, waits and losses (*closed*). Two cards serve 1,000 prompt and 1,600 output tokens
a request; 48 windows of five minutes a day measure a sixth of the requests (`tests/world/grid.py`). Cells share their users, so luck
with the windows shows in all of them at once.

**Made by** `python -m benchmarks.fidelity FOLDER --write` (about half a CPU-hour; `tests/world/test_fidelity_grid.py` holds every cell to the rule).
"""


def played(cell: Cell, replication: int, folder: Path) -> list[dict[str, Any]]:
    """Outcomes of `all` and of `sampled`, from the folder or played now."""
    file = folder / f"{cell.name}-{replication}.json"
    if not file.exists():
        file.write_text(json.dumps([_said(cell, requests, replication) for requests in (ALL, cell.sampled)]))
    pair: list[dict[str, Any]] = [run["outcomes"] for run in json.loads(file.read_text())]
    return pair


def _said(cell: Cell, requests: Mapping[str, Any], replication: int) -> dict[str, Any]:
    run: RunRecord = play({**cell.changes, "requests": requests}, replication=replication)
    return {"outcomes": run.outcomes, "counts": run.counts}


def kept(cell: Cell, folder: Path) -> dict[str, Difference]:
    """What the folder holds of a cell; nothing of one with fewer than `FEWEST` replications."""
    pairs = [played(cell, r, folder) for r in range(replications(cell, folder))]
    return differences([pair[0] for pair in pairs], [pair[1] for pair in pairs]) if len(pairs) >= FEWEST else {}


def replications(cell: Cell, folder: Path) -> int:
    """Replications in a row that the folder holds."""
    count = 0
    while (folder / f"{cell.name}-{count}.json").exists():
        count += 1
    return count


def page(folder: Path) -> str:
    """The page: a line a cell, then every outcome."""
    found = {cell: kept(cell, folder) for cell in CELLS}
    lines = [
        HEAD,
        "## Cells\n",
        "| cell | replications | outcomes | contain 0 | only within 5 % | break the rule |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    lines += [_cell_row(cell, of, replications(cell, folder)) for cell, of in found.items()]
    lines += ["", *_notes(), ""]
    for closed in (False, True):
        lines += _outcomes({cell: of for cell, of in found.items() if cell.closed is closed and of}, closed)
    return "\n".join(lines) + "\n"


def _cell_row(cell: Cell, of: Mapping[str, Difference], count: int) -> str:
    if not of:
        return f"| {cell.name} | {count} | not run | | | |"
    zero = sum(d.contains_0 for d in of.values())
    near = sum(d.near and not d.contains_0 for d in of.values())
    broken = ", ".join(f"`{name}` {_percent(d)}" for name, d in of.items() if not d.holds) or "none"
    return f"| {cell.name} | {count} | {len(of)} | {zero} | {near} | {broken} |"


def _notes() -> Iterator[str]:
    from tests.world.grid import NOTES

    yield from NOTES


def _outcomes(found: Mapping[Cell, Mapping[str, Difference]], closed: bool) -> Iterator[str]:
    """A table of all outcomes of the open or the closed cells."""
    yield f"## Every outcome, {'closed' if closed else 'open'} loop\n"
    yield "Interval of the difference in percent of the mean of `all`; `*` does not contain 0 but lies within 5 %, **bold** breaks the rule, `=` no run differs.\n"
    yield "| outcome | " + " | ".join(cell.name.partition("-")[2] for cell in found) + " |"
    yield "| --- |" + " --- |" * len(found)
    for name in dict.fromkeys(name for of in found.values() for name in of):
        yield f"| `{name}` | " + " | ".join(_entry(of.get(name)) for of in found.values()) + " |"
    yield ""


def _entry(d: Difference | None) -> str:
    if d is None:
        return ""
    text = _percent(d)
    return text if d.contains_0 else f"{text} *" if d.holds else f"**{text}**"


def _percent(d: Difference) -> str:
    if d.low == d.high == 0:
        return "="
    if d.mean == 0 or d.mean != d.mean:
        return f"{d.low:.3g} .. {d.high:.3g}"
    low, high = sorted((100 * d.low / d.mean, 100 * d.high / d.mean))
    return f"{_short(low)} .. {_short(high)}"


def _short(percent: float) -> str:
    return f"{percent:.2g}" if abs(percent) < 100 else f"{percent:.0f}"


def main() -> None:
    """Play what is missing, and write the page where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cell", choices=[cell.name for cell in CELLS])
    parser.add_argument(
        "--write", action="store_true", help="write docs/fidelity.md from what FOLDER holds, and play nothing"
    )
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    if asked.write:
        PAGE.write_text(page(asked.folder), encoding="utf-8")
        return
    for cell in CELLS:
        if asked.cell in (None, cell.name):
            for replication in range(REPLICATIONS.get(cell.name, 3)):
                played(cell, replication, asked.folder)
            print(cell.name, "played", flush=True)


if __name__ == "__main__":
    main()
