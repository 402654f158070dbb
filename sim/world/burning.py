"""Burns of a settlement, and programs that mint, lend or buy beside it: what their rules say, posted.

The state of each program lies with the network (`programs`), by name, and moves only here.
"""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

import numpy as np

from sim.tokenomics.burnmint import STATE, Buyback, MintBack, Share, Vault
from sim.tokenomics.oracle import Oracle
from sim.tokenomics.settle import Exchange, Paid, coins_of
from sim.units import DAY_S, SHARE_ONE, ps, share_parts
from sim.world.calendar import Epoch
from sim.world.network import NetworkState
from sim.world.service import share_out

HALVINGS = 12
"""A purchase that would slip too far is tried again with half, so often."""


@dataclasses.dataclass(frozen=True)
class Burns:
    """What a settlement burns: of operators' part and of the take; `minted` coins are made for what the last one brought."""

    off_operators: int
    off_take: int
    minted: int


def burns_of(network: NetworkState, paid: int, taken: int, usd: int, price_pusd: int) -> Burns:
    """What all rules burn of `paid` coins, `taken` of them the protocol's, for `usd` nano-dollars of use."""
    off_operators = off_take = minted = 0
    for name, rule in network.block.burnmint.items():
        if isinstance(rule, MintBack):
            done = rule.act(state_of(network, name), network.decimals, paid=paid, usd=usd, price=price_pusd)
            off_operators += done["burn"]
            minted += done["mint"]
        elif isinstance(rule, Share) and rule.of == "take":
            off_take += rule.burned(paid, taken)
        elif not isinstance(rule, (Vault, Buyback)):
            off_operators += rule.burned(paid, taken)
    return Burns(min(off_operators, paid - taken), min(off_take, taken), minted)


def state_of(network: NetworkState, name: str) -> np.ndarray:
    """The state of a program, all 0 at first."""
    return network.programs.setdefault(name, np.zeros(STATE, np.int64))


def mint_back(network: NetworkState, minted: int, due: np.ndarray) -> np.ndarray:
    """Mint operators what the last settlement's work is rewarded with, by what each slot earned in it; gives it by slot."""
    weights, network.earned = network.earned, due
    amounts = np.zeros(network.slots, np.int64)
    if minted and weights is not None and weights.any():
        amounts = share_out(minted, weights.astype(float))
        column = network.ledger.column(network.account("operators"), network.ticker)
        network.ledger.mint_column("minted for burned work", network.ticker, amounts, column)
    return amounts


# -- a vault of credits ---------------------------------------------------------------------------------------


def vault_of(network: NetworkState) -> tuple[str, Vault] | None:
    """The network's vault by name, if it has one."""
    found = [(name, rule) for name, rule in getattr(network.block, "burnmint", {}).items() if isinstance(rule, Vault)]
    return found[0] if found else None


@dataclasses.dataclass(frozen=True)
class Credits:
    """What credits do in an epoch: coins `burned` for `credited`, credits `used`, coins `minted` for them, and `direct` coins
    for use that no credits cover. `state` is that of the `vault` of this name afterwards.
    """

    vault: str
    burned: int
    credited: int
    used: int
    minted: int
    direct: int
    state: np.ndarray


