"""What agents on the chain do, done and booked: every trade is the pool's, every rao a posting.

All agents share the account `agents`; what each of them has is counted here. Their alpha is staked behind validators, in proportion
to what stands there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sim.tokenomics.chains.bittensor import RAO
from sim.tokenomics.chains.bittensor.balancer import SwapError
from sim.tokenomics.chains.bittensor.constants import MAINNET
from sim.tokenomics.chains.bittensor.subnets import lock_cost, to_deregister
from sim.units import PS_PER_S

if TYPE_CHECKING:
    from sim.world.calendar import Epoch
    from sim.world.subnets import Subnets

KEPT = 1 - MAINNET["take_u16"].value / 65_535
"""Part of dividends that validators pass on to who stakes with them."""
LAST_LOCK: tuple[int, int] = (MAINNET["last_lock"].value, MAINNET["last_lock_block"].value)
"""Rao of the last lock of a subnet before a run, and its block."""


class WorldHand:
    """The hand of one agent (`sim.tokenomics.chains.bittensor.agents.Hand`)."""

    def __init__(self, agents: Agents) -> None:
        self.agents, self.subnets = agents, agents.subnets
        self.tao, self.rooted, self.brought = 0, 0, 0
        self.alpha = [0] * len(self.subnets.served)
        self.own_row: int | None = None
        """The row of a subnet that it registered."""
        self.memory: dict[str, Any] = {}

    @property
    def now_s(self) -> float:
        """Seconds since the run's start."""
        return self.agents.now_ps / PS_PER_S

    @property
    def gain_tao(self) -> float:
        """TAO and alpha at the pool's price, less what was brought."""
        worth = sum(alpha * self.subnets.price(row) for alpha, row in zip(self.alpha, self.subnets.served, strict=True))
        if self.own_row is not None:
            worth += float(self.subnets.chain.who.stake[self.own_row, -1]) * self.subnets.price(self.own_row)
        return (self.tao + self.rooted + worth - self.brought) / RAO

    def _post(self, currency: str, amount: int, source: str, target: str, reason: str) -> None:
        name = self.subnets.network.account
        self.subnets.network.ledger.transfer(reason, currency, amount, name(source), name(target))

    def bring(self, tao: int) -> None:
        """Take TAO out of its own pocket: as much as holders have of it."""
        network = self.subnets.network
        tao = min(tao, network.ledger.balance(network.account("holders"), network.ticker))
        self._post(network.ticker, tao, "holders", "agents", "agents' funds")
        self.tao, self.brought = self.tao + tao, self.brought + tao

    def buy(self, place: int, tao: int) -> None:
        """Buy alpha of a subnet and stake it; nothing where the pool refuses."""
        if tao <= 0:
            return
        row = self.subnets.served[place]
        try:
            swap = self.subnets.chain.stake_across(row, min(tao, self.tao))
        except SwapError:
            return
        self.subnets.bought(row, self.subnets.network.account("agents"), swap.paid_in, swap.fee, swap.out)
        self.tao -= swap.paid_in + swap.fee
        self.alpha[place] += swap.out

    def sell(self, place: int, alpha: int) -> None:
        """Unstake alpha and sell it; nothing where the pool refuses."""
        if alpha <= 0:
            return
        row, ticker = self.subnets.served[place], self.subnets.tickers[place]
        try:
            got, fee, sold = self.subnets.sell_stake(row, alpha)
        except SwapError:
            return
        coin = self.subnets.network.ticker
        self._post(ticker, sold, "agents", "subnets", "alpha sold")
        self._post(coin, got, "subnets", "agents", "alpha sold")
        self._post(coin, fee, "subnets", "holders", "alpha sold")
        self.tao, self.alpha[place] = self.tao + got, self.alpha[place] - sold

    def stake_root(self, tao: int) -> None:
        """Put TAO on root; negative: take it back."""
        self.subnets.chain.stake_root(tao)
        source, target = ("agents", "root") if tao >= 0 else ("root", "agents")
        self._post(self.subnets.network.ticker, abs(tao), source, target, "root stake")
        self.tao, self.rooted = self.tao - tao, self.rooted + tao

    def snipe(self, place: int, most_tao: int) -> None:
        """Register the uid that a newcomer gets, if that costs no more."""
        paid = self.subnets.registering.snipe(self.subnets.served[place], most_tao)
        self._post(self.subnets.network.ticker, paid, "agents", "subnets", "registration")
        self.tao -= paid

    def lock(self, most_tao: int) -> bool:
        """Register a subnet in the place of the weakest, if that locks no more; whether it did."""
        subnets, chain = self.subnets, self.subnets.chain
        cost = lock_cost(*self.agents.last_lock, chain.block)
        if cost > most_tao:
            return False
        rows = np.array(subnets.others)
        started = chain.subnets["started"][rows]
        weakest = to_deregister(chain.subnets["ema"][rows], started, chain.block)
        if weakest is None:
            return False
        row = int(rows[weakest])
        paid = chain.replace(row, cost, float(np.median(subnets.prices())))
        chain.who.weights[row, :, subnets.uids.miners.start] = 65_535
        subnets.restart(row)
        self._post(subnets.network.ticker, cost, "agents", "subnets", "lock")
        self._post(subnets.network.ticker, paid, "subnets", "holders", "deregistration")
        self.tao, self.own_row, self.agents.last_lock = self.tao - cost, row, (cost, chain.block)
        return True

    def sell_cut(self) -> None:
        """Sell what the owner's uid of its own subnet has earned."""
        row, chain = self.own_row, self.subnets.chain
        if row is None or chain.who.stake[row, -1] <= 0:
            return
        wanted = np.zeros(chain.who.stake.shape[1], np.int64)
        wanted[-1], free = chain.who.stake[row, -1], int(chain.row["free"][0])
        try:
            got, _ = chain.unstake_all(row, wanted)
        except SwapError:
            return
        fee = int(chain.row["free"][0]) - free - got
        self._post(self.subnets.network.ticker, got, "subnets", "agents", "stakes elsewhere")
        self._post(self.subnets.network.ticker, fee, "subnets", "holders", "stakes elsewhere")
        self.tao += got

    def leave(self) -> None:
        """Take over all alpha that the owner of the first subnet that serves holds; it counts as brought, at the price now."""
        subnets = self.subnets
        row, ticker, network = subnets.served[0], subnets.tickers[0], subnets.network
        held = network.ledger.balance(network.account("owner"), ticker)
        self._post(ticker, held, "owner", "agents", "agents' funds")
        subnets.move_to_voters(row, subnets.uids.owner, held)
        self.alpha[0] += held
        self.brought += int(held * subnets.price(row))


