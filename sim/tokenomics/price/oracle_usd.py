"""A price list in dollars that the protocol turns into coins at the oracle's price; it stands for an epoch.

Other than `posted` in USD with `rate: oracle`, the coins are fixed as the epoch begins, when users decide, not at
settlement: within the epoch the coin's price is the operators' risk.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from sim import units
from sim.blocks import newer
from sim.tokenomics.price.posted import per_token, steps
from sim.tokenomics.price.quote import Price
from sim.units import Share, TokenPrice, share_parts


def rule(row: np.ndarray, seen: np.ndarray, asks: np.ndarray, state: np.ndarray, out: np.ndarray) -> None:
    """Row = pico-dollars a prompt, output and cached token, thousandths of a base unit in a coin.

    p x units / (price x 10^12), rounded down; without an oracle price yet nothing is asked.
    """
    price = math.floor(seen[3] * 1e12 + 0.5)
    for i in range(3):
        out[i] = units.muldiv(row[i], row[3], price) if price > 0 else 0
    out[3] = 0


class OracleUsd(Price):
    """USD prices asked for in coins, at the oracle's price of the coin as the epoch begins."""

    rule = staticmethod(rule)

    kind: Literal["oracle_usd"] = "oracle_usd"
    ticker: str = Field(pattern=r"^[A-Z][A-Z0-9]{1,9}$")
    """The coin that is asked for."""
    input: TokenPrice
    """Price of prompt tokens, in USD."""
    output: TokenPrice
    """Price of output tokens, in USD."""
    cached: Share = newer(1.0)
    """What a prompt token costs that was cached, as a part of `input`."""

    @model_validator(mode="after")
    def _in_dollars(self) -> OracleUsd:
        found = {money.currency for price in (self.input, self.output) for money in steps(price)}
        if found != {"USD"}:
            raise PydanticCustomError(
                "currency",
                "{message}",
                {"message": f"prices in {', '.join(sorted(found))} found; must be in USD", "hint": "or use `posted`"},
            )
        return self

    @property
    def currency(self) -> str:
        """The coin's ticker."""
        return self.ticker

    def row(self, decimals: int) -> np.ndarray:
        """What the rule reads."""
        asked, produced = per_token(self.input, 9), per_token(self.output, 9)
        cached = asked * share_parts(self.cached) // share_parts(1.0)
        return np.array([asked, produced, cached, 10 ** (decimals + 3)], dtype=np.int64)
