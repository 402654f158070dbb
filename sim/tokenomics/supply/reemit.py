"""Emission of what was burned: smoothed, and up to a cap (Helium's net emissions, HIP 20).

Each tick: smoothed = floor((w - 1) x smoothed / w) + floor(burned / w), rounded down twice as on the chain; min(smoothed,
most) is minted.

Source: helium/helium-program-library @145947e, programs/helium-sub-daos/src/instructions/calculate_utility_score_v0.rs
(w = 7 epochs of a day).
"""

from __future__ import annotations

import datetime
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from sim.tokenomics.coin import to_base
from sim.tokenomics.supply.schedule import NO_CAP, Supply, Tick, ticks_a_day
from sim.units import FixedAmount, Flow


def rule(
    day0: int, ps0: int, day1: int, ps1: int, supply: int, row: np.ndarray, seen: np.ndarray, state: np.ndarray
) -> int:
    """Base units of the ticks in (t0, t1]. row = cap, ticks a day, w, most of a tick; seen[0] was burned a day; state = smoothed."""
    tick_ps = 86_400_000_000_000_000 // row[1]
    first, over = day0 * row[1] + ps0 // tick_ps, day1 * row[1] + ps1 // tick_ps
    room, total = max(0, row[0] - supply), 0
    for _ in range(first, over):
        state[0] = (row[2] - 1) * state[0] // row[2] + seen[0] // row[1] // row[2]
        total += min(state[0], row[3])
    return int(min(total, room))


class Reemit(Supply):
    """What was burned comes into being again, smoothed and up to a cap."""

    rule = staticmethod(rule)

    kind: Literal["reemit"] = "reemit"
    most: Flow
    """The most that is minted again."""
    window: Annotated[int, Field(ge=1, le=10_000)] = 7
    """Ticks over which burns are smoothed."""
    tick: Tick = 86_400.0
    """Time between two mints; a whole number of them makes a day."""
    cap: FixedAmount | None = None
    """The most coins that may ever exist."""

    def row(self, start: datetime.date, decimals: int) -> np.ndarray:
        """Cap, ticks a day, window, most of a tick (rounded down)."""
        ticks = ticks_a_day(self.tick)
        cap = to_base(self.cap, decimals) if self.cap is not None else NO_CAP
        return np.array([cap, ticks, self.window, to_base(self.most, decimals) // ticks], dtype=np.int64)

    def begin(self, start: datetime.date, decimals: int) -> np.ndarray:
        """Smoothed burns of a tick: none yet."""
        return np.zeros(1, np.int64)
