"""What sampling windows add to the doubt about a difference, beside the noise of runs.

In `requests.mode: sampled` all replications, and all policies, look at the same instants. So the spread between replications does not
know how the chosen instants differ from all others: more replications do not help. What does know is how the measured epochs differ
among themselves. With d(r, e) the difference of two policies in replication r and measured epoch e, and m(e) its mean over R
replications, the variance that epochs have around a slow trend is half the mean squared step between neighbours (von Neumann and others
1941, Ann. Math. Statist. 12, 153-162; for systematic samples Wolter, Introduction to Variance Estimation, 2007, section 8.2, estimator
2). A part of that is noise of runs that did not average out: half the mean over steps of their variance between replications,
over R. What is left, over the number of epochs, is the variance that windows add; below 0 it counts as 0.

The value of one epoch (`@end`, `@DATE`) rests on that epoch's windows alone: the whole variance that epochs have around the trend counts. The
least and the largest of all epochs (`@min`, `@max`) lie beyond what any window saw, the more so the more windows there are: no interval
around them holds that, and none is told.

It speaks of the mean of the epochs' own numbers, each with the same weight, which stands for ratios over the run and for
quantiles of all requests. Hours of the day are spread evenly over windows on purpose, while this takes them as drawn: it tells too much
rather than too little.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from sim.records.outcomes import OUTCOMES, split_name
from sim.records.run import RunRecord
from sim.records.study import Verdict
from sim.study.plan import Cell, Plan
from sim.study.statistics import t_quantile
from sim.study.values import base_name

FEWEST = 6
"""With fewer measured epochs nothing is told."""
KINDS = ("mean", "ratio", "quantile")
"""Aggregations that a mean of epochs can stand for."""
EXTREMES = ("min", "max")
"""Values after `@` of which windows tell nothing."""

Measured = Mapping[tuple[str, Cell], np.ndarray | None]
"""Numbers of measured epochs by (outcome, cell): float64[replications, epochs], or None where windows do not decide."""


def measured(plan: Plan, records: Sequence[RunRecord], reference: str) -> np.ndarray | None:
    """The outcome in the epochs that every replication measured, from `policies_from` on; None where that is no sample of windows.

    Those are the ones in which windows are due: in others a window stands only where something changed in that run, and what was
    measured last stands for the rest.
    """
    _, name, at = split_name(reference)
    outcome = OUTCOMES.get(name)
    if plan.requests_mode != "sampled" or at in EXTREMES or outcome is None or outcome.aggregation not in KINDS:
        return None
    series = [record.series.get(base_name(reference)) for record in records]
    if len(series) < 2 or any(one is None for one in series):
        return None
    ends = records[0].epoch_end_s
    begins = enumerate([0.0, *ends[:-1]])
    late = [index for index, begin in begins if begin >= plan.policies_from_s and index % plan.windows_every == 0]
    rows = np.array([[one[index] for index in late] for one in series if one is not None], float)
    kept = ~np.isnan(rows).any(axis=0)
    # What every epoch knows was not measured in windows, unless it takes requests to know it.
    if kept.sum() < FEWEST or (kept.all() and "requests" not in outcome.needs):
        return None
    return np.asarray(rows[:, kept])


def half_width(ours: np.ndarray, theirs: np.ndarray, confidence: float, alone: bool = False) -> float:
    """Half-width that windows add to the difference of two policies, from their numbers in the same epochs and replications.

    Of the mean over the epochs, or of one of them `alone`.
    """
    each = ours - theirs
    replications, epochs = each.shape
    steps = np.diff(each, axis=1)
    around = float((steps.mean(axis=0) ** 2).mean()) / 2
    noise = float(steps.var(axis=0, ddof=1).mean()) / 2 / replications
    # Steps share their ends: they are worth two thirds of as many free ones (von Neumann).
    freedom = max(1, 2 * (epochs - 1) // 3)
    return t_quantile(0.5 + confidence / 2, freedom) * math.sqrt(max(0.0, around - noise) / (1 if alone else epochs))


def with_windows(plan: Plan, one: Verdict, found: Measured) -> float | None:
    """What windows add to a verdict, in the outcome's unit: over the kinds of coin price the most."""
    kinds = [kind for kind in plan.coin_prices if one.coin_price in (kind, "both")]
    each = []
    for kind in kinds:
        cell = Cell(one.policy, kind, one.point)
        ours, theirs = found.get((one.outcome, cell)), found.get((one.outcome, cell._replace(policy=plan.baseline)))
        if ours is None or theirs is None or ours.shape != theirs.shape:
            return None
        each.append(half_width(ours, theirs, plan.confidence, alone="@" in one.outcome))
    return max(each) if each else None
