"""What validators of a network's subnets see and write: scores by uid, out of what each node slot served."""

from __future__ import annotations

import datetime
import math
from typing import TYPE_CHECKING

import numpy as np

from sim.errors import ScenarioError
from sim.tokenomics.chains.bittensor import genesis
from sim.tokenomics.chains.bittensor.validators import Seen
from sim.units import PS_PER_S
from sim.world.calendar import DAY_PS
from sim.world.service import share_out

if TYPE_CHECKING:
    from sim.tokenomics.chains.bittensor.chain import Chain
    from sim.world.calendar import Epoch
    from sim.world.network import NetworkState

PARTIES = ("validators", "operators", "agents", "owner")
"""Who stands behind the uids of a subnet that serves, in order of uids."""


class Voting:
    """State of one network: a smoothed score of every uid of every subnet that serves."""

    def __init__(self, network: NetworkState, chain: Chain, served: list[int]) -> None:
        self.network, self.chain, self.served = network, chain, served
        block = network.block.chain
        self.uids, self.count = genesis.Uids.of(block), block.uids
        self.row_of = self._rows()
        self.uid_of = self.uids.miners.start + np.arange(network.slots) % block.miners
        """The miner's uid of each slot: slots are dealt in turn, so that every class has nodes at many uids."""
        self.scores = {row: np.zeros(self.count) for row in served}
        self.wrote = {row: np.ones(self.uids.voters.stop, bool) for row in served}
        """Which validators wrote the last weights anew; what others had written stands."""
        voters = self.uids.voters.stop
        self._last = {row: np.zeros((voters, self.count), np.uint16) for row in served}
        """What each validator wrote last."""
        self._last_ps: dict[int, list[int | None]] = {row: [None] * voters for row in served}
        """When: picoseconds since the start, more than 64 bits hold after 106 days."""
        self.held = 0
        """Times that votes were asked for: each has draws of its own."""
        self.fresh = True
        self._block = block

    def _rows(self) -> np.ndarray:
        """Row of the chain in which each slot mines."""
        block, rows = self.network.block, np.zeros(self.network.slots, np.int64)
        for owners, span in zip(self.network.owners, self.network.spans, strict=True):
            netuid = block.operators[owners.name].netuid
            place = block.chain.serves.index(netuid) if netuid is not None else 0
            rows[span] = self.served[place]
        return rows

    def rules_of(self, epoch: Epoch) -> None:
        """Put the rule set of the day in force, and what a policy or a date changed of validators."""
        block, network = self.network.block.chain, self.network
        day = network.start_date + datetime.timedelta(days=epoch.start_ps // DAY_PS)
        self.chain.put_rules(genesis.rules_on(block.rules, day))
        if block is self._block:
            return
        if genesis.Uids.of(block) != self.uids or block.serves != self._block.serves:
            raise ScenarioError(
                f"networks.{network.name}.chain: policies differ in how many validators, miners or subnets there are; they may differ "
                f"in what they do: give every policy the same groups, with `stake: 0 %` where they have no part"
            )
        if [g.stake for g in block.validators.values()] != [g.stake for g in self._block.validators.values()]:
            genesis.stand_behind(self.chain, block)
        self.chain.terms[:] = genesis.terms_of(block).row()
        self._block = block

    def score(self, epoch: Epoch, weights: np.ndarray) -> None:
        """Take in what the epoch's service showed of each uid."""
        law, network = self._block.scores, self.network
        stood = network.standing_ps(epoch) / (epoch.end_ps - epoch.start_ps) * network.capacities()
        work = weights.sum(axis=1)
        keep = math.exp(-epoch.seconds / law.window) if epoch.number else 0.0
        for row in self.served:
            # Nodes whose uid was taken from them have no name to be scored under.
            mine = (self.row_of == row) & ~network.subnets.registering.taken[row][self.uid_of]  # type: ignore[union-attr]
            now = np.zeros(self.count)
            for share, column in ((law.work, work), (law.speed, work * network.on_time), (law.uptime, stood)):
                total = float(column[mine].sum())
                if total > 0:
                    now += share * np.bincount(self.uid_of[mine], column[mine], self.count) / total
            self.scores[row] = keep * self.scores[row] + (1 - keep) * now

    def votes(self, boundary_ps: int) -> dict[int, np.ndarray]:
        """Weights u16[validators, uids] of every subnet that serves, for the tempo that ends at `boundary_ps`."""
        found = {}
        for row in self.served:
            found[row] = self._votes(row, boundary_ps)
            if self.fresh:
                # What validators wrote before the run begins: as they do now.
                self.chain.who.weights[row] = found[row]
        self.held += 1
        self.fresh = False
        return found

    def _votes(self, row: int, now_ps: int) -> np.ndarray:
        voters, size = self.uids.voters.stop, self.count
        netuid = int(self.chain.subnets["netuid"][row])
        stream = self.network.streams[f"validators.{self.network.name}.{netuid}"]
        draws = stream.normals(self.held * voters * size, voters * size).reshape(voters, size)
        score, subnets = self._scored(row), self.network.subnets
        registered, updated = subnets.registering.registered[row], subnets.clock.permitted.updated[row]  # type: ignore[union-attr]
        given, at_ps, place, own = self._last[row], self._last_ps[row], 0, self.uids.own.start
        for group in self._block.validators.values():
            mine = np.arange(own, own + group.miners)
            own += group.miners
            for _ in range(group.count):
                seen = Seen(score, self.chain.who.consensus[row], mine, draws[place])
                last_ps = at_ps[place]
                new = group.every is None or last_ps is None or now_ps - last_ps >= group.every * PS_PER_S
                self.wrote[row][place] = new
                if new:
                    given[place], at_ps[place] = group.weights(seen), now_ps
                elif self._block.masks:
                    # Older than the registration: meant for who had the uid before.
                    given[place, registered >= updated[place]] = 0
                place += 1
        return given.copy()

    def _scored(self, row: int) -> np.ndarray:
        """Scores as validators see them: of all of it, an owner who burns gets the part he asks for."""
        burns = self.network.subnets.agents.burns  # type: ignore[union-attr]
        if not burns or row != self.served[0]:
            return self.scores[row]
        score = self.scores[row] * (1 - burns)
        score[self.uids.owner] = self.scores[row].sum() * burns if burns < 1 else 1.0
        return score

    def sell_frac(self, row: int, common: float) -> np.ndarray:
        """Part of alpha that each miner's uid sells: the mean of what its slots' classes do, `common` where they say nothing."""
        found = np.full(self.uids.miners.stop - self.uids.miners.start, common)
        network = self.network
        if all(network.block.operators[owners.name].sell is None for owners in network.owners):
            return found
        each = np.concatenate([
            np.full(owners.block.slots, common if (own := network.block.operators[owners.name].sell) is None else own)
            for owners in network.owners
        ])  # fmt: skip
        live, first = network.live_mask() & (self.row_of == row), self.uids.miners.start
        count = np.bincount(self.uid_of[live] - first, minlength=len(found))
        total = np.bincount(self.uid_of[live] - first, each[live], len(found))
        return np.where(count > 0, total / np.maximum(count, 1), found)

    def by_slot(self, row: int, amounts: np.ndarray, by: np.ndarray) -> np.ndarray:
        """Rao of each slot, out of those of each miner's uid, int64[uids]: in proportion to `by`, to the lowest where that is 0."""
        found = np.zeros(self.network.slots, np.int64)
        mine = self.row_of == row
        for uid in np.flatnonzero(amounts[: self.uids.miners.stop]):
            if uid < self.uids.miners.start:
                continue
            slots = np.flatnonzero(mine & (self.uid_of == uid))
            found[slots] = share_out(int(amounts[uid]), by[slots].astype(float))
        return found
