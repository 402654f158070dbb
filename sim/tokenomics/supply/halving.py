"""Emission that falls to half at dates.

With F base units a day before the first halving, stretch k (k = 0, 1, ...) pays F / 2^k a day, prorated to the
picosecond and rounded down once a stretch. Bitcoin's schedule is of this form; Bittensor's real one depends on the
supply (`halving_by_supply`).
"""

from __future__ import annotations

import datetime
from typing import Literal

import numpy as np
from pydantic import model_validator
from pydantic_core import PydanticCustomError

from sim import units
from sim.tokenomics.coin import Day, to_base
from sim.tokenomics.supply.schedule import DAY_PS, NO_CAP, Supply, Turn, within
from sim.units import FixedAmount, FixedDuration, Flow, Money, text_of

LEVELS = 62
"""Halvings followed at most; then less than 2^-62 of the first flow is left: none of any real coin's base units."""


def rule(
    day0: int, ps0: int, day1: int, ps1: int, supply: int, row: np.ndarray, seen: np.ndarray, state: np.ndarray
) -> int:
    """Base units of [t0, t1). row = cap, F, level at the start, then (day, ps, count until then) of each stretch."""
    count0, count1 = 0, 0
    for side in range(2):
        day, ps = day0, ps0
        if side == 1:
            day, ps = day1, ps1
        place = 3
        while place + 3 < len(row) and (row[place + 3] < day or (row[place + 3] == day and row[place + 4] <= ps)):
            place += 3
        days, rest = day - row[place], ps - row[place + 1]
        if rest < 0:
            days, rest = days - 1, rest + 86_400_000_000_000_000
        paid = units.muldiv(row[1], days, 1) + units.muldiv(row[1], rest, 86_400_000_000_000_000)
        count0 = count1
        count1 = row[place + 2] + (paid >> (row[2] + (place - 3) // 3))
    return int(max(0, min(count1 - count0, row[0] - supply)))


class Halving(Supply):
    """Emission that falls to half at a first date or interval, and at each interval after it."""

    rule = staticmethod(rule)

    kind: Literal["halving"] = "halving"
    initial: Flow
    """Emission before the first halving."""
    first: Day | None = None
    """Date of the first halving (default: one interval after the start)."""
    every: FixedDuration | None = None
    """Interval between halvings; without it there is only the first."""
    cap: FixedAmount | None = None
    """The most coins that may ever exist."""

    @model_validator(mode="after")
    def _has_a_halving(self) -> Halving:
        if self.first is None and self.every is None:
            raise PydanticCustomError(
                "missing",
                "{message}",
                {"message": "neither `first` nor `every` is given", "hint": "write for example `every: 4 year`"},
            )
        return self

    def halvings_ps(self, start: datetime.date) -> list[int]:
        """Times of the halvings in picoseconds since `start`, those before it included (negative)."""
        every = units.ps(self.every) if self.every is not None else 0
        first = (self.first - start).days * DAY_PS if self.first is not None else every
        return [first + k * every for k in range(LEVELS if every else 1)]

    def course(self, start: datetime.date, end_ps: int) -> list[Turn]:
        """The flow of each level; it is halved at `first`, then at each interval."""
        assert isinstance(self.initial, Money)
        halvings = self.halvings_ps(start)
        turns = [Turn(min(halvings[0] - 1, 0), text_of(self.initial, "flow"), "initial")]
        for k, begins in enumerate(halvings):
            flow = Money(self.initial.amount / 2 ** (k + 1), self.initial.currency)
            turns.append(Turn(begins, text_of(flow, "flow"), "first" if k == 0 and self.first else "every"))
        return within(turns, end_ps)

    def row(self, start: datetime.date, decimals: int) -> np.ndarray:
        """Cap, flow a day, level at the start, then begin (days, ps) and count so far of each stretch."""
        flow = to_base(self.initial, decimals)
        halvings = self.halvings_ps(start)
        level = sum(time <= 0 for time in halvings)
        begins = [0, *halvings[level:]]
        row = [to_base(self.cap, decimals) if self.cap is not None else NO_CAP, flow, level]
        count = 0
        for k, begin in enumerate(begins):
            if k:
                count += flow * (begin - begins[k - 1]) // DAY_PS >> (level + k - 1)
            row += [*divmod(begin, DAY_PS), min(count, NO_CAP)]
        return np.array(row, dtype=np.int64)
