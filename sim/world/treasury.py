"""Treasuries in a run: at the begin of an epoch their rules look at the one that is over and spend."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.tokenomics.treasury import SEEN, STATE
from sim.units import DAY_S
from sim.world.calendar import Epoch
from sim.world.network import NetworkState
from sim.world.service import share_out

LOOK_BACK_DAYS = 90.0
"""Time over which a treasury's outflow is averaged for its runway, in whole epochs (a convention of the outcome's definition)."""


def remember(network: NetworkState, epoch: Epoch, account: Any) -> None:
    """Note what rules may look at of an epoch that is over."""
    minted = account.emission + account.reminted
    ratio = minted / account.burned if account.burned else 1e6
    used = network.owners[0].utilization
    network.over = np.array([epoch.seconds, network.nodes, network.coin_usd, used, ratio])
    network.outflows.append((epoch.seconds / DAY_S, network.outflow))
    network.outflow = 0


def act(network: NetworkState) -> None:
    """Let every rule of the treasury spend, in the order of the file; burns and grants are told with the epoch that begins."""
    if network.over is None:
        return
    assert len(network.over) == len(SEEN)
    source, ledger, ticker = network.account("treasury"), network.ledger, network.ticker
    for name, rule in getattr(network.block, "treasury", {}).items():
        state = network.programs.setdefault(f"treasury.{name}", np.zeros(STATE, np.int64))
        amount = rule.spent(ledger.balance(source, ticker), network.over, state, network.decimals)
        live = network.live_mask()
        held = ledger.balance(source, ticker)
        if amount and rule.to == "burn":
            ledger.burn("burn by the treasury", ticker, amount, source)
            network.spent_burned += amount
        elif amount and rule.to == "operators" and live.any():
            amounts = share_out(amount, live.astype(float))
            ledger.post_column("grant", ticker, source, amounts, ledger.column(network.account("operators"), ticker))
            network.grants += amounts
        elif amount and rule.to in ("validators", "holders"):
            ledger.transfer("grant", ticker, amount, source, network.account(rule.to))
        network.outflow += held - ledger.balance(source, ticker)


def runway_days(network: NetworkState) -> float | None:
    """Days for which the treasury lasts at the pace of its last 90 days: coins held over the mean outflow a day.

    0 where it holds nothing; None where it holds coins and none flowed out.
    """
    held = network.ledger.balance(network.account("treasury"), network.ticker)
    days, spent = 0.0, 0
    for length, amount in reversed(network.outflows):
        if days >= LOOK_BACK_DAYS:
            break
        days, spent = days + length, spent + amount
    return 0.0 if not held else held * days / spent if spent else None


def told(network: NetworkState, account: Any) -> None:
    """Add what the treasury did since the last epoch to an account: what operators hold of it they sell like emission."""
    account.burned += network.spent_burned
    account.coins_usd = account.coins_usd + network.grants / 10**network.decimals
    sold = np.floor(network.grants * network.block.settle.sell).astype(np.int64)
    network.to_sell = network.to_sell + sold
    network.spent_burned, network.grants = 0, np.zeros(network.slots, np.int64)
