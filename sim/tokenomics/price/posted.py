"""A posted price: so much per million input tokens, so much per million output tokens, or so much a request."""

from __future__ import annotations

import functools
from fractions import Fraction
from typing import Annotated, Literal

import numpy as np
from pydantic import model_validator
from pydantic_core import PydanticCustomError

from sim.blocks import newer
from sim.tokenomics.coin import unit
from sim.tokenomics.meter import SCALE
from sim.tokenomics.price.quote import Price
from sim.units import Dated, Money, Quantity, Share, TokenPrice, share_parts


def rule(row: np.ndarray, seen: np.ndarray, asks: np.ndarray, state: np.ndarray, out: np.ndarray) -> None:
    """The posted prices, whatever the network shows."""
    out[0] = row[0]
    out[1] = row[1]
    out[2] = row[2]
    out[3] = row[3]


class Posted(Price):
    """A price list, in USD or in coins, changed only by dates and policies."""

    rule = staticmethod(rule)

    kind: Literal["posted"] = "posted"
    input: TokenPrice
    """Price of prompt tokens."""
    output: TokenPrice
    """Price of output tokens."""
    cached: Share = newer(1.0)
    """What a prompt token costs that was cached, as a part of `input`."""
    batch: Share = newer(1.0)
    """What requests of batch client classes (`workload.NAME.batch`) pay, as a part of the list."""
    request: Annotated[Money, Quantity("money", low=0)] | None = newer()
    """Price of a request, whatever its length (a price per call)."""

    @model_validator(mode="after")
    def _one_currency(self) -> Posted:
        found = sorted({money.currency for price in (self.input, self.output, self.request) for money in steps(price)})
        if len(found) > 1:
            raise PydanticCustomError(
                "currency",
                "{message}",
                {
                    "message": f"prices in {' and '.join(found)} found; a list is in one currency",
                    "hint": f"write all in {found[-1]}",
                },
            )
        return self

    @property
    def currency(self) -> str:
        """The currency that all prices are written in."""
        return steps(self.input)[0].currency

    @property
    def batch_parts(self) -> int:
        """The part of the list that batch requests pay; a dated one must have been resolved by `at`."""
        return share_parts(self.batch)

    def row(self, decimals: int) -> np.ndarray:
        """The four prices; dated prices must have been resolved by `at`."""
        asked, each = per_token(self.input, decimals), self.request
        call = per_token(Money(each.amount * 1e6, each.currency), decimals) if each else 0
        cached = asked * share_parts(self.cached) // share_parts(1.0)
        return np.array([asked, per_token(self.output, decimals), cached, call], dtype=np.int64)


@functools.lru_cache(maxsize=1024)
def per_token(price: Money, decimals: int) -> int:
    """A price per million tokens in `SCALE`-th base units per token, half to even (USD: exact to a millionth a Mtok)."""
    return round(Fraction(str(price.amount)) * unit(decimals) * SCALE / 10**6)


def steps(price: Money | Dated | None) -> list[Money]:
    """Every amount that a price has at some date."""
    if price is None:
        return []
    return [value for _, value in price.steps] if isinstance(price, Dated) else [price]
