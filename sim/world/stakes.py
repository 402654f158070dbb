"""What a network's nodes have locked: bought before they join, taken where they offend, paid back after unbonding.

::

    market -> stake  (a node joins)      stake -> unbonding (it stops)      unbonding -> operators (its time is over)
    stake, unbonding -> burned | treasury | checkers | users               (an offence)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.errors import ScenarioError
from sim.tokenomics.ledger import Column, exact_sum
from sim.tokenomics.operators import LIVE, ORDERED
from sim.tokenomics.settle import usd_of
from sim.tokenomics.slash import Offence
from sim.tokenomics.stake import WEIGHT_ONE, Stake
from sim.units import PS_PER_S, YEAR_S, ps
from sim.world.calendar import Epoch
from sim.world.people import FEE_HALF_LIFE_S

if TYPE_CHECKING:
    from sim.world.network import NetworkState
    from sim.world.people import Owners

TRIES = 60
"""Purchases until what is asked for is bought; each buys what is missing at the price by then."""
MOST_OFFENCES = 1000
"""Penalties of one node at one time that are counted one by one; by then less than nothing is left of any stake."""


def in_proportion(total: int, weights: np.ndarray) -> np.ndarray:
    """`total` >= 0 by whole weights, exact at any size: rounded down, the rest to the first that has a weight."""
    below = exact_sum(weights)
    parts = np.array([total * int(weight) // below for weight in weights], np.int64)
    parts[np.flatnonzero(weights)[0]] += total - exact_sum(parts)
    return parts


class Stakes:
    """State of one network; arrays have an entry a slot. Nothing is kept, and nothing posted, where no stake is asked for."""

    def __init__(self, network: NetworkState) -> None:
        self.network = network
        self.needed: dict[str, int] = {}
        """Base units that a node of each class locks for all of its weight."""
        self.reward: dict[str, int] = {}
        """Base units a day that the schedule promises a node of each class."""
        self.since_s = np.zeros(network.slots, np.int64)
        self.returns: list[tuple[int, np.ndarray]] = []
        """(instant, base units) of stake on its way back, in order of time."""
        self.burned = 0
        """Base units burned since the epoch began."""
        self.rewarded = 0
        """Base units of offenders that other nodes got since then."""
        self.taken = np.zeros(network.slots, np.int64)
        """Base units taken of each slot since then, burned or not."""

    @property
    def locked(self) -> Column:
        """What each slot has locked."""
        return self.network.ledger.column(self.network.account("stake"), self.network.ticker, self.network.slots)

    @property
    def unbonding(self) -> Column:
        """What each slot gets back later."""
        return self.network.ledger.column(self.network.account("unbonding"), self.network.ticker, self.network.slots)

    @property
    def held(self) -> bool:
        """Whether anything is or may be locked."""
        ledger, network = self.network.ledger, self.network
        return network.coin is not None and (
            network.block.stake is not None
            or any(ledger.balance(network.account(name), network.ticker) for name in ("stake", "unbonding"))
        )

    # -- what is asked for --------------------------------------------------------------------------------------

    def appraise(self, epoch: Epoch) -> None:
        """What a node of each class locks from now on, and what that costs its owner a day."""
        network = self.network
        ask = self._requirement
        self.needed = {}
        for owners in network.owners:
            owners.stake_usd_per_day = 0.0
        if ask is None:
            return
        seen = np.array([network.ledger.supply(network.ticker), self._weight(), epoch.start_ps // PS_PER_S], np.int64)
        daily = network.emission_coin_per_day(epoch).get("operators", 0.0) * 10**network.decimals
        total = network.capacity_rps or sum(o.block.nodes * o.machine.capacity_rps for o in network.owners)
        for owners in network.owners:
            each = owners.machine.capacity_rps / total if total else 0.0
            self.reward[owners.name] = int(daily * each)
            needed = ask.needed(self._weight_of(owners), self.reward[owners.name], seen, network.decimals)
            self.needed[owners.name] = needed
            locked_usd = network.value_usd(needed) * owners.block.stakes
            owners.stake_usd_per_day = locked_usd * owners.block.discount / 365.25

    def _weight_of(self, owners: Owners) -> int:
        """Parts of weight of a node."""
        if self.network.block.stake.weigh == "gpus":
            return owners.machine.gpus * WEIGHT_ONE
        return round(owners.machine.capacity_rps * sum(owners.machine.mean_tokens) / 1000 * WEIGHT_ONE)

    def _weight(self) -> int:
        return sum(owners.live * self._weight_of(owners) for owners in self.network.owners)

    def _asked(self) -> np.ndarray:
        """Base units that each slot must have locked: those that serve or are ordered."""
        asked = np.zeros(self.network.slots, np.int64)
        for owners, span in zip(self.network.owners, self.network.spans, strict=True):
            there = (owners.columns.state == LIVE) | (owners.columns.state == ORDERED)
            amount = int(self.needed.get(owners.name, 0) * owners.block.stakes)
            asked[span] = np.where(there, amount, 0)
        return asked

    @property
    def _requirement(self) -> Stake | None:
        """The stake that the network asks for now; None where it asks for none."""
        return self.network.block.stake if self.network.coin is not None else None

    @property
    def free_frac(self) -> float:
        """Part of a node's weight that is paid without a stake: all of it where none is asked for."""
        ask = self._requirement
        return 1.0 if ask is None else float(ask.free)

    def counted_frac(self) -> np.ndarray | None:
        """Part of each slot's weight that is paid for; None where all of it is."""
        network, ask = self.network, self._requirement
        if ask is None:
            return None
        parts = np.ones(network.slots)
        for owners, span in zip(network.owners, network.spans, strict=True):
            weight, needed = self._weight_of(owners), self.needed.get(owners.name, 0)
            # Most nodes of a class lock the same, and all empty slots nothing: each amount is asked about once.
            amounts, places = np.unique(self.locked.amounts[span], return_inverse=True)
            counted = [ask.effective(weight, amount, needed) / weight for amount in amounts.tolist()]
            parts[span] = np.array(counted)[places]
        return parts

    # -- locking and giving back --------------------------------------------------------------------------------

    def begin(self, epoch: Epoch) -> None:
        """The nodes of the start have their stake already: it is part of what holders would have otherwise."""
        self.appraise(epoch)
        asked, network = self._asked(), self.network
        if not asked.any():
            return
        holders, total = network.account("holders"), exact_sum(asked)
        if network.ledger.balance(holders, network.ticker) < total:
            raise ScenarioError(
                f"networks.{network.name}.stake: the nodes of the start need {total / 10**network.decimals:,.0f} {network.ticker} "
                f"locked, more than holders have; a smaller stake, or fewer nodes"
            )
        network.ledger.post_column("stake of the start", network.ticker, holders, asked, self.locked)

    def turn(self, epoch: Epoch) -> None:
        """After owners have decided: what is due comes back, who left unbonds, who joins buys."""
        if not self.held:
            return
        self._release(epoch.start_ps)
        asked, locked = self._asked(), self.locked.amounts
        self._unbond(epoch, np.where(asked == 0, locked, 0))
        missing = np.maximum(asked - self.locked.amounts, 0)
        if missing.any():
            self.since_s[missing > 0] = epoch.start_ps // PS_PER_S
            self._buy(missing)

    def _release(self, now_ps: int) -> None:
        network, ticker = self.network, self.network.ticker
        due = [amounts for at_ps, amounts in self.returns if at_ps <= now_ps]
        self.returns = [(at_ps, amounts) for at_ps, amounts in self.returns if at_ps > now_ps]
        operators = network.ledger.column(network.account("operators"), ticker, network.slots)
        for amounts in due:
            network.ledger.draw_column("stake returned", ticker, operators.account, amounts, self.unbonding)
            operators.amounts += amounts
            network.to_sell = network.to_sell + np.floor(amounts * network.block.settle.sell).astype(np.int64)

    def _unbond(self, epoch: Epoch, leaving: np.ndarray) -> None:
        if not leaving.any():
            return
        rule = self.network.block.slash.termination
        if rule is not None:
            for slot in np.flatnonzero(leaving).tolist():
                self.slash("termination", slot, 1, epoch.start_ps)
            leaving = np.where(leaving > 0, self.locked.amounts, 0)
        ask, unbonding = self.network.block.stake, self.unbonding
        wait_ps = ps(ask.unbonding) if ask is not None else 0
        self.network.ledger.draw_column(
            "stake unbonds", self.network.ticker, unbonding.account, leaving, self.locked
        )  # fmt: skip
        unbonding.amounts += leaving
        self.returns.append((epoch.start_ps + wait_ps, leaving))
        self.returns.sort(key=lambda entry: entry[0])
        if wait_ps == 0:
            self._release(epoch.start_ps)

    def _buy(self, missing: np.ndarray) -> None:
        """Owners put in dollars and buy coins at the market, all of them at once; what was bought is locked."""
        network, ledger, ticker = self.network, self.network.ledger, self.network.ticker
        state, market, operators = network.market, network.block.market, network.account("operators")
        other = "outside" if market.counterparty == "outside" else network.account("pool")
        total, got = exact_sum(missing), 0
        for _ in range(TRIES):
            if got >= total:
                break
            usd = usd_of(total - got, state.price_pusd, network.decimals) + 1
            bought = market.buy(state, usd)
            ledger.transfer("owners' funds", "USD", usd, "outside", operators)
            ledger.transfer("stake bought", "USD", usd, operators, other)
            ledger.post_column("stake bought", ticker, other, in_proportion(bought, missing), self.locked)
            got += bought
        if got < total:
            raise ScenarioError(
                f"networks.{network.name}.stake: the market cannot sell the {total / 10**network.decimals:,.0f} {ticker} that nodes "
                f"which join must lock; raise market.depth or lower the stake"
            )

    def leaving_usd(self, owners: Owners, slot: int, now_ps: int) -> float:
        """What a slot's node loses of its stake by leaving now: what termination takes, and interest until the rest is back; USD."""
        network, ask = self.network, self._requirement
        if ask is None or not self.held:
            return 0.0
        place = int(network.offset[network.owners.index(owners)]) + slot
        locked, rule = int(self.locked.amounts[place]), network.block.slash.termination
        lost = 0
        if rule is not None:
            age_s = max(now_ps // PS_PER_S - int(self.since_s[place]), 0)
            lost = rule.taken(locked, int(self.unbonding.amounts[place]), self.reward.get(owners.name, 0), age_s).total
        waits = network.value_usd(max(locked - lost, 0)) * owners.block.discount * ask.unbonding / YEAR_S
        return network.value_usd(lost) + waits

    # -- offences -----------------------------------------------------------------------------------------------

    def slash(self, offence: Offence, slot: int, times: int, now_ps: int) -> int:
        """Take what an offence costs, `times` times over, from one slot; gives what was taken in base units."""
        network = self.network
        rule = getattr(network.block.slash, offence) if network.coin is not None else None
        if rule is None or not self.held:
            return 0
        name = next(o.name for i, o in enumerate(network.owners) if slot < network.offset[i + 1])
        age_s = max(now_ps // PS_PER_S - int(self.since_s[slot]), 0)
        locked, unbonding = int(self.locked.amounts[slot]), int(self.unbonding.amounts[slot])
        first = (locked, unbonding)
        for _ in range(min(times, MOST_OFFENCES)):
            taken = rule.taken(locked, unbonding, self.reward.get(name, 0), age_s)
            if taken.total == 0:
                break
            locked, unbonding = locked - taken.locked, unbonding - taken.unbonding
        self._take(slot, first[0] - locked, self.locked, rule.to)
        self._take(slot, first[1] - unbonding, self.unbonding, rule.to)
        self._shorten(slot, first[1] - unbonding)
        total = first[0] - locked + first[1] - unbonding
        self.taken[slot] += total
        return total

    def _take(self, slot: int, amount: int, column: Column, to: str) -> None:
        if amount == 0:
            return
        network, ledger, ticker = self.network, self.network.ledger, self.network.ticker
        amounts = np.zeros(network.slots, np.int64)
        amounts[slot] = amount
        checkers = np.where(network.live_mask(), network.capacities(), 0.0)
        checkers[slot] = 0.0
        if to == "burned":
            ledger.burn_column("slash", ticker, amounts, column)
            self.burned += amount
        elif to == "checkers" and checkers.any():
            operators = ledger.column(network.account("operators"), ticker, network.slots)
            ledger.draw_column("slash", ticker, operators.account, amounts, column)
            reward = in_proportion(amount, np.rint(checkers * 10**6).astype(np.int64))
            operators.amounts += reward
            self.rewarded += amount
            network.to_sell = network.to_sell + np.floor(reward * network.block.settle.sell).astype(np.int64)
        else:
            # Where nobody is left to reward, the treasury keeps it.
            target = "users" if to == "users" else network.account("treasury")
            ledger.draw_column("slash", ticker, target, amounts, column)

    def _shorten(self, slot: int, amount: int) -> None:
        """What was taken of a slot's unbonding stake comes back no more: what is due first goes first."""
        for _, amounts in self.returns:
            part = min(amount, int(amounts[slot]))
            amounts[slot] -= part
            amount -= part

    def close(self, epoch: Epoch) -> tuple[int, int, int]:
        """Base units burned, taken, and given to other nodes in the epoch; owners remember their losses as they do fees, and all
        counts begin anew.
        """
        found = (self.burned, exact_sum(self.taken), self.rewarded)
        weight = 1 - 0.5 ** (epoch.seconds / FEE_HALF_LIFE_S)
        for owners, span in zip(self.network.owners, self.network.spans, strict=True):
            taken = self.taken[span]
            losses = owners.columns.losses
            if taken.any() or losses.any():
                now = taken * (self.network.coin_usd / 10**self.network.decimals / epoch.days)
                owners.columns.losses = losses + weight * (now - losses)
        self.burned = self.rewarded = 0
        self.taken[:] = 0
        return found

    def in_all(self) -> int:
        """Base units locked and unbonding."""
        ledger, network = self.network.ledger, self.network
        return sum(ledger.balance(network.account(name), network.ticker) for name in ("stake", "unbonding"))
