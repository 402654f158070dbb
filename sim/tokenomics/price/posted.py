"""A posted price: so much per million input tokens, so much per million output tokens."""

from __future__ import annotations

import functools
from fractions import Fraction
from typing import Literal

import numpy as np
from pydantic import model_validator
from pydantic_core import PydanticCustomError

from sim.tokenomics.coin import unit
from sim.tokenomics.meter import SCALE
from sim.tokenomics.price.quote import Price
from sim.units import Dated, Money, TokenPrice


def rule(row: np.ndarray, seen: np.ndarray, out: np.ndarray) -> None:
    """The posted prices, whatever the network shows."""
    out[0] = row[0]
    out[1] = row[1]


class Posted(Price):
    """A price list, in USD or in coins, changed only by dates and policies."""

    rule = staticmethod(rule)

    kind: Literal["posted"] = "posted"
    input: TokenPrice
    """Price of prompt tokens."""
    output: TokenPrice
    """Price of output tokens."""

    @model_validator(mode="after")
    def _one_currency(self) -> Posted:
        found = sorted({money.currency for price in (self.input, self.output) for money in _steps(price)})
        if len(found) > 1:
            raise PydanticCustomError(
                "currency",
                "{message}",
                {
                    "message": f"prices in {' and '.join(found)} found; a list is in one currency",
                    "hint": f"write both in {found[-1]}",
                },
            )
        return self

    @property
    def currency(self) -> str:
        """The currency that both prices are written in."""
        return _steps(self.input)[0].currency

    def row(self, decimals: int) -> np.ndarray:
        """Both prices a token; dated prices must have been resolved by `at`."""
        return np.array([per_token(self.input, decimals), per_token(self.output, decimals)], dtype=np.int64)


@functools.lru_cache(maxsize=1024)
def per_token(price: Money, decimals: int) -> int:
    """A price per million tokens in `SCALE`-th base units per token, half to even (USD: exact to a millionth a Mtok)."""
    return round(Fraction(str(price.amount)) * unit(decimals) * SCALE / 10**6)


def _steps(price: Money | Dated) -> list[Money]:
    return [value for _, value in price.steps] if isinstance(price, Dated) else [price]
