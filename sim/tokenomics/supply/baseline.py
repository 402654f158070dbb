"""Emission that waits for capacity: Filecoin's baseline minting.

The network's baseline doubles every `doubles`. Power counts up to the baseline; *effective network time* theta is the
time at which the baseline alone would have summed up to what was realized:

    theta = e - (B(e) - R) / b(e)        R = sum of min(power, b), B = sum of b, e = least tick with B(e) >= R

A tick in which theta moves from theta0 to theta1 pays floor(-total exp(-k theta0) expm1(-k (theta1 - theta0))), k the
decay of a tick. A network at its baseline or above is paid by the calendar, a smaller one later.

Source: filecoin-project/builtin-actors @b0a3bdd, actors/reward/src/logic.rs and state.rs (update_to_next_epoch); there with
2,888,888,880,000,000,000 bytes, doubling in 365 days, half-life 6 years of 365 days, 770M FIL, ticks of 30 s.
"""

from __future__ import annotations

import datetime
import math
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from sim.tokenomics.coin import Day, to_base
from sim.tokenomics.supply.schedule import GPU_ONE, NO_CAP, Supply, elapsed_us, microseconds, parts_of
from sim.units import FixedAmount, FixedDuration

LACK_ONE = 10**15
"""Parts of a tick in which theta is held behind e."""


def rule(
    day0: int, ps0: int, day1: int, ps1: int, supply: int, row: np.ndarray, seen: np.ndarray, state: np.ndarray
) -> int:
    """Base units of the ticks in (t0, t1].

    row = cap, tick in us, us since the beginning, baseline at tick 0, then as (m, e): its growth and the decay of a tick,
    total in base units. seen[2] is power. state = e, R, B(e), e - theta in 10^-15.
    """
    first = max(0, (day0 * 86_400_000_000 + ps0 // 1_000_000 + row[2]) // row[1])
    over = max(0, (day1 * 86_400_000_000 + ps1 // 1_000_000 + row[2]) // row[1])
    growth, decay, whole = row[4] * 2.0 ** row[5], row[6] * 2.0 ** row[7], row[8] * 2.0 ** row[9]
    room, total = max(0, row[0] - supply), 0
    for n in range(first, over):
        before, behind = state[0], state[3]
        state[1] += min(seen[2], int(row[3] * math.exp(growth * n)))
        if state[1] > state[2]:
            state[0] += 1
            state[2] += int(row[3] * math.exp(growth * state[0]))
        state[3] = 0
        if state[0] > 0:
            state[3] = int((state[2] - state[1]) / int(row[3] * math.exp(growth * state[0])) * 1_000_000_000_000_000)
        moved = (state[0] - before) - (state[3] - behind) / 1_000_000_000_000_000
        theta = before - behind / 1_000_000_000_000_000
        # expm1: exp(x) - 1 would lose seven digits of a tick of 30 s.
        total += max(0, int(-whole * math.exp(-decay * theta) * math.expm1(-decay * moved)))
    return int(min(total, room))


class Baseline(Supply):
    """Emission that waits until the network's power has summed up to a baseline that grows."""

    rule = staticmethod(rule)

    kind: Literal["baseline"] = "baseline"
    total: FixedAmount
    """What is paid once theta has run its course."""
    half_life: FixedDuration
    """Effective network time after which emission is half."""
    baseline: Annotated[float, Field(gt=0)]
    """Live GPUs at the beginning of the baseline."""
    doubles: FixedDuration
    """Time in which the baseline doubles."""
    tick: FixedDuration
    """Time between two mints."""
    began: Day | None = None
    """Day on which the schedule began (default: the run's start); until the start the network was at its baseline x `met`."""
    met: Annotated[float, Field(ge=0, le=1)] = 1.0
    """Part of the baseline that the network's power had before the run's start."""
    cap: FixedAmount | None = None
    """The most coins that may ever exist."""

    def row(self, start: datetime.date, decimals: int) -> np.ndarray:
        """Cap, tick, time since the beginning, baseline, growth and decay of a tick, total."""
        tick = microseconds(self.tick)
        numbers = [
            math.log(2) * tick / microseconds(self.doubles),
            math.log(2) * tick / microseconds(self.half_life),
            self.total.amount * 10.0**decimals,
        ]
        cap = to_base(self.cap, decimals) if self.cap is not None else NO_CAP
        parts = (part for number in numbers for part in parts_of(number))
        return np.array(
            [cap, tick, elapsed_us(self.began, start), round(self.baseline * GPU_ONE), *parts], dtype=np.int64
        )

    def begin(self, start: datetime.date, decimals: int) -> np.ndarray:
        """e, R, B(e) and e - theta at the run's start, from `met` of the baseline in each tick before it."""
        growth = math.log(2) * microseconds(self.tick) / microseconds(self.doubles)
        first = round(self.baseline * GPU_ONE)
        ticks = max(0, elapsed_us(self.began, start) // microseconds(self.tick))
        # Geometric sums: R over the ticks before, then the least e whose sum of baselines reaches R.
        realized = self.met * first * math.expm1(growth * ticks) / math.expm1(growth)
        at = max(0, math.ceil(math.log1p(realized / first * math.expm1(growth)) / growth) - 1) if realized else 0
        reached = first * math.expm1(growth * (at + 1)) / math.expm1(growth)
        lack = (reached - realized) / (first * math.exp(growth * at)) if at else 0.0
        return np.array([at, int(realized), int(reached), int(lack * LACK_ONE)], dtype=np.int64)
