"""Emission that steers the bonded share of the supply to a target: Livepeer's rule.

Each round: bonded / supply below `target` raises the inflation of a round by `step`, above it lowers it, never below 0; then
floor(supply x inflation) is minted. All shares are held in parts of 10^9.

Source: livepeer/protocol @f225b10, contracts/token/Minter.sol; on Arbitrum 218,500, 500 and 500,000,000 parts
(deploy/migrations.config.ts).
"""

from __future__ import annotations

import datetime
from fractions import Fraction
from typing import Literal

import numpy as np

from sim import units
from sim.tokenomics.coin import to_base
from sim.tokenomics.supply.schedule import NO_CAP, Supply, microseconds
from sim.units import FixedAmount, FixedDuration, FixedShare

PARTS = 10**9


def rule(
    day0: int, ps0: int, day1: int, ps1: int, supply: int, row: np.ndarray, seen: np.ndarray, state: np.ndarray
) -> int:
    """Base units of the rounds in (t0, t1]. row = cap, round in us, target, step; seen[1] is bonded; state = inflation."""
    first = (day0 * 86_400_000_000 + ps0 // 1_000_000) // row[1]
    over = (day1 * 86_400_000_000 + ps1 // 1_000_000) // row[1]
    total = supply
    for _ in range(first, over):
        bonded = 0
        if total > 0:
            bonded = units.muldiv(min(seen[1], total), 1_000_000_000, total)
        if bonded < row[2]:
            state[0] += row[3]
        elif bonded > row[2]:
            state[0] = max(0, state[0] - row[3])
        # floor(total x inflation / 10^9) without a product that leaves 64 bits.
        minted = total // 1_000_000_000 * state[0] + total % 1_000_000_000 * state[0] // 1_000_000_000
        total += max(0, min(minted, row[0] - total))
    return int(total - supply)


class Feedback(Supply):
    """Inflation that rises while too little of the supply is staked, and falls while too much is."""

    rule = staticmethod(rule)

    kind: Literal["feedback"] = "feedback"
    initial: FixedShare
    """Inflation of a round at the run's start, a share of the supply."""
    step: FixedShare
    """How much it moves in a round."""
    target: FixedShare
    """Staked share of the supply at which it stays."""
    round: FixedDuration
    """Time between two rounds."""
    cap: FixedAmount | None = None
    """The most coins that may ever exist."""

    def row(self, start: datetime.date, decimals: int) -> np.ndarray:
        """Cap, round in microseconds, target and step in parts of 10^9."""
        cap = to_base(self.cap, decimals) if self.cap is not None else NO_CAP
        return np.array([cap, microseconds(self.round), _parts(self.target), _parts(self.step)], dtype=np.int64)

    def begin(self, start: datetime.date, decimals: int) -> np.ndarray:
        """Inflation of a round in parts of 10^9."""
        return np.array([_parts(self.initial)], dtype=np.int64)


def _parts(share: float) -> int:
    return round(Fraction(str(share)) * PARTS)
