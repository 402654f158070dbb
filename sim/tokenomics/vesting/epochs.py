"""In equal parts of whole base units, one an epoch; a named one keeps the remainder.

Gonka: floor(G / 180) in each of 180 epochs, the remainder with the first (gonka-ai/gonka @312044d,
inference-chain/x/streamvesting; 180 epochs of a day in production).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from sim import units
from sim.tokenomics.vesting.terms import Vesting
from sim.units import FixedDuration


def rule(granted: Any, elapsed_us: int, row: np.ndarray) -> Any:
    """Row = number of epochs, their length in microseconds, the one (from 1) that keeps the remainder."""
    epochs = min(elapsed_us // row[1], row[0])
    return granted // row[0] * epochs + granted % row[0] * (1 if epochs >= row[2] else 0)


class Epochs(Vesting):
    """Equal parts, one an epoch."""

    rule = staticmethod(rule)

    kind: Literal["epochs"] = "epochs"
    count: Annotated[int, Field(ge=1, le=100_000)]
    """Number of epochs."""
    every: FixedDuration = 86_400.0
    """Length of one."""
    remainder: Literal["first", "last"] = "first"
    """The epoch that keeps what does not divide evenly."""

    def row(self) -> np.ndarray:
        """Number, length in microseconds, and the one that keeps the remainder."""
        keeps = 1 if self.remainder == "first" else self.count
        return np.array([self.count, units.ps(self.every) // 10**6, keeps], dtype=np.int64)

    @property
    def over_us(self) -> int:
        """All of them."""
        return int(self.count * self.row()[1])
