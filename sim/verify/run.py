"""Running the cases: replications of each, one after another, in an order that nothing but the choice of cases sets."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from sim.errors import ScenarioError, nearest
from sim.verify.cases import Case, case_of, draws, entries
from sim.verify.estimate import Estimate, estimate
from sim.verify.judge import Row
from sim.verify.plans import PLANS, replications

Progress = Callable[[int, int, str], None]


def chosen(families: Sequence[str]) -> list[Case]:
    """The cases of the families named, of all if none is. Raises ScenarioError for a name that is none."""
    for name in families:
        if name not in PLANS:
            like = f"; like it: {', '.join(found)}" if (found := nearest(name, PLANS)) else ""
            raise ScenarioError(f"--family: '{name}' found; must be one of {', '.join(PLANS)}{like}")
    return [
        case_of(family, entry) for family in PLANS if not families or family in families for entry in entries(family)
    ]


def estimated(case: Case, seed: int, quick: bool) -> dict[str, Estimate]:
    """Estimates of those values of a case that have one, the headline first."""
    plan = PLANS[case.family]
    count, customers = replications(plan, case, quick)
    found = estimate([plan.simulate(case, draws(case, seed, r), customers, "fast") for r in range(count)])
    names = [plan.headline, *(name for name in found if name in case.values and name != plan.headline)]
    return {name: found[name] for name in names}


def rows_of(case: Case, found: dict[str, Estimate]) -> list[Row]:
    """A row a quantity. What never happened in all replications (an error of 0 beside a value that is none) is not judged."""
    headline = PLANS[case.family].headline
    rows = [Row(case.family, case.name, name, case.values[name], one, name == headline) for name, one in found.items()]
    return [row for row in rows if row.headline or seen(row)]


def seen(row: Row) -> bool:
    """Whether the replications differ, as an interval needs; or all agree on a value that is exact."""
    return (row.found.error > 0 and math.isfinite(row.found.error)) or row.found.value == row.theory


def verify(cases: Sequence[Case], seed: int, quick: bool, progress: Progress) -> Iterator[Row]:
    """The rows of all cases, in their order."""
    for number, case in enumerate(cases):
        progress(number, len(cases), f"{case.family} {case.name}")
        yield from rows_of(case, estimated(case, seed, quick))
    progress(len(cases), len(cases), "")
