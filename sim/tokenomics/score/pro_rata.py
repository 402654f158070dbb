"""Shares in proportion to one figure.

Helium's chain since 2025: what is staked (veHNT) for each subnetwork alone (helium/helium-program-library @145947e).
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from sim.tokenomics.score.member import METRICS, Score


def rule(members: np.ndarray, row: np.ndarray, out: np.ndarray) -> int:
    """out[i] = floor(10^12 x figure / sum of figures); the rest is returned. row = which metric."""
    total = 0.0
    for i in range(len(out)):
        total += members[i, row[0]]
    left = 1_000_000_000_000
    if total > 0:
        for i in range(len(out)):
            out[i] = min(left, int(1e12 * (members[i, row[0]] / total)))
            left -= out[i]
    return left


class ProRata(Score):
    """Shares in proportion to one figure."""

    rule = staticmethod(rule)

    kind: Literal["pro_rata"] = "pro_rata"
    of: Literal["staked", "burned_usd", "onboarded_usd"]
    """The figure."""

    def row(self) -> np.ndarray:
        """The place of the figure among the metrics."""
        return np.array([METRICS.index(self.of)], dtype=np.int64)
