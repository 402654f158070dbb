"""Emission within a window of time: flat, then down to nothing on a straight line.

With R base units a day from `first`: R for `flat`, then R (T - x) / T for `taper` T, x the time into it. The count is the
integral, so that an epoch gets what is due within it wherever it begins.

Helium's HIP 149: 196,000 HNT a day for 360 days, then to 0 over 720 days: 141.12M together (helium/helium-program-library
@145947e, programs/helium-sub-daos/src/supplement.rs, which pays the rate at noon for a day: the same to the base unit's rounding).
"""

from __future__ import annotations

import datetime
from typing import Annotated, Literal

import numpy as np
from pydantic import model_validator
from pydantic_core import PydanticCustomError

from sim import units
from sim.tokenomics.coin import Day, to_base
from sim.tokenomics.supply.schedule import DAY_PS, NO_CAP, Supply, Turn, elapsed_us, microseconds, within
from sim.units import DAY_S, FixedAmount, FixedDuration, Flow, Money, Quantity, text_of


def rule(
    day0: int, ps0: int, day1: int, ps1: int, supply: int, row: np.ndarray, seen: np.ndarray, state: np.ndarray
) -> int:
    """Base units of [t0, t1). row = cap, base units a day, us since the window's first day, us of flat and of taper."""
    count0, count1 = 0, 0
    for side in range(2):
        us = day0 * 86_400_000_000 + ps0 // 1_000_000
        if side == 1:
            us = day1 * 86_400_000_000 + ps1 // 1_000_000
        into = max(0, us + row[2])
        count0 = count1
        count1 = units.muldiv(row[1], min(into, row[3]), 86_400_000_000)
        if row[4] > 0:
            # What is still to come of the taper, R y^2 / (2 T) with y = T - x, falls from the whole to 0.
            rest = row[4] - max(0, min(into - row[3], row[4]))
            whole = units.muldiv(units.muldiv(row[1], row[4], 86_400_000_000), 1, 2)
            count1 += whole - units.muldiv(units.muldiv(row[1], rest, 86_400_000_000), rest, 2 * row[4])
    return int(max(0, min(count1 - count0, row[0] - supply)))


class Window(Supply):
    """A flow from a day on for a time, then less and less until it ends."""

    rule = staticmethod(rule)

    kind: Literal["window"] = "window"
    initial: Flow | None = None
    """Coins a day while the window is flat; or `total`."""
    total: FixedAmount | None = None
    """What the whole window pays."""
    first: Day | None = None
    """Its first day (default: the run's start)."""
    flat: FixedDuration
    """How long the flow is whole."""
    taper: Annotated[float, Quantity("duration", low=0, dated=False)] = 0.0
    """How long it then takes to fall to nothing on a straight line."""
    cap: FixedAmount | None = None
    """The most coins that may ever exist."""

    @model_validator(mode="after")
    def _flow_or_total(self) -> Window:
        if (self.initial is None) == (self.total is None):
            found = "none" if self.total is None else "`initial` and `total`"
            told = {"message": f"{found} given; exactly one of initial, total is needed", "hint": ""}
            raise PydanticCustomError("missing" if self.total is None else "range", "{message}", told)
        return self

    def course(self, start: datetime.date, end_ps: int) -> list[Turn]:
        """Nothing, the whole flow, the way down, nothing again."""
        given = self.total if self.total is not None else self.initial
        assert isinstance(given, Money)
        days = (self.flat + self.taper / 2) / DAY_S
        flow = Money(given.amount / days, given.currency) if self.total is not None else given
        nothing, whole = (text_of(Money(amount, given.currency), "flow") for amount in (0, flow.amount))
        opens = -elapsed_us(self.first, start) * 10**6
        falls, over = opens + units.ps(self.flat), opens + units.ps(self.flat) + units.ps(self.taper)
        turns = [Turn(min(opens - 1, 0), nothing, "first"), Turn(opens, whole, "first" if self.first else "initial")]
        if self.taper:
            turns.append(Turn(falls, f"from {whole} evenly down to nothing", "flat"))
        turns.append(Turn(over, nothing, "taper" if self.taper else "flat"))
        return within(turns, end_ps)

    def row(self, start: datetime.date, decimals: int) -> np.ndarray:
        """Cap, base units a day, microseconds since the first day, of the flat part and of the taper."""
        cap = to_base(self.cap, decimals) if self.cap is not None else NO_CAP
        flat, taper = microseconds(self.flat), microseconds(self.taper)
        if self.total is not None:
            # A taper pays half of what its time would pay at the whole flow.
            flow = 2 * to_base(self.total, decimals) * (DAY_PS // 10**6) // (2 * flat + taper)
        else:
            assert isinstance(self.initial, Money)
            flow = to_base(self.initial, decimals)
        return np.array([cap, flow, elapsed_us(self.first, start), flat, taper], dtype=np.int64)
