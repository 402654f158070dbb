"""What every stake has: a rule that tells how many coins a node's weight asks for, and what part of the weight they back.

Source of the free part and of the trim of weight to what is backed: gonka-ai/gonka @312044d, x/inference/keeper/collateral.go
(read 2026-11-22): effective = base x w + min((1 - base) x w, collateral / coins per unit).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import ClassVar, Literal, Self

import numpy as np
from pydantic import model_validator
from pydantic_core import PydanticCustomError

from sim import units
from sim.blocks import Block, sourced
from sim.units import Dated, Duration, Share, share_parts

SIGNATURE = "int64(int64, int64, int64[::1], int64[::1])"
"""rule(weight, reward, seen, row): base units that a node of `weight` (parts, see WEIGHT_ONE) locks; `reward` is what such a
node is expected to earn a day in base units, `seen` what the network shows (OBSERVED), `row` the kind's own parameters."""

OBSERVED = ("supply", "weight", "clock_s")
"""Entries of `seen`, int64: base units that exist, weight of all live nodes in parts, whole seconds since the start."""

WEIGHT_ONE = 10**6
"""Parts of one unit of weight: of a GPU, or of a thousand tokens a second. Weights stay below 2^42 parts."""

_DAY = 86_400.0


def backed(weight: int, stake: int, needed: int, free: int) -> int:
    """Parts of `weight` that count: the free part (of 10^12), and of the rest as much as `stake` of `needed` coins backs.

    Rounded down, each part for itself; all of it where nothing is needed.
    """
    without = units.muldiv(weight, free, 1_000_000_000_000)
    rest = weight - without
    if needed <= 0 or stake >= needed:
        return weight
    return without + units.muldiv(rest, stake, needed)


class Stake(Block):
    """Base of the kinds of `stake`: what a node locks up before it joins.

    Stake is bought at the market before joining, kept while the node serves, and comes back to its owner after `unbonding`.
    """

    rule: ClassVar[Callable[..., int]]
    compiled: ClassVar[bool] = True

    weigh: Literal["gpus", "capacity"] = "gpus"
    """What a node weighs: its GPUs, or the thousands of tokens a second that it serves at most."""
    free: Share = 0.0
    """Part of a node's weight that is paid without stake (Gonka: 20 %)."""
    unbonding: Duration = sourced(
        7 * _DAY, "no figure for all networks; published ones range from none to 28 days", "assumed", "risk of a stake"
    )
    """Time from leaving until the stake is its owner's again."""
    grace: Duration = 0.0
    """Time from the start of the run in which nothing is asked for."""

    @model_validator(mode="after")
    def _in_coins(self) -> Self:
        for name in ("amount", "cap"):
            value = getattr(self, name, None)
            for money in [step for _, step in value.steps] if isinstance(value, Dated) else [value] if value else []:
                if money.currency == "USD":
                    told = {"message": f"`{name}` is in USD; stake is locked in coins", "hint": "for example `10 TAO`"}
                    raise PydanticCustomError("currency", "{message}", {**told, "at": name})
        return self

    @abstractmethod
    def row(self, decimals: int) -> np.ndarray:
        """The kind's parameters as int64."""

    @property
    def free_parts(self) -> int:
        """The free part of 10^12."""
        return share_parts(self.free)

    def needed(self, weight: int, reward: int, seen: np.ndarray, decimals: int) -> int:
        """Base units that a node locks for all of its weight; the free part of it asks for none.

        `weight` parts, `reward` base units a day expected of such a node; nothing within `grace`.
        """
        if seen[2] < self.grace:
            return 0
        paid_for = weight - units.muldiv(weight, self.free_parts, units.SHARE_ONE)
        return int(type(self).rule(paid_for, reward, seen, self.row(decimals)))

    def effective(self, weight: int, stake: int, needed: int) -> int:
        """Parts of `weight` that are paid for with `stake` of `needed` base units locked."""
        return backed(weight, stake, needed, self.free_parts)
