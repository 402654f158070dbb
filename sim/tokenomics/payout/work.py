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
        for i in range(len(out)):
            out[i] = units.muldiv(total, work[i], weight)
            left -= out[i]
    return left


class Work(Payout):
    """Operators share by the value of what each computed and delivered."""

    rule = staticmethod(rule)

    kind: Literal["work"] = "work"

    def row(self) -> np.ndarray:
        """Nothing: the kind has no parameters."""
        return np.zeros(0, dtype=np.int64)
