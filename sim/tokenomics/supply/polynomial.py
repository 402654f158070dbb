"""Emission at a rate that is a polynomial of time, integrated over each tick.

f(t) = constant + linear t + quadratic t^2 + cubic t^3 coins a schedule year, t in schedule years. A tick pays the integral of f over it, by
Gauss's rule with two points: exact up to the cube, without the cancellation of two antiderivatives. Nothing is paid for
a tick over which f sums to less than 0, or after `until`.

CUDOS: 358 - 53 t + 1.8 t^2 million a year of 3652/10 days, from t = 0.53172694105988 at genesis to 10
(CudoVentures/cudos-node @bee6303, x/cudoMint/abci.go, types/params.go). Its blocks move t on whatever the clock says: where
they are slower, `year` is longer.
"""

from __future__ import annotations

import datetime
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from sim.tokenomics.coin import to_base
from sim.tokenomics.supply.schedule import NO_CAP, Supply, Tick, microseconds, parts_of, ticks_a_day
from sim.units import FixedAmount, FixedDuration


def rule(
    day0: int, ps0: int, day1: int, ps1: int, supply: int, row: np.ndarray, seen: np.ndarray, state: np.ndarray
) -> int:
    """Base units of the ticks in (t0, t1]. row = cap, ticks a day, then as (m, e): the start, the end, a tick, the coefficients."""
    tick_ps = 86_400_000_000_000_000 // row[1]
    first, over = day0 * row[1] + ps0 // tick_ps, day1 * row[1] + ps1 // tick_ps
    begin, end, step = row[2] * 2.0 ** row[3], row[4] * 2.0 ** row[5], row[6] * 2.0 ** row[7]
    room, total = max(0, row[0] - supply), 0
    for n in range(first, over):
        left = begin + n * step
        width = min(left + step, end) - left
        if width <= 0 or total >= room:
            break
        amount = 0.0
        for side in range(2):
            # The points 1/2 -+ sqrt(1/12) of the tick, each of weight 1/2.
            t = left + width * (0.5 + (side - 0.5) * 0.5773502691896258)
            value = 0.0
            for power in range(4):
                value = value * t + row[14 - 2 * power] * 2.0 ** row[15 - 2 * power]
            amount += value / 2
        total += int(max(0.0, amount * width))
    return int(min(total, room))


class Polynomial(Supply):
    """Emission at a rate that is a polynomial of time."""

    rule = staticmethod(rule)

    kind: Literal["polynomial"] = "polynomial"
    constant: float
    """Coins a schedule year at t = 0."""
    linear: float = 0.0
    """What each schedule year adds to it."""
    quadratic: float = 0.0
    """Times the square of t."""
    cubic: float = 0.0
    """Times the cube of t."""
    year: FixedDuration
    """Length of a schedule year."""
    at_start: Annotated[float, Field(ge=0)] = 0.0
    """t at the run's start, in schedule years."""
    until: Annotated[float, Field(gt=0)]
    """t at which emission ends, in schedule years."""
    tick: Tick
    """Time between two mints; a whole number of them makes a day."""
    cap: FixedAmount | None = None
    """The most coins that may ever exist."""

    @model_validator(mode="after")
    def _begins_before_its_end(self) -> Polynomial:
        if self.until <= self.at_start:
            told = {
                "message": f"until {self.until:g} found; must be above at_start, {self.at_start:g}",
                "hint": "both are in schedule years",
            }
            raise PydanticCustomError("range", "{message}", told)
        return self

    def row(self, start: datetime.date, decimals: int) -> np.ndarray:
        """Cap, ticks a day, t at the start, at the end and of a tick, and the coefficients in base units."""
        step = microseconds(self.tick) / microseconds(self.year)
        powers = (self.constant, self.linear, self.quadratic, self.cubic)
        numbers = [self.at_start, self.until, step, *(c * 10.0**decimals for c in powers)]
        cap = to_base(self.cap, decimals) if self.cap is not None else NO_CAP
        return np.array(
            [cap, ticks_a_day(self.tick), *(part for number in numbers for part in parts_of(number))], dtype=np.int64
        )
