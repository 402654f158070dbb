"""Who of a subnet's validators votes, kept from epoch to epoch: permits, the threshold of stake, inactivity. The rules are `masks`'.

    permitted = Permitted(chain, watched=[0])
    permitted.law = Permits(places=64)
    permitted.wrote(0, who, block)     # a validator that sets weights is active
    permitted.open(0)                  # before the block of an epoch: who votes in it
    permitted.close(0, held=True)      # after it: who may in the next one, and whose bonds are gone

Without a law nothing of it is done, and everybody votes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import Field

from sim.blocks import Block, sourced
from sim.tokenomics.chains.bittensor import masks
from sim.tokenomics.chains.bittensor.chain import Chain
from sim.tokenomics.chains.bittensor.constants import MAINNET
from sim.tokenomics.chains.bittensor.registration import top_stakes
from sim.tokenomics.coin import to_base
from sim.units import FixedAmount, Money


class Permits(Block):
    """Who of the validators may vote in a subnet that serves: the largest stakes, above a threshold, of those who write weights."""

    places: Annotated[int, Field(ge=1, le=256)] = sourced(
        MAINNET["permits"].value, MAINNET["permits"].source, "borrowed", "who votes"
    )
    """Permits of a subnet: so many of the largest stakes have one from the next epoch on, miners' and the owner's counted."""
    least: FixedAmount = sourced(
        Money(MAINNET["stake_threshold"].value, "TAO"), MAINNET["stake_threshold"].source, "borrowed", "who votes"
    )
    """Stake below which a uid counts for nothing: its alpha, and TAO on root by the weight of TAO. The owner's always counts."""
    cutoff: Annotated[int, Field(ge=1, le=1_000_000)] = sourced(
        MAINNET["cutoff"].value, MAINNET["cutoff"].source, "borrowed", "who votes"
    )
    """Blocks after which a validator that has written nothing does not count until it writes again."""


class Permitted:
    """State of the watched rows of a chain, by uid: permits, and the block of the last weights."""

    def __init__(self, chain: Chain, watched: Sequence[int]) -> None:
        self.chain = chain
        self.law: Permits | None = None
        uids = chain.who.stake.shape[1]
        self.updated = {row: np.full(uids, chain.block) for row in watched}
        self.permits: dict[int, np.ndarray] = {}
        """bool[uids]: who may vote in the next epoch of a row; of the first epoch whoever would have had a permit at the start."""
        self._found: dict[int, masks.Stakes] = {}
        self._bonds: dict[int, np.ndarray] = {}

    def wrote(self, row: int, who: np.ndarray, block: int) -> None:
        """Validators of `who`, bool[validators], set or committed weights at a block."""
        self.updated[row][np.flatnonzero(who)] = block

    def open(self, row: int) -> None:
        """Mark who votes in the block that comes next. Where a law is in force no more everybody does."""
        who, law = self.chain.who, self.law
        if law is None:
            if self.permits.pop(row, None) is not None:
                who.voting[row] = 1
            return
        stake, owners = self._stake(row), np.flatnonzero(who.owners[row])
        least, owner = to_base(law.least, 9), int(owners[0]) if len(owners) else None
        may = self.permits.setdefault(row, top_stakes(np.where(stake < least, 0, stake), law.places))
        idle = masks.inactive(self.updated[row], self.chain.block + 1, law.cutoff)
        found = masks.stakes_of(stake, may, idle, law.places, least, owner)
        voters = who.root.shape[1]
        # Of those who validate here: a permit of another uid is one nobody writes weights by.
        who.voting[row] = found.active[:voters] > 0
        self._found[row], self._bonds[row] = found, who.bonds[row].copy()

    def close(self, row: int, held: bool) -> None:
        """After that block: where the epoch was held, permits are the new ones and bonds those that count."""
        found = self._found.pop(row, None)
        if found is None or not held:
            return
        who, voters = self.chain.who, self.chain.who.root.shape[1]
        now, after = found.permits[:voters], found.next_permits[:voters]
        who.bonds[row] = masks.bonds_to_store(who.bonds[row], self._bonds[row], now, after)
        self.permits[row] = found.next_permits

    def _stake(self, row: int) -> np.ndarray:
        """Stake that counts of each uid, in rao: alpha, and TAO on root by its weight."""
        who = self.chain.who
        stake = who.stake[row].copy()
        stake[: who.root.shape[1]] += (who.root[row].astype(float) * float(self.chain.row["tao_weight"][0])).astype(
            np.int64
        )
        return stake
