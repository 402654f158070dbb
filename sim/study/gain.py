"""What the same users under every policy are worth: the gain of common random numbers, outcome by outcome.

The gain is the variance that the difference would have had without pairing over the one that it has: with a gain of 10 an
unpaired study would need ten times the replications (Law & Kelton, *Simulation Modeling and Analysis*, section 11.2). It is
large where policies differ little, and near 1 where one changes what happens so much that the same users mean nothing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from sim.records.study import StudyRecord, Summary, Verdict
from sim.study import statistics
from sim.study.plan import Plan
from sim.study.verdicts import JOINT

NAME = "gain of common random numbers"
CONSTANT = "it varies, and the difference does not: more than any number"
"""Why there is no gain where common users take all noise away."""


@dataclasses.dataclass(frozen=True)
class Gain:
    """What common users are worth for one outcome of a policy beside the baseline; `reason` says why there is no number."""

    outcome: str
    policy: str
    baseline: str
    coin_price: str
    point: int
    n: int
    pairing_gain: float | None
    reason: str = ""


def all_gains(record: StudyRecord) -> Iterator[Gain]:
    """The gain of every outcome that runs carry, compared or not, in the record's order; nothing without a baseline."""
    cells = {(one.outcome, one.policy, one.coin_price, one.point): one for one in record.outcomes}
    for ours in record.outcomes:
        theirs = cells.get((ours.outcome, record.baseline, ours.coin_price, ours.point))
        if theirs is None or ours.policy == record.baseline:
            continue
        where = (ours.outcome, ours.policy, record.baseline, ours.coin_price, ours.point)
        yield Gain(*where, len(ours.values), *_gain(ours, theirs))


def _gain(ours: Summary, theirs: Summary) -> tuple[float | None, str]:
    """The gain, or None and why."""
    sides = [[value for value in one.values if value is not None] for one in (ours, theirs)]
    if not sides[0] or any(len(side) < len(ours.values) for side in sides):
        return None, "a replication has no number"
    found = statistics.paired(sides[0], sides[1])
    if found.gain is not None:
        return found.gain, ""
    if found.sd is None:
        return None, "one replication has no variance"
    varies = any(statistics.sd(side) for side in sides)
    return None, CONSTANT if varies else "it is the same in every replication"


def gains(plan: Plan, verdicts: Sequence[Verdict]) -> dict[str, str]:
    """An entry of the method box: for each outcome its gain, or its least and largest over policies, coin prices and points.

    Left out are differences that vary in no replication. Empty where none has a gain.
    """
    clauses = []
    for name in dict.fromkeys(verdict.outcome for verdict in verdicts):
        found = sorted(
            verdict.pairing_gain
            for verdict in verdicts
            if verdict.outcome == name and verdict.coin_price != JOINT and verdict.pairing_gain is not None
        )
        if found:
            least, most = _times(found[0]), _times(found[-1])
            clauses.append(f"{name} {least}" + (f" to {most}" if most != least else ""))
    return {NAME: "; ".join(clauses)} if clauses else {}


def _times(gain: float) -> str:
    return f"{gain:,.0f}x" if gain >= 10 else f"{gain:.1f}x"
