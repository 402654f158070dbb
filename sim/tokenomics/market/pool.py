"""A pool of dollars and coins (constant product) with holders beside it: flows move the price.

An epoch's sales and purchases flow evenly at the same time. With S coins sold and W dollars spent over the epoch and
k = U C, the coin reserve follows dC/dt = S - W C^2 / k, whose solution with C* = sqrt(S k / W), y = C / C*,
alpha = sqrt(S W / k) is y(1) = (y(0) + tanh alpha) / (1 + y(0) tanh alpha). So a balanced flow (S P = W) leaves the
price where it is, however large it is beside the pool. Then
holders close part of the gap to what they take the coin to be worth, and make the innovation, in one trade. An epoch
longer than a day is a row of such days.

Sources: constant product, any automated market maker (for example Uniswap v2 core, 2020); the flow solution is derived
(Riccati equation) and tested against many small trades. Reserves are Python integers; floats only say how much is
traded, and every unit that leaves a reserve arrives at a party.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from sim.blocks import sourced
from sim.tokenomics.coin import to_base, unit
from sim.tokenomics.market.holders import Holders
from sim.tokenomics.market.trade import Clearing, Market, State, pro_rata
from sim.tokenomics.settle import coins_of, pusd
from sim.units import DAY_S, SHARE_ONE, FixedAmount, Money, Quantity, share_parts

PULL_PER_DAY = 0.01
"""`holders.b` by default, of the pool's USD side a day."""

STEP_S = DAY_S
"""Longest stretch over which flows and holders' pull act one after the other: long epochs are cut into such steps."""

_NANO = 10**9


