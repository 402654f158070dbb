"""Operators of one network: their node slots, what they believe, and the step in which they decide.

Beliefs: the protocol's schedule is known exactly, the coin's price is not expected to change, fees are expected as they
were lately. Entrants count what is ordered and on its way.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
from collections.abc import Generator
from typing import Any

import numpy as np

from sim.streams import Streams
from sim.tokenomics.operators import IDLE, LIVE, ORDERED, OUT, Columns, OperatorClass, View, decide
from sim.tokenomics.operators.rules import avoidable_usd_per_day
from sim.units import ps
from sim.world.calendar import DAY_PS, Epoch
from sim.world.hardware import Hardware
from sim.world.tiers import left_rps

FEE_HALF_LIFE_S = 4 * 604_800.0
"""Half-life of what operators believe about fees (assumed: about a month of accounts)."""


@functools.lru_cache(maxsize=64)
def _spread(root: int, replication: int, name: str, slots: int) -> np.ndarray:
    """Standard normals by which costs of a class's slots differ; kept for runs with the same draws."""
    drawn = Streams(root, replication)[name].normals(0, slots)
    drawn.flags.writeable = False
    return drawn


class Owners:
    """One class of operators in the run."""

    def __init__(
        self,
        network: str,
        name: str,
        block: OperatorClass,
        machine: Hardware,
        streams: Streams,
        first_day: datetime.date = datetime.date.min,
    ) -> None:
        self.network, self.name, self.machine = network, name, machine
        self.block, self.first_day = block, first_day
        self.on_list = self.listed_at(0)
        self.waiting = 0
        """Nodes that serve as soon as the class is listed."""
        self.asks = 1.0
        """What the class asks over what users pay in the mean, where providers ask their own prices."""
        self.spread = _spread(streams.root, streams.replication, f"costs.{network}.{name}", block.slots)
        """Each slot's draw of what its owner's power costs; shared by runs, never written to."""
        self.columns = Columns(block.cost_factor * np.exp(block.cost_spread * self.spread))
        self._served: tuple[Epoch, np.ndarray] | None = None
        self.draws = streams[f"operators.{network}.{name}"]
        self.came_ps: dict[int, int] = {}
        """Instants from which slots serve that came in this epoch or come later; all other live slots were there."""
        self._due_ps: dict[int, int] = {}
        """Instants from which slots serve that are ordered and on their way."""
        self.fee_usd_per_node_day = 0.0
        self.coin_usd_per_node_day = 0.0
        self._crowd_rps = 0.0
        self.hurdle_usd_per_day = 0.0
        self.stake_usd_per_day = 0.0
        """What the stake of a node costs its owner: its value x the discount rate."""
        self.utilization = 0.0
        self.full = False
        self.entered = self.left = self.moved_in = 0

    @property
    def live(self) -> int:
        """Nodes that serve."""
        return self.columns.count(LIVE)

    @property
    def capacity(self) -> float:
        """Requests per second that the class's live nodes serve at most."""
        return self.live * self.machine.capacity_rps

    @property
    def pipeline(self) -> float:
        """Capacity ordered and not yet there."""
        return self.columns.count(ORDERED) * self.machine.capacity_rps

    @property
    def lead_ps(self) -> int:
        """Time from an order until the node serves: lead, image and weights, model load."""
        return self._way_ps(self.block.lead)

    def coming_by(self, at_ps: int) -> int:
        """Nodes on their way that serve by an instant."""
        return sum(due_ps <= at_ps for due_ps in self._due_ps.values())

    def _way_ps(self, lead_s: float) -> int:
        return ps(lead_s + self.machine.pull_s + self.machine.load_s)

    def power_usd_per_day(self) -> float:
        """Power of one node's cards at the utilization last measured, at the class's electricity price."""
        return self.machine.watts(self.utilization) * 24 / 1000 * self.block.electricity

    def fixed_usd_per_day(self) -> float:
        """Hosting, outside rent and stake of one node."""
        return 24 * (self.block.hosting + self.block.outside_rent * self.machine.gpus) + self.stake_usd_per_day

    def avoidable_usd_per_day(self) -> np.ndarray:
        """Avoidable cost of every slot if it serves."""
        return avoidable_usd_per_day(self.view(0.0, 0.0, 0.0), self.columns)

    def view(self, income: float, entrant: float, wanted: float, still: float = 0.0) -> View:
        """The class's beliefs as its rule takes them."""
        return View(
            income, entrant, self.power_usd_per_day(), self.fixed_usd_per_day(), self.hurdle_usd_per_day, wanted, still
        )

    def live_ps(self, epoch: Epoch) -> np.ndarray:
        """Time each slot served in an epoch that is over, failures not taken off: int64."""
        if self._served is not None and self._served[0] == epoch:
            return self._served[1]
        length = epoch.end_ps - epoch.start_ps
        live = self.columns.state == LIVE
        served = np.where(live, np.int64(length), np.int64(0))
        # Absolute instants are Python ints: only what lies inside the epoch fits 64 bits.
        for slot, came_ps in self.came_ps.items():
            if live[slot]:
                served[slot] = length - min(max(came_ps - epoch.start_ps, 0), length)
        served.flags.writeable = False
        self._served = (epoch, served)
        return served

    def bar(self, slot: int, until_ps: int, counted: bool = False) -> None:
        """Keep a live slot from serving until an instant.

        What it did in the epoch that is over counts for nothing, unless every request was `counted`: then it did what it did.
        """
        if not counted:
            self._served = None
        self.came_ps[slot] = max(until_ps, self.came_ps.get(slot, 0))

    def serving(self, at_ps: int) -> np.ndarray:
        """Live slots that have loaded by an instant, ascending."""
        late = [slot for slot, came_ps in self.came_ps.items() if came_ps > at_ps]
        return np.setdiff1d(self.columns.slots(LIVE), late, assume_unique=True)

    def listed_at(self, at_ps: int) -> bool:
        """Whether the class is listed on the day of an instant."""
        return self.block.listed_on(self.first_day + datetime.timedelta(days=at_ps // DAY_PS))

    def enlist(self, now_ps: int) -> None:
        """The class is listed: the nodes that waited for it serve at once, in the lowest empty slots."""
        slots = self.columns.slots(OUT)[: self.waiting]
        self.on_list, self.waiting = True, 0
        self.entered += len(slots)
        self._serve(slots, now_ps)

    def delist(self) -> None:
        """The class is listed no more: nodes stop, what is idle or ordered goes elsewhere."""
        live = self.columns.slots(LIVE)
        self.on_list, self.waiting = False, len(live)
        self.left += len(live)
        self._served = None
        self._due_ps.clear()
        self.columns.move(np.flatnonzero(self.columns.state != OUT), OUT)

    def start(self, nodes: int, best_first: bool) -> None:
        """Put `nodes` slots live at time 0: the lowest slots, or those with the lowest costs (a sorted-out market).

        Those of a class that is not listed yet wait.
        """
        if not self.on_list:
            self.waiting = nodes
            return
        order = np.argsort(self.columns.cost_factor, kind="stable") if best_first else np.arange(self.block.slots)
        if self.columns.twins:
            order = order[np.isin(order, self.columns.slots(OUT))]
        self.columns.move(np.sort(order[:nodes]), LIVE)

    def believe(self, fees: float, coins: float, passed_s: float, crowd_rps: float) -> None:
        """Take an epoch's fees (smoothed) and coins (at once) per node and day in USD, as `crowd_rps` of capacity share them.

        What users spend is learned slowly; by how many it is shared, everybody sees at once. So an older belief is restated
        for the capacity that is there now before it is mixed: without that, a class whose neighbours leave goes on to
        leave for as long as fees are smoothed over.
        """
        if self._crowd_rps > 0 and crowd_rps > 0:
            self.fee_usd_per_node_day *= self._crowd_rps / crowd_rps
        self._crowd_rps = crowd_rps
        weight = 1 - 0.5 ** (passed_s / FEE_HALF_LIFE_S)
        first = self.fee_usd_per_node_day == 0.0
        self.fee_usd_per_node_day += (1.0 if first else weight) * (fees - self.fee_usd_per_node_day)
        self.coin_usd_per_node_day = coins

    def act(self, env: Any, view: View, epoch: Epoch) -> None:
        """Decide and do: stops and restarts at once (model load aside), orders after their lead time."""
        self._served = None
        self.came_ps = {slot: came for slot, came in self.came_ps.items() if came > epoch.start_ps}
        if not self.on_list:
            return
        size = self.block.slots
        draws = self.draws.uniforms(epoch.number * (size + 1), size + 1)
        decisions = decide(self.block, view, self.columns, draws, epoch.seconds)
        self.columns.move(decisions.stops, OUT if self.block.decides in ("planned", "contest") else IDLE)
        self.columns.move(decisions.leaves, OUT)
        self._serve(decisions.restarts, env.now + ps(self.machine.load_s))
        self.columns.move(decisions.orders, ORDERED)
        self.entered += len(decisions.orders) + len(decisions.restarts)
        self.left += len(decisions.stops)
        self.full |= decisions.full
        if len(decisions.orders):
            env.process(self._arrive(env, decisions.orders, self.block.lead))

    def costs_as(self, other: Owners) -> None:
        """These are the machines of another network's class: their owners have its draws of costs."""
        block, own = self.block, self.columns.cost_factor
        # Other hardware than the class says has changed what a slot pays: that stays.
        other_hardware = own / (block.cost_factor * np.exp(block.cost_spread * self.spread))
        own[:] = block.cost_factor * np.exp(block.cost_spread * other.spread) * other_hardware
        self.spread = other.spread

    def quit(self, slot: int) -> None:
        """A slot's node leaves for another network."""
        self._served = None
        self.columns.move(np.array([slot], np.int64), OUT)
        self.left += 1

    def join(self, env: Any, slots: np.ndarray) -> None:
        """Nodes come from other networks: on their way until image and weights are there and the model is loaded."""
        self.columns.move(slots, ORDERED)
        self.entered += len(slots)
        self.moved_in += len(slots)
        env.process(self._arrive(env, slots, 0.0))

    def _arrive(self, env: Any, slots: np.ndarray, lead_s: float) -> Generator[Any, None, None]:
        """Nodes on their way come after the lead time and serve once image and weights are there and the model is loaded."""
        way_ps = self._way_ps(lead_s)
        self._due_ps |= dict.fromkeys(slots.tolist(), env.now + way_ps)
        yield env.timeout(way_ps)
        # Who was delisted meanwhile comes no more, whoever has been ordered in his place since then.
        mine = np.array([slot for slot in slots.tolist() if self._due_ps.get(slot) == env.now], np.int64)
        for slot in mine.tolist():
            del self._due_ps[slot]
        self._serve(mine[self.columns.state[mine] == ORDERED], env.now)

    def _serve(self, slots: np.ndarray, from_ps: int) -> None:
        self.columns.move(slots, LIVE)
        self._served = None
        for slot in slots:
            self.came_ps[int(slot)] = from_ps


@dataclasses.dataclass(frozen=True)
class Beliefs:
    """What a network's operators expect for the coming epoch, all of them together.

    `emission_usd_per_day` is what the schedule announces for operators, at today's price; `demand_rps` what users want; `now_ps` when.
    """

    emission_usd_per_day: float
    demand_rps: float
    now_ps: int = 0


def expected(classes: list[Owners], newcomer: Owners) -> tuple[float, float]:
    """Fees and coins, USD per node and day, that a class not yet there expects: by capacity, fees at what it asks."""
    there = sum(owners.capacity for owners in classes)
    crowd = there + newcomer.waiting * newcomer.machine.capacity_rps
    each = newcomer.machine.capacity_rps / crowd if crowd > 0 else 0.0
    fees = sum(owners.fee_usd_per_node_day * owners.live for owners in classes)
    return fees * each * newcomer.asks, sum(owners.coin_usd_per_node_day * owners.live for owners in classes) * each


def views(classes: list[Owners], beliefs: Beliefs) -> list[View]:
    """What each class sees: its own income per node, and that of an entrant once all that is ordered has come.

    Emission is divided as it was in the last epoch, class by class; a class with no live node expects by its capacity.
    In a network that nobody serves any more, whoever comes first shares what the schedule announces: no fees, as there
    are no users.
    """
    there = sum(owners.capacity for owners in classes)
    coming = sum(owners.pipeline for owners in classes)
    pool = sum((c.fee_usd_per_node_day + c.coin_usd_per_node_day) * c.live for c in classes)
    made = []
    for owners in classes:
        income = owners.fee_usd_per_node_day + owners.coin_usd_per_node_day
        if owners.live == 0 and there > 0:
            income = (
                sum((c.fee_usd_per_node_day + c.coin_usd_per_node_day) * c.live for c in classes)
                / there
                * owners.machine.capacity_rps
            )
            if owners.asks != 1.0:
                fees = sum(c.fee_usd_per_node_day * c.live for c in classes)
                income += fees / there * owners.machine.capacity_rps * (owners.asks - 1.0)
        # Whoever thinks of entering counts the own node too: else one node more than pays would come, again and again.
        crowd = there + coming + owners.machine.capacity_rps
        entrant = income * there / crowd if crowd > 0 else 0.0
        if there == 0 and crowd > 0:
            entrant = beliefs.emission_usd_per_day * owners.machine.capacity_rps / crowd
        planned = owners.machine.capacity_rps * owners.block.utilization
        wanted, still = (
            left_rps(owners, classes, beliefs.demand_rps, by_ps) / planned if planned > 0 else 0.0
            # An order is for what nodes on their way do not cover by then; until they are there, nothing is given back.
            for by_ps in (beliefs.now_ps + owners.lead_ps, beliefs.now_ps)
        )
        view = owners.view(income, entrant, wanted, still)
        if owners.block.decides == "contest":
            others = there + coming - owners.capacity - owners.pipeline
            view = dataclasses.replace(
                view, pool=pool or beliefs.emission_usd_per_day, others=others / owners.machine.capacity_rps
            )
        made.append(view)
    return made
