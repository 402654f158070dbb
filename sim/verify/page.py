"""The tables of `docs/verification.md`, from what `infermint verify --whole --json` printed: `python -m sim.verify.page FILE...`.

A developer's command. Files may hold a family each; together they must hold every case once. Nothing is run here.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sim.verify.cases import Case, case_of, entries
from sim.verify.estimate import Estimate
from sim.verify.judge import Row, judge
from sim.verify.plans import PLANS, relative
from sim.verify.rounding import shift
from sim.verify.rule import breaches, stated
from sim.verify.table import sentence

PAGE = Path("docs/verification.md")
BEGIN, END = "<!-- tables: begin, `make verification` writes them -->", "<!-- tables: end -->"


def cases() -> list[Case]:
    """All cases that are estimated, in the order of the page."""
    return [case_of(family, entry) for family in PLANS for entry in entries(family)]


def tables(documents: Sequence[Mapping[str, Any]]) -> str:
    """Verdict, a table of cases and one of quantities; a case without a run is named. Raises ValueError for two runs of one."""
    runs = {(run["family"], run["case"]): run for one in documents for run in one["runs"]}
    if len(runs) != sum(len(one["runs"]) for one in documents) or len({one["seed"] for one in documents}) > 1:
        raise ValueError("files of one seed are needed, each case in one of them")
    if not all(one["whole"] for one in documents):
        raise ValueError("a run of the usual size found; the page shows whole ones")
    rows: dict[tuple[str, str], list[Row]] = {key: [] for key in runs}
    for row in (row for one in documents for row in one["rows"]):
        found = Estimate(row["estimate"], row["standard_error"], row["degrees_of_freedom"])
        key = row["family"], row["case"]
        rows[key].append(Row(*key, row["quantity"], row["theory"], found, row["headline"]))
    verdict = judge([row for some in rows.values() for row in some])
    spent_s = sum(run["cpu_s"] for run in runs.values())
    ran = [case for case in cases() if (case.family, case.name) in runs]
    met = [case for case in ran if not _breaches(case, rows[case.family, case.name])]
    missing = [case.name for case in cases() if case not in ran]
    lines = [
        sentence(verdict),
        "",
        f"{len(met)} of {len(cases())} estimated cases meet both parts of the rule in every quantity (seed {documents[0]['seed']}, "
        f"{spent_s / 60:.0f} CPU-minutes). Both traces are met exactly.",
        *(["", f"Not run whole yet: {', '.join(missing)}."] if missing else []),
        "",
        "| family | case | through | customers | CPU s | discretisation | widest 4 errors | farthest | rule |",
        "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | --- |",
        *(_of_case(case, runs[case.family, case.name], rows[case.family, case.name]) for case in ran),
        "",
        "| case | quantity | theory | estimate | 95 % interval | standard error | off | verdict | rule |",
        "| --- | --- | ---: | ---: | --- | ---: | ---: | --- | --- |",
        *(line for case in ran for line in _of_quantities(case, rows[case.family, case.name])),
    ]
    return "\n".join(lines)


def _breaches(case: Case, rows: Sequence[Row]) -> list[str]:
    return breaches(case, {row.quantity: row.found for row in rows})


def _of_case(case: Case, run: Mapping[str, Any], rows: Sequence[Row]) -> str:
    # A value of 0 has no relative error: it must be met exactly.
    widest = max(4 * row.found.error / abs(row.theory) for row in rows if row.theory)
    farthest = max(abs(row.found.value - row.theory) / row.found.error for row in rows if row.found.error)
    word = "met" if not _breaches(case, rows) else "BROKEN"
    return (
        f"| {case.family} | {case.name} | {PLANS[case.family].through} | {run['replications']} x {run['customers']:,} "
        f"| {run['cpu_s']:.1f} | {shift(case):.1g} | {widest:.2%} of {relative(case):.0%} | {farthest:.1f} errors | {word} |"
    )


def _of_quantities(case: Case, rows: Sequence[Row]) -> list[str]:
    lines, bound = [], relative(case)
    for row in rows:
        low, high = row.found.interval()
        off = f"{row.found.value / row.theory - 1:+.3%}" if row.theory else f"{row.found.value:+.3g}"
        broken = [text for text in _breaches(case, rows) if text.startswith(f"{row.quantity}: ")]
        lines.append(
            f"| {case.name} | {'**' * row.headline}{row.quantity}{'**' * row.headline} | {row.theory:.6g} | {row.found.value:.6g} "
            f"| {low:.6g} .. {high:.6g} | {row.found.error:.2g} | {off} | {'contains' if row.inside else 'MISSES'} "
            f"| {'BROKEN' if broken else 'met'} |"
        )
    for name, value in stated(case).items():
        wanted = case.values[name]
        met = abs(value - wanted) <= bound / 4 * abs(wanted)
        lines.append(
            f"| {case.name} | {name} | {wanted:.6g} | {value:.6g} | of the inputs | | | | {'met' if met else 'BROKEN'} |"
        )
    return lines


def main(files: Sequence[str]) -> None:
    """Write the tables into the page."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    documents = [json.loads(Path(name).read_text(encoding="utf-8")) for name in files]
    PAGE.write_text(f"{before}{BEGIN}\n\n{tables(documents)}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
