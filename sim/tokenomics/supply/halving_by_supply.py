"""Emission that falls to half when the supply reaches levels: Bittensor's rule.

Each block of the chain creates E = E0 >> k base units, where k is the largest with supply >= cap (1 - 2^-k) at that
block; nothing once the supply is at the cap. Coins that are burned leave the supply and are created again later, so
that the next halving moves out.

Source: opentensor/subtensor @14bc6f9f9, pallets/subtensor/src/coinbase/block_emission.rs (read 2026-11-22), in the
exact integer form of floor(log2(1 / (1 - I / cap))).
"""

from __future__ import annotations

import datetime
from typing import Literal

import numpy as np

from sim.blocks import sourced
from sim.tokenomics.coin import to_base
from sim.tokenomics.supply.schedule import Supply, Tick, ticks_a_day
from sim.units import FixedAmount, Flow


def rule(
    day0: int, ps0: int, day1: int, ps1: int, supply: int, row: np.ndarray, seen: np.ndarray, state: np.ndarray
) -> int:
    """Base units of the blocks in (t0, t1]. row = cap, base units of a block at level 0, blocks a day."""
    block_ps = 86_400_000_000_000_000 // row[2]
    blocks = (day1 - day0) * row[2] + ps1 // block_ps - ps0 // block_ps
    missing = row[0] - supply
    while blocks > 0 and missing > 0:
        level = 0
        while level < 62 and missing <= row[0] >> (level + 1):
            level += 1
        each = row[1] >> level
        if each == 0:
            break
        # Blocks until the next level: the least n with missing - n each <= cap >> (level + 1).
        many = min(blocks, (missing - (row[0] >> (level + 1)) + each - 1) // each)
        missing -= min(many * each, missing)
        blocks -= many
    return int(max(0, row[0] - supply) - max(0, missing))


class HalvingBySupply(Supply):
    """Emission that falls to half each time the supply has come half of the way left to the cap."""

    rule = staticmethod(rule)

    kind: Literal["halving_by_supply"] = "halving_by_supply"
    initial: Flow
    """Emission at level 0, before half of the cap exists (Bittensor: 7200 TAO/day)."""
    cap: FixedAmount
    """The most coins that may ever exist; level k begins at cap x (1 - 2^-k)."""
    block: Tick = sourced(
        12.0,
        "Bittensor's block time: opentensor/subtensor runtime, 7,200 blocks a day (read 2026-11-22)",
        "borrowed",
        "the instant of a halving, by less than a block",
    )
    """Time between blocks; a whole number of them makes a day."""

    def row(self, start: datetime.date, decimals: int) -> np.ndarray:
        """Cap, base units of a block at level 0 (rounded down, as on the chain), blocks a day."""
        blocks = ticks_a_day(self.block)
        return np.array(
            [to_base(self.cap, decimals), to_base(self.initial, decimals) // blocks, blocks], dtype=np.int64
        )


def per_block(supply: int, cap: int, first: int) -> int:
    """Base units that a block creates at `supply` of any size, by the rule that runs (a day of one block)."""
    nothing = np.zeros(0, np.int64)
    return rule(0, 0, 1, 0, supply, np.array([cap, first, 1], dtype=object), nothing, nothing)
