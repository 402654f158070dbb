"""The fleet of one network that serves one model: which node slots exist, what they are, and how they fail.

Node numbers inside an engine are positions in `members`; every engine of a run is built from the slots live now.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np

from sim.serving import contract
from sim.serving.contract import ReplicaType, Routing
from sim.streams import Streams
from sim.units import PS_PER_S, ps


@dataclasses.dataclass(frozen=True)
class Member:
    """One class of operators in the fleet: name, its replica type, replicas a node, and mean times in seconds."""

    name: str
    rtype: ReplicaType
    replicas: int
    up_time_s: float
    repair_s: float


@dataclasses.dataclass(frozen=True)
class Plan:
    """How the fleet serves: members, router, and the rules about failed requests."""

    network: str
    members: tuple[Member, ...]
    routing: Routing
    route_key: int
    detect_ps: int
    max_attempts: int


@dataclasses.dataclass(frozen=True)
class LifeEvent:
    """A node fails or comes back at an instant; sorts in the engines' order of outer events."""

    at_ps: int
    rank: int
    node: int

    @property
    def fails(self) -> bool:
        """True for a failure, False for the end of a repair."""
        return self.rank == 0


class Roster:
    """The node slots live at a moment, by member: `slots[m]` are slot numbers, nodes are numbered in this order."""

    def __init__(self, plan: Plan, slots: list[np.ndarray]) -> None:
        self.plan = plan
        self.slots = slots
        self.member = np.concatenate(
            [np.full(len(s), m, np.int64) for m, s in enumerate(slots)] or [np.empty(0, np.int64)]
        )
        self.slot = np.concatenate([*slots, np.empty(0, np.int64)]).astype(np.int64)

    def __len__(self) -> int:
        return len(self.slot)

    def engine_fleet(self, classes: int) -> contract.Fleet:
        """The fleet as engines take it."""
        plan = self.plan
        replicas = np.array([m.replicas for m in plan.members], np.int64)
        return contract.Fleet(
            types=tuple(m.rtype for m in plan.members),
            node_type=self.member.astype(np.int64),
            replicas=replicas[self.member],
            classes=classes,
            routing=plan.routing,
            route_key=plan.route_key,
            detect_ps=plan.detect_ps,
            max_attempts=plan.max_attempts,
        )

    def lives(self, streams: Streams, window: int, start_ps: int, end_ps: int) -> tuple[np.ndarray, list[LifeEvent]]:
        """Which nodes are up at the start of a window, and their failures and returns in (start, end).

        Up and repair times are exponential; at the start a node is up with probability up / (up + repair) and what is left of
        its state is exponential again. Draws belong to (member, window, slot), so policies meet the same hardware lives.
        A repair never ends before the failure was detected.
        """
        up = np.zeros(len(self), bool)
        for m, member in enumerate(self.plan.members):
            nodes = np.flatnonzero(self.member == m)
            share = member.up_time_s / (member.up_time_s + member.repair_s)
            up[nodes] = (
                streams[f"up.{self.plan.network}.{member.name}"]
                .generator(window)
                .random(self._size(m))[self.slot[nodes]]
                < share
            )
        return up, self.spells(streams, window, (start_ps, end_ps), up, {})

    def spells(
        self, streams: Streams, number: int, span_ps: tuple[int, int], up: np.ndarray, back_ps: Mapping[int, int]
    ) -> list[LifeEvent]:
        """Failures and returns in (start, end) of nodes that begin it up or down; none returns before its `back_ps`."""
        events: list[LifeEvent] = []
        for m, member in enumerate(self.plan.members):
            nodes = np.flatnonzero(self.member == m)
            generator = streams[f"life.{self.plan.network}.{member.name}"].generator(number)
            shortest_s = max(min(member.up_time_s, member.repair_s), 1.0)
            count = 6 + 2 * (span_ps[1] - span_ps[0]) // ps(shortest_s)
            lengths = generator.standard_exponential((self._size(m), int(count)))[self.slot[nodes]]
            # Most nodes neither fail nor return in a window: only those whose first spell ends inside it are walked.
            first = lengths[:, 0] * np.where(up[nodes], member.up_time_s, member.repair_s)
            for row in np.flatnonzero(first < (span_ps[1] - span_ps[0]) / PS_PER_S):
                events += self._walk(int(nodes[row]), bool(up[nodes[row]]), lengths[row], member, span_ps, back_ps)
        events.sort(key=lambda e: (e.at_ps, e.rank, e.node))
        return events

    def _size(self, member: int) -> int:
        """Draws are made for slots 0 up to the highest live one, so that a slot's own do not depend on the others."""
        slots = self.slots[member]
        return int(slots.max()) + 1 if len(slots) else 0

    def _walk(
        self,
        node: int,
        up: bool,
        lengths: np.ndarray,
        member: Member,
        span_ps: tuple[int, int],
        back_ps: Mapping[int, int],
    ) -> list[LifeEvent]:
        events: list[LifeEvent] = []
        now, earliest = span_ps[0], back_ps.get(node, 0)
        for length in lengths:
            now += max(ps(float(length) * (member.up_time_s if up else member.repair_s)), 1)
            now = now if up else max(now, earliest)
            if now >= span_ps[1]:
                break
            events.append(LifeEvent(now, 0 if up else 2, node))
            earliest = now + self.plan.detect_ps
            up = not up
        return events
