"""A price that is read from a series: what the coin cost on each day of the past."""

from __future__ import annotations

import datetime
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from sim.tokenomics.coin import Day
from sim.tokenomics.market.outside import Flows, Outside
from sim.tokenomics.market.trade import State
from sim.units import DAY_S, FixedCoinPrice


class Replay(Outside):
    """The prices of a series, each from its day (0 h UTC) on; before the first one it holds. No policy moves it."""

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

    def reprice(self, state: State, flows: Flows) -> None:
        """The price of the day on which the epoch ends, times what shocks moved."""
        before = self._usd(state)
        state.elapsed_s += flows.dt_s
        state.price_pusd = max(1, round(state.price_pusd * (self._usd(state) / before)))

    def _usd(self, state: State) -> float:
        """The series at the state's time."""
        day = datetime.date.fromordinal(state.first_day + int(state.elapsed_s // DAY_S))
        held = [at for at in self.prices if at <= day]
        return self.prices[max(held) if held else min(self.prices)].amount
