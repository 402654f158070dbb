"""Operators get a number of dollars a GPU-hour out of vaults: io.net's engine of June 2026, as far as it is published.

    wanted = target x factor x GPU-hours / price
    the vault (coins not yet released, and what the schedule mints for operators) pays first, the vault of fees next;
    `burn` of what is left of the fees is destroyed.

Where both together hold less than is wanted, the factor falls by `step` for the next epoch (never below `least`); else it rises
by a step, to 1 at most. The litepaper's formulas were not to be had (facts from docs.io.net and a report of CoinDesk,
secondary, read 2026-11-22): the step and the least are assumptions.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from sim import units
from sim.tokenomics.target.terms import Target
from sim.units import FixedShare, Hourly, Share

PARTS = 10**6


def rule(seen: np.ndarray, row: np.ndarray, state: np.ndarray, out: np.ndarray) -> None:
    """Row = target in nano-dollars a GPU-hour, burn, step and least in 10^-6; state = factor in 10^-6."""
    usd = units.muldiv(units.muldiv(row[0], seen[7], 3600), state[0], 1_000_000)
    wanted = units.muldiv(usd, 1000 * seen[10], seen[3])
    out[0], out[1] = 0, -1
    out[2] = min(wanted, seen[8])
    out[3] = min(wanted - out[2], seen[9])
    out[4] = units.muldiv(seen[9] - out[3], row[1], 1_000_000)
    if out[2] + out[3] < wanted:
        state[0] = max(row[3], state[0] - units.muldiv(state[0], row[2], 1_000_000))
    else:
        state[0] = min(1_000_000, state[0] + units.muldiv(1_000_000, row[2], 1_000_000))


class Usd(Target):
    """Operators get dollars a GPU-hour, out of vaults."""

    rule = staticmethod(rule)
    vaults: ClassVar[bool] = True

    kind: Literal["usd"] = "usd"
    per_gpu: Hourly
    """What a GPU is to earn."""
    burn: Share = 0.5
    """Part of what is left of the fees that is burned."""
    step: FixedShare = 0.05
    """By how much the target moves an epoch when vaults run dry, and when they hold again."""
    least: FixedShare = 0.5
    """Part of the target below which it does not fall."""

    def row(self, decimals: int) -> np.ndarray:
        """Target in nano-dollars a GPU-hour; burn, step and least in 10^-6."""
        shares = (round(share * PARTS) for share in (self.burn, self.step, self.least))
        return np.array([round(self.per_gpu * 1e9), *shares], dtype=np.int64)

    def begin(self) -> np.ndarray:
        """The whole target."""
        return np.array([PARTS], dtype=np.int64)
