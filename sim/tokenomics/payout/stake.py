"""Pay by what each has staked."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from sim import units
from sim.tokenomics.payout.weights import Payout


def rule(total: int, stake: np.ndarray, live: np.ndarray, row: np.ndarray, out: np.ndarray) -> int:
    """out[i] = floor(total x stake[i] / sum of stakes) over members that were live; the rest is returned."""
    weight, left = 0, total
    for i in range(len(out)):
        if live[i] > 0:
            weight += stake[i]
    if weight > 0:
        for i in range(len(out)):
            if live[i] > 0:
                out[i] = units.muldiv(total, stake[i], weight)
                left -= out[i]
    return left


class Stake(Payout):
    """Operators that were live share by what each has staked."""

    rule = staticmethod(rule)
    columns: ClassVar[tuple[str, str]] = ("stake", "live")

    kind: Literal["stake"] = "stake"

    def row(self) -> np.ndarray:
        """Nothing: the kind has no parameters."""
        return np.zeros(0, dtype=np.int64)
