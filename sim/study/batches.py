"""One long run: its mean with an interval from means of few long batches, and a test whether these are independent.

The values of a run depend on their neighbours, so an interval over single values is far too narrow (at a load of 0.8 it holds the
truth in 16 % of cases instead of 95 %; `docs/coverage.md`). Means of long batches hardly depend on each other, and t over them holds.

Sources: Conway, R. W. (1963), Management Science 10, 47-61 (batch means); Schmeiser, B. (1982), Operations Research 30,
556-568 (10 to 30 batches are enough, more only lose coverage); von Neumann, J. (1941), Ann. Math. Statist. 12, 367-395,
and Fishman, G. S. (1978), Management Science 24, 510-521 (the ratio as a test of batch means).
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Mapping, Sequence

from sim.records.outcomes import OUTCOMES, split_name
from sim.records.run import RunRecord
from sim.study.plan import Plan
from sim.study.statistics import Interval, mean, mean_interval
from sim.study.values import base_name, judged

MOST, FEWEST = 20, 10
"""Batches: 20, or 10 twice as long where 20 are not independent."""
LEVEL = 0.05
"""A p below this says that batch means go together with their neighbours."""


@dataclasses.dataclass(frozen=True)
class BatchMeans:
    """`interval` over `batches` means of `size` values each; `p` of the von Neumann test, small where batches depend."""

    interval: Interval
    batches: int
    size: int
    p: float

    @property
    def half_width(self) -> float:
        """Half of the interval's width."""
        return ((self.interval.high or 0.0) - (self.interval.low or 0.0)) / 2

    @property
    def independent(self) -> bool:
        """Whether the test finds nothing against independence."""
        return self.p >= LEVEL


def batch_means(values: Sequence[float], confidence: float = 0.95) -> BatchMeans | None:
    """The mean of one run with its interval; None for fewer than `FEWEST` batches of two values.

    20 batches; 10 where those fail the test. What is left over by whole batches is dropped at the start of the run,
    where what remains of the warm-up is.
    """
    found = None
    for batches in (MOST, FEWEST):
        size = len(values) // batches
        if size >= 2:
            found = _of(values, batches, size, confidence)
            if found.independent:
                return found
    return found


def _of(values: Sequence[float], batches: int, size: int, confidence: float) -> BatchMeans:
    kept = values[len(values) - batches * size :]
    means = [mean(kept[place : place + size]) for place in range(0, len(kept), size)]
    return BatchMeans(mean_interval(means, confidence), batches, size, lag1_p(means))


def lag1_p(values: Sequence[float]) -> float:
    """One-sided p of von Neumann's ratio: small where neighbours are alike; 1 where all values are equal.

    The ratio of squared steps between neighbours to squared deviations has mean 2 and variance 4 (n - 2) / (n^2 - 1)
    for n independent normal values, and is nearly normal from n = 10 on.
    """
    n, middle = len(values), mean(values)
    spread = math.fsum((value - middle) ** 2 for value in values)
    if spread == 0:
        return 1.0
    from scipy.special import ndtr

    steps = math.fsum((b - a) ** 2 for a, b in itertools.pairwise(values))
    return float(ndtr((steps / spread - 2) / math.sqrt(4 * (n - 2) / (n * n - 1))))


def long_runs(plan: Plan, records: Sequence[RunRecord], references: Sequence[str]) -> dict[str, BatchMeans]:
    """Batch means of one run's outcomes: those that are means over epochs. Empty unless the estimand is `steady` and the run is one."""
    if plan.estimand != "steady" or len(records) != 1:
        return {}
    found = {}
    for reference in references:
        if split_name(reference)[2] or OUTCOMES[split_name(reference)[1]].aggregation != "mean":
            continue
        values = [number for _, number in judged(plan, records[0], base_name(reference))]
        made = batch_means(values, plan.confidence)
        if made is not None:
            found[reference] = made
    return found


def remarks(case: str, found: Mapping[str, BatchMeans]) -> list[str]:
    """A warning an outcome whose batch means go together, so that its interval is too narrow."""
    return [
        f"{name} ({case}): means of {one.batches} batches still go with their neighbours (von Neumann's p = {one.p:.2g}): "
        "its interval is too narrow, and a longer horizon is needed"
        for name, one in found.items()
        if not one.independent
    ]
