"""A reverse auction: users state the most they pay for a node's hour, operators bid, the cheapest get the work (Akash).

Each live node bids what its hour costs its owner, and a margin. As much of the fleet as is used goes to the lowest bids
that are not above the tenant's. An order names a rate a block on the chain (akash-network/AEP AEP-1, read 2026-11-22);
here it is spread over the tokens that a node serves.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Annotated, Literal

import numpy as np

from sim import units
from sim.blocks import newer, sourced
from sim.tokenomics.price.linear import Filled
from sim.tokenomics.price.quote import Price
from sim.tokenomics.settle import PRICE_ONE
from sim.units import FixedHourly, Quantity, Share, share_parts


def rule(row: np.ndarray, seen: np.ndarray, asks: np.ndarray, state: np.ndarray, out: np.ndarray) -> None:
    """Row = highest bid, 1 + margin, 1 where all pay the highest bid that wins, fill, output and cached over input.

    Winners are the ceil(u n) lowest of the n bids, at least one, and no bid above the highest that is let; ties: bids are
    ascending, so none matters. Where no bid is let, the price is the highest that is let: nobody is served for it.
    """
    wanted = max(1, math.ceil(min(max(seen[0], 0.0), 1.0) * len(asks)))
    total, won, last = 0, 0, 0
    for i in range(len(asks)):
        bid = units.muldiv(asks[i], row[1], 1_000_000_000_000)
        if won == wanted or bid > row[0]:
            break
        total, won, last = total + bid, won + 1, bid
    hour = row[0]
    if won > 0:
        hour = last if row[2] == 1 else total // won
    ratio = row[4] / 1e12
    worth = 3600.0 * (seen[5] + ratio * seen[6]) * (row[3] / 1e12)
    # At most 2^50 pico-dollars a token, also where a node serves next to nothing.
    out[0] = math.floor(hour / max(worth, hour / 1125899906842624.0)) if worth > 0.0 else 0
    out[1] = units.muldiv(out[0], row[4], 1_000_000_000_000)
    out[2] = units.muldiv(out[0], row[5], 1_000_000_000_000)
    out[3] = 0


class ReverseAuction(Price):
    """Operators bid for what users ask for; the lowest bids win. Quoted in USD."""

    rule = staticmethod(rule)
    looks_at_asks = True

    kind: Literal["reverse_auction"] = "reverse_auction"
    highest: FixedHourly
    """Most that users pay for a node's hour: bids above it are not looked at."""
    margin: Annotated[float, Quantity("share", low=0)] = sourced(
        0.1, "no published figure", "assumed", "what operators earn above their costs"
    )
    """What operators bid above the cost of a node's hour (power, hosting, outside rent and capital service)."""
    pays: Literal["own", "marginal"] = "own"
    """Whether winners get their own bids (users pay the mean of them) or all the highest bid that wins."""
    fill: Filled = sourced(
        0.6, "no published figure", "assumed", "price of a token: the tokens that bear a node's hour"
    )
    """Part of a node's capacity over whose tokens its hour is spread."""
    output_ratio: float = sourced(
        4.0,
        "Chutes' rule: deepwiki on chutesai/chutes-api, read 2026-11-22",
        "borrowed",
        "split of the bill",
        ge=0,
        le=1000,
    )
    """Price of an output token over that of a prompt token."""
    cached: Share = newer(1.0)
    """What a prompt token costs that was cached, as a part of a prompt token's price."""

    @property
    def currency(self) -> str:
        """Always USD."""
        return "USD"

    def row(self, decimals: int) -> np.ndarray:
        """What the rule reads."""
        highest = round(Fraction(str(self.highest)) * PRICE_ONE)
        bid = share_parts(1 + self.margin)
        parts = [share_parts(self.fill), share_parts(self.output_ratio), share_parts(self.cached)]
        return np.array([highest, bid, int(self.pays == "marginal"), *parts], dtype=np.int64)
