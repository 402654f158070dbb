"""Running the cases side by side in threads: what a case gives depends on the seed and itself alone, not on its neighbours.

Kernels let go of the interpreter while they run, so threads do; and whoever presses Ctrl-C is heard between two replications.
"""

from __future__ import annotations

import concurrent.futures
import math
import threading
from collections.abc import Callable, Sequence

from sim.errors import ScenarioError, nearest
from sim.verify.cases import Case, case_of, draws, entries
from sim.verify.estimate import Estimate, estimate
from sim.verify.judge import Row
from sim.verify.plans import PLANS, replications

Progress = Callable[[int, int], None]
"""Takes the number of cases that are done, and of all."""


class StoppedError(Exception):
    """A case was given up because the whole run ends."""


def chosen(families: Sequence[str]) -> list[Case]:
    """The cases of the families named, of all if none is. Raises ScenarioError for a name that is none."""
    for name in families:
        if name not in PLANS:
            like = f"; like it: {', '.join(found)}" if (found := nearest(name, PLANS)) else ""
            raise ScenarioError(f"--family: '{name}' found; must be one of {', '.join(PLANS)}{like}")
    return [
        case_of(family, entry) for family in PLANS if not families or family in families for entry in entries(family)
    ]


def estimated(case: Case, seed: int, quick: bool, stop: threading.Event | None = None) -> dict[str, Estimate]:
    """Estimates of those values of a case that have one, the headline first. Raises StoppedError once `stop` is set."""
    plan = PLANS[case.family]
    count, customers = replications(plan, case, quick)
    samples = []
    for replication in range(count):
        if stop is not None and stop.is_set():
            raise StoppedError(case.name)
        samples.append(plan.simulate(case, draws(case, seed, replication), customers, "fast"))
    found = estimate(samples)
    names = [plan.headline, *(name for name in found if name in case.values and name != plan.headline)]
    return {name: found[name] for name in names}


def rows_of(case: Case, found: dict[str, Estimate]) -> list[Row]:
    """A row a quantity. What never happened in any replication has no interval, and no row."""
    headline = PLANS[case.family].headline
    rows = [Row(case.family, case.name, name, case.values[name], one, name == headline) for name, one in found.items()]
    return [row for row in rows if row.headline or _varies(row)]


def _varies(row: Row) -> bool:
    """Whether replications differ, as an interval needs; or all agree on a value that is exact."""
    return (row.found.error > 0 and math.isfinite(row.found.error)) or row.found.value == row.theory


def verify(cases: Sequence[Case], seed: int, quick: bool, jobs: int, progress: Progress) -> list[Row]:
    """The rows of all cases, in their order, whatever the number of `jobs`."""
    stop = threading.Event()
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        futures = [pool.submit(estimated, case, seed, quick, stop) for case in cases]
        try:
            for done, future in enumerate(concurrent.futures.as_completed(futures), 1):
                future.result()
                progress(done, len(cases))
        except BaseException:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [row for case, future in zip(cases, futures, strict=True) for row in rows_of(case, future.result())]
