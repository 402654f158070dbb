"""The same stake for every node."""

from __future__ import annotations

from typing import Literal

import numpy as np

from sim.tokenomics.coin import to_base
from sim.tokenomics.stake.requirement import Stake
from sim.units import Amount


def rule(weight: int, reward: int, seen: np.ndarray, row: np.ndarray) -> int:
    """row[0], whatever the node weighs; nothing of a node that weighs nothing."""
    if weight <= 0:
        return 0
    return int(row[0])


class Fixed(Stake):
    """So many coins a node, whatever it is."""

    rule = staticmethod(rule)

    kind: Literal["fixed"] = "fixed"
    amount: Amount
    """Coins of each node."""

    def row(self, decimals: int) -> np.ndarray:
        """Base units of a node."""
        return np.array([to_base(self.amount, decimals)], dtype=np.int64)
