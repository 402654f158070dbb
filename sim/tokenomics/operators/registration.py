"""What it takes owners to take a node to another network, and when that pays; pure."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from sim.blocks import Block, sourced
from sim.units import FixedAmount, FixedDuration, Money


class Registration(Block):
    """Another network in which a class's nodes may work: what going there costs, and over what time that must come back."""

    fee: FixedAmount = sourced(
        Money(0.0, "USD"), "no published figure", "assumed", "how readily owners change networks"
    )
    """What it costs in cash to take one node there."""
    over: FixedDuration = sourced(
        30 * 86_400.0, "a month of accounts; no published figure", "assumed", "how readily owners change networks"
    )
    """How long an owner counts on the gain: a move that does not pay for itself by then is not made."""

    @model_validator(mode="after")
    def _in_dollars(self) -> Self:
        if self.fee.currency != "USD":
            told = {"message": f"`fee` is in {self.fee.currency}; must be in USD", "hint": "for example `fee: 20 USD`"}
            raise PydanticCustomError("currency", "{message}", {**told, "at": "fee"})
        return self

    def gain_usd(self, there: float, here: float, away_days: float, costs_usd: float) -> float:
        """What a move brings a node's owner until `over` is past: USD.

        `there` and `here` are margins over avoidable cost, USD a day; a margin below 0 here counts as 0, as the owner can stop.
        For `away_days` the node earns nowhere, and saves its avoidable cost. `costs_usd` come on top of the fee.
        """
        days = self.over / 86_400
        return there * max(days - away_days, 0.0) - max(here, 0.0) * days - self.fee.amount - costs_usd
