"""Pay by the time for which each was live."""

from __future__ import annotations

from typing import Literal

import numpy as np

from sim import units
from sim.tokenomics.payout.weights import Payout


def rule(total: int, work: np.ndarray, live: np.ndarray, row: np.ndarray, out: np.ndarray) -> int:
    """out[i] = floor(total x live[i] / sum of live); the rest is returned."""
    weight = live.sum()
    left = total
    if weight > 0:
        each, alike = 0, -1
        for i in range(len(out)):
            # Nodes in a row are often alike, and a product of 128 bits is dear.
            if live[i] != alike:
                alike = live[i]
                each = units.muldiv(total, alike, weight)
            out[i] = each
            left -= each
    return left


class Availability(Payout):
    """Operators share by the time for which each was live."""

    rule = staticmethod(rule)

    kind: Literal["availability"] = "availability"

    def row(self) -> np.ndarray:
        """Nothing: the kind has no parameters."""
        return np.zeros(0, dtype=np.int64)
