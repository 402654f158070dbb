"""Running the cases side by side in threads: what a case gives depends on the seed and itself alone, not on its neighbours.

Kernels let go of the interpreter while they run, so threads do; and whoever presses Ctrl-C is heard between two replications.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import threading
import time
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


@dataclasses.dataclass(frozen=True)
class Done:
    """A case that was simulated: estimates of its values, the headline first, and what they took."""

    case: Case
    found: dict[str, Estimate]
    replications: int
    customers: int
    """Of each replication, without its warm-up."""
    cpu_s: float


def estimated(case: Case, seed: int, whole: bool, stop: threading.Event | None = None) -> Done:
    """Estimates of those values of a case that are outcomes. Raises StoppedError once `stop` is set."""
    plan, began = PLANS[case.family], time.thread_time()
    count, customers = replications(plan, case, whole)
    samples = []
    for replication in range(count):
        if stop is not None and stop.is_set():
            raise StoppedError(case.name)
        samples.append(plan.simulate(case, draws(case, seed, replication), customers, "fast"))
    found = estimate(samples)
    names = [plan.headline, *(name for name in case.values if name in found and name != plan.headline)]
    return Done(case, {name: found[name] for name in names}, count, customers, time.thread_time() - began)


def rows_of(done: Done) -> list[Row]:
    """A row a quantity."""
    case, headline = done.case, PLANS[done.case.family].headline
    return [
        Row(case.family, case.name, name, case.values[name], one, name == headline) for name, one in done.found.items()
    ]


def verify(cases: Sequence[Case], seed: int, whole: bool, jobs: int, progress: Progress) -> list[Done]:
    """All cases, in their order, whatever the number of `jobs`."""
    stop = threading.Event()
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        futures = [pool.submit(estimated, case, seed, whole, stop) for case in cases]
        try:
            for done, future in enumerate(concurrent.futures.as_completed(futures), 1):
                future.result()
                progress(done, len(cases))
        except BaseException:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [future.result() for future in futures]
