"""Uids that newcomers take from operators' miners, and operators take back: what a registration costs, and who has to go.

A newcomer gets the uid that the chain prunes: least last emission, then oldest, then lowest. An operator whose uid was taken registers
again at the start of the next epoch over a uid that serves nobody, once that is not immune any more, and pays out of the coins that its
nodes have earned.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.tokenomics.chains.bittensor.balancer import SwapError
from sim.tokenomics.chains.bittensor.constants import MAINNET
from sim.tokenomics.chains.bittensor.genesis import AGE_BLOCKS
from sim.tokenomics.chains.bittensor.registration import BurnPrice, to_prune

if TYPE_CHECKING:
    from sim.world.subnets import Subnets

IMMUNE_BLOCKS: int = MAINNET["uid_immunity"].value
"""Blocks for which a new uid is not pruned."""


class Registering:
    """Of every subnet that serves: the price of a registration, blocks of registrations, and which uids are agents'."""

    def __init__(self, subnets: Subnets) -> None:
        self.subnets = subnets
        size, now = subnets.uids.owner + 1, subnets.chain.block
        self.price = {row: BurnPrice(MAINNET["burn_least"].value) for row in subnets.served}
        self.seen = dict.fromkeys(subnets.served, now)
        self.registered = {row: np.full(size, now - AGE_BLOCKS) for row in subnets.served}
        self.taken = {row: np.zeros(size, bool) for row in subnets.served}
        self.emission = {row: np.zeros(size, np.int64) for row in subnets.served}
        """Rao that each uid got in its subnet's last epoch."""

    def snipe(self, row: int, most: int) -> int:
        """Take the uid of the weakest miner for an agent, if it costs no more than `most` rao; what was paid."""
        return self._register(row, most, None)

    def _register(self, row: int, most: int, wanted: np.ndarray | None) -> int:
        """Register over the pruned uid, for agents, or for operators over one of `wanted`; rao paid, 0 for nothing done."""
        chain, price = self.subnets.chain, self.price[row]
        price.wait(chain.block - self.seen[row])
        self.seen[row] = chain.block
        if price.now > most:
            return 0
        kept = np.ones(len(self.taken[row]), bool)
        kept[self.subnets.uids.miners] = False
        if wanted is not None:
            kept |= ~wanted
        immune = self.registered[row] + IMMUNE_BLOCKS > chain.block
        uid = to_prune(self.emission[row], self.registered[row], immune, kept, least_free=0)
        if uid is None or immune[uid]:
            return 0
        self.subnets.move_to_voters(row, uid, int(chain.who.stake[row, uid]))
        network, before = self.subnets.network, int(chain.subnets["alpha_in"][row])
        try:
            self.subnets.clock.register(row, uid, price.now, masked=network.block.chain.masks)
        except SwapError:
            return 0
        recycled = before - int(chain.subnets["alpha_in"][row])
        ticker = self.subnets.tickers[self.subnets.served.index(row)]
        network.ledger.burn("recycled", ticker, recycled, network.account("subnets"))
        self.registered[row][uid] = chain.block
        self.taken[row][uid] = wanted is None
        self.emission[row][uid] = 0
        self.subnets.voting.scores[row][uid] = 0.0
        return price.register()

    def return_(self) -> np.ndarray:
        """Operators whose uids were taken register again; rao that each slot paid, int64[slots]."""
        network, voting = self.subnets.network, self.subnets.voting
        paid = np.zeros(network.slots, np.int64)
        for row in self.subnets.served:
            for uid in np.flatnonzero(self.taken[row]):
                slots = np.flatnonzero((voting.row_of == row) & (voting.uid_of == uid))
                if not len(slots):
                    continue
                only = np.zeros(len(self.taken[row]), bool)
                only[uid] = True
                amounts = network.to_sell[slots]
                cost = self._register(row, int(amounts.max()), only)
                # The node that has earned most pays for all behind its uid.
                paid[slots[int(amounts.argmax())]] += cost
        return paid
