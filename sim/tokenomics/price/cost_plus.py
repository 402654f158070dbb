"""Cost and a markup, by the rule that Chutes publishes for its models.

Per million input tokens: the rate of a GPU's hour x GPUs x (16 / concurrency, where that is below 16) x 0.01358695; per
million output tokens the same x 0.05434782; never below 0.01 USD. Eight H100 at 1.75 USD/h cost 0.19 and 0.76 USD. Source:
deepwiki on chutesai/chutes-api, read 2026-11-22.
"""

from __future__ import annotations

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
from sim.units import Hourly, Money, Quantity, Share, TokenPrice, share_parts

_CHUTES = "Chutes' rule: deepwiki on chutesai/chutes-api, read 2026-11-22"


def rule(row: np.ndarray, seen: np.ndarray, asks: np.ndarray, state: np.ndarray, out: np.ndarray) -> None:
    """Row = pico-dollars a GPU-hour (0: what the live nodes' hours cost on average), GPUs, concurrency, input and output
    factor (of 10^12), floor in pico-dollars a token, cached over input and 1 + markup (of 10^12).
    """
    gpu_hour = row[0]
    if gpu_hour == 0 and len(asks) > 0 and seen[4] > 0.0:
        # asks.sum() of a thousand nodes at a thousand dollars is 10^18: still within 64 bits.
        gpu_hour = int(asks.sum() / len(asks) / seen[4])
    hour = units.muldiv(units.muldiv(gpu_hour, row[1], 1), row[7], 1_000_000_000_000)
    if row[2] < 16:
        hour = hour * 16 // row[2]
    # A dollar per million tokens is a millionth of a dollar a token.
    out[0] = max(row[5], units.muldiv(hour, row[3], 1_000_000_000_000_000_000))
    out[1] = max(row[5], units.muldiv(hour, row[4], 1_000_000_000_000_000_000))
    out[2] = units.muldiv(out[0], row[6], 1_000_000_000_000)
    out[3] = 0


class CostPlus(Price):
    """A price that follows what the hardware costs. Quoted in USD."""

    rule = staticmethod(rule)
    looks_at_asks = True

    kind: Literal["cost_plus"] = "cost_plus"
    gpu_hour: Hourly | None = None
    """What a GPU's hour counts for (default: what the network's live nodes cost on average, capital service included)."""
    gpus: int = sourced(1, "one GPU holds a small model", "assumed", "the level of the price", ge=1, le=1024)
    """GPUs that one instance of the model takes."""
    concurrency: int = sourced(
        16, _CHUTES + ": below 16 the price rises", "borrowed", "the level of the price", ge=1, le=100000
    )
    """Requests that an instance serves at once."""
    input_factor: float = sourced(0.01358695, _CHUTES, "borrowed", "the level of the price", ge=0, le=1000)
    """USD per million input tokens for a dollar an hour."""
    output_factor: float = sourced(0.05434782, _CHUTES, "borrowed", "the level of the price", ge=0, le=1000)
    """USD per million output tokens for a dollar an hour."""
    markup: Annotated[float, Quantity("share", low=0)] = 0.0
    """Above what the rule says."""
    floor: TokenPrice = sourced(Money(0.01, "USD"), _CHUTES, "borrowed", "prices of small models")
    """No token costs less."""
    cached: Share = newer(1.0)
    """What a prompt token costs that was cached, as a part of a prompt token's price."""

    @model_validator(mode="after")
    def _in_dollars(self) -> CostPlus:
        wrong = ""
        if any(money.currency != "USD" for money in steps(self.floor)):
            wrong = f"`floor` is in {steps(self.floor)[0].currency}; must be in USD"
        elif self.gpu_hour == 0:
            wrong = "`gpu_hour` must be above 0"
        if wrong:
            raise PydanticCustomError("range", "{message}", {"message": wrong, "hint": "for example `1.75 USD/h`"})
        return self

    @property
    def currency(self) -> str:
        """Always USD."""
        return "USD"

    def row(self, decimals: int) -> np.ndarray:
        """What the rule reads."""
        hour = round(Fraction(str(self.gpu_hour)) * PRICE_ONE) if self.gpu_hour is not None else 0
        factors = [share_parts(self.input_factor), share_parts(self.output_factor)]
        rest = [per_token(self.floor, decimals), share_parts(self.cached), share_parts(1 + self.markup)]
        return np.array([hour, self.gpus, self.concurrency, *factors, *rest], dtype=np.int64)
