"""Owners who earn on how others pay and trade: by the oracle's old rate, and ahead of what others buy.

*Oracle arbitrage*: an invoice in USD is paid in coins at the oracle's rate. Where that is above the market, fewer dollars of coins
pay it: the arbitrageur pays users' invoices with coins that he buys, takes the whole amount in USD, and keeps the difference, up to what his
capital buys. At lag 0 there is none.

*Front-running*: in a pool whoever buys before others do, and sells after them, earns the slippage that they pay. He sees what is to be traded in
the epoch, tries eighths of his capital on a copy of the pool, and trades the best one if it earns; how the price moves otherwise is his risk.

Either is found out with a stated chance a day on which it is done, as is self-dealing (`sim.world.dealing`); that is an offence
(`slash.invalid`), and who is barred does nothing.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from sim.streams import Streams
from sim.tokenomics.operators.strategies import SCHEMES, Strategy
from sim.tokenomics.verify import at_least_once
from sim.units import PS_PER_S
from sim.world.calendar import Epoch
from sim.world.dealing import disposed

if TYPE_CHECKING:
    from sim.world.network import NetworkState

PARTS = 8
"""Parts of the capital that a front-runner tries."""


@dataclasses.dataclass(frozen=True, eq=False)
class Scheme:
    """A strategy of one owner of several slots, by its name `CLASS.NAME`."""

    name: str
    strategy: Strategy
    slots: np.ndarray


class Schemes:
    """Of one network: the schemes there are, and how often each was done and found in this epoch."""

    def __init__(self, network: NetworkState, streams: Streams) -> None:
        self.network, self.streams = network, streams
        self.known: list[Scheme] = []
        for i, owners in enumerate(network.owners):
            strategies = network.block.operators[owners.name].strategies
            for name, mine in disposed(network, owners, streams).items():
                if strategies[name].noted and mine.any():
                    slots = int(network.offset[i]) + np.flatnonzero(mine)
                    self.known.append(Scheme(f"{owners.name}.{name}", strategies[name], slots))
        self.earns = any(scheme.strategy.kind in SCHEMES for scheme in self.known)
        """Whether anybody earns on how others pay and trade."""
        self.done = self.found = 0

    def able(self, kind: str, epoch: Epoch) -> list[tuple[Scheme, int]]:
        """Schemes of a kind that somebody can do now, each with a slot of its owner that serves."""
        live, barred = self.network.live_mask(), self.network.checks.barred_ps
        told = []
        for scheme in self.known:
            free = [int(slot) for slot in scheme.slots if live[slot] and barred.get(int(slot), 0) <= epoch.start_ps]
            if scheme.strategy.kind == kind and free:
                told.append((scheme, free[0]))
        return told

    def act(self, scheme: Scheme, slot: int, epoch: Epoch) -> None:
        """Note that a scheme was done in an epoch, and whether it is found out."""
        chance = at_least_once(scheme.strategy.found, epoch.days)
        draw = self.streams[f"schemes.{self.network.name}.{scheme.name}"].uniforms(epoch.number, 1)[0]
        self.done += 1
        if draw < chance:
            self.found += 1
            self.network.checks.offend(epoch, slot)


def arbitrage(network: NetworkState, epoch: Epoch, invoice: int, rate_pusd: int, market_pusd: int) -> int:
    """Nano-dollars that arbitrageurs keep of an invoice of so many, paid at the oracle's rate while the market is below it."""
    if market_pusd >= rate_pusd:
        return 0
    kept, left = 0, invoice
    for scheme, slot in network.schemes.able("oracle_arbitrage", epoch):
        paid = min(left, scheme.strategy.capital_nano * rate_pusd // market_pusd)
        gain = paid * (rate_pusd - market_pusd) // rate_pusd
        if gain > 0:
            kept, left = kept + gain, left - paid
            network.ledger.transfer("users' funds", "USD", gain, "outside", "users")
            network.ledger.transfer("oracle arbitrage", "USD", gain, "users", network.account("operators"))
            network.schemes.act(scheme, slot, epoch)
    return kept


@dataclasses.dataclass
class Ahead:
    """What front-runners hold while others trade: base units, and the nano-dollars that these cost."""

    coins: int = 0
    usd: int = 0


def run_ahead(
    network: NetworkState, epoch: Epoch, sells: Mapping[str, int], spend: int, worth: float, free: int
) -> Ahead:
    """Buy before others do, where that earns; the coins wait in the account of `schemes`."""
    held, state, block = Ahead(), network.market, network.block.market
    if block.counterparty != "pool" or spend <= 0:
        return held
    for scheme, slot in network.schemes.able("frontrun", epoch):
        best = _best(network, epoch, sells, (spend, worth, free), scheme.strategy.capital_nano)
        if best > 0:
            coins = block.buy(state, best)
            held.coins, held.usd = held.coins + coins, held.usd + best
            network.ledger.transfer("owners' funds", "USD", best, "outside", network.account("schemes"))
            network.ledger.transfer("front-running", "USD", best, network.account("schemes"), network.account("pool"))
            network.ledger.transfer(
                "front-running", network.ticker, coins, network.account("pool"), network.account("schemes")
            )
            network.schemes.act(scheme, slot, epoch)
    return held


def _best(
    network: NetworkState, epoch: Epoch, sells: Mapping[str, int], flows: tuple[int, float, int], capital: int
) -> int:
    """The eighths of the capital that earn most on a copy of the pool, without a change of price of its own; 0 where none does."""
    block, (spend, worth, free), best = network.block.market, flows, (0, 0)
    for part in range(1, PARTS + 1):
        usd, state = capital * part // PARTS, copy.copy(network.market)
        coins = block.buy(state, usd)
        block.clear(state, (epoch.end_ps - epoch.start_ps) / PS_PER_S, sells, {"users": spend}, 0.0, worth, free)
        best = max(best, (block.sell(state, coins) - usd, usd))
    return best[1] if best[0] > 0 else 0


def sell_after(network: NetworkState, held: Ahead) -> int:
    """Sell what was bought ahead; gives the profit in nano-dollars."""
    if not held.coins:
        return 0
    schemes, pool = network.account("schemes"), network.account("pool")
    usd = network.block.market.sell(network.market, held.coins)
    network.ledger.transfer("front-running", network.ticker, held.coins, schemes, pool)
    network.ledger.transfer("front-running", "USD", usd, pool, schemes)
    network.ledger.transfer("owners' draw", "USD", usd, schemes, "outside")
    return usd - held.usd
