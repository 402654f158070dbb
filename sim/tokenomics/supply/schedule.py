"""What every supply schedule has: a rule over integers, and `issued` for an interval of the run.

Emission is always a difference of a cumulative count (or of a count of ticks), so that cutting an interval in two
changes nothing, to the base unit. Rounding is down and stays in the count itself: no part of a unit is lost or
made by the length of an epoch.
"""

from __future__ import annotations

import datetime
import functools
from abc import abstractmethod
from collections.abc import Callable
from typing import Annotated, ClassVar

import numpy as np
from pydantic import AfterValidator, model_validator
from pydantic_core import PydanticCustomError

from sim.blocks import Block
from sim.units import DAY_S, PS_PER_S, Dated, FixedDuration, Money, ps

DAY_PS = DAY_S * PS_PER_S

SIGNATURE = "int64(int64, int64, int64, int64, int64, int64[::1])"
"""rule(day0, ps0, day1, ps1, supply, row): base units issued in [t0, t1), t = whole days since the start + ps in the
day; `supply` is what exists at t0; `row[0]` is the cap (or NO_CAP), the rest the kind's own."""

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


class Supply(Block):
    """Base of the kinds of `supply`: how coins come into being."""

    rule: ClassVar[Callable[..., int]]
    compiled: ClassVar[bool] = True

    @model_validator(mode="after")
    def _in_coins(self) -> Supply:
        for name in ("initial", "cap"):
            value = getattr(self, name, None)
            for money in [step for _, step in value.steps] if isinstance(value, Dated) else [value] if value else []:
                if money.currency == "USD":
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

    def issued(self, t0_ps: int, t1_ps: int, supply_base: int, start: datetime.date, decimals: int) -> int:
        """Base units minted in [t0, t1) picoseconds since `start`, given what exists at t0; never above the cap.

        A schedule with ticks pays those in (t0, t1]: at the end of the stretch that they reward. Raises `ValueError`
        unless 0 <= t0 <= t1.
        """
        if not 0 <= t0_ps <= t1_ps:
            raise ValueError(f"interval [{t0_ps}, {t1_ps}) ps found; must be 0 <= t0 <= t1")
        return int(
            type(self).rule(*divmod(t0_ps, DAY_PS), *divmod(t1_ps, DAY_PS), supply_base, _row(self, start, decimals))
        )


@functools.lru_cache(maxsize=64)
def _row(schedule: Supply, start: datetime.date, decimals: int) -> np.ndarray:
    """The schedule's row, once: a run asks for it every epoch."""
    return schedule.row(start, decimals)
