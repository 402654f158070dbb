"""The lives of one class of nodes: up, failed and in line for a crew, in repair, loading, and up again.

A node's k-th spell belongs to its slot: every policy meets the same hardware. How long it waits for a crew follows from
what else has failed.
"""

from __future__ import annotations

import collections
import heapq
from typing import Any

import numpy as np

from sim.streams import Stream
from sim.tokenomics.spells import SpellLaw
from sim.units import PS_PER_S, ps

FAILS, MENDED, SERVES = 0, 1, 2
"""Turns of a life, in their order within an instant: failures, ends of repairs, returns; each by place."""
RUN_IN_CYCLES = 4
"""Crews work through so many cycles (up, in line behind all others, in repair) before anybody looks: the state that a
stationary start cannot state in closed form (assumed; tested against the closed form for exponential spells)."""
_CHUNK = 40
"""Bits of a window's number: a later chunk's generators lie beyond those of all windows."""


class Draws:
    """Exponentials of mean 1 that belong to (slot, k), `count` of each slot at a time; `number` names window or run."""

    def __init__(self, stream: Stream, number: int, slots: np.ndarray, count: int) -> None:
        self.stream, self.number, self.slots, self.count = stream, number, slots, count
        self.chunks: dict[int, np.ndarray] = {}
        self.lengths: dict[tuple[int, float, int], np.ndarray] = {}

    def chunk(self, index: int) -> np.ndarray:
        """float64[slots, count]; drawn for slots 0 up to the highest, so that a slot's own do not depend on others."""
        if index not in self.chunks:
            rows = int(self.slots.max()) + 1 if len(self.slots) else 0
            generator = self.stream.generator(self.number + (index << _CHUNK))
            self.chunks[index] = generator.standard_exponential((rows, self.count))[self.slots]
        return self.chunks[index]

    def length_s(self, place: int, k: int, law: SpellLaw, mean_s: float) -> float:
        """Length of the k-th spell of the slot at a place, under a law."""
        index, column = divmod(k, self.count)
        key = (index, mean_s, id(law))
        if key not in self.lengths:
            self.lengths[key] = law.length(mean_s, self.chunk(index))
        return float(self.lengths[key][place, column])


