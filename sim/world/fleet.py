"""The fleet of one network that serves one model: which node slots exist, what they are, and how they fail.

Node numbers inside an engine are positions in `members`; every engine of a run is built from the slots live now.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from sim.serving import contract
from sim.serving.contract import ReplicaType, Routing
from sim.streams import Streams
from sim.tokenomics.spells import ExponentialSpell, SpellLaw
from sim.units import ps
from sim.world.lives import Draws, Lives

WITHOUT_MEMORY = ExponentialSpell()


@dataclasses.dataclass(frozen=True)
class Member:
    """One class of operators in the fleet: name, its replica type, replicas a node, and its life in seconds.

    `up_time_s` and `repair_s` are means, `after_s` what a repaired node takes before it serves; `crews` repair one node
    each (None: as many as there are failed nodes).
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

        Every window begins in the stationary state (`Lives.settle`). Draws belong to (member, window, slot), so policies
        meet the same hardware lives.
        """
        up, events = np.zeros(len(self), bool), []
        for m, member in enumerate(self.plan.members):
            nodes, slots = np.flatnonzero(self.member == m), self.slots[m]
            name = f"{self.plan.network}.{member.name}"
            rows = int(slots.max()) + 1 if len(slots) else 0
            uniforms = streams[f"up.{name}"].generator(window).random(rows)[slots]
            shortest_s = max(min(member.up_time_s, member.repair_s), 1.0)
            count = int(6 + 2 * (end_ps - start_ps) // ps(shortest_s))
            lives = Lives(member, Draws(streams[f"life.{name}"], window, slots, count), self.plan.detect_ps)
            up[nodes] = lives.settle(np.arange(len(slots)), start_ps, uniforms, end_ps)
            events += self.events(m, lives.until(end_ps))
        return up, sorted(events, key=lambda e: (e.at_ps, e.rank, e.node))

    def events(self, member: int, told: list[tuple[int, int, bool]]) -> list[LifeEvent]:
        """What the lives of a member tell by place, by node."""
        first = int(np.searchsorted(self.member, member))
        return [LifeEvent(at_ps, 0 if fails else 2, first + place) for at_ps, place, fails in told]
