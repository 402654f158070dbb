"""Pay by what users paid each: emission as a bonus on fees.

Whoever may buy of himself can buy emission: the law of self-dealing, w = max(0, sqrt(E W / l) - W), holds for this kind.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from sim import units
from sim.tokenomics.payout.weights import Payout


def rule(total: int, fees: np.ndarray, live: np.ndarray, row: np.ndarray, out: np.ndarray) -> int:
    """out[i] = floor(total x fees[i] / sum of fees); the rest is returned."""
    weight = fees.sum()
    left = total
    if weight > 0:
        for i in range(len(out)):
            out[i] = units.muldiv(total, fees[i], weight)
            left -= out[i]
    return left


class Fees(Payout):
    """Operators share by what users paid for their work."""

    rule = staticmethod(rule)
    columns: ClassVar[tuple[str, str]] = ("fees", "live")

    kind: Literal["fees"] = "fees"

    def row(self) -> np.ndarray:
        """Nothing: the kind has no parameters."""
        return np.zeros(0, dtype=np.int64)
