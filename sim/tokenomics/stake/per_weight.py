"""A stake that grows with what a node can compute: Gonka's collateral, Aethir's K-value times a coefficient."""

from __future__ import annotations

from typing import Literal

import numpy as np

from sim import units
from sim.tokenomics.coin import to_base
from sim.tokenomics.stake.requirement import Stake
from sim.units import Amount


def rule(weight: int, reward: int, seen: np.ndarray, row: np.ndarray) -> int:
    """floor(weight x row[0] / 10^6): row[0] base units a unit of weight."""
    return units.muldiv(weight, row[0], 1_000_000)


class PerWeight(Stake):
    """So many coins a unit of weight."""

    rule = staticmethod(rule)

    kind: Literal["per_weight"] = "per_weight"
    amount: Amount
    """Coins a unit of weight: a GPU, or a thousand tokens a second (`weigh`)."""

    def row(self, decimals: int) -> np.ndarray:
        """Base units a unit of weight."""
        return np.array([to_base(self.amount, decimals)], dtype=np.int64)
