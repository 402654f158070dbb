"""Spend on a calendar: an amount, or a share of what is held, each time."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from pydantic import model_validator
from pydantic_core import PydanticCustomError

from sim import units
from sim.tokenomics.coin import to_base
from sim.tokenomics.treasury.spend import Spend
from sim.units import Amount, Share, share_parts


def rule(held: int, seen: np.ndarray, state: np.ndarray, row: np.ndarray) -> int:
    """Row = milliseconds between two acts, an amount, a share (of 10^12): what is due once the time is over, of what is held."""
    state[0] += math.floor(seen[0] * 1000.0 + 0.5)
    if state[0] < row[0]:
        return 0
    state[0] %= row[0]
    return min(held, row[1] + units.muldiv(held, row[2], 1_000_000_000_000))


class Calendar(Spend):
    """So much, or such a share, every so often."""

    rule = staticmethod(rule)

    kind: Literal["calendar"] = "calendar"
    amount: Amount | None = None
    """Coins spent each time, as far as the treasury holds them."""
    share: Share | None = None
    """Part of what the treasury holds that is spent each time."""

    @model_validator(mode="after")
    def _one_of_both(self) -> Calendar:
        if (self.amount is None) == (self.share is None):
            raise PydanticCustomError(
                "missing",
                "{message}",
                {"message": "either `amount` or `share` must be there", "hint": "for example `share: 2 %`"},
            )
        return self

    def row(self, decimals: int) -> np.ndarray:
        """What the rule reads."""
        amount = to_base(self.amount, decimals) if self.amount is not None else 0
        return np.array([round(self.every * 1000), amount, share_parts(self.share or 0.0)], np.int64)