def credits_of(network: NetworkState, named: tuple[str, Vault], epoch: Epoch, invoice: int) -> Credits:
    """The plan of a vault with its name (`vault_of`) for an invoice in nano-dollars: what use lacks is bought first, then use, then
    credits for the next epoch. Nothing is changed.
    """
    name, vault = named
    state, price = state_of(network, name).copy(), network.oracle_pusd(epoch.end_ps)
    blocks = (epoch.end_ps - epoch.start_ps) // ps(vault.block)
    lacks = max(0, invoice - _usd(network, int(state[1])))
    first = vault.act(state, network.decimals, price=price, wanted=lacks, blocks=blocks)
    # What is there after use is known beforehand, so that one settlement may fill up what it empties.
    left = max(0, _usd(network, int(state[1])) - invoice)
    more = max(0, invoice * share_parts(vault.cover) // SHARE_ONE - left)
    then = vault.act(state, network.decimals, usd=invoice, price=price, wanted=more, blocks=blocks)
    return Credits(
        name,
        first["burn"] + then["burn"],
        first["credited"] + then["credited"],
        then["used"],
        then["mint"],
        coins_of(then["left"], price, network.decimals),
        state,
    )


def post_credits(network: NetworkState, made: Credits) -> None:
    """Users, who hold the coins, burn them for credits and use credits up for minted coins, which they pay with."""
    ledger, ticker, credit = network.ledger, network.ticker, credit_of(network.ticker)
    ledger.burn("burned for credits", ticker, made.burned, "users")
    ledger.mint("credits", credit, made.credited, "users")
    ledger.burn("credits used", credit, made.used, "users")
    ledger.mint("minted for credits", ticker, made.minted, "users")
    network.programs[made.vault] = made.state


def exchange_of(
    invoice_usd: int, paid: Paid, made: Credits, bought_pusd: int, price_pusd: int, decimals: int
) -> Exchange:
    """Gains where credits are dollars: users have none on these, nor anybody in sum; what coins are worth beside the invoice is
    operators' gain and the protocol's loss, whose holders bear what is minted. Use that credits do not cover is paid in coins, which
    users bought at `bought_pusd`: these gain as in any settlement.
    """
    due = invoice_usd * 10 ** (decimals + 3)
    coins, uncovered = paid.total - made.minted, due - made.used * 10**12
    operators = paid.operators * price_pusd - due * paid.operators // max(1, paid.total)
    protocol = coins * price_pusd - uncovered - operators
    return Exchange(uncovered - coins * bought_pusd, operators, protocol, decimals)


def credit_of(ticker: str) -> str:
    """The ledger's name for a coin's credits."""
    return f"{ticker}-credit"


def credit_decimals(*specs: Any) -> dict[str, int]:
    """Decimals of every network's credits, those of its coin, where any of the scenarios has a vault."""
    found = {}
    for spec in specs:
        for network in spec.networks.values():
            if any(isinstance(rule, Vault) for rule in getattr(network, "burnmint", {}).values()):
                found[credit_of(network.coin.ticker)] = network.coin.units(network.supply.limit)
    return found


def _usd(network: NetworkState, held: int) -> int:
    """Nano-dollars of so many credits."""
    return held * 10**9 // 10**network.decimals


# -- buying back ----------------------------------------------------------------------------------------------


def buy_back(network: NetworkState, epoch: Epoch, taken: int) -> int:
    """Spend the take of an epoch, nano-dollars, on coins; gives what is burned of them."""
    burned = 0
    for name, rule in network.block.burnmint.items():
        if isinstance(rule, Buyback):
            fund = network.account(f"buyback.{name}")
            part = taken * share_parts(rule.share) // SHARE_ONE
            network.ledger.transfer(
                "fees to buy coins", "USD", part, network.account(network.block.settle.take_to), fund
            )
            burned += _buy(network, epoch, name, rule, fund)
    return burned


def _buy(network: NetworkState, epoch: Epoch, name: str, rule: Buyback, fund: str) -> int:
    """One purchase, as large as the day's volume and the slippage let."""
    ledger, ticker = network.ledger, network.ticker
    budget = ledger.balance(fund, "USD")
    if rule.volume is not None:
        budget = min(budget, round(rule.volume.amount * 1e9 * (epoch.end_ps - epoch.start_ps) / ps(DAY_S)))
    # How the price came to where it is within the epoch is not known: it counts as having stood there for the window.
    times = [*network.price_times, max(network.price_times[-1], epoch.end_ps - ps(rule.twap))]
    average = Oracle(twap=rule.twap).read(times, [*network.prices_pusd, network.market.price_pusd], epoch.end_ps)
    for halving in range(HALVINGS):
        usd, market = budget >> halving, copy.deepcopy(network.market)
        if usd == 0:
            return 0
        got = network.block.market.buy(market, usd)
        done = rule.act(state_of(network, name), network.decimals, usd=usd, price=average, bought=got)
        if done["done"]:
            network.market = market
            other = "outside" if network.block.market.counterparty == "outside" else network.account("pool")
            ledger.transfer("coins bought back", "USD", usd, fund, other)
            ledger.transfer("coins bought back", ticker, got, other, fund)
            ledger.transfer("executor", ticker, done["executor"], fund, network.account("executors"))
            ledger.transfer("coins bought back", ticker, done["treasury"], fund, network.account("treasury"))
            ledger.burn("burn of coins bought back", ticker, done["burn"], fund)
            return done["burn"]
    return 0
