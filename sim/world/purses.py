"""What owners can spend: cash of their own, what others lend them, and the end of who has neither.

In a class that states `cash` or `funding` each node's owner has a purse. It begins with the cash; fees of an epoch go in, and coins at
the price at which they became his; power, hosting and gas go out; what is then above the cash he takes out. Below 0 he lives on what
others lend, up to the funding. Who would need more is insolvent: his bills are paid as far as that goes, those whom he owes write off
the rest, and the node leaves for good when the next epoch begins, whatever its owner expects. A new owner has a purse of his own.
Stakes, moves between networks and capital service are not paid out of it. Nano-dollars in whole numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.tokenomics.operators import OUT

if TYPE_CHECKING:
    from sim.tokenomics.operators import OperatorClass
    from sim.world.network import NetworkState

NANO = 10**9


class Purses:
    """State of one network; arrays have an entry a slot. Empty and without effect where no class states cash or funding."""

    def __init__(self, network: NetworkState) -> None:
        self.network = network
        self.usd = np.zeros(network.slots, np.int64)
        self.broke = np.zeros(network.slots, bool)
        """Who became insolvent in the epoch that is over."""
        self._there = np.zeros(network.slots, bool)

    @property
    def kept(self) -> bool:
        """Whether any owner has a purse now: policies may say so."""
        return any(limited(owners.block) for owners in self.network.owners)

    def leave(self) -> None:
        """Nodes of insolvent owners leave; whoever takes a slot in this epoch already is another owner."""
        if not self.broke.any():
            return
        for owners, span in zip(self.network.owners, self.network.spans, strict=True):
            for slot in np.flatnonzero(self.broke[span] & (owners.columns.state != OUT)).tolist():
                owners.quit(slot)
                self._there[span.start + slot] = False
        self.broke[:] = False

    def close(self, earned_usd: np.ndarray, bills_usd: np.ndarray) -> int:
        """Take an epoch's income and bills, float64[slots]; gives the nano-dollars of bills that are written off."""
        change = np.rint(earned_usd * NANO).astype(np.int64) - np.rint(bills_usd * NANO).astype(np.int64)
        written = 0
        for owners, span in zip(self.network.owners, self.network.spans, strict=True):
            if limited(owners.block):
                there = owners.columns.state != OUT
                cash, funding = (_nano(owners.block, key) for key in ("cash", "funding"))
                held = np.where(there & ~self._there[span], cash, self.usd[span]) + np.where(there, change[span], 0)
                short = np.maximum(-(held + funding), 0) * there
                self.broke[span], self._there[span] = short > 0, there
                self.usd[span] = np.minimum(held + short, cash)
                written += int(short.sum())
        return written


def limited(block: OperatorClass) -> bool:
    """Whether owners of a class have no more money than it says."""
    return block.cash is not None or block.funding is not None


def _nano(block: OperatorClass, key: str) -> int:
    stated = getattr(block, key)
    return 0 if stated is None else round(stated.amount * NANO)
