"""Operators get at least and at most so many times what users paid, in dollars: Helium's HIP 149.

    target = floor x paid / price        top_up = min(max(0, target - operators) x planned / operators, bound)
    cap = most x paid / price            what of the operators' part is above it goes to `overflow`

A top-up is minted for all recipients, so that operators' part of it closes the gap. It is bounded by what was burned: each tick
smoothed = floor((w - 1) x smoothed / w) + floor(burned / w), and the bound is what of it lies above `net`, the burns that come
back anyway (`supply: reemit`).

Source: helium/helium-program-library @145947e, programs/helium-sub-daos/src/backstop.rs; helium/HIP @6f6d0ba, HIP 149 (floor 0.5,
cap 3, w = 7 days, overflow to stakers).
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from sim import units
from sim.tokenomics.coin import to_base
from sim.tokenomics.target.terms import Target
from sim.units import FixedDuration, Flow

PARTS = 10**6


def rule(seen: np.ndarray, row: np.ndarray, state: np.ndarray, out: np.ndarray) -> None:
    """Row = floor and cap in 10^-6 (cap -1: none), net of a tick, w, tick in us; state = smoothed burns of a tick."""
    ticks, bound = seen[6] // row[4] - seen[5] // row[4], 0
    burned = units.muldiv(seen[4], row[4], 86_400_000_000)
    for _ in range(ticks):
        state[0] = (row[3] - 1) * state[0] // row[3] + burned // row[3]
        bound += max(0, state[0] - row[2])
    # Nano-dollars into base units: x 1000 for pico-dollars, by the price of a coin.
    wanted = units.muldiv(units.muldiv(seen[2], row[0], 1_000_000), 1000 * seen[10], seen[3])
    out[0] = 0
    if seen[1] > 0 and wanted > seen[1]:
        lack = wanted - seen[1]
        # The bound first: where operators' part is tiny, what would close the gap leaves 64 bits.
        out[0] = bound
        if units.muldiv(bound, seen[1], seen[0]) >= lack:
            out[0] = units.muldiv(lack, seen[0], seen[1])
    out[1] = -1
    if row[1] >= 0:
        out[1] = units.muldiv(units.muldiv(seen[2], row[1], 1_000_000), 1000 * seen[10], seen[3])
    out[2], out[3], out[4] = 0, 0, 0


class Band(Target):
    """Operators get at least and at most so many times what users paid."""

    rule = staticmethod(rule)

    kind: Literal["band"] = "band"
    floor: Annotated[float, Field(ge=0, le=1000)]
    """Least that operators get, over what users paid in the last epoch."""
    cap: Annotated[float, Field(ge=0, le=1000)] | None = None
    """Most that they get."""
    net: Flow
    """Burns that come back anyway: only what was burned above may be minted for the floor."""
    window: Annotated[int, Field(ge=1, le=10_000)] = 7
    """Ticks over which burns are smoothed."""
    tick: FixedDuration = 86_400.0
    """Length of one."""
    overflow: Literal["validators", "owner", "treasury", "holders"] = "validators"
    """Who gets what is above the most."""

    @model_validator(mode="after")
    def _is_a_band(self) -> Band:
        if self.cap is not None and self.cap < self.floor:
            told = {"message": f"cap {self.cap:g} found; must be at least floor, {self.floor:g}", "hint": ""}
            raise PydanticCustomError("range", "{message}", told)
        return self

    def row(self, decimals: int) -> np.ndarray:
        """Floor and cap in 10^-6, net of a tick in base units, window, tick in microseconds."""
        tick = units.ps(self.tick) // 10**6
        net = to_base(self.net, decimals) * tick // (units.DAY_S * 10**6)
        cap = round(self.cap * PARTS) if self.cap is not None else -1
        return np.array([round(self.floor * PARTS), cap, net, self.window, tick], dtype=np.int64)

    def begin(self) -> np.ndarray:
        """Smoothed burns of a tick: none yet."""
        return np.zeros(1, np.int64)
