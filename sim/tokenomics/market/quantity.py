"""The quantity equation: a coin is worth what passes through it, over its velocity and the coins that are free.

P = T / (V S (1 - locked)), T the USD a year that are paid with the coin, V how often a free coin changes hands in a year, S
the supply. Source: multicoin.capital, New models for utility tokens, 2018 (read 2026-11-22): V of 5.5 (US M1) to 100 and more
for coins that are only paid with. Service payments stand in T: no trade moves the price.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

from sim.blocks import sourced
from sim.errors import ScenarioError
from sim.tokenomics.market.outside import Flows, Outside
from sim.tokenomics.market.trade import State
from sim.tokenomics.settle import pusd
from sim.units import YEAR_S, Quantity


class QuantityEquation(Outside):
    """A price that follows payments and the free supply. Trades find a counterparty outside at the price before the move."""

    kind: Literal["quantity"] = "quantity"
    velocity: Annotated[float, Quantity("rate", above=0)] | None = None
    """How often a free coin is paid with (default: as often as makes the first epoch's payments worth `start`)."""
    locked: Annotated[float, Quantity("share", low=0, high=0.999)] = sourced(
        0.0,
        "what stakes, vesting and escrows of this run hold is taken off anyway",
        "assumed",
        "the level of the price",
    )
    """Part of the free supply that is not for payments besides."""

    def open(self, decimals: int) -> State:
        """The start price; no reserves. Once solved, `velocity` is a number."""
        state = super().open(decimals)
        state.velocity = self.velocity * YEAR_S if self.velocity is not None else 0.0
        return state

    def worth(self, state: State, paid_usd_per_year: float, free_coins: float) -> float:
        """USD per coin by the equation; a billionth of the start where nothing is paid. Before it is solved, V is 1."""
        free = free_coins * (1 - self.locked)
        least = state.start_pusd / 1e12 * 1e-9
        return max(paid_usd_per_year / (state.velocity or 1.0) / free, least) if free > 0 else state.start_pusd / 1e12

    def solve(self, state: State, sold_per_day: float, bought_usd_per_day: float, fundamental_usd: float) -> None:
        """Without a velocity: the one at which the start's payments are worth `start`."""
        if self.velocity is None:
            if bought_usd_per_day <= 0:
                raise ScenarioError(
                    "market: `quantity` solves its velocity from payments in coins at the start, and there are none; state `velocity`"
                )
            state.velocity = fundamental_usd / (state.start_pusd / 1e12)

    def reprice(self, state: State, flows: Flows) -> None:
        """The equation's price, times the innovations so far."""
        state.walk += self.log_move(flows.dt_s, flows.shock)
        state.price_pusd = pusd(flows.fundamental_usd * math.exp(state.walk))
