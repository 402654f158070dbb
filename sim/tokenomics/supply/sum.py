"""Emission that is the sum of several schedules, each with a name, under one cap.

Filecoin: simple and baseline minting; Helium: a table by date, what was burned, and a window. Each part sees the supply at the
beginning of the interval; the cap binds their sum.
"""

from __future__ import annotations

import datetime
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from sim.blocks import OneOf
from sim.tokenomics.coin import to_base
from sim.tokenomics.supply.schedule import NO_CAP, NOTHING, SUPPLY, Supply, first_state
from sim.units import FixedAmount


class Sum(Supply):
    """The sum of several schedules, each with a name."""

    compiled: ClassVar[bool] = False

    kind: Literal["sum"] = "sum"
    parts: Annotated[dict[str, Annotated[Any, OneOf(SUPPLY.without("sum"))]], Field(min_length=1)]
    """The schedules, by name."""
    cap: FixedAmount | None = None
    """The most coins that may ever exist."""

    @property
    def shape(self) -> tuple[str, ...]:
        """The parts by name, each with its own."""
        return ("sum", *(word for name in sorted(self.parts) for word in (name, *self.parts[name].shape)))

    def row(self, start: datetime.date, decimals: int) -> np.ndarray:
        """The cap alone: each part has its own row."""
        return np.array([to_base(self.cap, decimals) if self.cap is not None else NO_CAP], dtype=np.int64)

    def begin(self, start: datetime.date, decimals: int) -> np.ndarray:
        """The parts' states, one after the other, in the order of their names."""
        return np.concatenate([first_state(self.parts[name], start, decimals) for name in sorted(self.parts)])

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
        """Base units of all parts in [t0, t1), as `Supply.issued` says; never above the cap."""
        held = self.begin(start, decimals) if state is None else state
        total = place = 0
        for name in sorted(self.parts):
            part = self.parts[name]
            over = place + len(first_state(part, start, decimals))
            total += part.issued(t0_ps, t1_ps, supply_base, start, decimals, seen, held[place:over])
            place = over
        return max(0, min(total, int(self.row(start, decimals)[0]) - supply_base))
