"""How long a system takes to forget its start: MSER-5 on the mean curve over replications.

MSER-5 cuts where the rest of a curve, in means of five, has the least squared deviation per squared length (White, K. P.
(1997), Simulation 69, 323-334; White, Cobb & Spratt (2000), Proc. Winter Simulation Conf., 755-760). It is applied to the
curve of means over replications (Welch, P. D. (1983), in *The Computer Performance Modeling Handbook*, 268-328), never to
single runs or a few: there it cuts busy stretches, and moved the mean wait of an M/M/1 queue from 0.2 to 1.7 % too low.

The cut is at most half of the curve, where the rule loses its meaning, and nothing is deleted by it: numbers are over all
epochs from `policies_from` on. The curve is shown, and warnings say how much of it was still warming up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from sim.records.outcomes import OUTCOMES, split_name
from sim.records.run import RunRecord
from sim.records.study import Warmup
from sim.study.plan import Cell, Plan
from sim.study.values import base_name, series_of
from sim.units import DAY_S

GROUP = 5
"""Values in a mean: the 5 of MSER-5."""
LONG = 1 / 3
"""A cut of more than this share of the curve is warned of: the run is too short to tell."""
FEWEST = 5
"""Replications from which on the mean curve is cut (Welch's advice): below, it shows busy stretches of single runs."""
RELAXATIONS = 20
"""A run should last this many relaxation times (a rule of thumb; assumed)."""


def mser5(curve: Sequence[float]) -> int:
    """Values to cut from the start of a curve: a multiple of 5, at most half of it; 0 for fewer than four means of five.

    Ties go to the shortest cut. What is left over by whole groups of five is left out at the end.
    """
    groups = np.asarray(curve[: len(curve) // GROUP * GROUP], float).reshape(-1, GROUP).mean(axis=1)
    if len(groups) < 4:
        return 0
    rests = [groups[cut:] for cut in range(len(groups) // 2 + 1)]
    scores = [float(((rest - rest.mean()) ** 2).sum()) / len(rest) ** 2 for rest in rests]
    return GROUP * scores.index(min(scores))


def relaxation(curve: Sequence[float]) -> float:
    """Steps in which a curve's deviations fall to 1/e, from the correlation of neighbours (as if it were AR(1)); 0 for none."""
    values = np.asarray(curve, float) - np.mean(curve)
    spread = float((values**2).sum())
    correlation = float((values[1:] * values[:-1]).sum()) / spread if spread else 0.0
    return -1 / math.log(correlation) if 0 < correlation < 1 else 0.0


def warmups(plan: Plan, cell: Cell, records: Sequence[RunRecord], references: Sequence[str]) -> list[Warmup]:
    """The curve and its cut for each of the outcomes that has a series; empty unless the estimand is `steady`."""
    if plan.estimand != "steady":
        return []
    names = dict.fromkeys(base_name(reference) for reference in references)
    return [one for name in names if (one := _warmup(plan, cell, records, name)) is not None]


def _warmup(plan: Plan, cell: Cell, records: Sequence[RunRecord], name: str) -> Warmup | None:
    series = [series_of(record, name) for record in records]
    if any(one is None for one in series):
        return None
    rows = np.array(series, float)
    measured = np.flatnonzero(~np.isnan(rows).any(axis=0))
    ends = np.array(records[0].epoch_end_s)
    begins, ends = np.concatenate([[0.0], ends[:-1]])[measured], ends[measured]
    curve = rows[:, measured].mean(axis=0)
    # Under a policy the system forgets its start anew: what is judged begins there.
    here = np.flatnonzero(begins >= plan.policies_from_s)
    if len(here) < 4 * GROUP:
        return None
    cut = mser5(curve[here].tolist()) if len(records) >= FEWEST else 0
    step_s = float(ends[here[-1]] - ends[here[0]]) / (len(here) - 1)
    return Warmup(
        name, plan.unit(name), *cell, ends.tolist(), curve.tolist(), float(begins[here[cut]]) if cut else plan.policies_from_s,
        cut / len(here), relaxation(curve[here][cut:].tolist()) * step_s,
    )  # fmt: skip


def remarks(plan: Plan, found: Sequence[Warmup]) -> list[str]:
    """Warnings: outcomes without a long run, a warm-up inside what is judged or too long to be told, a run that is too short."""
    if plan.estimand != "steady":
        return []
    told = [
        f"{name} is of a finite run (a time, a date or an end): `estimand: steady` has no long-run value of it"
        for name in plan.outcomes
        if "@" in name or OUTCOMES[split_name(name)[1]].aggregation in ("time", "end")
    ]
    if found and plan.replications < FEWEST:
        told.append(f"the warm-up is shown, not judged: MSER-5 needs the mean curve of {FEWEST} replications or more")
    for one in found:
        parts = [one.policy, *([one.coin_price] if len(plan.coin_prices) > 1 else [])]
        who = f"{one.outcome} ({', '.join([*parts, *([f'point {one.point}'] if len(plan.points) > 1 else [])])})"
        rest_s = plan.horizon_s - one.cut_s
        if one.cut_share > LONG:
            told.append(
                f"{who}: MSER-5 cuts {one.cut_share:.0%} of what is judged: the run is too short to tell its warm-up"
            )
        elif one.cut_share > 0:
            days = (one.cut_s - plan.policies_from_s) / DAY_S
            told.append(
                f"{who}: still warming up for {days:,.3g} days of what is judged, by MSER-5; a longer horizon makes them count less"
            )
        if rest_s < RELAXATIONS * one.relaxation_s:
            told.append(
                f"{who}: the run goes on for {rest_s / one.relaxation_s:.1f} relaxation times, fewer than {RELAXATIONS}: "
                "its mean is not yet that of the long run"
            )
    return told
