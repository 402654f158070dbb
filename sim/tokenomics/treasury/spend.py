"""What every rule of a treasury has: when it acts, how much it spends, and on whom."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import ClassVar, Literal

import numpy as np

from sim.blocks import Block, Table
from sim.units import PositiveDuration

TREASURY = Table("treasury")

SIGNATURE = "int64(int64, float64[::1], int64[::1], int64[::1])"
"""rule(held, seen, state, row): base units to spend of the `held` ones; `seen` the epoch that is over (SEEN); `state` STATE
integers, changed in place; `row` the kind's parameters."""

SEEN = ("epoch_s", "nodes", "coin_usd", "utilization_frac", "emission_over_burn")
"""Length of the epoch that is over, live nodes, the coin's price, utilization, and coins minted over coins burned in it (a
million where none were burned)."""

STATE = 1
"""Milliseconds since the rule last acted."""


class Spend(Block):
    """Base of the kinds of `treasury`: they spend coins that the treasury holds, at the begin of an epoch."""

    rule: ClassVar[Callable[..., int]]
    compiled: ClassVar[bool] = True

    every: PositiveDuration
    """Time between two acts; where several fall into an epoch, they are one."""
    to: Literal["burn", "operators", "validators", "holders"] = "operators"
    """Who gets what is spent; operators share it by their live nodes."""

    @abstractmethod
    def row(self, decimals: int) -> np.ndarray:
        """The kind's parameters as int64, for a coin with ledger `decimals`."""

    def spent(self, held: int, seen: np.ndarray, state: np.ndarray, decimals: int) -> int:
        """Base units to spend now; the state moves on by the epoch."""
        return int(type(self).rule(held, seen, state, self.row(decimals)))
