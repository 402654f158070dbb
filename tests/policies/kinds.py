"""One or more blocks of every kind of the money side, for the tests that run over whole tables."""

from __future__ import annotations

from typing import Any

from sim.tokenomics.burnmint import BURNMINT
from sim.tokenomics.payout import PAYOUT
from sim.tokenomics.price import PRICE
from sim.tokenomics.supply import SUPPLY

CONTEXT = {"yaml": True, "tickers": frozenset({"TAO", "FET"})}


def block(table: Any, **keys: Any) -> Any:
    """A block as it is read from a file."""
    return table[keys["kind"]].model_validate(keys, context=CONTEXT)


_TAO = {"initial": "3600 TAO/day", "cap": "21 MTAO"}
SUPPLIES = {
    "fixed": block(SUPPLY, kind="fixed"),
    "by_date": block(SUPPLY, kind="halving", first="2029-12-14", every="4 year", **_TAO),
    "by_date_before_the_start": block(SUPPLY, kind="halving", first="2021-03-04", every="2 year", **_TAO),
    "by_interval": block(SUPPLY, kind="halving", every="90.3 day", initial="1234.567891 TAO/day"),
    "once": block(SUPPLY, kind="halving", first="2026-06-01", **_TAO),
    "by_supply": block(SUPPLY, kind="halving_by_supply", initial="7200 TAO/day", cap="21 MTAO"),
    "inflation": block(SUPPLY, kind="inflation", rate="3 %/year", tick="1 day"),
    "capped_inflation": block(SUPPLY, kind="inflation", rate="50 %/year", cap="21 MTAO", tick="6 h"),
}
PAYOUTS = {
    "work": block(PAYOUT, kind="work"),
    "availability": block(PAYOUT, kind="availability"),
    "mix": block(PAYOUT, kind="mix", work_share="70 %"),
}
PRICES = {
    "usd": block(PRICE, kind="posted", input="0.05 USD/Mtok", output="0.15 USD/Mtok"),
    "coin": block(PRICE, kind="posted", input="0.0002 TAO/Mtok", output="0.0005 TAO/Mtok", pay="coin"),
    "call": block(PRICE, kind="posted", input="1 USD/Mtok", output="2 USD/Mtok", cached="10 %", request="0.01 USD"),
    "chutes": block(PRICE, kind="cost_plus", gpu_hour="1.75 USD/h", gpus=8),
    "cost": block(PRICE, kind="cost_plus", concurrency=5, markup="30 %", cached="25 %"),
    "auction": block(PRICE, kind="reverse_auction", highest="2 USD/h"),
    "marginal": block(PRICE, kind="reverse_auction", highest="2 USD/h", margin="25 %", pays="marginal", fill="100 %"),
    "gonka": block(PRICE, kind="utilization", start="1 TAO/Mtok"),
    "dollars": block(
        PRICE, kind="utilization", start="0.1 USD/Mtok", floor="0.05 USD/Mtok", ceiling="3 USD/Mtok", output_ratio=3.0
    ),
    "oracle": block(PRICE, kind="oracle_usd", ticker="TAO", input="0.1 USD/Mtok", output="0.4 USD/Mtok", cached="50 %"),
    "golem": block(PRICE, kind="provider_linear", hour="1.9 USD/h", request="0.001 USD", fee="5 %", cached="0 %"),
}
BURNMINTS = {
    "payments": block(BURNMINT, kind="share", share="20 %"),
    "take": block(BURNMINT, kind="share", share="33.3 %", of="take"),
}