class Agents:
    """All agents of a network's chain, in order of their names."""

    def __init__(self, subnets: Subnets) -> None:
        self.subnets, self.hands, self.now_ps = subnets, dict[str, WorldHand](), 0
        self.last_lock = LAST_LOCK
        self._claimed = np.zeros(len(subnets.chain.subnets), np.int64)

    def act(self, epoch: Epoch) -> None:
        """Each agent of the block in force acts, once it has begun."""
        self.now_ps = epoch.start_ps
        for name, block in sorted(self.subnets.network.block.chain.agents.items()):
            if self.now_ps >= (block.begin or 0.0) * PS_PER_S:
                block.act(self.hands.setdefault(name, WorldHand(self)))
        self._claimed = self.subnets.chain.subnets["claims"].copy()

    @property
    def gain_tao(self) -> float:
        """What all of them have gained."""
        return sum(hand.gain_tao for hand in self.hands.values())

    @property
    def burns(self) -> float:
        """Part of miners' incentive that goes to the owner's uid and is burned."""
        return min(sum(block.burns for block in self.subnets.network.block.chain.agents.values()), 1.0)

    def cut(self) -> float:
        """Part of the owner's alpha of the first subnet that is agents'."""
        blocks = self.subnets.network.block.chain.agents
        return min(sum(blocks[name].cut for name in self.hands if name in blocks), 1.0)

    def dividend_frac(self, place: int) -> float:
        """Part of what validators earn in a subnet that goes to agents who stake there."""
        held = sum(hand.alpha[place] for hand in self.hands.values())
        stake = self.subnets.chain.who.stake[self.subnets.served[place], self.subnets.uids.voters]
        return KEPT * held / int(stake.sum()) if held else 0.0

    def credit(self, place: int, dividends: int, cut: int, sniped: int) -> None:
        """Count alpha that was posted to agents: dividends by what each has staked, the owner's cut, what sniped uids earned."""
        blocks = self.subnets.network.block.chain.agents
        for amount, weights in (
            (dividends, {name: hand.alpha[place] for name, hand in self.hands.items()}),
            (cut, {name: int(blocks[name].cut * RAO) for name in self.hands if name in blocks}),
            (sniped, {name: int(getattr(blocks.get(name), "kind", "") == "sniper") for name in self.hands}),
        ):
            left = amount
            for name, weight in weights.items():
                part = amount * weight // max(sum(weights.values()), 1)
                self.hands[name].alpha[place] += part
                left -= part
            if left and (first := next((name for name, weight in weights.items() if weight), None)) is not None:
                self.hands[first].alpha[place] += left

    def claim(self) -> None:
        """Root's alpha of the epoch, as far as it is for TAO that agents have there: sold, subnet by subnet."""
        subnets, network = self.subnets, self.subnets.network
        rooted = sum(hand.rooted for hand in self.hands.values())
        if not rooted:
            return
        part = KEPT * rooted / int(subnets.chain.row["root_tao"][0])
        total = 0
        for row in range(len(subnets.chain.subnets)):
            one = subnets.chain.subnets[row]
            before = int(one["claims"])
            got = subnets.chain.sell_claims(row, int((before - int(self._claimed[row])) * part))
            total += got
            if row in subnets.served:
                ticker = subnets.tickers[subnets.served.index(row)]
                sold = before - int(subnets.chain.subnets["claims"][row])
                network.ledger.transfer(
                    "alpha sold", ticker, sold, network.account("claims"), network.account("subnets")
                )
        network.ledger.transfer(
            "root dividends", network.ticker, total, network.account("subnets"), network.account("agents")
        )
        for hand in self.hands.values():
            hand.tao += total * hand.rooted // rooted
