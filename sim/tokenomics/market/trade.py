"""What every market has: its state, one trade at a time, and the clearing of an epoch.

A market never holds the ledger: it says which trades happened, and the world posts them between the parties and the
market's account (`counterparty`).
"""

from __future__ import annotations

import dataclasses
import math
from abc import abstractmethod
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from sim.blocks import Block, Table, newer, sourced
from sim.units import DAY_S, FixedCoinPrice, FixedShare, Quantity

MARKET = Table("market")


@dataclasses.dataclass
class State:
    """A market in a run: `decimals` of the coin, price in pico-dollars per coin. Pools add reserves and a drift."""

    decimals: int
    price_pusd: int
    start_pusd: int
    usd: int = 0
    """USD reserve in nano-dollars (pool)."""
    coins: int = 0
    """Coin reserve in base units (pool)."""
    drift_usd_per_day: float | None = None
    """`a` of the holders, once given or solved (pool)."""
    velocity: float = 0.0
    """How often a free coin is paid with in a year, once given or solved (quantity)."""
    walk: float = 0.0
    """Sum of the innovations so far (quantity)."""
    elapsed_s: float = 0.0
    """Time since the start (replay)."""
    first_day: int = 1
    """The start's day, counted from 0001-01-01 (replay)."""
    parts: dict[str, State] = dataclasses.field(default_factory=dict)
    """States of the parts (mix)."""
    taken: tuple[float, float] = (0.0, 0.0)
    """USD paid a year and free coins, as last told (mix)."""

    @property
    def price_usd(self) -> float:
        """Price in USD per coin."""
        return self.price_pusd / 10**12


@dataclasses.dataclass(frozen=True)
class Clearing:
    """What an epoch's trading did; the world posts it.

    `proceeds` are nano-dollars to each seller, `bought` base units to each buyer. Holders paid `holders_usd`
    nano-dollars into the market and took `holders_coins` base units out (both negative where they sold).
    """

    proceeds: dict[str, int]
    bought: dict[str, int]
    holders_usd: int = 0
    holders_coins: int = 0


class Market(Block):
    """Base of the kinds of `market`: what a coin costs. A study switches kinds by the fields that both have."""

    compiled: ClassVar[bool] = False
    """Reserves are Python integers of any size."""
    counterparty: ClassVar[Literal["pool", "outside"]]
    """Account on the other side of every trade."""

    start: FixedCoinPrice
    """Price at the start."""
    daily_sd: Annotated[float, Quantity("share", low=0, high=1)] = 0.0
    """Standard deviation of the log price's change in a day."""
    nu: float | None = sourced(
        None,
        "none: normal changes; TAO 2024-07 to 2025-06 fits Student-t with 11.5",
        "illustrative",
        "size of extreme changes",
        gt=2,
    )
    """Degrees of freedom of the changes' Student-t law (default: normal)."""

    common: FixedShare = newer(0.0)
    """How much of the changes is shared with every other coin that says so: the correlation of two is the product."""

    @abstractmethod
    def open(self, decimals: int) -> State:
        """The market at the start, for a coin with ledger `decimals`."""

    @abstractmethod
    def sell(self, state: State, coins: int) -> int:
        """Sell `coins` base units at once; gives the nano-dollars got and moves the state."""

    @abstractmethod
    def buy(self, state: State, usd: int) -> int:
        """Buy for `usd` nano-dollars at once; gives the base units got and moves the state."""

    @abstractmethod
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
        """Trade an epoch's flows evenly over it, then let the price move.

        Parameters
        ----------
        state
            The market; moved.
        dt_s
            Length of the epoch.
        sells, buys
            Base units that each party sells, nano-dollars for which each buys.
        shock
            Innovation of mean 0 and variance 1 for this epoch (`noise.innovation`).
        fundamental_usd
            USD per coin that holders take it to be worth (`Holders.worth`; unused by `path`).
        free_coins
            Base units that holders can sell at most; None is no limit.

        """

    def shift(self, state: State, ratio: float, free_coins: int) -> tuple[int, int]:
        """A shock moves the price to `ratio` > 0 times what it is; by a trade of holders where the kind has trades that move it.

        Gives what they paid in nano-dollars and took in base units (negative: they sold, of `free_coins` at most). Here the
        level moves and nobody trades.
        """
        state.price_pusd = max(1, round(state.price_pusd * ratio))
        return 0, 0

    def worth(self, state: State, paid_usd_per_year: float, free_coins: float) -> float:
        """USD per coin by what is paid with it and what of it is free, where the kind looks at them; else 0."""
        return 0.0

    def epoch(self, state: State, dt_s: float, shock: float, fundamental_usd: float) -> Clearing:
        """An epoch in which only holders trade."""
        return self.clear(state, dt_s, {}, {}, shock, fundamental_usd)

    def solve(self, state: State, sold_per_day: float, bought_usd_per_day: float, fundamental_usd: float) -> None:
        """Remove drift at the start, where the kind has holders that can (`a: solve`); nothing elsewhere."""

    def log_move(self, dt_s: float, shock: float) -> float:
        """The innovation of the log price: daily_sd x sqrt(days) x shock."""
        return self.daily_sd * math.sqrt(dt_s / DAY_S) * shock


def pro_rata(total: int, weights: Mapping[str, int]) -> dict[str, int]:
    """`total` divided by weights, rounded down; the first with a weight keeps what is left. All 0 without weights."""
    whole = sum(weights.values())
    if whole == 0:
        return dict.fromkeys(weights, 0)
    parts = {name: total * weight // whole for name, weight in weights.items()}
    first = next(name for name, weight in weights.items() if weight)
    parts[first] += total - sum(parts.values())
    return parts
