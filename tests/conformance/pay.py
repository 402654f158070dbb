"""Adapters of the families of prices, payment, burns and markets: from a case to the kind that a scenario file names."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from sim.tokenomics.burnmint import BURNMINT
from sim.tokenomics.meter import SCALE
from sim.tokenomics.price import OBSERVED, PRICE, STATE
from sim.tokenomics.settle import take_of

CONTEXT = {"yaml": True, "tickers": frozenset({"TOK"})}


def kind(table: Any, **keys: Any) -> Any:
    """A block as a scenario file gives it."""
    return table[keys["kind"]].model_validate(keys, context=CONTEXT)


def seen(**values: float) -> np.ndarray:
    """What a network shows; 0 where nothing is said."""
    return np.array([values.get(name, 0.0) for name in OBSERVED])


def gonka_dynamic_price(case: dict[str, Any]) -> dict[str, Any]:
    """Ticks of a price by utilization, quoted in a coin without decimals: a base unit a token is a coin a token."""
    inputs = case["inputs"]
    block = kind(
        PRICE,
        kind="utilization",
        start=f"{inputs['price']} TOK/tok",
        low=f"{Fraction(str(inputs['lower'])) * 100} %",
        high=f"{Fraction(str(inputs['upper'])) * 100} %",
        elasticity=inputs["elasticity"],
        floor=f"{inputs['min_price']} TOK/tok",
    )
    looked = seen(utilization_frac=inputs["utilization"], ticks=inputs.get("blocks", 1))
    found = block.per_token({"TOK": 0}, looked, state=np.zeros(STATE, np.int64)).input // SCALE
    return {"new_price": found, "changes": found != inputs["price"]}


def render_price_grossup(case: dict[str, Any]) -> dict[str, float]:
    """A node's ask with the network's fee on top; what is spent is burned but for the fee. A token is a node-hour here."""
    inputs = case["inputs"]
    block = kind(
        PRICE, kind="provider_linear", hour=f"{inputs['ask']} USD/h", fee="5 %", fill="100 %", output_ratio=0.0
    )
    price = block.per_token({"USD": 9}, seen(node_input_tps=1 / 3600)).input
    if "hours" not in inputs:
        return {"price": price / 1e12}
    spend = price * inputs["hours"] * inputs["nodes"]
    burned = kind(BURNMINT, kind="share", share="95 %").burned(spend, 0)
    return {
        "price": price / 1e12,
        "spend": spend / 1e12,
        "burn_usd": burned / 1e12,
        "fee_usd": take_of(spend, 0.05) / 1e12,
    }


ADAPTERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "gonka_dynamic_price": gonka_dynamic_price,
    "render_price_grossup": render_price_grossup,
}
