"""Training jobs whose parts are requests: they wait and run in the queues of a network's replicas, beside its users'.

A coordinator looks at whole multiples of `look`, at which the fleet's engine is read. It sees which parts have ended by then, closes a
round when enough are done, and offers the parts of the next one, which arrive at that instant and are routed as requests of a reserved
class. Nothing else tells a part from a request. Times are integer picoseconds since the start of the run.
"""

from __future__ import annotations

import dataclasses
from collections import deque
from typing import Any

import numpy as np

from sim.errors import InvariantError
from sim.serving.contract import BLOCK_TOKENS, LIMIT_PS, NEVER, REQUEST, Fate, ReplicaType
from sim.streams import Streams
from sim.units import ps
from sim.world.training import IN_ROUND, Count, Job, Paces

FIRST_ID = 2**61
"""Ids of parts lie above those of all users' requests."""
_CLASS_BITS = 40
"""Of a part's id: its number in its class; above it the number of the class."""


def own_rows(first_id: int, klass: int, prompt: np.ndarray, output: np.ndarray | int) -> np.ndarray:
    """Requests of a network's own, numbered from an id on: rows of REQUEST without an arrival, with nothing cached and no patience."""
    rows = np.zeros(len(prompt), REQUEST)
    rows["id"] = first_id + np.arange(len(prompt))
    rows["klass"], rows["prompt"], rows["output"] = klass, prompt, output
    rows["patience"] = rows["disconnect"] = NEVER
    rows["deadline"] = LIMIT_PS
    return rows


def longest_prompt(kind: ReplicaType) -> int:
    """Prompt tokens of the longest request with one output token that a replica does not reject as too long."""
    most = kind.max_model_len - 1
    if kind.scheduler == "prefill_first":
        most = min(most, kind.max_batched_tokens)
    return min(most, BLOCK_TOKENS * (kind.blocks - kind.watermark))


@dataclasses.dataclass(frozen=True)
class Part:
    """A part that has ended: id, instant, fate, prompt tokens, and the GPU-time in ps that these take in a full pass."""

    id: int
    end_ps: int
    fate: Fate
    tokens: int
    gpu_ps: int


@dataclasses.dataclass
class Round:
    """A round in progress: parts offered, those that are done, and how many never will be."""

    begin_ps: int
    ids: range
    done: list[Part] = dataclasses.field(default_factory=list)
    lost: int = 0

    def close_ps(self, needed: int) -> int | None:
        """When so many parts were done; None as long as they are not."""
        ends = sorted(part.end_ps for part in self.done)
        return ends[needed - 1] if len(ends) >= needed else None


