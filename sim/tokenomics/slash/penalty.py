"""What every penalty has: a rule that takes base units of what a node has locked and of what is on its way back to it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import ClassVar, Literal, NamedTuple, get_args

import numpy as np

from sim.blocks import Block
from sim.units import Duration, Share

SIGNATURE = "void(int64, int64, int64, int64, int64[::1], int64[::1])"
"""rule(locked, unbonding, reward, age_s, row, out): base units locked and unbonding, what the node is expected to earn a day,
seconds since it locked them; writes what is taken of each into `out`."""

Offence = Literal["invalid", "downtime", "termination"]
OFFENCES: tuple[Offence, ...] = get_args(Offence)
"""A wrong answer that was proven, time missed, and leaving."""


class Taken(NamedTuple):
    """Base units taken of what is locked and of what unbonds."""

    locked: int
    unbonding: int

    @property
    def total(self) -> int:
        """Both."""
        return self.locked + self.unbonding


class Slash(Block):
    """Base of the kinds of `slash`: what an offence costs."""

    rule: ClassVar[Callable[..., None]]
    compiled: ClassVar[bool] = True

    to: Literal["burned", "treasury", "checkers", "users"] = "burned"
    """Who gets what is taken; `checkers` are the other live nodes, by weight."""
    cooldown: Duration = 0.0
    """Time after the penalty in which the node neither serves nor is paid, and no further offence counts."""
    unbonding: bool = True
    """Whether stake on its way back to its owner is taken too."""
    above: Share = 0.0
    """Part of an epoch up to which missed time is no offence (`downtime`; Gonka: 5 %)."""

    @abstractmethod
    def row(self) -> np.ndarray:
        """The kind's parameters as int64; the first says whether what unbonds is taken too."""

    def taken(self, locked: int, unbonding: int, reward: int = 0, age_s: int = 0) -> Taken:
        """What an offence takes, never more than is there."""
        out = np.zeros(2, dtype=np.int64)
        type(self).rule(int(locked), int(unbonding), int(reward), int(age_s), self.row(), out)
        return Taken(int(out[0]), int(out[1]))
