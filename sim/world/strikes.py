"""Nodes that a shock takes down: which slots, from when to when.

Unlike `outages`, which come at random, a strike stands in the scenario: it begins at its instant and hits the share of
slots whose own mark lies below it. Marks belong to (shock, network, class, slot), so policies, engines and twins lose the
same slots. Where it fades, nodes come back one by one, those with the highest marks first.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from sim.scenario.shocks import hits
from sim.streams import Streams
from sim.units import PS_PER_S, ps


@dataclasses.dataclass(frozen=True)
class Strike:
    """One shock on one class of nodes: `begin_ps` and the hit slots (ascending) with the instant at which each is over."""

    begin_ps: int
    last_ps: int
    fades: bool
    slots: np.ndarray
    ends_ps: tuple[int, ...]

    @classmethod
    def of(
        cls, number: int, whom: str, size: int, share: float, span_ps: tuple[int, int], fades: bool, streams: Streams
    ) -> Strike:
        """The strike of shock `number` on the `size` slots of `whom` (network and class) over [begin, end)."""
        begin_ps, last_ps = span_ps
        marks = streams[f"shock.{number}.{whom}"].generator(0).random(size)
        slots = np.flatnonzero(marks < share)
        length = last_ps - begin_ps
        ends = [last_ps] * len(slots)
        if fades:
            # The share that is down falls evenly to nothing: a slot is back when it has fallen to the slot's mark.
            ends = [begin_ps + max(int(length * (1 - marks[slot] / share)), 1) for slot in slots.tolist()]
        return cls(begin_ps, last_ps, fades, slots, tuple(ends))

    def holds(
        self, slots: np.ndarray, span_ps: tuple[int, int], after_ps: int, detect_ps: int
    ) -> list[tuple[int, int, int]]:
        """(begin, end, place) of what it does to some slots (ascending) as far as it touches a span.

        A node serves `after_ps` after the strike is over, and never before its failure was detected.
        """
        start_ps, end_ps = span_ps
        first_ps = self.begin_ps + detect_ps
        if self.begin_ps >= end_ps or max(self.last_ps + after_ps, first_ps) <= start_ps or not len(slots):
            return []
        there = np.flatnonzero(np.isin(self.slots, slots, assume_unique=True)).tolist()
        places = np.searchsorted(slots, self.slots[there]).tolist()
        overs = [max(self.ends_ps[i] + after_ps, first_ps) for i in there]
        return [(self.begin_ps, over, place) for over, place in zip(overs, places, strict=True) if over > start_ps]

    def within(self, size: int, start_ps: int, end_ps: int) -> tuple[np.ndarray, np.ndarray]:
        """For each of a class's slots from when to when it is down inside [start, end), in seconds after `start`."""
        down = np.zeros((2, size))
        for slot, over_ps in zip(self.slots.tolist(), self.ends_ps, strict=True):
            begin, over = max(self.begin_ps, start_ps), min(over_ps, end_ps)
            if over > begin:
                down[:, slot] = (begin - start_ps) / PS_PER_S, (over - start_ps) / PS_PER_S
        return down[0], down[1]

    def stirs(self, start_ps: int, end_ps: int) -> bool:
        """Whether nodes go down or come back by it in [start, end)."""
        if self.fades:
            return self.begin_ps < end_ps and self.last_ps >= start_ps
        return start_ps <= self.begin_ps < end_ps or start_ps <= self.last_ps < end_ps


def strikes_of(name: str, spec: Any, streams: Streams) -> dict[str, tuple[Strike, ...]]:
    """What the scenario's shocks take down of a network, by class of operators."""
    found: dict[str, tuple[Strike, ...]] = {}
    for number, shock in enumerate(spec.shocks):
        for hit in hits(shock.target, spec):
            if (hit.what, hit.network) != ("nodes", name):
                continue
            size, begin_ps = spec.networks[name].operators[hit.operators].slots, ps(shock.begins)
            span_ps = (begin_ps, begin_ps + ps(shock.lasts))
            whom, fades = f"{name}.{hit.operators}", shock.shape == "decay"
            made = Strike.of(number, whom, size, -shock.by, span_ps, fades, streams)
            found[hit.operators] = (*found.get(hit.operators, ()), made)
    return found


def down_frac(strikes: tuple[Strike, ...], size: int, start_ps: int, end_ps: int) -> np.ndarray | None:
    """Part of [start, end) in which each slot is down by any of some strikes; None where none is."""
    near = [strike for strike in strikes if strike.begin_ps < end_ps and strike.last_ps > start_ps]
    if not near:
        return None
    spans = [strike.within(size, start_ps, end_ps) for strike in near]
    begins, overs = np.array([b for b, _ in spans]), np.array([o for _, o in spans])
    order = np.argsort(begins, axis=0, kind="stable")
    begins, overs = np.take_along_axis(begins, order, 0), np.take_along_axis(overs, order, 0)
    covered, reach = np.zeros(size), np.zeros(size)
    for begin, over in zip(begins, overs, strict=True):
        covered += np.maximum(over - np.maximum(begin, reach), 0.0)
        reach = np.maximum(reach, over)
    return np.asarray(covered / ((end_ps - start_ps) / PS_PER_S))
