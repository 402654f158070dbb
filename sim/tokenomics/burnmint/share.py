"""Burn a share of what users pay, or of what the protocol takes of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Literal

import numpy as np

from sim import units
from sim.blocks import Block
from sim.units import Share as ShareOf
from sim.units import share_parts

SIGNATURE = "int64(int64, int64, int64[::1])"
"""rule(paid, taken, row): base units to burn of the coins paid in a settlement and of the take among them."""


def rule(paid: int, taken: int, row: np.ndarray) -> int:
    """floor(share x paid) or, where row[1] is 1, floor(share x taken); row[0] is the share of 10^12."""
    if row[1] == 1:
        return units.muldiv(taken, row[0], 1_000_000_000_000)
    return units.muldiv(paid, row[0], 1_000_000_000_000)


class Share(Block):
    """Burns a share of each settlement in coins. Without coins paid (`pay: usd`) there is nothing to burn."""

    rule: ClassVar[Callable[..., int]] = staticmethod(rule)
    compiled: ClassVar[bool] = True

    kind: Literal["share"] = "share"
    of: Literal["payments", "take"] = "payments"
    """What the share is of: all that users pay (operators get the less), or the protocol's take."""
    share: ShareOf
    """Part burned."""

    @property
    def off_operators(self) -> float:
        """Part of what users pay that operators do not get in the long run."""
        return self.share if self.of == "payments" else 0.0

    def row(self) -> np.ndarray:
        """Share of 10^12, and 1 where it is of the take."""
        return np.array([share_parts(self.share), int(self.of == "take")], dtype=np.int64)

    def burned(self, paid: int, taken: int) -> int:
        """Base units to burn, given what users paid and what the protocol took of it; rounded down."""
        return int(type(self).rule(paid, taken, self.row()))
