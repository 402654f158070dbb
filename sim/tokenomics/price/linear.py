"""Providers' linear price: so much an hour of a node, spread over the tokens it serves, and so much a start (Golem, Render).

Users pay the ask with the network's fee on top: ask / (1 - fee). Render's users pay 2.00 USD/h where a node asks 1.90 and the
fee is 5 % of what they spend (rendernetwork/RNPs RNP-021, read 2026-11-22). Golem's providers charge a start, the seconds
of a processor and the environment's price (golemfactory docs, read 2026-11-22).
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Annotated, Literal

import numpy as np
from pydantic import model_validator
from pydantic_core import PydanticCustomError

from sim import units
from sim.blocks import newer, sourced
from sim.tokenomics.price.posted import per_token, steps
from sim.tokenomics.price.quote import Price
from sim.tokenomics.settle import PRICE_ONE
from sim.units import Amount, Hourly, Money, Quantity, Share, share_parts

BelowOne = Annotated[float, Quantity("share", low=0, high=0.99)]
"""A share that always leaves something."""
Filled = Annotated[float, Quantity("share", low=0.01, high=1)]
"""A share that is never nothing."""


def rule(row: np.ndarray, seen: np.ndarray, asks: np.ndarray, state: np.ndarray, out: np.ndarray) -> None:
    """Row = pico-dollars a node-hour, fill, output and cached over input (of 10^12), pico-dollars a request.

    A node's hour bears 3600 x fill x (i + ratio o) input tokens' worth, i and o the prompt and output tokens a second that
    it serves at most; prices are rounded down. Where no node says what it can serve, tokens cost nothing.
    """
    ratio = row[2] / 1e12
    worth = 3600.0 * (seen[5] + ratio * seen[6]) * (row[1] / 1e12)
    # At most 2^50 pico-dollars a token, also where a node serves next to nothing.
    out[0] = math.floor(row[0] / max(worth, row[0] / 1125899906842624.0)) if worth > 0.0 else 0
    out[1] = units.muldiv(out[0], row[2], 1_000_000_000_000)
    out[2] = units.muldiv(out[0], row[3], 1_000_000_000_000)
    out[3] = row[4]


class Linear(Price):
    """What providers ask: an hourly rate of a node, and a start. Quoted in USD."""

    rule = staticmethod(rule)

    kind: Literal["provider_linear"] = "provider_linear"
    hour: Hourly
    """What a node's hour is asked for."""
    of: str | None = newer()
    """Class of operators whose node's hour it is; others ask as much for as much (default: a node like the mean of those live)."""
    request: Amount | None = None
    """What the start of a request is asked for, in USD."""
    fee: BelowOne = 0.0
    """The network's fee on top, as a part of what users pay; `settle.take_rate` says who keeps it."""
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

    @model_validator(mode="after")
    def _in_dollars(self) -> Linear:
        if any(money.currency != "USD" for money in steps(self.request)):
            raise PydanticCustomError(
                "currency",
                "{message}",
                {"message": f"`request` is in {steps(self.request)[0].currency}; must be in USD", "hint": ""},
            )
        return self

    @property
    def currency(self) -> str:
        """Always USD."""
        return "USD"

    def row(self, decimals: int) -> np.ndarray:
        """What the rule reads; the fee is on top of both prices."""
        kept = 1 - Fraction(str(self.fee))
        hour = round(Fraction(str(self.hour)) * PRICE_ONE / kept)
        start = per_token(Money(self.request.amount * 1e6, "USD"), decimals) if self.request is not None else 0
        parts = [share_parts(self.fill), share_parts(self.output_ratio), share_parts(self.cached)]
        return np.array([hour, *parts, round(start / kept)], dtype=np.int64)
