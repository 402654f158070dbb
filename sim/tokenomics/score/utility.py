"""Helium's utility score: shares in proportion to V x D x A.

V = max(1, what is staked, weighted by its lock), D = max(1, sqrt(USD burned)), A = max(1, fourth root of the USD paid to join).
Source: helium/HIP @6f6d0ba, HIP 51 and HIP 88. A lock of 6 months weighs once, one of 48 months 100 times, on a straight line
between (HIP 51 rounds the middle, 50.5, to 50).
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from sim.tokenomics.score.member import Score
from sim.units import YEAR_S, FixedDuration

SHORT_S, LONG_S, MOST = YEAR_S / 2, 4.0 * YEAR_S, 100.0
"""Locks that weigh once and most, and how much (HIP 51)."""


def rule(members: np.ndarray, row: np.ndarray, out: np.ndarray) -> int:
    """out[i] = floor(10^12 x score / sum of scores); the rest is returned. row = weight of a lock in 10^-9."""
    total = 0.0
    for side in range(2):
        left = 1_000_000_000_000
        for i in range(len(out)):
            staked = max(1.0, members[i, 0] * (row[0] / 1e9))
            burned = max(1.0, math.sqrt(members[i, 1]))
            joined = max(1.0, math.sqrt(math.sqrt(members[i, 2])))
            score = staked * burned * joined
            if side == 0:
                total += score
            else:
                out[i] = min(left, int(1e12 * (score / total)))
                left -= out[i]
    return left


class Utility(Score):
    """Shares in proportion to stake x root of what was burned x fourth root of what was paid to join."""

    rule = staticmethod(rule)

    kind: Literal["utility"] = "utility"
    lock: FixedDuration = SHORT_S
    """Mean lock of the stakes, 6 to 48 months: a longer one weighs more."""

    @property
    def weight(self) -> float:
        """How much a staked coin weighs."""
        part = (min(max(self.lock, SHORT_S), LONG_S) - SHORT_S) / (LONG_S - SHORT_S)
        return 1.0 + (MOST - 1.0) * part

    def row(self) -> np.ndarray:
        """Weight of a staked coin in 10^-9."""
        return np.array([round(self.weight * 1e9)], dtype=np.int64)
