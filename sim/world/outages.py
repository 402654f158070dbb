"""Outages of a region: when they come, how long they last, and whom they hit.

They come at a constant rate through the whole run, whatever anybody does: every network, policy and window meets the same
ones. At the start the number under way is Poisson with mean length / interval, each with what `SpellLaw.left` leaves of it
(the infinite-server queue in its stationary state: L. Takacs, Introduction to the Theory of Queues, 1962, section 3.2).
"""

from __future__ import annotations

import bisect
import dataclasses
from typing import Any

import numpy as np

from sim.streams import Streams
from sim.units import ps


@dataclasses.dataclass(frozen=True)
class Outage:
    """One outage, [begin, end) in picoseconds; `number` names its draws. Those under way at the run's start begin at 0."""

    number: int
    begin_ps: int
    end_ps: int


class Outages:
    """The outages of one region through a run, drawn as far as somebody looks."""

    def __init__(self, region: str, block: Any, streams: Streams) -> None:
        self.region, self.block, self.streams = region, block, streams
        self.draws = streams[f"outages.{region}"]
        self.mean_s = block.law.mean_s(block.lasts)
        self.known: list[Outage] = []
        self.longest_ps = 0
        self.later = 0
        """Outages drawn that began after the run's start."""
        self.last_ps = 0
        self._under_way()

    def _under_way(self) -> None:
        generator = self.streams[f"outages_at_start.{self.region}"].generator(0)
        for _ in range(int(generator.poisson(self.mean_s / self.block.every))):
            left_s = self.block.law.left(self.mean_s, generator.standard_exponential(), generator.random())
            self._add(0, float(left_s))

    def _add(self, begin_ps: int, length_s: float) -> None:
        length_ps = max(ps(length_s), 1)
        self.known.append(Outage(len(self.known), begin_ps, begin_ps + length_ps))
        self.longest_ps = max(self.longest_ps, length_ps)

    def between(self, start_ps: int, end_ps: int) -> list[Outage]:
        """Outages of which some part lies in [start, end), in order of their begin."""
        while self.last_ps < end_ps:
            gap, length = self.draws.exponentials(2 * self.later, 2).tolist()
            self.later += 1
            self.last_ps += max(ps(gap * self.block.every), 1)
            self._add(self.last_ps, float(self.block.law.length(self.mean_s, length)))
        first = bisect.bisect_left(self.known, start_ps - self.longest_ps, key=lambda outage: outage.begin_ps)
        last = bisect.bisect_left(self.known, end_ps, key=lambda outage: outage.begin_ps)
        return [outage for outage in self.known[first:last] if outage.end_ps > start_ps]

    def hit(self, outage: Outage, whom: str, slots: np.ndarray) -> np.ndarray:
        """Which of some slots (ascending) an outage hits, by position; `whom` names network and class."""
        if len(slots) == 0:
            return np.empty(0, np.int64)
        draws = self.streams[f"hit.{self.region}.{whom}"].generator(outage.number).random(int(slots.max()) + 1)
        return np.flatnonzero(draws[slots] < self.block.hits)
