"""What markets have in common whose trades do not move the price: they find a counterparty outside, at the price before the epoch's move."""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Literal

from sim.tokenomics.market.trade import Clearing, Market, State
from sim.tokenomics.settle import coins_of, pusd, usd_of


@dataclasses.dataclass(frozen=True)
class Flows:
    """An epoch as `Market.clear` is told of it."""

    dt_s: float
    sells: Mapping[str, int]
    buys: Mapping[str, int]
    shock: float
    fundamental_usd: float
    free_coins: int | None


class Outside(Market):
    """Base of the kinds without reserves: only `reprice` differs."""

    counterparty: ClassVar[Literal["pool", "outside"]] = "outside"

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
        """All trades at the price before the move; then the move."""
        proceeds = {party: self.sell(state, coins) for party, coins in sells.items()}
        bought = {party: self.buy(state, usd) for party, usd in buys.items()}
        self.reprice(state, Flows(dt_s, sells, buys, shock, fundamental_usd, free_coins))
        return Clearing(proceeds, bought)

    @abstractmethod
    def reprice(self, state: State, flows: Flows) -> None:
        """The price's move over an epoch."""
