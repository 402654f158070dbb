"""Engines that live as long as the run (`requests.mode: all`): every request of every epoch is served and counted.

Node slots join and drain at the starts of epochs, when operators have decided; they fail and come back at any instant,
in lives that go on from epoch to epoch.
A request counts in the epoch in which it ends; those alive at the horizon are `in_flight`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import InvariantError, ScenarioError
from sim.serving import contract
from sim.serving.contract import FINISHED, MINUTE_PS, Fate, Reading, Requests
from sim.serving.work import token_work_ps
from sim.tokenomics.operators import LIVE
from sim.world.calendar import Epoch
from sim.world.energy import computed_by, types_of
from sim.world.fleet import LifeEvent, Roster, Standing
from sim.world.lives import Draws, Lives
from sim.world.network import NetworkState
from sim.world.requests import Batch
from sim.world.shared_jobs import Coordinators, SharedRuns, longest_prompt
from sim.world.tally import Tally, add_timely, add_work
from sim.world.window import happen, request_rows

if TYPE_CHECKING:
    from sim.world.run import World

LONGEST_MIN = 10
"""Requests are drawn in blocks of this length or of whole minutes below; the numbers do not depend on it."""
FULL = 2**18
"""Blocks are kept below so many potential requests where a minute has fewer, and engines are read after so many requests."""
SPELLS_DRAWN = 16
"""Spells of a node drawn at a time; part of what a seed means, as rows of draws are that long."""


class Fleet:
    """All slots of one network that serve one model, and their engine."""

    def __init__(self, world: World, network: NetworkState, model: str) -> None:
        self.world, self.network, self.model = world, network, model
        plan = network.plans[model]
        self.owners = [next(o for o in network.owners if o.name == member.name) for member in plan.members]
        self.roster = Roster(plan, [np.arange(o.block.slots) for o in self.owners])
        self.classes = len(world.users.names)
        shared = {
            name: block
            for name, block in world.before.jobs.items()
            if block.kind == "shared" and block.network == network.name and block.model in (None, model)
        }
        self.fleet = self.roster.engine_fleet(self.classes + bool(shared))
        self.training = self._coordinators(shared) if shared else None
        # An engine takes what arrives after its start: a request may arrive at the run's first instant.
        self.engine = contract.make(world.engine, self.fleet, -1)  # type: ignore[arg-type]
        nodes = len(self.roster)
        self.lives = [self._lives(m) for m in range(len(plan.members))]
        self.there = np.zeros(nodes, bool)
        """Nodes that operators want and that lead a life; a draining one comes back to it only once it is gone."""
        self.joined = np.zeros(nodes, bool)
        self.draining = np.zeros(nodes, bool)
        self.standing = Standing(np.zeros(nodes, bool))
        """A node that is not there counts as down."""
        self.ahead: list[LifeEvent] = []
        """Ends of outages that lie behind the epoch's."""
        self.back_ps: dict[int, int] = {}
        self.offered = np.zeros(self.classes, np.int64)
        self.ended = np.zeros(self.classes, np.int64)
        self.unread = 0
        """Requests offered since the engine was read."""
        self.account = Account(self)

    def _coordinators(self, blocks: dict[str, Any]) -> Coordinators:
        """The classes of jobs that train here. Their parts are the engine's last class."""
        longest = min(map(longest_prompt, self.fleet.types))
        for name, block in blocks.items():
            if block.tokens > longest:
                raise ScenarioError(
                    f"jobs.{name}.tokens: {block.tokens} found; a replica of {self.network.name} takes prompts of {longest} tokens at most"
                )
        world, gpus = self.world, self.network.block.serving.tp
        runs = [
            SharedRuns(name, block, world.streams, world.calendar.horizon_ps, number, self.classes, longest)
            for number, (name, block) in enumerate(blocks.items())
        ]
        for each in runs:
            assert world.training is not None
            world.training.adopt(each)
        return Coordinators(runs, gpus * np.array([token_work_ps(kind)[0] for kind in self.fleet.types]))

    def _lives(self, member: int) -> Lives:
        plan, slots = self.roster.plan, self.roster.slots[member]
        stream = self.world.streams[f"lives.{plan.network}.{plan.members[member].name}"]
        return Lives(plan.members[member], Draws(stream, 0, slots, SPELLS_DRAWN), plan.detect_ps)

    def open(self, epoch: Epoch) -> list[LifeEvent]:
        """Drain what operators stopped, let live what they started, and tell the epoch's failures and returns."""
        wanted = np.concatenate([o.columns.state == LIVE for o in self.owners])
        self.engine.advance(epoch.start_ps)
        for node in np.flatnonzero(self.joined & ~wanted):
            self.engine.leave(int(node), "drain")
            self.joined[node], self.draining[node] = False, True
        stopped, started = self.there & ~wanted, wanted & ~self.there & ~self.draining
        self.there = (self.there | started) & wanted
        events = self._outages(epoch)
        for m, lives in enumerate(self.lives):
            nodes = np.flatnonzero(self.roster.member == m)
            for place in np.flatnonzero(stopped[nodes]):
                lives.leave(int(place), epoch.start_ps)
            self.standing.up[nodes[stopped[nodes]]] = False
            self._start(m, nodes, np.flatnonzero(started[nodes]), epoch.start_ps)
            events += self.roster.events(m, lives.until(epoch.end_ps))
        return events

    def _start(self, member: int, nodes: np.ndarray, places: np.ndarray, at_ps: int) -> None:
        """Nodes of the run's start stand as if they had run for ever; later ones serve once they have loaded."""
        lives, owners = self.lives[member], self.owners[member]
        if at_ps > 0:
            for place in places.tolist():
                lives.rise(place, max(at_ps, owners.came_ps.get(place, 0), self.back_ps.get(int(nodes[place]), 0)))
            return
        stream = self.world.streams[f"lives_up.{self.network.name}.{owners.name}"]
        up = lives.settle(places, at_ps, stream.generator(0).random(len(nodes))[places])
        self.standing.up[nodes[places[up]]] = True
        for node in nodes[places[up]].tolist():
            if self.standing.serving(node):
                self.engine.join(node)
                self.joined[node] = True

    def _outages(self, epoch: Epoch) -> list[LifeEvent]:
        """Holds by outages that begin or end in the epoch; those of the run's start are in force at once."""
        for begin_ps, until_ps, node in self.roster.holds(self.world.streams, epoch.start_ps, epoch.end_ps):
            if begin_ps >= epoch.start_ps:
                if begin_ps == 0:
                    self.standing.held[node] += 1
                else:
                    self.ahead.append(LifeEvent(begin_ps, 0, node, True))
                self.ahead.append(LifeEvent(until_ps, 2, node, True))
        told = [event for event in self.ahead if event.at_ps < epoch.end_ps]
        self.ahead = [event for event in self.ahead if event.at_ps >= epoch.end_ps]
        return told

    def happen(self, event: LifeEvent) -> None:
        """A node fails or comes back."""
        if not self.standing.take(event) or event.fails != self.joined[event.node] or self.draining[event.node]:
            return
        happen(self.engine, event)
        if event.fails:
            self.back_ps[event.node] = event.at_ps + self.fleet.detect_ps
        self.joined[event.node] = not event.fails

    def offer(self, columns: dict[str, np.ndarray], origin_ps: int, option: int) -> None:
        """Give the fleet its share of a block of requests."""
        rows = self.roster.place(request_rows(columns, option))
        self.offered += np.bincount(rows["klass"], minlength=self.classes)
        if self.training is not None:
            # Parts arrive at the block's first instant, and their ids are above all others.
            parts = self.training.look(origin_ps)
            parts["arrival"] -= origin_ps
            rows = np.concatenate([rows[rows["arrival"] == 0], parts, rows[rows["arrival"] > 0]])
        self.unread += len(rows)
        self.engine.offer(Requests(origin_ps, rows))

    def read(self) -> Reading:
        """Take what has ended into the epoch's account."""
        reading = self.engine.read()
        self.unread = 0
        if self.training is not None:
            reading = self._without_parts(reading, self.training)
        self.ended += np.bincount(reading.finished["klass"], minlength=self.classes)
        self.account.take(reading)
        return reading

    def _without_parts(self, reading: Reading, training: Coordinators) -> Reading:
        """Give parts that have ended to their coordinators, and leave what is the users'."""
        rows = reading.finished
        of_jobs = rows["klass"] == self.classes
        parts = rows[of_jobs]
        training.take(parts, types_of(parts, self.fleet), reading.origin_ps)
        self.account.take_parts(parts)
        return dataclasses.replace(
            reading,
            finished=rows[~of_jobs],
            gaps=reading.gaps[: self.classes],
            in_flight=reading.in_flight - training.in_flight,
        )

    def close(self, epoch: Epoch, last: bool) -> tuple[Tally, np.ndarray, np.ndarray]:
        """The epoch's tally, the prompt and output tokens of each node, and of these what met its target."""
        reading, account = self.read(), self.account
        self.account = Account(self)
        self.draining[account.gone] = False
        tally = account.tally
        alive = self.offered - self.ended
        if int(alive.sum()) != reading.in_flight:
            raise InvariantError(
                f"epoch {epoch.number}, {self.network.name}: {int(alive.sum())} requests are not ended, the engine holds {reading.in_flight}"
            )
        if last:
            tally.fates[:, Fate.IN_FLIGHT] += alive
        account.measure(epoch.seconds)
        if self.world.told is not None:
            self.world.told(account.batch(epoch.number, epoch.start_ps))
        return tally, account.work, account.timely


