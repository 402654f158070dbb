"""What the same users under every policy are worth: the gain of common random numbers, outcome by outcome.

The gain is the variance that the difference would have had without pairing over the one that it has: with a gain of 10 an
unpaired study would need ten times the replications (Law & Kelton, *Simulation Modeling and Analysis*, section 11.2). It is
large where policies differ little, and near 1 where one changes what happens so much that the same users mean nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from sim.records.study import Verdict
from sim.study.plan import Plan
from sim.study.verdicts import JOINT

NAME = "gain of common random numbers"


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
