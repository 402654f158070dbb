"""The fleet of one network that serves one model: which node slots exist, what they are, and how they fail.

Node numbers inside an engine are positions in `members`; every engine of a run is built from the slots live now.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Mapping

import numpy as np

from sim.serving import contract
from sim.serving.contract import ReplicaType, Routing
from sim.serving.routers.weighted import whole_weights
from sim.streams import Streams
from sim.tokenomics.spells import ExponentialSpell, SpellLaw
from sim.units import ps
from sim.world.asking import NOTHING, Asking
from sim.world.distances import NEAR, Distances
from sim.world.lives import Draws, Lives
from sim.world.outages import Outages
from sim.world.strikes import Strike

MOST_DRAWN = 64
"""Spells of a node drawn at a time at most; more come when one needs them."""
WITHOUT_MEMORY = ExponentialSpell()


@dataclasses.dataclass(frozen=True)
class Member:
    """One class of operators in the fleet: name, its replica type, replicas and capacity of a node, and its life in seconds.

    `up_time_s` and `repair_s` are means, `after_s` what a repaired node takes before it serves; `crews` repair one node
    each (None: as many as there are failed nodes). `region` is empty where none is stated.
    """

    name: str
    rtype: ReplicaType
    replicas: int
    up_time_s: float
    repair_s: float
    up_law: SpellLaw = WITHOUT_MEMORY
    repair_law: SpellLaw = WITHOUT_MEMORY
    crews: int | None = None
    after_s: float = 0.0
    region: str = ""
    capacity_rps: float = 1.0
    """Requests a second that a node serves at most, of the workload's mean request."""


@dataclasses.dataclass(frozen=True, eq=False)
class Variant:
    """What some slots of a member serve in place of what they are paid for: `slots` bool, an entry a slot of the class."""

    rtype: ReplicaType
    slots: np.ndarray


@dataclasses.dataclass(frozen=True)
class Plan:
    """How the fleet serves: members, router, and the rules about failed requests."""

    network: str
    members: tuple[Member, ...]
    routing: Routing
    route_key: int
    detect_ps: int
    max_attempts: int
    outages: Mapping[str, Outages] = dataclasses.field(default_factory=dict)
    """By region; a region without any is left out."""
    distances: Distances = NEAR
    asking: Asking = NOTHING
    shares: tuple[float, ...] = ()
    """Of each member, for a router that draws by weight; empty: it does not."""
    strikes: Mapping[str, tuple[Strike, ...]] = dataclasses.field(default_factory=dict)
    """What shocks take down, by member."""
    variants: Mapping[str, tuple[Variant, ...]] = dataclasses.field(default_factory=dict)
    """By member; where nobody serves anything else it is empty."""


@dataclasses.dataclass(frozen=True)
class LifeEvent:
    """A node fails or comes back at an instant; sorts in the engines' order of outer events."""

    at_ps: int
    rank: int
    node: int
    outage: bool = False
    """Whether the cause is an outage of the region, and not the node's own life."""

    @property
    def fails(self) -> bool:
        """True where a cause of being down begins, False where it ends."""
        return self.rank == 0


class Standing:
    """Which nodes serve: those whose own life is up and that no outage holds. `held` counts outages by node."""

    def __init__(self, up: np.ndarray) -> None:
        self.up = up.copy()
        self.held = np.zeros(len(up), np.int64)

    def serving(self, node: int) -> bool:
        """Whether nothing keeps a node down."""
        return bool(self.up[node]) and not self.held[node]

    def take(self, event: LifeEvent) -> bool:
        """Note an event; whether it makes the node begin or cease to serve."""
        before = self.serving(event.node)
        if event.outage:
            self.held[event.node] += 1 if event.fails else -1
        else:
            self.up[event.node] = not event.fails
        return before != self.serving(event.node)


def _filled(told: np.ndarray, classes: int) -> np.ndarray:
    """What is told of users' classes, and 0 for those behind them."""
    return np.concatenate([told, np.zeros(classes - len(told), np.int64)]) if len(told) else told


