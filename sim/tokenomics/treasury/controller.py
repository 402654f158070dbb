"""Spend while something lies outside its band: the further, the more, up to a share of what is held."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from sim import units
from sim.tokenomics.treasury.spend import SEEN, Spend
from sim.units import Share, share_parts


def rule(held: int, seen: np.ndarray, state: np.ndarray, row: np.ndarray) -> int:
    """Row = milliseconds between two acts, place in `seen`, 1 where it acts below the bound, else 0, bound (of 10^6), share.

    share x held x min(1, distance / bound), the distance taken on the side on which the rule acts.
    """
    state[0] += math.floor(seen[0] * 1000.0 + 0.5)
    if state[0] < row[0]:
        return 0
    state[0] %= row[0]
    bound = row[3] / 1e6
    off = bound - seen[row[1]] if row[2] == 1 else seen[row[1]] - bound
    part = math.floor(min(max(off / bound, 0.0), 1.0) * 1e12)
    return units.muldiv(units.muldiv(held, row[4], 1_000_000_000_000), part, 1_000_000_000_000)


class Controller(Spend):
    """A treasury that spends while nodes, price, use or emission lie outside a bound."""

    rule = staticmethod(rule)

    kind: Literal["controller"] = "controller"
    of: Literal["nodes", "coin_usd", "utilization_frac", "emission_over_burn"]
    """What is looked at, of the epoch that is over."""
    below: Annotated[float, Field(gt=0, le=1e12)] | None = None
    """Spends while it is below this."""
    above: Annotated[float, Field(gt=0, le=1e12)] | None = None
    """Spends while it is above this."""
    share: Share
    """Part of what the treasury holds that is spent at once, where it is off by the bound itself or more."""

    @model_validator(mode="after")
    def _one_side(self) -> Controller:
        if (self.below is None) == (self.above is None):
            raise PydanticCustomError(
                "missing",
                "{message}",
                {"message": "either `below` or `above` must be there", "hint": "write a rule for each side"},
            )
        return self

    def row(self, decimals: int) -> np.ndarray:
        """What the rule reads."""
        bound = self.below if self.below is not None else self.above
        place, side = SEEN.index(self.of), int(self.below is not None)
        limit = max(1, round((bound or 0.0) * 10**6))
        return np.array([round(self.every * 1000), place, side, limit, share_parts(self.share)], np.int64)
