"""No further emission."""

from __future__ import annotations

import datetime
from typing import Literal

import numpy as np

from sim.tokenomics.supply.schedule import NO_CAP, Supply


def rule(
    day0: int, ps0: int, day1: int, ps1: int, supply: int, row: np.ndarray, seen: np.ndarray, state: np.ndarray
) -> int:
    """0, whatever the interval."""
    return 0


class Fixed(Supply):
    """No further emission: what exists at the start is all there will be."""

    rule = staticmethod(rule)

    kind: Literal["fixed"] = "fixed"

    def row(self, start: datetime.date, decimals: int) -> np.ndarray:
        """Only that there is no cap."""
        return np.array([NO_CAP], dtype=np.int64)
