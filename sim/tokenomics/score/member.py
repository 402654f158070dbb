"""What every score has: this network beside its rivals, and a rule that divides the emission among them.

Rivals are services that are paid in the same coin and not simulated: their figures are given and stay.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from sim.blocks import Block, Table
from sim.units import SHARE_ONE

SCORE = Table("score")

SIGNATURE = "int64(float64[:, ::1], int64[::1], int64[::1])"
"""rule(members, row, out): writes each member's share of 10^12 into `out`, gives what is left; members[i, j] is metric j."""

METRICS = ("staked", "burned_usd", "onboarded_usd")
"""Coins staked for the member, USD burned a day for its use, and USD that its live nodes paid to join."""


class Member(Block):
    """The figures of one rival."""

    staked: Annotated[float, Field(ge=0)] = 0.0
    """Coins staked for it."""
    burned_usd: Annotated[float, Field(ge=0)] = 0.0
    """USD burned a day for its use."""
    onboarded_usd: Annotated[float, Field(ge=0)] = 0.0
    """USD that its live nodes paid to join."""


class Score(Block):
    """Base of the kinds of `split.score`: this network's share of the emission beside its rivals."""

    rule: ClassVar[Callable[..., int]]
    compiled: ClassVar[bool] = True

    onboarding: Annotated[float, Field(ge=0)] = 0.0
    """USD that each live node of this network paid to join."""
    rivals: dict[str, Member]
    """Services that are paid in the same coin and not simulated, by name."""

    @abstractmethod
    def row(self) -> np.ndarray:
        """The kind's parameters as int64."""

    def shares(self, own: Sequence[float]) -> list[int]:
        """Shares of 10^12: this network's first, `own` its metrics, then its rivals' in the order of their names.

        Each is rounded down. Where nobody scores, nobody has a share.
        """
        rows = [list(own), *([getattr(self.rivals[name], key) for key in METRICS] for name in sorted(self.rivals))]
        out = np.zeros(len(rows), dtype=np.int64)
        left = int(type(self).rule(np.array(rows, dtype=float), self.row(), out))
        assert left + int(out.sum()) == SHARE_ONE
        return [int(share) for share in out]
