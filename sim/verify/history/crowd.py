"""Operators of one class who share a reward that is known, week by week: the rules of `sim.tokenomics.operators`, and nothing else.

What they see is what operators of a run see (`sim.world.people`): what the schedule announces for the coming epoch at today's price,
what of it a node gets now, and what one more would get once all that is ordered has come. A test holds both to the same nodes.
"""

from __future__ import annotations

import copy

import numpy as np

from sim.streams import Stream
from sim.tokenomics.operators import IDLE, LIVE, ORDERED, OUT, Columns, OperatorClass, View, decide


class Crowd:
    """The class `block` with `nodes` live; a node's cards cost `power` USD a day to run, entry `hurdle` USD a day beside it.

    `spread` are standard normals, one a slot: how owners' costs lie. Owners who would lose at `income` USD a node and day
    are not there at the start (a market that has settled has lost them); None: all are.
    """

    def __init__(
        self, block: OperatorClass, power: float, hurdle: float, spread: np.ndarray, income: float | None = None
    ) -> None:
        self.block, self.power, self.hurdle = block, power, hurdle
        self.columns = Columns(block.cost_factor * np.exp(block.cost_spread * spread[: block.slots]))
        there = np.arange(block.slots)
        if income is not None:
            there = np.flatnonzero(power * self.columns.cost_factor < income)
        self.columns.move(there[: block.nodes], LIVE)
        self._coming: list[tuple[float, np.ndarray]] = []
        self._now_s, self._drawn = 0.0, 0
        self.full = False

    @property
    def live(self) -> int:
        """Nodes that serve."""
        return self.columns.count(LIVE)

    def again(self) -> Crowd:
        """A copy that goes its own way, with draws from the first on."""
        other = copy.copy(self)
        other.columns = copy.deepcopy(self.columns)
        other._coming, other._drawn = list(self._coming), 0
        return other

    def step(self, reward: float, seconds: float, draws: Stream) -> float:
        """One epoch at `reward` USD a day for all; gives the nodes that served in it. In the first of a run nobody decides."""
        self._arrive()
        if self._now_s > 0:
            self._decide(reward, seconds, draws)
        self._drawn += 1
        self._now_s += seconds
        # A network without a node has no capacity to speak of: half a node stands for what cannot be counted.
        return max(float(self.live), 0.5)

    def _decide(self, reward: float, seconds: float, draws: Stream) -> None:
        size = self.block.slots
        uniforms = draws.uniforms(self._drawn * (size + 1), size + 1)
        decided = decide(self.block, self._view(reward), self.columns, uniforms, seconds)
        self.columns.move(decided.stops, IDLE)
        self.columns.move(decided.leaves, OUT)
        self.columns.move(decided.restarts, LIVE)
        self.columns.move(decided.orders, ORDERED)
        self.full |= decided.full
        if len(decided.orders):
            self._coming.append((self._now_s + self.block.lead, decided.orders))

    def _arrive(self) -> None:
        due = [slots for when, slots in self._coming if when <= self._now_s]
        self._coming = [(when, slots) for when, slots in self._coming if when > self._now_s]
        for slots in due:
            self.columns.move(slots, LIVE)

    def _view(self, reward: float) -> View:
        live, ordered = self.live, self.columns.count(ORDERED)
        income = reward / live if live else 0.0
        fixed = 24 * (self.block.hosting + self.block.outside_rent * self.block.per_node)
        return View(income, reward / (live + ordered + 1), self.power, fixed, self.hurdle)
