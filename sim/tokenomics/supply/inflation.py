"""Emission of a constant share of the supply: `rate` a year, compounded.

Each tick creates floor(supply x g) base units with g = (1 + rate)^(tick / year) - 1, so that a year without burns
makes `rate` of what existed at its beginning, however short the ticks. FET's chain mints 3 % a year (fetchai/fetchd
app/mint.go, read 2026-11-22); 1,055,156,116 x 1.03^3 = 1,152,997,577 is its published target.
"""

from __future__ import annotations

import datetime
import math
from typing import Annotated, Literal

import numpy as np

from sim import units
from sim.blocks import sourced
from sim.tokenomics.coin import to_base
from sim.tokenomics.supply.schedule import NO_CAP, Supply, Tick, ticks_a_day
from sim.units import YEAR_S, FixedAmount, Quantity

GROWTH_ONE = 10**18
"""Parts in which the growth of a tick is held."""


def rule(
    day0: int, ps0: int, day1: int, ps1: int, supply: int, row: np.ndarray, seen: np.ndarray, state: np.ndarray
) -> int:
    """Base units of the ticks in (t0, t1]. row = cap, growth of a tick in 10^-18, ticks a day."""
    tick_ps = 86_400_000_000_000_000 // row[2]
    ticks = (day1 - day0) * row[2] + ps1 // tick_ps - ps0 // tick_ps
    total = supply
    for _ in range(ticks):
        total += min(units.muldiv(total, row[1], 1_000_000_000_000_000_000), max(0, row[0] - total))
    return total - supply


class Inflation(Supply):
    """A constant share of the supply a year."""

    rule = staticmethod(rule)

    kind: Literal["inflation"] = "inflation"
    rate: Annotated[float, Quantity("growth", low=0)]
    """New coins a year as a share of those that exist, compounded."""
    cap: FixedAmount | None = None
    """The most coins that may ever exist."""
    tick: Tick = sourced(
        3600.0,
        "chains mint every block; an hour is short beside an epoch",
        "assumed",
        "nothing but rounding: a year makes `rate` for any tick",
    )
    """Time between two mints; a whole number of them makes a day."""

    def row(self, start: datetime.date, decimals: int) -> np.ndarray:
        """Cap, growth of a tick in 10^-18, ticks a day."""
        growth = math.expm1(math.log1p(self.rate) * self.tick / YEAR_S)
        cap = to_base(self.cap, decimals) if self.cap is not None else NO_CAP
        return np.array([cap, round(growth * GROWTH_ONE), ticks_a_day(self.tick)], dtype=np.int64)
