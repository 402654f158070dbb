"""A price that moves with utilization, tick by tick within the epoch, and stands still inside a zone (Gonka).

Below the zone a tick multiplies the price by max(1 - (low - u) e, 1 - low e), above it by min(1 + (u - high) e,
1 + (1 - high) e), u the use over capacity, e the elasticity; the result is rounded down to whole grains and never below
the floor. Source: gonka-ai/gonka inference-chain/x/inference/keeper/dynamic_pricing.go @312044d (read 2026-11-22). A
grain is a base unit a token, as on the chain, for a price in coins; a pico-dollar a token for one in USD, whose base unit
is too coarse for steps of a percent.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from pydantic import model_validator
from pydantic_core import PydanticCustomError

from sim import units
from sim.blocks import newer, sourced
from sim.tokenomics.meter import SCALE
from sim.tokenomics.price.posted import per_token, steps
from sim.tokenomics.price.quote import Price
from sim.units import Dated, FixedDuration, FixedTokenPrice, Share, TokenPrice, share_parts

_LARGEST = 2**50
"""Most pico-dollars (or SCALE-th base units) a token: with an output ratio of 1,000 it still fits 64 bits."""
_GONKA = "gonka-ai/gonka inference-chain @312044d (Aug 2025), dynamic pricing parameters, read 2026-11-22"


def rule(row: np.ndarray, seen: np.ndarray, asks: np.ndarray, state: np.ndarray, out: np.ndarray) -> None:
    """Row = zone's ends and elasticity (of 10^12), floor, start and ceiling in grains, SCALE-th units of a grain, output
    and cached over input (of 10^12). state[0] is the price in grains, 0 before the first look.
    """
    price = state[0] if state[0] > 0 else row[4]
    # Above one the chain's rule no longer looks; a load of many thousands would leave 64 bits.
    used = math.floor(min(max(seen[0], 0.0), 1.0) * 1e12 + 0.5)
    for _ in range(int(seen[7])):
        moved = price
        if used < row[0]:
            moved = units.muldiv(
                price, 1_000_000_000_000 - units.muldiv(row[0] - used, row[2], 1_000_000_000_000), 1_000_000_000_000
            )
        elif used > row[1]:
            moved = units.muldiv(
                price, 1_000_000_000_000 + units.muldiv(used - row[1], row[2], 1_000_000_000_000), 1_000_000_000_000
            )
        moved = min(max(moved, row[3]), row[5])
        if moved == price:
            break
        price = moved
    state[0] = price
    out[0] = price * row[6]
    out[1] = units.muldiv(out[0], row[7], 1_000_000_000_000)
    out[2] = units.muldiv(out[0], row[8], 1_000_000_000_000)
    out[3] = 0


class Utilization(Price):
    """One price for all tokens, which rises where capacity is short and falls where it is idle."""

    rule = staticmethod(rule)

    kind: Literal["utilization"] = "utilization"
    start: FixedTokenPrice
    """Price of a prompt token at the start."""
    low: Share = sourced(0.4, _GONKA, "borrowed", "where the price begins to fall")
    """Utilization below which the price falls."""
    high: Share = sourced(0.6, _GONKA, "borrowed", "where the price begins to rise")
    """Utilization above which the price rises."""
    elasticity: float = sourced(0.05, _GONKA, "borrowed", "how fast the price moves", ge=0, le=1)
    """Change of the price in a tick per unit of utilization outside the zone."""
    floor: TokenPrice | None = None
    """The price never falls below it (default: one grain, as on the chain)."""
    ceiling: TokenPrice | None = None
    """The price never rises above it (default: a million times `start`, which no user pays)."""
    tick: FixedDuration = sourced(
        6.0, "a block; Gonka's block time was not read, Cosmos chains make one in 5 to 6 s", "assumed", "speed of moves"
    )
    """Time between two moves."""
    output_ratio: float = sourced(1.0, _GONKA + ": one price a token", "borrowed", "split of the bill", ge=0, le=1000)
    """Price of an output token over that of a prompt token."""
    cached: Share = newer(1.0)
    """What a prompt token costs that was cached, as a part of a prompt token's price."""

    @model_validator(mode="after")
    def _in_order(self) -> Utilization:
        lows, highs = ([s for _, s in v.steps] if isinstance(v, Dated) else [v] for v in (self.low, self.high))
        wrong = ""
        if max(lows) > min(highs):
            wrong = f"the zone ends at {min(highs):g}, before it begins at {max(lows):g}"
        elif {m.currency for price in (self.floor, self.ceiling) for m in steps(price)} - {self.start.currency}:
            wrong = f"`floor` and `ceiling` must be in {self.start.currency} like `start`"
        elif self.start.amount <= 0:
            wrong = "`start` must be above 0: a price of nothing never moves"
        if wrong:
            raise PydanticCustomError("range", "{message}", {"message": wrong, "hint": "for example 40 % and 60 %"})
        return self

    @property
    def currency(self) -> str:
        """The currency of `start`."""
        return self.start.currency

    @property
    def tick_s(self) -> float:
        """Time between two moves."""
        return self.tick

    def row(self, decimals: int) -> np.ndarray:
        """What the rule reads; a start below one grain is one grain."""
        grain = 1 if self.currency == "USD" else SCALE
        start = max(1, per_token(self.start, decimals) // grain)
        floor = max(1, per_token(self.floor, decimals) // grain) if self.floor is not None else 1
        top = per_token(self.ceiling, decimals) // grain if self.ceiling is not None else start * 10**6
        top = min(top, _LARGEST // grain)
        parts = [share_parts(share) for share in (self.low, self.high, self.elasticity)]
        ratios = [share_parts(self.output_ratio), share_parts(self.cached)]
        return np.array([*parts, floor, max(start, floor), max(top, floor), grain, *ratios], dtype=np.int64)
