"""A stake of so many days of what the node is expected to earn."""

from __future__ import annotations

from typing import Literal

import numpy as np

from sim import units
from sim.tokenomics.stake.requirement import Stake
from sim.units import PositiveDuration


def rule(weight: int, reward: int, seen: np.ndarray, row: np.ndarray) -> int:
    """floor(reward a day x row[0] / 86,400): row[0] seconds of reward; nothing of a node that weighs nothing."""
    if weight <= 0:
        return 0
    return units.muldiv(reward, row[0], 86_400)


class RewardDays(Stake):
    """So many days of expected emission: a stake that follows what is to be lost."""

    rule = staticmethod(rule)

    kind: Literal["reward_days"] = "reward_days"
    days: PositiveDuration
    """Time whose expected emission is locked."""

    def row(self, decimals: int) -> np.ndarray:
        """Whole seconds of reward."""
        return np.array([round(self.days)], dtype=np.int64)