class Account:
    """What an epoch's readings of a fleet add up to: a large fleet's finished requests are not kept until its end."""

    def __init__(self, of: Fleet) -> None:
        self._of = of
        self.tally = Tally(of.classes)
        self.work = np.zeros((len(of.roster), 2), np.int64)
        """Billed prompt and delivered tokens of each node."""
        self.timely = np.zeros(len(of.roster), np.int64)
        """Of these what met its target, where a chain's validators look at it."""
        self.gone: list[int] = []
        """Nodes that have drained."""
        # Of the class of training jobs, too.
        self._computed = np.zeros((len(of.fleet.types) + 1, of.fleet.classes), np.int64)
        self._readings: Reading | None = None
        self._kept: list[tuple[int, np.ndarray]] = []
        """Readings with their origins, where somebody wants to see every request."""

    def take(self, reading: Reading) -> None:
        """Add a reading."""
        fleet, rows, before = self._of.fleet, reading.finished, self._readings
        self.tally.count(rows, self._of.world.targets, self._of.roster.network_ps(rows, fleet))
        add_work(self.work, rows, fleet)
        if self._of.network.subnets is not None:
            add_timely(self.timely, rows, fleet, self._of.world.targets)
        self._computed += computed_by(rows, fleet, fleet.classes)
        self.gone += [node for node, _ in reading.gone]
        if self._of.world.told is not None:
            self._kept.append((reading.origin_ps, rows))
        summed = {} if before is None else {name: getattr(before, name) + getattr(reading, name) for name in _COUNTERS}
        self._readings = dataclasses.replace(reading, finished=rows[:0], **summed)

    def take_parts(self, parts: np.ndarray) -> None:
        """Add parts of training jobs: work of the nodes, but of no user."""
        add_work(self.work, parts, self._of.fleet)
        self._computed += computed_by(parts, self._of.fleet, self._of.fleet.classes)

    def batch(self, number: int, start_ps: int) -> Batch:
        """The requests that ended in an epoch."""
        every = np.concatenate([np.zeros(0, FINISHED), *(rows for _, rows in self._kept)])
        ahead = np.repeat([o - start_ps for o, _ in self._kept], [len(rows) for _, rows in self._kept])
        every["arrival"] += ahead.astype(np.int64)
        of = self._of
        return Batch(of.network.name, of.model, number, start_ps, every, of.roster, of.fleet, self.tally.energy_type_j)

    def measure(self, seconds: float) -> None:
        """Take the replicas' counters over the epoch, and share their energy."""
        assert self._readings is not None
        self.tally.measure(self._readings, self._of.fleet, seconds)
        self.tally.attribute(self._computed)


