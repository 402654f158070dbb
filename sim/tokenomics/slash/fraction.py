"""A fraction of what is locked, and of what is on its way back: Gonka's slash.

Source: gonka-ai/gonka @312044d, x/collateral/keeper (read 2026-11-22): the same fraction of active and unbonding stake, each
rounded down.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from sim import units
from sim.tokenomics.slash.penalty import Slash
from sim.units import Share, share_parts


def rule(locked: int, unbonding: int, reward: int, age_s: int, row: np.ndarray, out: np.ndarray) -> None:
    """floor(share x each); row[1] is the share of 10^12."""
    out[0] = units.muldiv(locked, row[1], 1_000_000_000_000)
    out[1] = units.muldiv(unbonding, row[1], 1_000_000_000_000) * row[0]


class Fraction(Slash):
    """A share of the node's stake."""

    rule = staticmethod(rule)

    kind: Literal["fraction"] = "fraction"
    share: Share
    """Part taken."""

    def row(self) -> np.ndarray:
        """Whether what unbonds is taken, the share of 10^12."""
        return np.array([int(self.unbonding), share_parts(self.share)], dtype=np.int64)
