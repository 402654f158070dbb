"""The chain as a network of a simulated world: when it has to be asked next, and what it did since.

    network = Network(chain, watched=[0])
    boundary = network.next_boundary_ps(now)     # the block in which a watched subnet holds its epoch
    closed = network.close(boundary, {0: weights})

Blocks up to a boundary go by in one call of the kernel. Weights are given for the tempo that ends; with commit and reveal they
count that many epochs later. What changed is told as postings, and alpha by uid.
"""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Mapping, Sequence

import numpy as np

from sim.tokenomics.chains.bittensor import BLOCK_S, BLOCKS_A_DAY
from sim.tokenomics.chains.bittensor.chain import Chain
from sim.tokenomics.chains.bittensor.permitted import Permitted
from sim.tokenomics.ledger import MINTED, Posting
from sim.units import PS_PER_S

BLOCK_PS = BLOCK_S * PS_PER_S
TAO = "TAO"
POOLS = "pools"


@dataclasses.dataclass(frozen=True)
class Closed:
    """What happened up to a boundary: its block, the watched rows that held their epoch in it, alpha in rao that each uid of
    the watched rows got since the last boundary, and the postings.
    """

    block: int
    held: tuple[int, ...]
    earned: dict[int, np.ndarray]
    postings: tuple[Posting, ...]


class Network:
    """A chain with a clock of its own.

    Parameters
    ----------
    chain
        The chain; nobody else walks it. Trades and registrations between boundaries are told to it, not to this.
    watched
        Rows of the subnets whose epochs the world takes part in.
    start_ps
        The instant at which the chain's last block so far ends.
    reveal_period
        Epochs after which weights count (1 to 100 on the chain); 0: at once, commit and reveal is off.

    """

    def __init__(self, chain: Chain, watched: Sequence[int], start_ps: int = 0, reveal_period: int = 1) -> None:
        self.chain = chain
        self.watched = tuple(watched)
        self._start_ps = start_ps
        self._first_block = chain.block
        self.permitted = Permitted(chain, self.watched)
        self._hidden: dict[int, deque[tuple[int, np.ndarray]]] = {row: deque() for row in self.watched}
        self.reveal_period = reveal_period

    def next_boundary_ps(self, now_ps: int) -> int:
        """The end of the first block after `now_ps` in which a watched subnet is due; a day later where none is before that.

        More than two subnets may be due in a block: who has to wait is due again a block later, and so is the boundary.
        """
        block = self._block_at(now_ps)
        due = [block + BLOCKS_A_DAY]
        for row in self.watched:
            one = self.chain.subnets[row]
            if one["tempo"] > 0:
                due.append(int(one["last_epoch"] + one["tempo"]))
                due += [int(one["asked_at"])] if one["asked_at"] > 0 else []
        return self._start_ps + (max(block + 1, min(due)) - self._first_block) * BLOCK_PS

    def close(
        self, boundary_ps: int, weights: Mapping[int, np.ndarray], wrote: Mapping[int, np.ndarray] | None = None
    ) -> Closed:
        """Walk to the block that ends at `boundary_ps`; `weights`, u16[validators, uids] by row, are set before it.

        `wrote`, bool[validators] by row, tells whose of them are new (none given: all are). Rows without new weights keep
        theirs. Raises `ValueError` for a boundary that no block ends at or that is past, and for
        a row that is not watched.
        """
        blocks = self._block_at(boundary_ps) - self.chain.block
        if blocks <= 0 or (boundary_ps - self._start_ps) % BLOCK_PS:
            raise ValueError(f"{boundary_ps} ps found; blocks after {self.chain.block} end every {BLOCK_PS} ps")
        if unknown := set(weights) - set(self.watched):
            raise ValueError(f"row {min(unknown)} found; watched are {', '.join(map(str, self.watched))}")
        before, issued = self.chain.subnets.copy(), int(self.chain.row["issued"][0])
        stake = self.chain.who.stake[list(self.watched)].copy()
        self.chain.walk(blocks - 1)
        for row in self.watched:
            if row in weights:
                self._commit(row, weights[row])
                new = np.ones(len(weights[row]), bool) if wrote is None else wrote[row]
                self.permitted.wrote(row, new, self.chain.block)
            self._reveal(row)
            self.permitted.open(row)
        self.chain.walk(1)
        after = self.chain.subnets
        for row in self.watched:
            self.permitted.close(row, bool(after["last_epoch"][row] == self.chain.block))
        minted = int(self.chain.row["issued"][0]) - issued
        postings = [Posting("emission", TAO, minted, MINTED, POOLS)]
        for row in self.watched:
            postings += _alpha_postings(before[row], after[row])
        return Closed(
            self.chain.block,
            tuple(row for row in self.watched if after["last_epoch"][row] == self.chain.block),
            dict(zip(self.watched, self.chain.who.stake[list(self.watched)] - stake, strict=True)),
            tuple(posting for posting in postings if posting.amount),
        )

    def register(self, row: int, uid: int, paid: int, masked: bool = True) -> None:
        """Give a uid to a newcomer (`Chain.register`); weights written or committed for who had it before will not count.

        They do where `masked` is off, which the chain is not.
        """
        written = self.chain.who.weights[row][:, uid].copy()
        self.chain.register(row, uid, paid)
        if not masked:
            self.chain.who.weights[row][:, uid] = written
            return
        for _, given in self._hidden.get(row, ()):
            given[:, uid] = 0

    def _commit(self, row: int, given: np.ndarray) -> None:
        """Keep weights for the epoch they are revealed in; of two sets in one epoch the later one stays."""
        epoch, hidden = int(self.chain.subnets["epochs"][row]), self._hidden[row]
        if hidden and hidden[-1][0] == epoch:
            hidden.pop()
        hidden.append((epoch, given.astype(np.uint16)))

    def _reveal(self, row: int) -> None:
        epoch, hidden = int(self.chain.subnets["epochs"][row]), self._hidden[row]
        while hidden and hidden[0][0] + self.reveal_period <= epoch:
            self.chain.who.weights[row] = hidden.popleft()[1]

    def _block_at(self, now_ps: int) -> int:
        return self._first_block + (now_ps - self._start_ps) // BLOCK_PS


def alpha_of(netuid: int) -> str:
    """The name of a subnet's alpha as a currency."""
    return f"SN{netuid}"


def _alpha_postings(before: np.void, after: np.void) -> list[Posting]:
    """What a subnet's row tells of the time between: alpha created, put in, bought by the protocol, set aside and paid."""
    coin = alpha_of(int(after["netuid"]))
    names = ("alpha_issued", "alpha_out", "protocol", "staked", "claims", "burnt", "dust")
    change = {name: int(after[name] - before[name]) for name in names}
    bought = change["protocol"]
    set_aside = change["alpha_out"] - bought
    return [
        Posting("injection", coin, change["alpha_issued"] - set_aside, MINTED, "pool"),
        Posting("chain buys", coin, bought, "pool", "protocol"),
        Posting("emission", coin, set_aside, MINTED, "due"),
        Posting("payout", coin, change["staked"], "due", "staked"),
        Posting("root dividends", coin, change["claims"], "due", "claims"),
        Posting("burned incentive", coin, change["burnt"], "due", "burnt"),
        Posting("rounding", coin, change["dust"], "due", "dust"),
    ]
