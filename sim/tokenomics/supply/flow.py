"""Emission at a constant flow, which may change at dates.

Helium's chain holds a table of HNT a day by date (helium/helium-program-library @145947e,
packages/helium-admin-cli/emissions/hnt.json).
"""

from __future__ import annotations

import datetime
from typing import Literal

import numpy as np

from sim import units
from sim.tokenomics.coin import to_base
from sim.tokenomics.supply.schedule import NO_CAP, Supply
from sim.units import FixedAmount, Flow


def rule(
    day0: int, ps0: int, day1: int, ps1: int, supply: int, row: np.ndarray, seen: np.ndarray, state: np.ndarray
) -> int:
    """Base units of [t0, t1), the difference of two counts that are rounded down. row = cap, base units a day."""
    count0 = units.muldiv(row[1], day0, 1) + units.muldiv(row[1], ps0, 86_400_000_000_000_000)
    count1 = units.muldiv(row[1], day1, 1) + units.muldiv(row[1], ps1, 86_400_000_000_000_000)
    return int(max(0, min(count1 - count0, row[0] - supply)))


class Steady(Supply):
    """A constant flow of coins; it may change at dates."""

    rule = staticmethod(rule)

    kind: Literal["flow"] = "flow"
    initial: Flow
    """Coins a day, week or year."""
    cap: FixedAmount | None = None
    """The most coins that may ever exist."""

    def row(self, start: datetime.date, decimals: int) -> np.ndarray:
        """Cap, base units a day."""
        cap = to_base(self.cap, decimals) if self.cap is not None else NO_CAP
        return np.array([cap, to_base(self.initial, decimals)], dtype=np.int64)