class SharedRuns:
    """One class of jobs on a fleet. In `count`, work and wait are times of parts that counted, node-time is GPU-time at full passes.

    Parameters
    ----------
    name, block
        The class and its `SharedJobs`.
    streams, horizon_ps
        Those of the run; no round begins at the horizon or after it.
    number
        Of the class among those of the fleet: ids of parts begin with it.
    klass, longest
        Index of the reserved class in the engine, and prompt tokens of a part at most.

    """

    def __init__(
        self, name: str, block: Any, streams: Streams, horizon_ps: int, number: int, klass: int, longest: int
    ) -> None:
        self.name, self.block, self.horizon_ps = name, block, horizon_ps
        self.count = Count()
        self.queue: deque[Job] = deque()
        self.active: dict[int, Job] = {}
        """Jobs under way, in the order in which they began."""
        self.in_flight = 0
        self.parts = self.tokens = 0
        """Parts that were done since the start, in time or not, and their tokens: what the network is paid for."""
        self._rounds: dict[int, Round] = {}
        self._owner: dict[int, int] = {}
        """Parts in flight: id -> job."""
        self._first_id = FIRST_ID + (number << _CLASS_BITS)
        self._given = 0
        self._klass, self._longest = klass, longest
        self._paces = Paces(streams[f"jobs_pace.{name}"], block.workers)
        self._arrivals = streams[f"jobs.{name}"]
        self._next_ps = ps(block.first)

    @property
    def running(self) -> int:
        """Jobs under way."""
        return len(self.active)

    def owns(self, ids: np.ndarray) -> np.ndarray:
        """Which of some ids are parts of this class: bool."""
        mine: np.ndarray = (ids >= self._first_id) & (ids < self._first_id + (1 << _CLASS_BITS))
        return mine

    def take(self, parts: list[Part]) -> None:
        """Parts that have ended since the last time, in any order."""
        for part in sorted(parts, key=lambda part: (part.end_ps, part.id)):
            self.in_flight -= 1
            done = part.fate == Fate.COMPLETED
            self.parts += done
            self.tokens += part.tokens if done else 0
            self.count.spent[IN_ROUND] += part.gpu_ps if done else 0
            made = self._rounds.get(self._owner.pop(part.id))
            if made is None or part.id not in made.ids:
                # Of a round that was made without it, or of a job that has ended.
                self.count.lost_ps += part.gpu_ps if done else 0
            elif done:
                made.done.append(part)
            else:
                made.lost += 1

    def look(self, at_ps: int) -> np.ndarray:
        """What the coordinator does at an instant: rows of REQUEST, arriving then, their times absolute and by id."""
        self._come(at_ps)
        for number in list(self.active):
            self._judge(self.active[number], at_ps)
        if self.block.deadline is not None:
            self._late(at_ps)
        while self.queue and len(self.active) < self.block.at_once:
            job = self.queue.popleft()
            self.active[job.number] = job
        begun = []
        if at_ps < self.horizon_ps:
            begun = [self._begin(job, at_ps) for job in self.active.values() if job.number not in self._rounds]
        self.check()
        return np.concatenate(begun) if begun else np.zeros(0, REQUEST)

    # -- jobs --------------------------------------------------------------------------------------------------

    def _come(self, at_ps: int) -> None:
        while self._next_ps <= at_ps and self._next_ps < self.horizon_ps:
            self.queue.append(Job(self.count.offered, self._next_ps))
            draw = float(self._arrivals.exponentials(self.count.offered, 1)[0])
            self.count.offered += 1
            gap_s = float(self.block.between.length(self.block.between.mean_s(self.block.every), draw))
            self._next_ps += max(ps(gap_s), 1)

    def _begin(self, job: Job, at_ps: int) -> np.ndarray:
        block = self.block
        draws = self._paces.of(job.number, job.done)
        tokens = np.rint(block.straggler.length(block.straggler.mean_s(float(block.tokens)), draws))
        first = self._first_id + self._given
        rows = own_rows(first, self._klass, np.clip(tokens, 1, self._longest).astype(np.int64), 1)
        rows["arrival"] = at_ps
        self._given += block.workers
        self.in_flight += block.workers
        self._rounds[job.number] = Round(at_ps, range(first, first + block.workers))
        self._owner |= dict.fromkeys(self._rounds[job.number].ids, job.number)
        return rows

    def _judge(self, job: Job, at_ps: int) -> None:
        """Close a round that is made, or give up one that cannot be."""
        made = self._rounds.get(job.number)
        if made is None:
            return
        close_ps = made.close_ps(self.block.needed)
        if close_ps is not None:
            self._close(job, made, close_ps)
        elif len(made.ids) - made.lost < self.block.needed:
            self.count.undone += 1 + job.done - job.saved
            self.count.lost_ps += job.unsaved_ps
            job.work_ps -= job.unsaved_ps
            job.done, job.unsaved_ps = job.saved, 0
            self._drop(job)

    def _close(self, job: Job, made: Round, close_ps: int) -> None:
        count, block = self.count, self.block
        for part in made.done:
            if part.end_ps > close_ps:
                count.lost_ps += part.gpu_ps
                continue
            count.work_ps += part.end_ps - made.begin_ps
            count.wait_ps += close_ps - part.end_ps
            job.work_ps += part.gpu_ps
            job.unsaved_ps += part.gpu_ps
        count.rounds += 1
        count.rounds_ps += close_ps - made.begin_ps
        del self._rounds[job.number]
        job.done += 1
        if job.done % block.checkpoint == 0 or job.done == block.rounds:
            job.saved, job.unsaved_ps = job.done, 0
        late = block.deadline is not None and close_ps > job.came_ps + ps(block.deadline)
        if job.done == block.rounds and not late:
            count.completed += 1
            count.whole_ps += close_ps - job.came_ps
            self._end(job)

    def _drop(self, job: Job) -> None:
        """The parts of a round that were done are lost; those in flight will be."""
        self.count.lost_ps += sum(part.gpu_ps for part in self._rounds.pop(job.number).done)

    def _late(self, at_ps: int) -> None:
        deadline_ps = ps(self.block.deadline)
        for job in [job for job in self.active.values() if at_ps >= job.came_ps + deadline_ps]:
            if job.number in self._rounds:
                self.count.undone += 1
                self._drop(job)
            self.count.lost_ps += job.work_ps
            self.count.failed += 1
            self._end(job)
        while self.queue and at_ps >= self.queue[0].came_ps + deadline_ps:
            self.queue.popleft()
            self.count.failed += 1

    def _end(self, job: Job) -> None:
        del self.active[job.number]
        self._paces.forget(job.number)

    def advance(self, until_ps: int) -> None:
        """Nothing: the fleet's coordinators look at their own instants."""

    # -- laws --------------------------------------------------------------------------------------------------

    def check(self) -> None:
        """Jobs and parts add up, or the run stops."""
        count = self.count
        if count.offered != count.completed + count.failed + len(self.active) + len(self.queue):
            raise InvariantError(
                f"jobs.{self.name}: {count.offered} came; {count.completed} completed, {count.failed} failed, "
                f"{len(self.active)} run, {len(self.queue)} wait"
            )
        if len(self._owner) != self.in_flight:
            raise InvariantError(
                f"jobs.{self.name}: {self.in_flight} parts are in flight, {len(self._owner)} are known by their job"
            )
        # Of the GPU-time of parts that were done, what neither counts for a job nor is lost is in rounds still open.
        if count.lost_ps > count.spent[IN_ROUND]:
            raise InvariantError(
                f"jobs.{self.name}: {count.lost_ps} ps of GPU-time lost of {count.spent[IN_ROUND]} ps spent"
            )


