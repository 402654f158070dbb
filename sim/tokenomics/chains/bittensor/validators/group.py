"""What every group of validators has: how many they are, what part of the stake they hold, what they write."""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from typing import Annotated

import numpy as np
from pydantic import Field

from sim.blocks import Block, newer
from sim.units import FixedDuration, FixedShare


@dataclasses.dataclass(frozen=True)
class Seen:
    """What a validator may look at: `score` >= 0 of what each uid served, the last `consensus`, uids that are its own, and
    a standard normal draw a uid. Arrays have an entry a uid.
    """

    score: np.ndarray
    consensus: np.ndarray
    own: np.ndarray
    draws: np.ndarray


class Group(Block):
    """Validators that act alike; each has an equal part of what the group holds."""

    count: Annotated[int, Field(ge=1, le=64)]
    """How many they are, each with a uid of its own."""
    stake: FixedShare
    """Part of all stake, alpha and TAO on root alike, that stands behind them; groups together hold 100 %."""
    every: FixedDuration | None = newer(None)
    """Time from one writing of weights to the next; none: in each tempo."""

    @property
    def miners(self) -> int:
        """Uids of miners that they hold themselves and that serve nobody."""
        return 0

    @abstractmethod
    def weights(self, seen: Seen) -> np.ndarray:
        """The u16 weights that one of them writes, int64[uids]."""