class Lives:
    """Nodes of one class by place (their position among the slots); `member` gives laws, crews and times of loading.

    Not there at first: `settle` puts nodes into a state as if they had run for ever, `rise` has one serve from an instant
    on, `leave` takes one out. `until` tells what happens.
    """

    def __init__(self, member: Any, draws: Draws, detect_ps: int) -> None:
        self.member, self.draws, self.detect_ps = member, draws, detect_ps
        self.after_ps = ps(member.after_s)
        self.turns: list[tuple[int, int, int, int]] = []
        """Heap of (instant, turn, place, spell)."""
        self.spell: dict[int, int] = {}
        """Number of the spell that each place is in: what of `turns` names another is void."""
        self.failed_ps: dict[int, int] = {}
        self.line: collections.deque[int] = collections.deque()
        """Failed nodes for which no crew is free: first failed, first repaired."""
        self.mending: set[int] = set()

    def settle(self, places: np.ndarray, at_ps: int, uniforms: np.ndarray, until_ps: int | None = None) -> np.ndarray:
        """Which nodes are up at `at_ps`, in the stationary state: bool[places]. Only turns before `until_ps` are kept.

        Without a limit of crews a node is up with probability up / (up + down), whatever the laws, and what is left of its
        state follows `SpellLaw.left`. With one, all crews work through `RUN_IN_CYCLES` first.
        """
        crews = self.member.crews
        if crews is None:
            return self._stand(places, at_ps, uniforms, until_ps)
        down_s = self.member.repair_s * max(1.0, len(places) / crews) + self.member.after_s
        begin_ps = at_ps - ps(RUN_IN_CYCLES * (self.member.up_time_s + down_s))
        up = dict(zip(places.tolist(), self._stand(places, begin_ps, uniforms, None).tolist(), strict=True))
        for _, place, fails in self.until(at_ps):
            up[place] = not fails
        return np.array([up[place] for place in places.tolist()], bool)

    def _stand(self, places: np.ndarray, at_ps: int, uniforms: np.ndarray, until_ps: int | None) -> np.ndarray:
        member, draws = self.member, self.draws.chunk(0)[places, 0]
        down_s = member.repair_s + member.after_s
        share = member.up_time_s / (member.up_time_s + down_s)
        up = uniforms < share
        # Where in its part of [0, 1) a uniform lies is uniform again, and free of which part it is.
        within = np.where(up, uniforms / share, (uniforms - share) / max(1 - share, 1e-300))
        mending = member.repair_s / down_s
        left_s = np.where(
            up,
            member.up_law.left(member.up_time_s, draws, within),
            member.repair_law.left(member.repair_s, draws, np.minimum(within / mending, 1.0)),
        )
        loading = ~up & (within >= mending)
        left_s[loading] = member.after_s * (1 - within[loading]) / (1 - mending)
        # Most nodes neither fail nor return in a window: only those whose first turn lies inside it are walked.
        soon = left_s < (until_ps - at_ps) / PS_PER_S if until_ps is not None else np.ones(len(places), bool)
        for i in np.flatnonzero(soon):
            place, turn = int(places[i]), FAILS if up[i] else SERVES if loading[i] else MENDED
            self.spell[place], self.failed_ps[place] = 0, at_ps - self.detect_ps
            if turn == MENDED and member.crews is not None:
                self._queue(place, at_ps)
            else:
                self._turn(at_ps + max(ps(float(left_s[i])), 1), turn, place)
        return up

    def rise(self, place: int, at_ps: int) -> None:
        """A node serves from an instant on, and has its next spell up before it."""
        self.spell[place] = self.spell.get(place, 0) + 1
        self._turn(at_ps, SERVES, place)

    def leave(self, place: int, at_ps: int) -> None:
        """A node is taken out, whatever its state; a crew at work on it turns to the next in line."""
        self.spell[place] = self.spell.get(place, 0) + 1
        if place in self.line:
            self.line.remove(place)
        self.mending.discard(place)
        self._call(at_ps)

    def until(self, end_ps: int) -> list[tuple[int, int, bool]]:
        """What happens before `end_ps`, in order: (instant, place, whether it fails; else it serves again)."""
        told = []
        while self.turns and self.turns[0][0] < end_ps:
            at_ps, turn, place, spell = heapq.heappop(self.turns)
            if self.spell[place] != spell:
                continue
            if turn == MENDED:
                self._mend(place, at_ps)
                continue
            told.append((at_ps, place, turn == FAILS))
            if turn == FAILS:
                self._queue(place, at_ps)
            else:
                self._next(at_ps, FAILS, place, self.member.up_law, self.member.up_time_s)
        return told

    def _turn(self, at_ps: int, turn: int, place: int) -> None:
        heapq.heappush(self.turns, (at_ps, turn, place, self.spell[place]))

    def _next(self, at_ps: int, turn: int, place: int, law: SpellLaw, mean_s: float) -> None:
        """The next spell of a place begins, and ends in a turn."""
        self.spell[place] += 1
        length_s = self.draws.length_s(place, self.spell[place], law, mean_s)
        self._turn(at_ps + max(ps(length_s), 1), turn, place)

    def _queue(self, place: int, at_ps: int) -> None:
        self.failed_ps[place] = at_ps
        self.line.append(place)
        self._call(at_ps)

    def _call(self, at_ps: int) -> None:
        """Free crews take up the first in line."""
        while self.line and (self.member.crews is None or len(self.mending) < self.member.crews):
            place = self.line.popleft()
            self.mending.add(place)
            self._next(at_ps, MENDED, place, self.member.repair_law, self.member.repair_s)

    def _mend(self, place: int, at_ps: int) -> None:
        """A repaired node loads and serves, never before its failure was detected; its crew turns to the next."""
        self.mending.discard(place)
        self._turn(max(at_ps + self.after_ps, self.failed_ps[place] + self.detect_ps), SERVES, place)
        self._call(at_ps)