class Coordinators:
    """All classes of jobs on one fleet: parts to offer, and parts that have ended.

    Parameters
    ----------
    runs
        One a class of jobs.
    token_gpu_ps
        GPU-time of a prompt token in a full pass, by replica type of the fleet.

    """

    def __init__(self, runs: list[SharedRuns], token_gpu_ps: np.ndarray) -> None:
        self.runs = runs
        self._token_gpu_ps = token_gpu_ps
        self._told = 0, 0

    @property
    def in_flight(self) -> int:
        """Parts offered and not ended."""
        return sum(runs.in_flight for runs in self.runs)

    def next_look_ps(self, at_ps: int) -> int:
        """The first instant after one at which a coordinator looks."""
        return min((at_ps // look + 1) * look for look in (ps(runs.block.look) for runs in self.runs))

    def look(self, at_ps: int) -> np.ndarray:
        """Parts that begin at an instant, by id; none where it is nobody's time to look."""
        rows = [runs.look(at_ps) for runs in self.runs if at_ps % ps(runs.block.look) == 0]
        return np.concatenate([np.zeros(0, REQUEST), *rows])

    def take(self, rows: np.ndarray, kinds: np.ndarray, origin_ps: int) -> None:
        """Parts that have ended, as finished rows relative to an origin, each with its replica type (-1: none had it)."""
        for runs in self.runs:
            mine = runs.owns(rows["id"])
            gpu_ps = np.where(kinds >= 0, rows["prompt"] * self._token_gpu_ps[kinds], 0)[mine]
            columns = (rows[name][mine].tolist() for name in ("id", "arrival", "end", "fate", "prompt"))
            runs.take(
                [
                    Part(number, origin_ps + arrival + end, Fate(fate), prompt, gpu)
                    for number, arrival, end, fate, prompt, gpu in zip(*columns, gpu_ps.tolist(), strict=True)
                ]
            )

    def new_work(self) -> tuple[int, int]:
        """Parts that were done since this was asked last, and their tokens."""
        told = self._told
        self._told = sum(runs.parts for runs in self.runs), sum(runs.tokens for runs in self.runs)
        return self._told[0] - told[0], self._told[1] - told[1]
