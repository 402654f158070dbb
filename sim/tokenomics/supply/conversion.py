"""A dated adjustment: coins minted once, on a day, for another coin turned in or as a plain amount.

`units` of the other coin make `units` x `ratio` coins, less `commission`. FET's mergers: AGIX 0.433350, OCEAN 0.433226 (fetch.ai
blog, 2024-05-03); CUDOS 88,946,755.672 FET for 10^10 with a commission of 5 % (fetchai/fetchd app/upgrade_network_config.go).
"""

from __future__ import annotations

import datetime
from fractions import Fraction
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from sim.tokenomics.coin import Day, unit
from sim.tokenomics.supply.schedule import NO_CAP, Supply, elapsed_us
from sim.units import FixedShare


def rule(
    day0: int, ps0: int, day1: int, ps1: int, supply: int, row: np.ndarray, seen: np.ndarray, state: np.ndarray
) -> int:
    """The amount if its instant lies in [t0, t1). row = cap, amount, us since its day."""
    us0, us1 = day0 * 86_400_000_000 + ps0 // 1_000_000, day1 * 86_400_000_000 + ps1 // 1_000_000
    if us0 <= -row[2] < us1:
        return int(max(0, min(row[1], row[0] - supply)))
    return 0


class Conversion(Supply):
    """Coins minted once, on a day, for another coin that is turned in."""

    rule = staticmethod(rule)

    kind: Literal["conversion"] = "conversion"
    on: Day
    """The day; one before the run's start is past."""
    units: Annotated[float, Field(gt=0)]
    """Coins of the other kind that are turned in."""
    ratio: Annotated[float, Field(gt=0)] = 1.0
    """Coins for one of them."""
    commission: FixedShare = 0.0
    """Part of them that is withheld: never minted."""

    def row(self, start: datetime.date, decimals: int) -> np.ndarray:
        """No cap, base units, microseconds since the day."""
        coins = Fraction(str(self.units)) * Fraction(str(self.ratio)) * (1 - Fraction(str(self.commission)))
        return np.array([NO_CAP, round(coins * unit(decimals)), elapsed_us(self.on, start)], dtype=np.int64)
