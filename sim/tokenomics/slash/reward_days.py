"""So many days of what the node is expected to earn: Filecoin's fault fee is 3.51 days of reward."""

from __future__ import annotations

from typing import Literal

import numpy as np

from sim import units
from sim.tokenomics.slash.penalty import Slash
from sim.units import PositiveDuration


def rule(locked: int, unbonding: int, reward: int, age_s: int, row: np.ndarray, out: np.ndarray) -> None:
    """floor(reward a day x row[1] / 86,400): of what is locked first, then of what unbonds; never more than is there."""
    due = units.muldiv(reward, row[1], 86_400)
    out[0] = min(due, locked)
    out[1] = min(due - out[0], unbonding) * row[0]


class RewardDays(Slash):
    """Days of expected emission."""

    rule = staticmethod(rule)

    kind: Literal["reward_days"] = "reward_days"
    days: PositiveDuration
    """Time whose expected emission is taken."""

    def row(self) -> np.ndarray:
        """Whether what unbonds is taken, whole seconds of reward."""
        return np.array([int(self.unbonding), round(self.days)], dtype=np.int64)
