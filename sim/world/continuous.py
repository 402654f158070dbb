"""Engines that live as long as the run (`requests.mode: all`): every request of every epoch is served and counted.

Node slots join and drain at the starts of epochs, when operators have decided; they fail and come back at any instant,
in lives that go on from epoch to epoch. A slot whose owner may serve a cheaper model has a second node, its double, which serves in
its place while he does; at a change the one drains and the other joins, so that for as long as the last answers take both compute. A
node that may not serve drains, and is there again when it may.
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
from sim.world.rechecks import Rechecks
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


def _looked_at(world: World, network: NetworkState) -> bool:
    """Whether a network's answers are ever checked; ScenarioError where being verifiable changes what serving takes within the run."""
    turns = world.in_force.turning(world.calendar.epochs())
    verifies = [world.in_force.at(epoch).networks[network.name].verify for epoch in turns]
    overheads = sorted({verify.overhead if verify is not None else 0.0 for verify in verifies})
    if len(overheads) > 1:
        told = " and ".join(f"{100 * overhead:g} %" for overhead in overheads)
        raise ScenarioError(
            f"networks.{network.name}.verify.overhead: {told} found within the run; where every request is simulated it must be the same "
            f"all along"
        )
    return any(verify is not None and verify.looks for verify in verifies)


