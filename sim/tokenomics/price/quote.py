"""What every price has: a rule that gives two integers, what an input and an output token cost."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import ClassVar, Literal, NamedTuple

import numpy as np

from sim.blocks import Block

SIGNATURE = "void(int64[::1], float64[::1], int64[::1])"
"""rule(row, seen, out): `row` the kind's parameters, `seen` what the network shows (OBSERVED), `out` the price of an
input and of an output token in `meter.SCALE`-th base units of the currency that the price is quoted in."""

OBSERVED = ("utilization_frac", "queue_s", "coin_usd")
"""Entries of `seen`: of the last epoch, 0 where unknown."""


class PerToken(NamedTuple):
    """What a token costs, in `meter.SCALE`-th base units of `currency` (USD: pico-dollars)."""

    currency: str
    input: int
    output: int

    def of(self, prompt_tokens: int, output_tokens: int) -> int:
        """The price of a request in SCALE-th base units."""
        return prompt_tokens * self.input + output_tokens * self.output


class Price(Block):
    """Base of the kinds of `price`: what users are asked for."""

    rule: ClassVar[Callable[..., None]]
    compiled: ClassVar[bool] = True

    pay: Literal["usd", "coin"] | None = None
    """What users pay in: short for `settle.pay`."""

    @property
    @abstractmethod
    def currency(self) -> str:
        """What the price is quoted in: USD or the coin's ticker."""

    @abstractmethod
    def row(self, decimals: int) -> np.ndarray:
        """The kind's parameters as int64, for a currency with `decimals`."""

    def per_token(self, decimals: Mapping[str, int], seen: np.ndarray | None = None) -> PerToken:
        """The price in force, given the ledger's decimals and, for kinds that look, what the network shows."""
        out = np.zeros(2, dtype=np.int64)
        looked = np.zeros(len(OBSERVED)) if seen is None else seen
        type(self).rule(self.row(decimals[self.currency]), looked, out)
        return PerToken(self.currency, int(out[0]), int(out[1]))
