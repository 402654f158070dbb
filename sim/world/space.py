"""Sampling in space: the nodes of a fleet that serve a window's requests, and the part of its requests that comes to them.

A fleet too big to be served whole is thinned on both sides alike: nodes by stratum (one class of operators: one GPU, one
region, one kind of owner), requests by a hash of their id. Nodes that do not serve live on in the world: they are paid,
decide, fail and are repaired, and keep crews busy.
"""

from __future__ import annotations

import dataclasses
from fractions import Fraction

import numpy as np

from sim.serving import contract
from sim.serving.contract import LOOKING, WEIGHTED
from sim.serving.strata import allocate, least_of
from sim.streams import Streams
from sim.world.fleet import LifeEvent, Plan, Roster
from sim.world.lifetimes import Lifetimes


@dataclasses.dataclass(frozen=True)
class Space:
    """What a scenario asks for: a share of each fleet's replicas, or requests that a fleet serves in a window at most."""

    replicas: float | None = None
    budget: int | None = None

    @property
    def asked(self) -> bool:
        """Whether fleets may be sampled at all."""
        return self.replicas is not None or self.budget is not None

    def share(self, expected: float) -> float:
        """Share of a fleet's replicas, in (0, 1], where it expects so many requests in a window with its warm-up."""
        if self.replicas is not None:
            return self.replicas
        return min(1.0, self.budget / expected) if self.budget is not None and expected > 0 else 1.0


WHOLE = Space()
"""Every replica serves."""


