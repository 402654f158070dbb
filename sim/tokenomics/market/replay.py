"""A price that is read from a series: what the coin cost on each day of the past."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from sim.tokenomics.coin import Day
from sim.tokenomics.market.trade import Clearing, Market, State
from sim.tokenomics.settle import coins_of, pusd, usd_of
from sim.units import DAY_S, FixedCoinPrice


class Replay(Market):
    """The prices of a series, each from its day (0 h UTC) on; before the first one it holds. No policy moves it."""

    counterparty: ClassVar[Literal["pool", "outside"]] = "outside"

    kind: Literal["replay"] = "replay"
    prices: Annotated[dict[Day, FixedCoinPrice], Field(min_length=1)]
    """Price by day; `start` must be the one that holds as the run begins."""

    @model_validator(mode="after")
    def _one_coin(self) -> Replay:
        found = {price.currency for price in self.prices.values()} - {self.start.currency}
        if found or self.daily_sd:
            message = (
                f"prices of {', '.join(sorted(found))} found"
                if found
                else "a series has its own changes: `daily_sd` found"
            )
            raise PydanticCustomError(
                "currency", "{message}", {"message": message, "hint": f"prices of {self.start.currency} alone"}
            )
        return self

    def open(self, decimals: int) -> State:
        """The start price; no reserves."""
        return State(decimals, pusd(self.start.amount), pusd(self.start.amount))

    def sell(self, state: State, coins: int) -> int:
        """Nano-dollars at the price now; nothing moves."""
        return usd_of(coins, state.price_pusd, state.decimals)

    def buy(self, state: State, usd: int) -> int:
        """Base units at the price now; nothing moves."""
        return coins_of(usd, state.price_pusd, state.decimals)

    def clear(
        self,
        state: State,
        dt_s: float,
        sells: Mapping[str, int],
        buys: Mapping[str, int],
        shock: float,
        fundamental_usd: float,
        free_coins: int | None = None,
    ) -> Clearing:
        """All trades at the price before; then the price of the day on which the epoch ends, times what shocks moved."""
        proceeds = {party: self.sell(state, coins) for party, coins in sells.items()}
        bought = {party: self.buy(state, usd) for party, usd in buys.items()}
        before = self._usd(state)
        state.elapsed_s += dt_s
        state.price_pusd = max(1, round(state.price_pusd * (self._usd(state) / before)))
        return Clearing(proceeds, bought)

    def _usd(self, state: State) -> float:
        """The series at the state's time."""
        day = datetime.date.fromordinal(state.first_day + int(state.elapsed_s // DAY_S))
        held = [at for at in self.prices if at <= day]
        return self.prices[max(held) if held else min(self.prices)].amount