_COUNTERS = ("busy_ps", "live_ps", "gaps")


class Fleets:
    """Every fleet of a run, and the epoch's tallies by network."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.fleets: list[Fleet] = []
        self.tallies: dict[str, Tally] = {}
        self.job_tokens: dict[str, int] = {}
        """Tokens of parts of training jobs that were done in the last epoch, by network."""

    def tally(self, network: NetworkState) -> Tally:
        """What the last epoch served."""
        return self.tallies[network.name]

    def serve(self, epoch: Epoch) -> Generator[Any, None, None]:
        """SimPy process of one epoch: blocks of requests, cut by failures and returns of nodes."""
        world = self.world
        if not self.fleets:
            self.fleets = [Fleet(world, network, model) for network in world.networks for model in network.plans]
        options = {
            (k, fleet.network.index): place
            for place, fleet in enumerate(self.fleets)
            for k, name in enumerate(world.users.names)
            if world.users.classes[name].model == fleet.model
        }
        begin, lives, minutes = epoch.start_ps, [], 1
        while begin < epoch.end_ps:
            # Draws are made by whole minutes of the run.
            end = min((begin // MINUTE_PS + minutes) * MINUTE_PS, epoch.end_ps)
            end = min([end, *(fleet.training.next_look_ps(begin) for fleet in self.fleets if fleet.training)])
            columns = world.users.draw(options, begin, end)
            minutes = max(1, min(LONGEST_MIN, 2 * minutes, FULL * minutes // max(len(columns["id"]), 1)))
            for place, fleet in enumerate(self.fleets):
                fleet.offer(columns, begin, place)
            if begin == epoch.start_ps:
                # Arrivals of an instant come before what happens to nodes at it.
                lives = [(event, fleet) for fleet in self.fleets for event in fleet.open(epoch)]
                lives.sort(key=lambda item: (item[0].at_ps, item[0].rank, item[0].node))
            while lives and lives[0][0].at_ps < end:
                event, fleet = lives.pop(0)
                yield world.env.timeout(event.at_ps - world.env.now)
                fleet.happen(event)
            yield world.env.timeout(end - world.env.now)
            for fleet in self.fleets:
                # The instant itself is left open: arrivals of the next block may fall on it.
                fleet.engine.advance(end - 1)
                if fleet.unread > FULL or fleet.training:
                    fleet.read()
            begin = end
        self._close(epoch)

    def _close(self, epoch: Epoch) -> None:
        world = self.world
        last = epoch.end_ps >= world.calendar.horizon_ps
        world.counts["windows"] += 1
        self.job_tokens = {}
        for network in world.networks:
            tally, work = Tally(len(world.users.names)), np.zeros((network.slots, 2))
            timely = np.zeros(network.slots)
            for fleet in (f for f in self.fleets if f.network is network):
                part, done, good = fleet.close(epoch, last)
                tally.add(part)
                slots = np.array(network.base_of(fleet.model))[fleet.roster.member] + fleet.roster.slot
                np.add.at(work, slots, done)
                np.add.at(timely, slots, good)
                if fleet.training is not None:
                    self.job_tokens[network.name] = self.job_tokens.get(network.name, 0) + fleet.training.new_tokens()
            self.tallies[network.name] = network.tally = tally
            network.take_work(work, timely)
            world.users.learn(network.index, tally, epoch.seconds, world.before.epoch)
            world.count(network, tally, epoch.start_ps >= world.policies_from_ps, tally.fates.sum(axis=0))
