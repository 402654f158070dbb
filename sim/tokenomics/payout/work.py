"""Pay by the value of what each computed and delivered."""

from __future__ import annotations

from typing import Literal

import numpy as np

from sim import units
from sim.tokenomics.payout.weights import Payout


def rule(total: int, work: np.ndarray, live: np.ndarray, row: np.ndarray, out: np.ndarray) -> int:
    """out[i] = floor(total x work[i] / sum of work); the rest is returned."""
    weight = work.sum()
    left = total
    if weight > 0:
        each, alike = 0, -1
        for i in range(len(out)):
            # Nodes in a row are often alike, and a product of 128 bits is dear.
            if work[i] != alike:
                alike = work[i]
                each = units.muldiv(total, alike, weight)
            out[i] = each
            left -= each
    return left


class Work(Payout):
    """Operators share by the value of what each computed and delivered."""

    rule = staticmethod(rule)

    kind: Literal["work"] = "work"

    def row(self) -> np.ndarray:
        """Nothing: the kind has no parameters."""
        return np.zeros(0, dtype=np.int64)
