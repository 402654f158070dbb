"""What every price has: a rule that gives four integers, what an input, an output and a cached token and a request cost."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import ClassVar, Literal, NamedTuple

import numpy as np

from sim.blocks import Block
from sim.units import SHARE_ONE

SIGNATURE = "void(int64[::1], float64[::1], int64[::1], int64[::1], int64[::1])"
"""rule(row, seen, asks, state, out): `row` the kind's parameters; `seen` what the network shows (OBSERVED); `asks` what it
costs each live node's owner to serve as much as a mean one can in an hour, pico-dollars, ascending (empty where none is live); `state` STATE
integers of the kind's own, changed in place; `out` the price of an input, an output and a cached token and of a request,
in `meter.SCALE`-th base units of the currency that the price is quoted in."""

OBSERVED = (
    "utilization_frac",
    "queue_s",
    "coin_usd",
    "oracle_usd",
    "node_gpus",
    "node_input_tps",
    "node_output_tps",
    "ticks",
)
"""Entries of `seen`, 0 where unknown: utilization of the last epoch (while a price ticks: use over capacity now); market and
oracle price of the coin; GPUs of a node, and the prompt and output tokens a second that it serves at most (means over live
nodes); how many ticks pass at that utilization (0: the price is read and nothing moves)."""

STATE = 1
"""Integers that a kind may keep between ticks; all 0 at the start."""


class PerToken(NamedTuple):
    """What use costs, in `meter.SCALE`-th base units of `currency` (USD: pico-dollars): a token each, and a request."""

    currency: str
    input: int
    output: int
    cached: int
    request: int = 0

    def batched(self, batch_parts: int) -> PerToken:
        """What batch use costs: so many `SHARE_ONE`-ths of each price, rounded down."""
        prices = (self.input, self.output, self.cached, self.request)
        return PerToken(self.currency, *(price * batch_parts // SHARE_ONE for price in prices))

    def of(self, prompt_tokens: int, output_tokens: int, cached_tokens: int = 0) -> int:
        """The price of a request in SCALE-th base units; `cached_tokens` are those of its prompt that were cached."""
        fresh = prompt_tokens - cached_tokens
        return fresh * self.input + cached_tokens * self.cached + output_tokens * self.output + self.request


class Price(Block):
    """Base of the kinds of `price`: what users are asked for."""

    rule: ClassVar[Callable[..., None]]
    compiled: ClassVar[bool] = True
    looks_at_asks: ClassVar[bool] = False
    """Whether the rule reads `asks`."""

    pay: Literal["usd", "coin"] | None = None
    """What users pay in: short for `settle.pay`."""

    @property
    @abstractmethod
    def currency(self) -> str:
        """What the price is quoted in: USD or the coin's ticker."""

    @abstractmethod
    def row(self, decimals: int) -> np.ndarray:
        """The kind's parameters as int64, for a currency with `decimals`."""

    @property
    def batch_parts(self) -> int:
        """The part of the price that requests of batch classes pay, in `SHARE_ONE`-ths."""
        return SHARE_ONE

    @property
    def tick_s(self) -> float | None:
        """Time between two moves of the price within an epoch; None where it stands for the whole of it."""
        return None

    def per_token(
        self,
        decimals: Mapping[str, int],
        seen: np.ndarray | None = None,
        asks: np.ndarray | None = None,
        state: np.ndarray | None = None,
    ) -> PerToken:
        """The price in force, given the ledger's decimals and, for kinds that look, what the network shows.

        `state` moves by the ticks of `seen`; without it the kind begins anew.
        """
        out = np.zeros(4, dtype=np.int64)
        type(self).rule(
            self.row(decimals[self.currency]),
            np.zeros(len(OBSERVED)) if seen is None else seen,
            np.zeros(0, np.int64) if asks is None else asks,
            np.zeros(STATE, np.int64) if state is None else state,
            out,
        )
        return PerToken(self.currency, *map(int, out))
