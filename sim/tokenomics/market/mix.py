"""A price between several kinds: its log changes are the weighted sum of those of its parts."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from sim.blocks import Block, OneOf
from sim.tokenomics.market.outside import Flows, Outside
from sim.tokenomics.market.trade import MARKET, State
from sim.units import FixedShare


class Part(Block):
    """One kind of a mix."""

    weight: FixedShare
    """Its part of the price's log changes."""
    market: Annotated[Any, OneOf(MARKET.without("mix"))]
    """The kind, with the same `start`."""


class Mix(Outside):
    """A weighted mean of kinds. Parts see all trades and move for themselves; trades are done at the mean's price."""

    kind: Literal["mix"] = "mix"
    parts: Annotated[dict[str, Part], Field(min_length=1)]
    """The kinds, by name; weights sum to 100 %."""

    @model_validator(mode="after")
    def _whole(self) -> Mix:
        total = math.fsum(part.weight for part in self.parts.values())
        wrong = [name for name, part in self.parts.items() if part.market.start != self.start]
        message = ""
        if abs(total - 1) > 1e-9:
            message = f"weights sum to {total * 100:g} %; must be 100 %"
        elif wrong:
            message = f"`{wrong[0]}` starts elsewhere than the mix"
        if message:
            raise PydanticCustomError("sum", "{message}", {"message": message, "hint": "one `start` for all"})
        return self

    def open(self, decimals: int) -> State:
        """The start price, and every part's own state. Reserves of a part are its own arithmetic, no accounts."""
        state = super().open(decimals)
        state.parts = {name: part.market.open(decimals) for name, part in self.parts.items()}
        return state

    def worth(self, state: State, paid_usd_per_year: float, free_coins: float) -> float:
        """Nothing of its own: parts have theirs (`take`)."""
        state.taken = (paid_usd_per_year, free_coins)
        return 0.0

    def solve(self, state: State, sold_per_day: float, bought_usd_per_day: float, fundamental_usd: float) -> None:
        """Every part solves what it has to solve."""
        for name, part in self.parts.items():
            child = state.parts[name]
            worth = part.market.worth(child, *state.taken) or child.price_usd
            part.market.solve(child, sold_per_day, bought_usd_per_day, worth)

    def reprice(self, state: State, flows: Flows) -> None:
        """Every part clears the same flows, and the price moves by the weighted sum."""
        move = 0.0
        for name in sorted(self.parts):
            part, child = self.parts[name], state.parts[name]
            child.elapsed_s, child.first_day, before = state.elapsed_s, state.first_day, child.price_pusd
            worth = part.market.worth(child, *state.taken)
            part.market.clear(child, flows.dt_s, flows.sells, flows.buys, flows.shock, worth, flows.free_coins)
            move += part.weight * math.log(child.price_pusd / before)
        state.elapsed_s += flows.dt_s
        state.price_pusd = max(1, round(state.price_pusd * math.exp(move)))