class Roster:
    """The node slots live at a moment, by member: `slots[m]` are slot numbers, nodes are numbered in this order.

    With `apart`, a variant is no other type of its slots' nodes: each such slot has a second node, its double, of that type.
    Doubles are numbered behind all others.
    """

    def __init__(self, plan: Plan, slots: list[np.ndarray], apart: bool = False) -> None:
        self.plan = plan
        self.slots = slots
        self.first = [0, *itertools.accumulate(len(s) for s in slots)]
        """Number of each member's first node, and behind them how many there are without doubles."""
        self.member = np.concatenate(
            [np.full(len(s), m, np.int64) for m, s in enumerate(slots)] or [np.empty(0, np.int64)]
        )
        self.slot = np.concatenate([*slots, np.empty(0, np.int64)]).astype(np.int64)
        self.double = np.full(len(self.slot), -1, np.int64)
        """The double of each node that is none itself; -1 where it has none."""
        if apart:
            varied = [nodes for _, _, nodes in self._varied()]
            changed = np.concatenate([*varied, np.empty(0, np.int64)]).astype(np.int64)
            self.double[changed] = len(self.slot) + np.arange(len(changed))
            self.member = np.concatenate([self.member, self.member[changed]])
            self.slot = np.concatenate([self.slot, self.slot[changed]])

    def __len__(self) -> int:
        return len(self.slot)

    def _varied(self) -> Iterator[tuple[int, Variant, np.ndarray]]:
        """Member, variant, and the nodes (no doubles) of its slots."""
        for m, member in enumerate(self.plan.members):
            for variant in self.plan.variants.get(member.name, ()):
                yield m, variant, self.first[m] + np.flatnonzero(variant.slots[self.slots[m]])

    def _typed(self) -> tuple[tuple[ReplicaType, ...], np.ndarray, list[int]]:
        """Replica types, that of each node, and the member behind each type: the members' own, then their variants."""
        types, kind = [member.rtype for member in self.plan.members], self.member.astype(np.int64)
        owner = list(range(len(types)))
        for m, variant, nodes in self._varied():
            doubles = self.double[nodes]
            kind[np.where(doubles >= 0, doubles, nodes)] = len(types)
            types.append(variant.rtype)
            owner.append(m)
        return tuple(types), kind, owner

    @property
    def members_of_types(self) -> list[int]:
        """The member behind each replica type of `engine_fleet`."""
        return self._typed()[2]

    def _replicas(self) -> np.ndarray:
        return np.array([m.replicas for m in self.plan.members], np.int64)[self.member]

    @property
    def routing(self) -> Routing:
        """The router as engines take it, with a weight of each node where it draws by weight."""
        if not self.plan.shares:
            return self.plan.routing
        shares = np.array(self.plan.shares)[self.member]
        return dataclasses.replace(self.plan.routing, weights=whole_weights(shares, self._replicas()))

    def engine_fleet(self, classes: int) -> contract.Fleet:
        """The fleet as engines take it."""
        plan = self.plan
        types, node_type, _ = self._typed()
        return contract.Fleet(
            types=types,
            node_type=node_type,
            replicas=self._replicas(),
            classes=classes,
            routing=self.routing,
            route_key=plan.route_key,
            detect_ps=plan.detect_ps,
            max_attempts=plan.max_attempts,
            region=self._column(),
            round_trip_ps=plan.distances.trips_ps,
            mean_output=_filled(plan.asking.mean_output, classes),
            rate_requests_per_min=_filled(plan.asking.requests_per_min, classes),
            rate_tokens_per_min=_filled(plan.asking.tokens_per_min, classes),
        )

    def _column(self) -> np.ndarray:
        """Where each node is, as a column of the table of round trips; 0 without one."""
        column = self.plan.distances.column
        places = [column[member.region] if column else 0 for member in self.plan.members]
        return np.array(places, np.int64)[self.member]

    def place(self, rows: np.ndarray) -> np.ndarray:
        """Requests, with the regions of their users filled in."""
        if self.plan.distances.column:
            rows["region"] = self.plan.distances.row[rows["klass"]]
        return rows

    def network_ps(self, rows: np.ndarray, fleet: contract.Fleet) -> np.ndarray:
        """Round trip between the user of each finished row and the node that had it last; 0 where none had it."""
        distances = self.plan.distances
        trips = np.zeros(len(rows), np.int64)
        if distances.column:
            given = rows["replica"] >= 0
            node = fleet.node_of(rows["replica"][given])
            trips[given] = distances.between(rows["klass"][given], self._column()[node])
        return trips

    def lives(self, streams: Streams, window: int, start_ps: int, end_ps: int) -> tuple[np.ndarray, list[LifeEvent]]:
        """Which nodes are up at the start of a window, and their failures and returns in (start, end).

        Every window begins in the stationary state (`Lives.settle`). Draws belong to (member, window, slot), so policies
        meet the same hardware lives.
        """
        return self.standing(streams, start_ps, end_ps, *self._anew(streams, window, start_ps, end_ps))

    def _anew(self, streams: Streams, window: int, start_ps: int, end_ps: int) -> tuple[np.ndarray, list[LifeEvent]]:
        up, events = np.zeros(len(self), bool), list[LifeEvent]()
        for m, member in enumerate(self.plan.members):
            nodes, slots = np.flatnonzero(self.member == m), self.slots[m]
            name = f"{self.plan.network}.{member.name}"
            rows = int(slots.max()) + 1 if len(slots) else 0
            uniforms = streams[f"up.{name}"].generator(window).random(rows)[slots]
            shortest_s = max(min(member.up_time_s, member.repair_s), 1.0)
            count = min(int(6 + 2 * (end_ps - start_ps) // ps(shortest_s)), MOST_DRAWN)
            lives = Lives(member, Draws(streams[f"life.{name}"], window, slots, count), self.plan.detect_ps)
            up[nodes] = lives.settle(np.arange(len(slots)), start_ps, uniforms, end_ps)
            events += self.events(m, lives.until(end_ps))
        return up, events

    def standing(
        self, streams: Streams, start_ps: int, end_ps: int, up: np.ndarray, own: list[LifeEvent]
    ) -> tuple[np.ndarray, list[LifeEvent]]:
        """Nodes' own lives (`up` at the start, then `own` events) and the outages that hold them, as `lives` tells both."""
        standing, events = Standing(up), list(own)
        for begin_ps, until_ps, node in self.holds(streams, start_ps, end_ps):
            if begin_ps <= start_ps:
                standing.held[node] += 1
            else:
                events.append(LifeEvent(begin_ps, 0, node, True))
            events.append(LifeEvent(until_ps, 2, node, True))
        serving = standing.up & (standing.held == 0)
        events = sorted((e for e in events if e.at_ps < end_ps), key=lambda e: (e.at_ps, e.rank, e.node))
        return serving, [event for event in events if standing.take(event)]

    def holds(self, streams: Streams, start_ps: int, end_ps: int) -> list[tuple[int, int, int]]:
        """(begin, end, node) of what outages do to nodes, as far as it touches [start, end).

        A node that was hit goes on as after a repair: it loads where the class says so, and never before detection.
        """
        found = []
        for m, member in enumerate(self.plan.members):
            first, after_ps = self.first[m], ps(member.after_s)
            for strike in self.plan.strikes.get(member.name, ()):
                struck = strike.holds(self.slots[m], (start_ps, end_ps), after_ps, self.plan.detect_ps)
                found += [(begin, over, first + place) for begin, over, place in struck]
            outages = self.plan.outages.get(member.region)
            if outages is None:
                continue
            for outage in outages.between(start_ps - after_ps - self.plan.detect_ps, end_ps):
                until_ps = max(outage.end_ps + after_ps, outage.begin_ps + self.plan.detect_ps)
                if until_ps > start_ps:
                    hit = outages.hit(outage, f"{self.plan.network}.{member.name}", self.slots[m]).tolist()
                    found += [(outage.begin_ps, until_ps, first + place) for place in hit]
        return found

    def events(self, member: int, told: list[tuple[int, int, bool]]) -> list[LifeEvent]:
        """What the lives of a member tell by place, by node."""
        first = self.first[member]
        return [LifeEvent(at_ps, 0 if fails else 2, first + place) for at_ps, place, fails in told]
