"""Pay partly by work and partly by availability."""

from __future__ import annotations

from typing import Literal

import numpy as np

from sim import units
from sim.tokenomics.payout.weights import Payout
from sim.units import Share, share_parts


def rule(total: int, work: np.ndarray, live: np.ndarray, row: np.ndarray, out: np.ndarray) -> int:
    """A share row[0] (of 10^12) of total by work, the rest by live time, each rounded down; the remainder is returned."""
    by_work = units.muldiv(total, row[0], 1_000_000_000_000)
    worked, lived = work.sum(), live.sum()
    left = total
    each, done, there = 0, -1, -1
    for i in range(len(out)):
        # Nodes in a row are often alike, and a product of 128 bits is dear.
        if work[i] != done or live[i] != there:
            done, there = work[i], live[i]
            each = units.muldiv(by_work, done, worked) if worked > 0 else 0
            each += units.muldiv(total - by_work, there, lived) if lived > 0 else 0
        out[i] = each
        left -= each
    return left


class Mix(Payout):
    """Operators share by work and by availability."""

    rule = staticmethod(rule)

    kind: Literal["mix"] = "mix"
    work_share: Share
    """Part paid by the value of work delivered; the rest by live time."""

    def row(self) -> np.ndarray:
        """The share paid by work, of 10^12."""
        return np.array([share_parts(self.work_share)], dtype=np.int64)
