"""A price that no policy moves: a start, a drift, and innovations."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar, Literal

from sim.tokenomics.market.trade import Clearing, Market, State
from sim.tokenomics.settle import coins_of, pusd, usd_of
from sim.units import YEAR_S, Growth


class Path(Market):
    """A geometric walk. Trades find a counterparty outside at the price before the epoch's move."""

    counterparty: ClassVar[Literal["pool", "outside"]] = "outside"

    kind: Literal["path"] = "path"
    drift: Growth = 0.0
    """Growth of the median price a year, compounded."""

    @property
    def log_drift(self) -> float:
        """Growth of the median's logarithm a year."""
        return math.log1p(self.drift)

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
        """All trades at the price before the move; then the drift and the innovation."""
        proceeds = {party: self.sell(state, coins) for party, coins in sells.items()}
        bought = {party: self.buy(state, usd) for party, usd in buys.items()}
        move = self.log_drift * dt_s / YEAR_S + self.log_move(dt_s, shock)
        state.price_pusd = max(1, round(state.price_pusd * math.exp(move)))
        return Clearing(proceeds, bought)