class Part:
    """Nodes of a roster that serve in a window: `chosen` are their places in the `whole` roster, ascending.

    `weights[m]` nodes of member m stand behind each of its serving ones; `shares[k]` of class k's requests come to them.
    """

    def __init__(self, whole: Roster, slots: list[np.ndarray] | None = None) -> None:
        self.whole = whole
        self.sampled = slots is not None and sum(map(len, slots)) < len(whole)
        self.roster = Roster(whole.plan, slots) if self.sampled and slots is not None else whole
        pairs = list(zip(whole.slots, self.roster.slots, strict=True))
        first = np.concatenate(([0], np.cumsum([len(every) for every, _ in pairs]))).astype(np.int64)
        self.chosen = np.concatenate(
            [first[m] + np.searchsorted(every, mine) for m, (every, mine) in enumerate(pairs)]
        ).astype(np.int64)
        self.weights = [Fraction(len(every), max(len(mine), 1)) for every, mine in pairs]
        self.lifetimes: Lifetimes | None = None
        """Lives that go on from window to window; None: every window draws its own."""
        self._lived: tuple[np.ndarray, list[LifeEvent]] | None = None

    @property
    def replicas(self) -> tuple[int, int]:
        """Replicas that serve, and replicas there are."""
        each = np.array([member.replicas for member in self.whole.plan.members], np.int64)
        return int(each[self.roster.member].sum()), int(each[self.whole.member].sum())

    def shares(self, classes: int) -> np.ndarray:
        """Float[classes]: the part of each class's requests that the whole fleet's router would give to such nodes."""
        if not self.sampled:
            return np.ones(classes)
        return np.array([self._share(k) for k in range(classes)])

    def _share(self, klass: int) -> float:
        pull, plan = np.array(pulls(self.whole.plan)), self.whole.plan
        there = np.array([len(slots) for slots in self.whole.slots])
        serving = np.array([len(slots) for slots in self.roster.slots])
        if plan.routing.kind == "region_nearest":
            pull = np.where(_nearest(plan, klass, there > 0), pull, 0.0)
        return float((pull * serving).sum() / (pull * there).sum())

    def fleet(self, classes: int) -> contract.Fleet:
        """The serving nodes as engines take them; limits of a class's rate shrink with its requests."""
        fleet = self.roster.engine_fleet(classes)
        if not self.sampled:
            return fleet
        shares = self.shares(classes)
        return dataclasses.replace(
            fleet,
            rate_requests_per_min=_thinned(fleet.rate_requests_per_min, shares),
            rate_tokens_per_min=_thinned(fleet.rate_tokens_per_min, shares),
        )

    def lives(self, streams: Streams, window: int, start_ps: int, end_ps: int) -> tuple[np.ndarray, list[LifeEvent]]:
        """`Roster.lives` of the serving nodes: those of the whole fleet, as crews and outages meet all of it."""
        if self.lifetimes is not None:
            own = self.lifetimes.window(self.whole, window, start_ps, end_ps)
            up, events = self.whole.standing(streams, start_ps, end_ps, *own)
        else:
            up, events = self.whole.lives(streams, window, start_ps, end_ps)
        self._lived = up.copy(), events
        if not self.sampled:
            return up, events
        place = np.full(len(self.whole), -1)
        place[self.chosen] = np.arange(len(self.chosen))
        mine = [event for event in events if place[event.node] >= 0]
        return up[self.chosen], [dataclasses.replace(event, node=int(place[event.node])) for event in mine]

    def work_of_all(self, work: np.ndarray, up: np.ndarray) -> np.ndarray:
        """int64[len(whole), ...]: what each node worked in a part of the window, from that of those that serve; `up` is `up_ps` of it.

        A node that serves worked what it did. Any other did what one of its stratum did, for the time that it was up itself, rounded
        down: the i-th of N as the (i n/N)-th of the n that were up at least half as long as the longest, so that owners' incomes
        differ as much as those that were seen, and no short moment stands for a whole window.
        """
        if not self.sampled:
            return work
        found = np.zeros((len(self.whole), *work.shape[1:]), np.int64)
        found[self.chosen] = work
        for m in range(len(self.whole.slots)):
            nodes = np.flatnonzero(self.whole.member == m)
            others = np.setdiff1d(nodes, self.chosen, assume_unique=True)
            seen = self.chosen[self.whole.member[self.chosen] == m]
            longest = int(up[seen].max(initial=0))
            if longest == 0:
                continue
            seen = seen[2 * up[seen] >= longest]
            twin = seen[np.searchsorted(nodes, others) * len(seen) // len(nodes)]
            part = (up[others] / up[twin]).reshape(-1, *[1] * (work.ndim - 1))
            found[others] = (found[twin] * part).astype(np.int64)
        return found

    def up_ps(self, begin_ps: int, end_ps: int) -> np.ndarray:
        """int64[len(whole)]: for how long each node is up in a part of the window whose `lives` were asked for."""
        assert self._lived is not None
        up, events = self._lived
        # In the part's own time: a run of more than 106 days ends beyond 2^63 ps.
        span_ps = end_ps - begin_ps
        since = np.where(up, 0, span_ps)
        found = np.zeros(len(up), np.int64)
        for event in events:
            at_ps = min(max(event.at_ps - begin_ps, 0), span_ps)
            if event.fails:
                found[event.node] += at_ps - since[event.node]
                since[event.node] = span_ps
            else:
                since[event.node] = at_ps
        return np.asarray(found + span_ps - since)


def pulls(plan: Plan) -> list[float]:
    """What requests a node of each member draws, in any scale: by capacity where routers look at the state of replicas, or score it.

    Where they do not, by its replicas, or by what the router weighs them with (all 0 count as equal).
    """
    if plan.routing.kind in (*LOOKING, "scored"):
        return [member.capacity_rps for member in plan.members]
    if plan.routing.kind in WEIGHTED and any(plan.shares):
        return [member.replicas * share for member, share in zip(plan.members, plan.shares, strict=True)]
    return [float(member.replicas) for member in plan.members]


def _nearest(plan: Plan, klass: int, there: np.ndarray) -> np.ndarray:
    """Which members are in the region nearest to a class's users that has any node; ties to the lowest region."""
    distances = plan.distances
    places = np.array([distances.column.get(member.region, 0) for member in plan.members])
    trips = distances.trips_ps[distances.row[klass]]
    near = min(set(places[there].tolist()), key=lambda place: (int(trips[place]), place))
    return np.asarray(places == near)


def _thinned(per_min: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Rate limits of a part of the requests; a limit stays one."""
    return np.where(per_min > 0, np.maximum(np.rint(per_min * shares), 1), 0).astype(np.int64)


def part_of(whole: Roster, share: float, streams: Streams, window: int) -> Part:
    """A sample of a roster for a window: of each member the nodes whose draw is lowest, ties to the lowest slot.

    Draws belong to (member, window, slot): a node more takes at most one other's place, and a larger sample holds a smaller one.
    """
    members = whole.plan.members
    nodes = np.array([len(slots) for slots in whole.slots], np.int64)
    replicas = np.array([member.replicas for member in members], np.int64)
    counts = allocate(nodes, replicas, share, least_of(whole.plan.routing.kind))
    if (counts == nodes).all():
        return Part(whole)
    chosen = []
    for member, slots, count in zip(members, whole.slots, counts.tolist(), strict=True):
        stream = streams[f"sample.{whole.plan.network}.{member.name}"]
        draws = stream.generator(window).random(int(slots.max(initial=-1)) + 1)[slots]
        chosen.append(np.sort(slots[np.argsort(draws, kind="stable")[:count]]))
    return Part(whole, chosen)


def thin(columns: dict[str, np.ndarray], shares: np.ndarray, streams: Streams) -> dict[str, np.ndarray]:
    """Requests whose hash lies beyond their fleet's share go to nobody (`option` -1); `shares` float[options, classes].

    The hash belongs to the request: what is kept at one share is kept at every larger one, under every policy.
    """
    option = columns["option"]
    keep = np.where(option >= 0, shares[option, columns["klass"]], 1.0)
    if (keep == 1.0).all():
        return columns
    kept = streams["sample.requests"].of_ids(columns["id"]) < keep
    return {**columns, "option": np.where(kept, option, -1)}
