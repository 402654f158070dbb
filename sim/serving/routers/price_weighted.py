"""A router that sends more to who asks less: weights in inverse proportion to the square of the price.

Source: OpenRouter, "Provider Routing" (`https://openrouter.ai/docs/features/provider-routing`, read 2026-11-25): by default requests are
load-balanced over stable providers, weighted by the inverse square of their price; its example gives a provider of $1 nine times
the share of one of $3. Its filter of providers with recent outages is not part of this router.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from sim.blocks import newer
from sim.serving.contract import Routing
from sim.serving.routers.weighted import Weighted
from sim.units import Money, Quantity

Asked = Annotated[Money, Quantity("token_price", above=0, dated=False)]


class PriceWeighted(Weighted):
    """A live replica drawn with a probability in proportion to 1 / price^2 of its owner's class; who is live alone matters besides."""

    by_class: ClassVar[str] = "prices"
    kind: Literal["price_weighted"] = "price_weighted"
    prices: Annotated[dict[str, Asked], Field(min_length=1)] | None = newer()
    """What each class of operators asks, by name, all in one currency. It weighs; users pay the network's `price`. Left out: what
    each asks under `price: {kind: by_provider}`, for the mean request with nothing of it cached."""

    @model_validator(mode="after")
    def _one_currency(self) -> Self:
        found = sorted({price.currency for price in (self.prices or {}).values()})
        if len(found) > 1:
            message = f"prices in {' and '.join(found)} found; must be in one currency"
            raise PydanticCustomError(
                "currency", "{message}", {"message": message, "hint": f"write all in {found[-1]}"}
            )
        return self

    def shares(self) -> dict[str, float]:
        """1 / price^2, relative to the least price; empty where the block states none."""
        return inverse_squares({name: price.amount for name, price in (self.prices or {}).items()})

    def routing(self) -> Routing:
        """What engines take; weights depend on the fleet."""
        return Routing(kind="price_weighted")


def inverse_squares(prices: Mapping[str, float]) -> dict[str, float]:
    """1 / price^2 of prices, relative to the least of them; where a shock has made some free, all go to these."""
    least = min(prices.values(), default=0.0)
    if least <= 0:
        return {name: float(price <= 0) for name, price in prices.items()}
    return {name: float(least / price) ** 2 for name, price in prices.items()}