class Pool(Market):
    """A constant-product pool, its fee staying in it, and holders who trade with it."""

    counterparty: ClassVar[Literal["pool", "outside"]] = "pool"

    kind: Literal["pool"] = "pool"
    depth: FixedAmount
    """USD side of the pool at the start; the coin side is worth as much."""
    fee: Annotated[float, Quantity("share", low=0, high=0.5)] = sourced(
        0.003, "Uniswap v2's fee; Bittensor's swaps take 0.05 %", "borrowed", "cost of trading"
    )
    """Part of what goes in that buys nothing and stays in the pool."""
    holders: Holders = Field(default_factory=Holders)
    """Those who hold the coin without serving or using it."""

    @model_validator(mode="after")
    def _in_dollars(self) -> Pool:
        wrong = ""
        if self.depth.currency != "USD":
            wrong = f"depth is in {self.depth.currency}; must be in USD"
        elif self.depth.amount <= 0:
            wrong = "depth must be above 0"
        if wrong:
            raise PydanticCustomError("currency", "{message}", {"message": wrong, "hint": "for example `8 MUSD`"})
        return self

    def open(self, decimals: int) -> State:
        """Both reserves from `depth` and `start`; the drift if it is given."""
        usd, price = to_base(self.depth, 9), pusd(self.start.amount)
        drift = self.holders.a.amount if isinstance(self.holders.a, Money) else None
        return State(decimals, price, price, usd, coins_of(usd, price, decimals), drift)

    def worth(self, state: State, paid_usd_per_year: float, free_coins: float) -> float:
        """What holders take a coin to be worth."""
        return self.holders.worth(state.start_pusd / 1e12, paid_usd_per_year, free_coins)

    def solve(self, state: State, sold_per_day: float, bought_usd_per_day: float, fundamental_usd: float) -> None:
        """`a: solve`: see `solve_drift`; a drift that is given stays."""
        if self.holders.a == "solve":
            state.drift_usd_per_day = solve_drift(
                state.price_usd, sold_per_day, bought_usd_per_day, self.pull_usd_per_day, fundamental_usd
            )

    def sell(self, state: State, coins: int) -> int:
        """Constant product, rounded in favour of the pool; the fee is taken from the coins that go in."""
        kept = coins - coins * share_parts(self.fee) // SHARE_ONE
        proceeds = state.usd - -(-state.usd * state.coins // (state.coins + kept))
        return self._move(state, -proceeds, coins, proceeds)

    def buy(self, state: State, usd: int) -> int:
        """Constant product, rounded in favour of the pool; the fee is taken from the dollars that go in."""
        kept = usd - usd * share_parts(self.fee) // SHARE_ONE
        coins = state.coins - -(-state.usd * state.coins // (state.usd + kept))
        return self._move(state, usd, -coins, coins)

    def shift(self, state: State, ratio: float, free_coins: int) -> tuple[int, int]:
        """Holders sell or buy at once what moves the price to `ratio` times what it is; see `_reach`."""
        if ratio >= 1:
            usd = round(state.usd * _reach(ratio, 1 - self.fee))
            return usd, self.buy(state, usd)
        coins = _at_most(round(state.coins * _reach(1 / ratio, 1 - self.fee)), free_coins)
        return -self.sell(state, coins), -coins

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
        """Steps of at most `STEP_S`: flows, then holders. Raises `ValueError` before `a` is solved."""
        if state.drift_usd_per_day is None:
            raise ValueError("the drift of holders is not solved; `solve` comes before the first epoch")
        steps = max(1, math.ceil(dt_s / STEP_S))
        sold, spent = sum(sells.values()), sum(buys.values())
        usd = coins = paid = got = 0
        for step in range(steps):
            left = None if free_coins is None else free_coins + got
            trade = self._step(
                state,
                dt_s / steps,
                _part(sold, step, steps),
                _part(spent, step, steps),
                self.log_move(dt_s, shock) / steps,
                fundamental_usd,
                left,
            )
            usd, coins, paid, got = usd + trade[0], coins + trade[1], paid + trade[2], got + trade[3]
        return Clearing(pro_rata(usd, sells), pro_rata(coins, buys), paid, got)

    def _step(
        self,
        state: State,
        dt_s: float,
        sold: int,
        spent: int,
        move: float,
        fundamental_usd: float,
        free_coins: int | None,
    ) -> tuple[int, int, int, int]:
        """One step: nano-dollars to sellers, base units to buyers, what holders paid, what they took."""
        drift = round((state.drift_usd_per_day or 0.0) * dt_s / DAY_S * _NANO)
        # Holders who sell on balance offer the coins that their dollars are worth at the price now.
        offered = _at_most(coins_of(max(0, -drift), state.price_pusd, state.decimals), free_coins)
        usd, coins = self._flow(state, sold + offered, spent + max(0, drift))
        proceeds = pro_rata(usd, {"sellers": sold, "holders": offered})
        bought = pro_rata(coins, {"buyers": spent, "holders": max(0, drift)})
        left = None if free_coins is None else free_coins - offered
        paid, got = self._hold(state, dt_s, move, fundamental_usd, left)
        return (
            proceeds["sellers"],
            bought["buyers"],
            paid + max(0, drift) - proceeds["holders"],
            got + bought["holders"] - offered,
        )

    def _flow(self, state: State, coins_in: int, usd_in: int) -> tuple[int, int]:
        """Both flows evenly over the epoch: nano-dollars to the sellers, base units to the buyers."""
        if coins_in == 0 or usd_in == 0:
            return (self.sell(state, coins_in) if coins_in else 0, self.buy(state, usd_in) if usd_in else 0)
        fee = share_parts(self.fee)
        sold, spent = coins_in - coins_in * fee // SHARE_ONE, usd_in - usd_in * fee // SHARE_ONE
        k = state.usd * state.coins
        rest = math.sqrt(sold) * math.sqrt(k) / math.sqrt(spent)
        turn = math.tanh(math.sqrt(sold) * math.sqrt(spent) / math.sqrt(k))
        y = state.coins / rest
        after = min(max(1, round(rest * (y + turn) / (1 + y * turn))), state.coins + sold)
        coins_out = state.coins + sold - after
        usd_out = max(0, min(spent + state.usd - -(-k // after), spent + state.usd - 1))
        self._move(state, usd_in - usd_out, coins_in - coins_out, 0)
        return usd_out, coins_out

    def _hold(
        self, state: State, dt_s: float, move: float, fundamental_usd: float, free_coins: int | None
    ) -> tuple[int, int]:
        """Holders' one trade at the end: nano-dollars in, base units out (negative: the other way)."""
        price = state.price_usd
        # Pulling by b closes the log gap at the rate 2 b / U: exponentially, so that no epoch overshoots.
        pull = -math.expm1(-2 * self.pull_usd_per_day * _NANO / state.usd * dt_s / DAY_S)
        move += pull * math.log(fundamental_usd / price)
        if move >= 0:
            usd = round(state.usd * math.expm1(move / 2) / (1 - self.fee))
            return usd, self.buy(state, usd)
        coins = _at_most(round(state.coins * math.expm1(-move / 2) / (1 - self.fee)), free_coins)
        return -self.sell(state, coins), -coins

    @property
    def pull_usd_per_day(self) -> float:
        """USD a day, `b`, per unit of ln(value / price)."""
        return self.holders.b.amount if self.holders.b is not None else PULL_PER_DAY * self.depth.amount

    def _move(self, state: State, usd: int, coins: int, result: int) -> int:
        state.usd += usd
        state.coins += coins
        state.price_pusd = max(1, state.usd * unit(state.decimals + 3) // state.coins)
        return result


def solve_drift(
    price_usd: float, sold_per_day: float, bought_usd_per_day: float, pull_usd_per_day: float, fundamental_usd: float
) -> float:
    """`a` in USD a day with which the price has no drift at the start.

    Coins sold a day times the price, less dollars that others spend on coins, less what holders' pull to their value
    brings: a = s P - w - b ln(V / P).
    """
    return sold_per_day * price_usd - bought_usd_per_day - pull_usd_per_day * math.log(fundamental_usd / price_usd)


def _reach(ratio: float, kept: float) -> float:
    """What must go into a reserve, as a part of it, so that the price moves by `ratio` >= 1, where `kept` of it buys.

    x of (1 + x)(1 + kept x) = ratio: the reserve grows by all of x, the other one falls by what kept x buys.
    """
    return (math.sqrt((1 + kept) ** 2 + 4 * kept * (ratio - 1)) - (1 + kept)) / (2 * kept)


def _part(total: int, step: int, steps: int) -> int:
    """What falls to one of `steps` equal steps: the parts sum to `total`."""
    return total * (step + 1) // steps - total * step // steps


def _at_most(coins: int, limit: int | None) -> int:
    return coins if limit is None else max(0, min(coins, limit))