class Fleet:
    """All slots of one network that serve one model, and their engine."""

    def __init__(self, world: World, network: NetworkState, model: str) -> None:
        self.world, self.network, self.model = world, network, model
        plan = network.checks.plan_of_run(network.plans[model])
        self.owners = [next(o for o in network.owners if o.name == member.name) for member in plan.members]
        self.roster = Roster(plan, [np.arange(o.block.slots) for o in self.owners], apart=True)
        self.places = np.array(network.base_of(model))[self.roster.member] + self.roster.slot
        """Slot of each node, doubles included, in the network's numbering."""
        self.classes = len(world.users.names)
        shared = {
            name: block
            for name, block in world.before.jobs.items()
            if block.kind == "shared" and block.network == network.name and block.model in (None, model)
        }
        looked_at = _looked_at(world, network)
        # Work of the network's own is a class behind those of users.
        self.fleet = self.roster.engine_fleet(self.classes + bool(shared or looked_at))
        self.training = self._coordinators(shared) if shared else None
        self.rechecks = Rechecks(world.streams[f"recheck.{network.name}.{model}"], self.classes) if looked_at else None
        self.own = [one for one in (self.training, self.rechecks) if one is not None]
        """What offers work of the network's own, in the order of ids."""
        # An engine takes what arrives after its start: a request may arrive at the run's first instant.
        self.engine = contract.make(world.engine, self.fleet, -1)  # type: ignore[arg-type]
        nodes = self.roster.first[-1]
        self.serves = np.arange(nodes)
        """Of each node itself or its double, whichever serves."""
        self.lives = [self._lives(m) for m in range(len(plan.members))]
        self.there = np.zeros(nodes, bool)
        """Nodes that operators want and that lead a life; a draining one comes back to it only once it is gone."""
        self.joined = np.zeros(nodes, bool)
        self.draining = np.zeros(len(self.roster), bool)
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

    def _weigh(self) -> None:
        """Let the router take other weights, where it goes by prices that have changed."""
        shares = self.network.plans[self.model].shares
        if shares != self.roster.plan.shares:
            self.roster.plan = dataclasses.replace(self.roster.plan, shares=shares)
            self.engine.set(self.roster.routing)

    def open(self, epoch: Epoch) -> list[LifeEvent]:
        """Drain what operators stopped, let live what they started, and tell the epoch's failures and returns."""
        until_ps = self._barred_ps()
        barred = until_ps > epoch.start_ps
        wanted = np.concatenate([o.columns.state == LIVE for o in self.owners]) & (until_ps < epoch.end_ps)
        stays = wanted & ~barred
        self.engine.advance(epoch.start_ps)
        self._weigh()
        for node in np.flatnonzero(self.joined & ~stays).tolist():
            self._drain(node)
            self.joined[node] = False
        self._change()
        stopped = self.there & ~stays
        started = wanted & ((~self.there & ~self.draining[self.serves]) | (stopped & barred))
        self.there = ((self.there & ~stopped) | started) & wanted
        events = self._outages(epoch)
        for m, lives in enumerate(self.lives):
            nodes = np.arange(self.roster.first[m], self.roster.first[m + 1])
            for place in np.flatnonzero(stopped[nodes]):
                lives.leave(int(place), epoch.start_ps)
            self.standing.up[nodes[stopped[nodes]]] = False
            self._start(m, nodes, np.flatnonzero(started[nodes]), epoch.start_ps)
            events += self.roster.events(m, lives.until(epoch.end_ps))
        return events

    def _barred_ps(self) -> np.ndarray:
        """Until when each node may not serve; 0 where it may."""
        found, places = np.zeros(len(self.there), np.int64), self.places[: len(self.there)]
        for slot, until_ps in self.network.checks.barred_ps.items():
            found[places == slot] = until_ps
        return found

    def _drain(self, node: int) -> None:
        self.engine.leave(int(self.serves[node]), "drain")
        self.draining[self.serves[node]] = True

    def _change(self) -> None:
        """Let owners serve what they have decided to: nodes' doubles, or themselves again.

        One that still ends what it had begun in an earlier epoch is not changed to before the next.
        """
        nodes, double = np.arange(len(self.serves)), self.roster.double
        cheating = self.network.checks.cheating[self.places[: len(nodes)]] & (double >= 0)
        chosen = np.where(cheating, double, nodes)
        changed = np.flatnonzero((chosen != self.serves) & ~self.draining[chosen])
        for node in changed[self.joined[changed]].tolist():
            self._drain(node)
        self.serves[changed] = chosen[changed]
        for place in np.sort(self.serves[changed[self.joined[changed]]]).tolist():
            self.engine.join(place)

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
                self.engine.join(int(self.serves[node]))
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
        node, serves = event.node, int(self.serves[event.node])
        if not self.standing.take(event) or event.fails != self.joined[node]:
            return
        if self.draining[serves]:
            # Whether it has ended them is known once the engine is read.
            self.engine.advance(event.at_ps)
            self.read()
        if self.draining[serves]:
            # It still ends what it had begun before it was barred, and comes with the next epoch.
            member = self.roster.member[node]
            self.there[node] = self.standing.up[node] = False
            self.lives[member].leave(node - self.roster.first[member], event.at_ps)
            return
        happen(self.engine, dataclasses.replace(event, node=serves))
        if event.fails:
            self.back_ps[node] = event.at_ps + self.fleet.detect_ps
        self.joined[node] = not event.fails

    def offer(self, columns: dict[str, np.ndarray], origin_ps: int, option: int) -> None:
        """Give the fleet its share of a block of requests."""
        rows = self.roster.place(request_rows(columns, option))
        self.offered += np.bincount(rows["klass"], minlength=self.classes)
        # What is the network's own arrives at the block's first instant: parts, then checks, their ids above all of users'.
        if self.own:
            made = np.concatenate([own.look(origin_ps) for own in self.own])
            made["arrival"] -= origin_ps
            rows = np.concatenate([rows[rows["arrival"] == 0], made, rows[rows["arrival"] > 0]])
        self.unread += len(rows)
        self.engine.offer(Requests(origin_ps, rows))

    def read(self) -> Reading:
        """Take what has ended into the epoch's account."""
        reading = self.engine.read()
        self.unread = 0
        for place, _ in reading.gone:
            self.draining[place] = False
        if self.rechecks is not None:
            reading = self._without_checks(reading, self.rechecks)
        if self.training is not None:
            reading = self._without_parts(reading, self.training)
        self.ended += np.bincount(reading.finished["klass"], minlength=self.classes)
        self.account.take(reading)
        return reading

    def _without_checks(self, reading: Reading, rechecks: Rechecks) -> Reading:
        """Leave what is no check, and let it be checked."""
        rows = reading.finished
        checks = rechecks.owns(rows["id"])
        rechecks.take(rows[checks])
        self.account.take_checks(rows[checks])
        others = rows[~checks]
        load, given = np.zeros(len(others)), others["replica"] >= 0
        node = self.fleet.node_of(others["replica"][given])
        load[given] = self.network.checks.loads[self.places[node]]
        rechecks.see(others, load)
        return dataclasses.replace(
            reading,
            finished=others,
            gaps=reading.gaps[: self.classes],
            in_flight=reading.in_flight - rechecks.in_flight,
        )

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
        # Of the network's own work, too.
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
        if self._of.world.told is not None:
            self._kept.append((reading.origin_ps, rows))
        summed = {} if before is None else {name: getattr(before, name) + getattr(reading, name) for name in _COUNTERS}
        self._readings = dataclasses.replace(reading, finished=rows[:0], **summed)

    def take_parts(self, parts: np.ndarray) -> None:
        """Add parts of training jobs: work of the nodes, but of no user."""
        add_work(self.work, parts, self._of.fleet)
        self.take_checks(parts)

    def take_checks(self, checks: np.ndarray) -> None:
        """Add checks, which nobody pays for: they compute, and that is all."""
        self._computed += computed_by(checks, self._of.fleet, self._of.fleet.classes)

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
        self.job_work: dict[str, tuple[int, int]] = {}
        """Parts of training jobs that were done in the last epoch, and their tokens, by network."""

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
            end = min([end, *(own.next_look_ps(begin) for fleet in self.fleets for own in fleet.own)])
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
                if fleet.unread > FULL or fleet.own:
                    fleet.read()
            begin = end
        self._close(epoch)

    def _close(self, epoch: Epoch) -> None:
        world = self.world
        last = epoch.end_ps >= world.calendar.horizon_ps
        world.counts["windows"] += 1
        if checks := [fleet.rechecks for fleet in self.fleets if fleet.rechecks is not None]:
            world.counts["checks_served"] = sum(each.served for each in checks)
        self.job_work = {}
        for network in world.networks:
            tally, work = Tally(len(world.users.names)), np.zeros((network.slots, 2))
            timely = np.zeros(network.slots)
            for fleet in (f for f in self.fleets if f.network is network):
                part, done, good = fleet.close(epoch, last)
                tally.add(part)
                np.add.at(work, fleet.places, done)
                np.add.at(timely, fleet.places, good)
                if fleet.training is not None:
                    parts, tokens = self.job_work.get(network.name, (0, 0))
                    more, read = fleet.training.new_work()
                    self.job_work[network.name] = parts + more, tokens + read
            self.tallies[network.name] = network.tally = tally
            network.take_work(work, timely)
            world.users.learn(network.index, tally, epoch.seconds, world.before.epoch)
            world.count(network, tally, epoch.start_ps >= world.policies_from_ps, tally.fates.sum(axis=0))
