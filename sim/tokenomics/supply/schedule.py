"""What every supply schedule has: a rule over integers, and `issued` for an interval of the run.

Emission is always a difference of a cumulative count (or of a count of ticks), so that cutting an interval in two
changes nothing, to the base unit. Rounding is down and stays in the count itself: no part of a unit is lost or
made by the length of an epoch.

What a schedule reacts to is handed in: `seen`, last epoch's figures, and `state`, integers of its own that it moves on
and keeps nowhere else.
"""

from __future__ import annotations

import datetime
import functools
import math
from abc import abstractmethod
from collections.abc import Callable
from typing import Annotated, ClassVar, NamedTuple

import numpy as np
from pydantic import AfterValidator, model_validator
from pydantic_core import PydanticCustomError

from sim.blocks import Block, Table
from sim.units import DAY_S, PS_PER_S, Dated, FixedDuration, Money, ps

DAY_PS = DAY_S * PS_PER_S

SUPPLY = Table("supply")

SIGNATURE = "int64(int64, int64, int64, int64, int64, int64[::1], int64[::1], int64[::1])"
"""rule(day0, ps0, day1, ps1, supply, row, seen, state): base units issued in [t0, t1), t = whole days since the start +
ps in the day; `supply` is what exists at t0; `row[0]` is the cap (or NO_CAP), the rest the kind's own; `seen` is read,
`state` moved on to t1."""

SEEN = ("burned_a_day", "staked", "power")
"""Columns of `seen`, those of the epoch before: base units burned a day, base units staked, and live GPUs in 10^-6."""
NOTHING = np.zeros(len(SEEN), np.int64)
NOTHING.flags.writeable = False
GPU_ONE = 10**6
"""Parts of a GPU in which power is seen."""

NO_CAP = 2**62
"""Cap of a schedule without one: more than a ledger's columns may ever hold."""


def _whole_day(seconds: float) -> float:
    if DAY_PS % ps(seconds):
        raise PydanticCustomError(
            "range",
            "{message}",
            {"message": f"{seconds:g} s found; a whole number must make a day", "hint": "for example `12 s` or `1 h`"},
        )
    return seconds


Tick = Annotated[FixedDuration, AfterValidator(_whole_day)]
"""A duration of which a whole number makes a day, so that a count of ticks is exact at any distance."""


def ticks_a_day(tick_s: float) -> int:
    """How many ticks make a day."""
    return DAY_PS // ps(tick_s)


def microseconds(seconds: float) -> int:
    """A duration in whole microseconds, rounded half to even: schedules count time in them, exact for 290,000 years."""
    return round(ps(seconds) / 10**6)


def parts_of(number: float) -> tuple[int, int]:
    """A float as integers (m, e) of a row, m x 2^e = number exactly; rules take it up again by `m * 2.0**e`."""
    mantissa, exponent = math.frexp(number)
    return int(math.ldexp(mantissa, 53)), max(exponent - 53, -1022)


def elapsed_us(began: datetime.date | None, start: datetime.date) -> int:
    """Microseconds from the day a schedule began (default: the run's start) to the run's start; negative if it is to come."""
    return (start - began).days * DAY_PS // 10**6 if began is not None else 0


class Turn(NamedTuple):
    """From `begins_ps` since the run's start on a schedule pays `text`; the schedule's key `why` says when."""

    begins_ps: int
    text: str
    why: str


def within(turns: list[Turn], end_ps: int) -> list[Turn]:
    """Turns in order of time cut to [0, end): of those at 0 or before, the last; the first must be among them."""
    past = sum(turn.begins_ps <= 0 for turn in turns)
    return [turns[past - 1]._replace(begins_ps=0), *(turn for turn in turns[past:] if turn.begins_ps < end_ps)]


class Supply(Block):
    """Base of the kinds of `supply`: how coins come into being."""

    rule: ClassVar[Callable[..., int]]
    compiled: ClassVar[bool] = True

    @model_validator(mode="after")
    def _in_coins(self) -> Supply:
        for name in type(self).model_fields:
            value = getattr(self, name)
            for money in [step for _, step in value.steps] if isinstance(value, Dated) else [value]:
                if isinstance(money, Money) and money.currency == "USD":
                    raise PydanticCustomError(
                        "currency",
                        "{message}",
                        {
                            "message": f"`{name}` is in USD; coins are issued in coins",
                            "hint": "for example `3600 TAO/day`",
                        },
                    )
        return self

    @abstractmethod
    def row(self, start: datetime.date, decimals: int) -> np.ndarray:
        """The schedule as int64: cap first, then what its rule reads."""

    @property
    def limit(self) -> Money | None:
        """The most coins that may ever exist, or None."""
        return getattr(self, "cap", None)

    @property
    def shape(self) -> tuple[str, ...]:
        """What the state is of: two schedules of one shape may take over each other's."""
        return (str(getattr(self, "kind", "")),)

    def course(self, start: datetime.date, end_ps: int) -> list[Turn]:
        """What the schedule pays when, where days cut it: turns in order up to `end_ps`, the first at 0; else none.

        For people to read, once dated values were resolved (`at`); what is paid says `rule` alone.
        """
        return []

    def begin(self, start: datetime.date, decimals: int) -> np.ndarray:
        """The schedule's state at the run's start (int64); empty for one that reacts to nothing."""
        return np.zeros(0, np.int64)

    def issued(
        self,
        t0_ps: int,
        t1_ps: int,
        supply_base: int,
        start: datetime.date,
        decimals: int,
        seen: np.ndarray = NOTHING,
        state: np.ndarray | None = None,
    ) -> int:
        """Base units minted in [t0, t1) picoseconds since `start`, given what exists at t0; never above the cap.

        A schedule with ticks pays those in (t0, t1]: at the end of the stretch that they reward. `seen` holds the columns
        of `SEEN`; `state` (of `begin`; default: a fresh one) is moved on to t1. Raises `ValueError` unless 0 <= t0 <= t1.
        """
        if not 0 <= t0_ps <= t1_ps:
            raise ValueError(f"interval [{t0_ps}, {t1_ps}) ps found; must be 0 <= t0 <= t1")
        held = first_state(self, start, decimals).copy() if state is None else state
        # Python integers: interpreted, they are faster than NumPy's and never wrap.
        now = held.astype(object)
        interval = (*divmod(t0_ps, DAY_PS), *divmod(t1_ps, DAY_PS))
        issued = type(self).rule(*interval, supply_base, _row(self, start, decimals), seen.astype(object), now)
        held[:] = now
        return int(issued)


@functools.lru_cache(maxsize=64)
def first_state(schedule: Supply, start: datetime.date, decimals: int) -> np.ndarray:
    """What `begin` gives, once, to be read: a schedule that began long ago counts its way to the start."""
    state = schedule.begin(start, decimals)
    state.flags.writeable = False
    return state


@functools.lru_cache(maxsize=64)
def _row(schedule: Supply, start: datetime.date, decimals: int) -> np.ndarray:
    """The schedule's row, once: a run asks for it every epoch."""
    return schedule.row(start, decimals)
