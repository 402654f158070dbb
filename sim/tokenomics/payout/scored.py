"""Pay by live time and, within it, by what each did beside the best; no more than so much a node.

A = base + (1 - base) x work / most work; out = pool x A x live / sum. The pool is at most `most` a node and period.
Render's availability score has base 0.1 and 75 RENDER a qualified node and epoch (rendernetwork/RNPs @a7ced77, RNP-006,
RNP-007).
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from sim import units
from sim.tokenomics.coin import to_base
from sim.tokenomics.payout.weights import Payout
from sim.units import FixedAmount, FixedDuration, FixedShare, share_parts


def rule(total: int, work: np.ndarray, live: np.ndarray, row: np.ndarray, out: np.ndarray) -> int:
    """Divide min(total, cap) by score x live time, each rounded down; the rest is returned.

    row = base of 10^12, most of a node that is live all the time (-1: none), that time in microseconds. Scores are held in
    10^-12, live time in parts of 10^6 of the longest, so that their product fits.
    """
    best, longest, time = 0, 0, 0
    for i in range(len(out)):
        best = max(best, work[i])
        longest = max(longest, live[i])
        time += live[i]
    pool = total
    if row[1] >= 0:
        pool = min(total, units.muldiv(row[1], time, row[2]))
    weight = 0
    if longest > 0:
        for i in range(len(out)):
            score = row[0]
            if best > 0:
                score += units.muldiv(1_000_000_000_000 - row[0], work[i], best)
            out[i] = units.muldiv(score, units.muldiv(live[i], 1_000_000, longest), 1_000_000)
            weight += out[i]
    left = total
    for i in range(len(out)):
        if weight > 0:
            out[i] = units.muldiv(pool, out[i], weight)
        left -= out[i]
    return left


class Scored(Payout):
    """Operators share by live time and by what each did beside the best, up to so much a node."""

    rule = staticmethod(rule)

    kind: Literal["scored"] = "scored"
    base: FixedShare
    """Score of a node that did nothing; the best has 100 %."""
    most: FixedAmount | None = None
    """The most coins for each node that is live all the time, within `every`."""
    every: FixedDuration = 604_800.0
    """The time in which a node gets that."""

    def row(self) -> np.ndarray:
        """Base, most at nine decimals, time in microseconds."""
        return self.row_at(9)

    def row_at(self, decimals: int) -> np.ndarray:
        """Base of 10^12, most in base units (-1: none), time in microseconds."""
        most = to_base(self.most, decimals) if self.most is not None else -1
        return np.array([share_parts(self.base), most, round(units.ps(self.every) / 10**6)], dtype=np.int64)
