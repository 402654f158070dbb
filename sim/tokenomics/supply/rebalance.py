"""Emission that is set anew each period from what was burned: a controller on a calendar (Render's RNP-020).

At the end of a period with burns u and power g (u', g' in the one before), the target is u x (u / u') x (g / g') x
`margin`: as much as will be burned if burns and nodes keep their course. Emission moves one `step` (a tenth) towards the target
only if it is more than a step away from it AND outside `low` to `high` times the burns.

Source: rendernetwork/RNPs @a7ced77, RNP-020 (put to the vote and defeated: a counterfactual).
"""

from __future__ import annotations

import datetime
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from sim import units
from sim.tokenomics.coin import to_base
from sim.tokenomics.supply.schedule import NO_CAP, Supply, microseconds
from sim.units import FixedAmount, FixedDuration, FixedShare, Flow

PARTS = 10**6


def rule(
    day0: int, ps0: int, day1: int, ps1: int, supply: int, row: np.ndarray, seen: np.ndarray, state: np.ndarray
) -> int:
    """Base units of [t0, t1).

    row = cap, period in us, margin, step, low, high (in 10^-6). seen[0] is burned a day, seen[2] power. state = flow a day, us
    of the period so far, burned in it, power x days in it, burned and power x days of the one before (-1: none), last target.
    """
    left = (day1 - day0) * 86_400_000_000 + ps1 // 1_000_000 - ps0 // 1_000_000
    total = 0
    while left > 0:
        stretch = min(left, row[1] - state[1])
        # Differences of counts since the period began: an interval may be cut anywhere.
        over = state[1] + stretch
        total += units.muldiv(state[0], over, 86_400_000_000) - units.muldiv(state[0], state[1], 86_400_000_000)
        state[2] += units.muldiv(seen[0], over, 86_400_000_000) - units.muldiv(seen[0], state[1], 86_400_000_000)
        state[3] += units.muldiv(seen[2], over, 86_400_000_000) - units.muldiv(seen[2], state[1], 86_400_000_000)
        state[1] = over
        left -= stretch
        if state[1] == row[1]:
            # Burns of the period in base units a day, as the flow is.
            burned = units.muldiv(state[2], 86_400_000_000, row[1])
            if state[4] > 0 and state[5] > 0:
                wanted = units.muldiv(units.muldiv(burned, state[2], state[4]), state[3], state[5])
                wanted = units.muldiv(wanted, row[2], 1_000_000)
                state[6] = wanted
                far = abs(wanted - state[0]) > units.muldiv(state[0], row[3], 1_000_000)
                low, high = units.muldiv(burned, row[4], 1_000_000), units.muldiv(burned, row[5], 1_000_000)
                if far and not low <= state[0] <= high:
                    step = units.muldiv(state[0], row[3], 1_000_000)
                    state[0] += step if wanted > state[0] else -step
            state[4], state[5] = state[2], state[3]
            state[1], state[2], state[3] = 0, 0, 0
    return int(max(0, min(total, row[0] - supply)))


class Rebalance(Supply):
    """Emission that follows what is burned, a step a period."""

    rule = staticmethod(rule)

    kind: Literal["rebalance"] = "rebalance"
    initial: Flow
    """Emission until it is first set anew."""
    period: FixedDuration
    """Time between two settings."""
    margin: Annotated[float, Field(gt=0, le=100)] = 1.0
    """The target over what is expected to be burned."""
    step: FixedShare = 0.1
    """By how much emission moves, and how far from the target it must be."""
    low: Annotated[float, Field(ge=0)] = 1.0
    """Emission over burns below which it moves."""
    high: Annotated[float, Field(ge=0)] = 3.0
    """Emission over burns above which it moves."""
    cap: FixedAmount | None = None
    """The most coins that may ever exist."""

    @model_validator(mode="after")
    def _is_a_band(self) -> Rebalance:
        if self.high < self.low:
            told = {"message": f"high {self.high:g} found; must be at least low, {self.low:g}", "hint": ""}
            raise PydanticCustomError("range", "{message}", told)
        return self

    def row(self, start: datetime.date, decimals: int) -> np.ndarray:
        """Cap, period in microseconds, margin, step, low and high in 10^-6."""
        cap = to_base(self.cap, decimals) if self.cap is not None else NO_CAP
        numbers = (round(number * PARTS) for number in (self.margin, self.step, self.low, self.high))
        return np.array([cap, microseconds(self.period), *numbers], dtype=np.int64)

    def begin(self, start: datetime.date, decimals: int) -> np.ndarray:
        """The flow a day, nothing counted yet, no period before."""
        return np.array([to_base(self.initial, decimals), 0, 0, 0, -1, -1, 0], dtype=np.int64)
