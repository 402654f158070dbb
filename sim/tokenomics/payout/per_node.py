"""Pay each node a fixed amount for the time it was there.

Render: 2 RENDER an epoch of 168 h x up time for being available; 10 x a multiplier x hours / 168 for jobs
(rendernetwork/RNPs @a7ced77, RNP-006, RNP-019). Where the pool holds less, all get the same part of it; what it holds more
is left over.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from sim import units
from sim.tokenomics.coin import to_base
from sim.tokenomics.payout.weights import Payout
from sim.units import FixedAmount, FixedDuration


def rule(total: int, work: np.ndarray, live: np.ndarray, row: np.ndarray, out: np.ndarray) -> int:
    """out[i] = floor(row[0] x live[i] / row[1]), row[1] in microseconds; the rest is returned.

    If the sum is above total, each gets floor(total x that / sum).
    """
    wanted = 0
    for i in range(len(out)):
        out[i] = units.muldiv(row[0], live[i], row[1])
        wanted += out[i]
    left = total
    for i in range(len(out)):
        if wanted > total:
            out[i] = units.muldiv(total, out[i], wanted)
        left -= out[i]
    return left


class PerNode(Payout):
    """Operators get a fixed amount for the time that each node was live."""

    rule = staticmethod(rule)

    kind: Literal["per_node"] = "per_node"
    each: FixedAmount
    """Coins of a node that is live all the time."""
    every: FixedDuration
    """The time in which it gets them."""
    multiplier: Annotated[float, Field(gt=0, le=1000)] = 1.0
    """Factor of the hardware's class."""

    def row(self) -> np.ndarray:
        """Base units of nine decimals, and the time in microseconds."""
        return self.row_at(9)

    def row_at(self, decimals: int) -> np.ndarray:
        """Base units of a node that is live all the time, and the time in microseconds."""
        each = round(to_base(self.each, decimals) * self.multiplier)
        return np.array([each, round(units.ps(self.every) / 10**6)], dtype=np.int64)
