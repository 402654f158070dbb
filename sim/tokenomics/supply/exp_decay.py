"""Emission that decays exponentially, tick by tick.

Tick n (n = 0, 1, ... since the schedule began) pays floor(A exp(-k n)) base units, k the decay of a tick; A is `initial`
x tick, or `total` x (1 - exp(-k)), so that all ticks together pay `total`. A is computed in 50 digits: 1 - exp(-k) in
doubles would lose seven of them for a tick of 30 s.

Gonka: 285,000 a day x exp(-0.000475 n) (gonka-ai/gonka @312044d, x/inference/keeper/bitcoin_rewards.go); the sum of its
ticks is 600,142,511, so that `most` of 600M binds. Filecoin's simple minting: half-life 6 years of 365 days
(filecoin-project/builtin-actors @b0a3bdd, actors/reward/src/logic.rs). Akash: AEP-5, economics paper, eq. 4-8. io.net: 8 % a
year of 500M, each month 1.02 % less than the one before (docs.io.net, read 2026-11-22).
"""

from __future__ import annotations

import datetime
import math
from decimal import Decimal, localcontext
from typing import Annotated, Literal

import numpy as np
from pydantic import model_validator
from pydantic_core import PydanticCustomError

from sim.tokenomics.coin import Day, to_base
from sim.tokenomics.supply.schedule import (
    DAY_PS,
    NO_CAP,
    NOTHING,
    Supply,
    elapsed_us,
    microseconds,
    parts_of,
)
from sim.units import YEAR_S, FixedAmount, FixedDuration, FixedShare, Flow, Money, Quantity

LOCK_YEAR_S = YEAR_S
"""Lock from which on Akash's emission is no faster (AEP-5, economics paper, eq. 8)."""


def rule(
    day0: int, ps0: int, day1: int, ps1: int, supply: int, row: np.ndarray, seen: np.ndarray, state: np.ndarray
) -> int:
    """Base units of the ticks in (t0, t1]. row = cap, most, A, tick in us, us since the beginning, decay (m, e).

    state = base units that the schedule has paid so far.
    """
    first = max(0, (day0 * 86_400_000_000 + ps0 // 1_000_000 + row[4]) // row[3])
    over = max(0, (day1 * 86_400_000_000 + ps1 // 1_000_000 + row[4]) // row[3])
    decay = row[5] * 2.0 ** row[6]
    room = max(0, min(row[0] - supply, row[1] - state[0]))
    total = 0
    for n in range(first, over):
        amount = int(row[2] * math.exp(-decay * n))
        # Later ticks pay less still.
        if amount == 0 or total >= room:
            break
        total += amount
    total = min(total, room)
    state[0] += total
    return int(total)


class ExpDecay(Supply):
    """Emission that decays exponentially, tick by tick."""

    rule = staticmethod(rule)

    kind: Literal["exp_decay"] = "exp_decay"
    initial: Flow | None = None
    """What the first tick pays, as a flow; or `total`."""
    total: FixedAmount | None = None
    """What all ticks together pay."""
    half_life: FixedDuration | None = None
    """Time after which emission is half; or `rate`, or `falls`."""
    rate: Annotated[float, Quantity("growth", above=0, dated=False)] | None = None
    """Continuous decay: emission is proportional to exp(-rate x time)."""
    falls: FixedShare | None = None
    """Part by which each tick pays less than the one before."""
    tick: FixedDuration
    """Time between two mints."""
    began: Day | None = None
    """Day on which the schedule began (default: the run's start)."""
    most: FixedAmount | None = None
    """The most that the schedule itself may ever pay."""
    cap: FixedAmount | None = None
    """The most coins that may ever exist."""
    lock: FixedDuration | None = None
    """Mean lock of stakes, where emission depends on it (Akash): it runs at 0.5 + 0.5 x min(lock, 1 year) / 1 year of its pace."""

    @model_validator(mode="after")
    def _one_of_each(self) -> ExpDecay:
        for names in (("initial", "total"), ("half_life", "rate", "falls")):
            given = [name for name in names if getattr(self, name) is not None]
            if len(given) != 1:
                found = " and ".join(f"`{name}`" for name in given) or "none"
                told = {"message": f"{found} given; exactly one of {', '.join(names)} is needed", "hint": ""}
                raise PydanticCustomError("missing" if not given else "range", "{message}", told)
        if self.falls is not None and not 0 < self.falls < 1:
            told = {"message": "`falls` must lie between 0 and 100 %", "hint": "for example `1.02 %`"}
            raise PydanticCustomError("range", "{message}", told)
        if microseconds(self.tick) < 1:
            told = {"message": f"tick {self.tick:g} s found; must be 1 us or more", "hint": "for example `1 day`"}
            raise PydanticCustomError("range", "{message}", told)
        return self

    @property
    def pace(self) -> float:
        """Part of its pace at which the schedule runs: 1 unless stakes are locked for less than a year."""
        return 1.0 if self.lock is None else 0.5 + 0.5 * min(self.lock, LOCK_YEAR_S) / LOCK_YEAR_S

    def _decay(self) -> Decimal:
        """Decay of a tick, -ln of what it pays over the one before."""
        tick = Decimal(microseconds(self.tick)) * Decimal(str(self.pace))
        if self.half_life is not None:
            return tick / Decimal(microseconds(self.half_life)) * Decimal(2).ln()
        if self.rate is not None:
            return Decimal(str(self.rate)) * tick / Decimal(YEAR_S * 10**6)
        return -(1 - Decimal(str(self.falls))).ln() * Decimal(str(self.pace))

    def row(self, start: datetime.date, decimals: int) -> np.ndarray:
        """Cap, most, base units of tick 0, tick and time since the beginning in microseconds, decay of a tick."""
        with localcontext() as context:
            context.prec = 50
            decay, one = self._decay(), Decimal(10) ** decimals
            if isinstance(self.initial, Money):
                share = Decimal(microseconds(self.tick)) * 10**6 / DAY_PS
                amount = Decimal(str(self.initial.amount)) * one * share * Decimal(str(self.pace))
            else:
                assert self.total is not None
                amount = Decimal(str(self.total.amount)) * one * (1 - (-decay).exp())
            first, parts = int(amount), parts_of(float(decay))
        caps = [to_base(one, decimals) if one is not None else NO_CAP for one in (self.cap, self.most)]
        return np.array([*caps, first, microseconds(self.tick), elapsed_us(self.began, start), *parts], dtype=np.int64)

    def begin(self, start: datetime.date, decimals: int) -> np.ndarray:
        """What the schedule has paid before the start: that of its own ticks, the coin's cap apart."""
        state = np.zeros(1, dtype=object)
        if self.most is not None:
            row = self.row(start, decimals)
            days, rest = divmod(max(int(row[4]), 0), DAY_PS // 10**6)
            row[4] = 0
            rule(0, 0, days, rest * 10**6, 0, row, NOTHING, state)
        return state.astype(np.int64)
