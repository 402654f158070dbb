"""What a node's past is worth: it grows with epochs served and falls with what was missed.

Source: gonka-ai/gonka @312044d, x/inference/calculations/reputation.go (read 2026-11-22).
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from sim.blocks import Block, sourced
from sim.units import Quantity, Share, share_parts

SIGNATURE = "int64(int64, int64, int64[::1])"
"""rule(epochs, lost, row): reputation 0 to 100 of a node that served `epochs` and lost `lost` millionths of an epoch."""

_GONKA = "gonka-ai/gonka @312044d, x/inference/types/params.go (read 2026-11-22)"
EPOCH_ONE = 10**6
"""Parts of an epoch in which what was missed is counted."""


def rule(epochs: int, lost: int, row: np.ndarray) -> int:
    """floor(100 x (epochs - lost) / row[0]) within 0 and 100; row[0] is the count of epochs that makes it whole."""
    left = epochs * 1_000_000 - lost
    whole = row[0] * 1_000_000
    if left <= 0:
        return 0
    if left >= whole:
        return 100
    return left * 100 // whole


class Reputation(Block):
    """How a node's reputation comes about, from 0 to 100."""

    epochs: Annotated[int, Field(ge=1, le=1_000_000)] = sourced(
        30, _GONKA, "borrowed", "how long new nodes are checked more", ge=1, le=1_000_000
    )
    """Epochs served that make it whole."""
    penalty: Annotated[float, Quantity("share", low=0)] = 1.0
    """Epochs lost for one that was missed."""
    cutoff: Share = 0.0
    """Missed part of an epoch up to which nothing is lost."""

    def row(self) -> np.ndarray:
        """Epochs that make it whole."""
        return np.array([self.epochs], dtype=np.int64)

    def lost(self, missed: float) -> int:
        """Millionths of an epoch that a missed part of one costs."""
        if missed <= self.cutoff:
            return 0
        return share_parts(missed) * share_parts(self.penalty) // 10**18

    def of(self, epochs: int, lost: int) -> int:
        """Reputation of a node, 0 to 100."""
        return int(rule(epochs, lost, self.row()))
