"""Burn a share of what users pay, and mint operators a share of its value in dollars at the next settlement's price (Render).

burned = usd x burn / p, minted = usd x reward / p': with burn above reward the supply falls at a constant price, and what
the price does in between is the protocol's risk. Source: rendernetwork/RNPs @a7ced77, RNP-023 (read 2026-11-22).
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from sim import units
from sim.tokenomics.burnmint.program import Program
from sim.tokenomics.coin import to_base
from sim.units import FixedAmount, Share, share_parts


def rule(seen: np.ndarray, state: np.ndarray, row: np.ndarray, out: np.ndarray) -> None:
    """Row = burned and rewarded share (of 10^12), 10^decimals, most coins minted at once (0: no limit). state[0] is the USD
    value of the last settlement. Rounded down.
    """
    out[0] = units.muldiv(seen[0], row[0], 1_000_000_000_000)
    owed = units.muldiv(state[0], row[1], 1_000_000_000_000)
    out[1] = units.muldiv(units.muldiv(owed, 1000, 1), row[2], seen[2]) if seen[2] > 0 else 0
    if row[3] > 0:
        out[1] = min(out[1], row[3])
    state[0] = seen[1]
    out[7] = 1


class MintBack(Program):
    """Users' coins are burned and operators are minted what their work was worth in USD, an epoch later."""

    rule = staticmethod(rule)

    kind: Literal["mint_back"] = "mint_back"
    burn: Share
    """Part of what users pay that is burned; it comes off what operators are paid at once."""
    reward: Share
    """Part of the USD value of use that is minted to operators at the next settlement, by what each earned in it."""
    pool: FixedAmount | None = None
    """Most coins minted at one settlement (default: no limit)."""

    @property
    def off_operators(self) -> float:
        """What is burned and not minted back at a constant price."""
        return self.burn - self.reward

    def row(self, decimals: int) -> np.ndarray:
        """What the rule reads."""
        most = to_base(self.pool, decimals) if self.pool is not None else 0
        return np.array([share_parts(self.burn), share_parts(self.reward), 10**decimals, most], np.int64)
