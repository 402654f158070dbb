"""Training jobs in rounds, on groups of nodes of their own: who waits for whom, what failures undo, and what it costs.

A class of jobs has a queue and `at_once` groups. A group takes the first job of the queue and runs it round by round. Order
within an instant: jobs come, by number; rounds end, by group; deadlines, by job; nodes fail, then return, by node; groups begin what
they can. Times are integer picoseconds since the start of the run; node-time is counted in them, so that it adds up exactly.
"""

from __future__ import annotations

import copy
import dataclasses
import heapq
from collections import deque
from typing import Any, Protocol

import numpy as np

from sim.errors import InvariantError
from sim.streams import Stream, Streams
from sim.units import DAY_S, PS_PER_S, ps
from sim.world.lives import Draws, Lives

COMES, ENDS, LATE, TURNS, BEGINS = 0, 1, 2, 3, 4
"""Kinds of events in their order within an instant."""
DOWN, IDLE, IN_ROUND = 0, 1, 2
"""States of a node."""
SPELLS_DRAWN = 16
"""Spells of a node drawn at a time; part of what a seed means, as rows of draws are that long."""
ROUNDS_DRAWN = 64
"""Rounds of a worker drawn at a time; part of what a seed means, likewise."""
_WORKER_BITS, _CHUNK_BITS = 12, 20
"""Of a generator's number: 4,096 workers, and chunks of rounds up to the most that a job has; above them the job's number."""


@dataclasses.dataclass(frozen=True)
class Nodes:
    """What `Lives` asks of a class of nodes."""

    up_time_s: float
    repair_s: float
    up_law: Any
    repair_law: Any
    crews: int | None = None
    after_s: float = 0.0


class Paces:
    """Exponentials of mean 1 by (job, round, worker): a pure function of the three, whoever asks, and in which order."""

    def __init__(self, stream: Stream, workers: int) -> None:
        self.stream, self.workers = stream, workers
        self._kept: dict[int, tuple[int, np.ndarray]] = {}

    def of(self, job: int, number: int) -> np.ndarray:
        """float64[workers]: the draws of a round. Where it is done again they are the same."""
        index, column = divmod(number, ROUNDS_DRAWN)
        if job not in self._kept or self._kept[job][0] != index:
            first = (job << _CHUNK_BITS | index) << _WORKER_BITS
            generators = [self.stream.generator(first | worker) for worker in range(self.workers)]
            self._kept[job] = index, np.array([each.standard_exponential(ROUNDS_DRAWN) for each in generators])
        drawn: np.ndarray = self._kept[job][1][:, column]
        return drawn

    def forget(self, job: int) -> None:
        """A job has ended: its draws are not asked for any more."""
        self._kept.pop(job, None)


@dataclasses.dataclass
class Job:
    """One job. `done` counts rounds kept so far, `saved` those that the last checkpoint holds, `starts` attempts."""

    number: int
    came_ps: int
    done: int = 0
    saved: int = 0
    starts: int = 0
    loaded: bool = False
    """Whether its group holds its state, and need not load the checkpoint."""
    ended: bool = False
    work_ps: int = 0
    """Node-time of rounds that count so far, and `unsaved_ps` what of it a failure would undo."""
    unsaved_ps: int = 0


@dataclasses.dataclass
class Round:
    """A round in progress: node -> when its part is done, from `start_ps` on; before that the group loads a checkpoint."""

    begin_ps: int
    start_ps: int
    ready_ps: dict[int, int]
    gone_ps: dict[int, int] = dataclasses.field(default_factory=dict)
    """Nodes that failed after their part was done."""
    end_ps: int = 0

    def close_ps(self, needed: int) -> int | None:
        """When so many parts are there; None if they never will be."""
        parts = sorted(self.ready_ps.values())
        return parts[needed - 1] if len(parts) >= needed else None


@dataclasses.dataclass
class Group:
    """Nodes that train one job at a time."""

    lives: Lives
    up: np.ndarray
    turns: deque[tuple[int, int, bool]] = dataclasses.field(default_factory=deque)
    job: Job | None = None
    round: Round | None = None
    serial: int = 0
    """Number of the plan for the round's end: what names another is void."""


@dataclasses.dataclass
class Count:
    """What a class has done. Node-time in picoseconds; `spent` by state of the nodes, the others split what is in rounds."""

    offered: int = 0
    completed: int = 0
    failed: int = 0
    rounds: int = 0
    undone: int = 0
    """Rounds that were done and are done again, or were broken off."""
    rounds_ps: int = 0
    """Time of rounds that ended, from the first part's begin to the last one needed."""
    whole_ps: int = 0
    """Time from coming to completion, of completed jobs."""
    work_ps: int = 0
    wait_ps: int = 0
    lost_ps: int = 0
    overhead_ps: int = 0
    spent: list[int] = dataclasses.field(default_factory=lambda: [0, 0, 0])

    def less(self, before: Count) -> Count:
        """What came since an earlier count."""
        names = [field.name for field in dataclasses.fields(self) if field.name != "spent"]
        made = Count(**{name: getattr(self, name) - getattr(before, name) for name in names})
        made.spent = [now - then for now, then in zip(self.spent, before.spent, strict=True)]
        return made


class JobRuns:
    """One class of jobs through a run.

    Parameters
    ----------
    name, block
        The class and its `OwnJobs`.
    streams
        Those of the run: `jobs.NAME` for arrivals, `jobs_pace.NAME` for rounds, `jobs_lives.NAME` and `jobs_up.NAME` for nodes.
    horizon_ps
        No job comes after it.

    """

    def __init__(self, name: str, block: Any, streams: Streams, horizon_ps: int) -> None:
        self.name, self.block, self.horizon_ps = name, block, horizon_ps
        self.count = Count()
        self.now_ps = 0
        self.jobs: list[Job] = []
        self.queue: deque[Job] = deque()
        self._pace_s = block.straggler.mean_s(block.round_time)
        self._paces = Paces(streams[f"jobs_pace.{name}"], block.workers)
        self._arrivals = streams[f"jobs.{name}"]
        self._events: list[tuple[int, int, int, int]] = []
        """Heap of (instant, kind, number, serial)."""
        self._since_ps = np.zeros((block.at_once, block.nodes), object)
        self._state = np.full((block.at_once, block.nodes), IDLE)
        self.groups = [self._group(streams, g) for g in range(block.at_once)]
        self._push(ps(block.first), COMES, 0)

    def _group(self, streams: Streams, g: int) -> Group:
        block, n = self.block, self.block.nodes
        nodes = Nodes(
            block.up_law.mean_s(block.up_time), block.repair_law.mean_s(block.repair), block.up_law, block.repair_law
        )
        slots = np.arange(g * n, (g + 1) * n)
        lives = Lives(nodes, Draws(streams[f"jobs_lives.{self.name}"], 0, slots, SPELLS_DRAWN), 0)
        uniforms = streams[f"jobs_up.{self.name}"].generator(g).random(n)
        up = lives.settle(np.arange(n), 0, uniforms)
        self._state[g][~up] = DOWN
        group = Group(lives, up)
        self._look_ahead(g, group)
        return group

    # -- events ------------------------------------------------------------------------------------------------

    def advance(self, until_ps: int) -> None:
        """Let everything happen up to and at an instant."""
        while self._events and self._events[0][0] <= until_ps:
            at_ps, kind, number, serial = heapq.heappop(self._events)
            self.now_ps = at_ps
            (self._come, self._end_round, self._late, self._turn, self._begin)[kind](number, serial)
        self.now_ps = until_ps
        for g in range(len(self.groups)):
            for node in range(self.block.nodes):
                self._become(g, node, int(self._state[g, node]))
        self._check()

    def _push(self, at_ps: int, kind: int, number: int, serial: int = 0) -> None:
        heapq.heappush(self._events, (at_ps, kind, number, serial))

    def _come(self, number: int, _serial: int) -> None:
        """A job comes, and says when the next one will."""
        if self.now_ps >= self.horizon_ps:
            return
        job = Job(number, self.now_ps)
        self.jobs.append(job)
        self.queue.append(job)
        self.count.offered += 1
        draw = float(self._arrivals.exponentials(number, 1)[0])
        gap_s = float(self.block.between.length(self.block.between.mean_s(self.block.every), draw))
        self._push(self.now_ps + max(ps(gap_s), 1), COMES, number + 1)
        if self.block.deadline is not None:
            self._push(self.now_ps + ps(self.block.deadline), LATE, number)
        self._wake()

    def _wake(self) -> None:
        """All groups that stand look, at the end of this instant, whether they can begin something."""
        for g, group in enumerate(self.groups):
            if group.round is None:
                self._push(self.now_ps, BEGINS, g)

    def _begin(self, g: int, _serial: int) -> None:
        """A group that stands takes a job, and starts a round once enough nodes are up."""
        group, block = self.groups[g], self.block
        if group.round is not None:
            return
        if group.job is None and self.queue:
            group.job = self.queue.popleft()
        up = np.flatnonzero(group.up)[: block.workers].tolist()
        if group.job is None or len(up) < block.needed:
            return
        start_ps = self.now_ps if group.job.loaded else self.now_ps + ps(block.restart)
        group.job.starts += not group.job.loaded
        group.job.loaded = True
        draws = self._paces.of(group.job.number, group.job.done)[: len(up)]
        takes = [max(ps(float(s)), 1) for s in block.straggler.length(self._pace_s, draws)]
        group.round = Round(self.now_ps, start_ps, {node: start_ps + t for node, t in zip(up, takes, strict=True)})
        for node in up:
            self._become(g, node, IN_ROUND)
        self._plan(g, group)

    def _plan(self, g: int, group: Group) -> None:
        """Set the round's end: the last part needed, and a checkpoint where one is due; or break it off."""
        assert group.round is not None and group.job is not None
        close_ps = group.round.close_ps(self.block.needed)
        group.serial += 1
        if close_ps is None:
            self._break_off(g, group)
            return
        group.round.end_ps = close_ps
        self._push(close_ps + self._save_ps(group.job), ENDS, g, group.serial)

    def _save_ps(self, job: Job) -> int:
        due = (job.done + 1) % self.block.checkpoint == 0 or job.done + 1 == self.block.rounds
        return ps(self.block.save) if due else 0

    def _end_round(self, g: int, serial: int) -> None:
        group, count = self.groups[g], self.count
        if serial != group.serial or group.round is None:
            return
        made, job = group.round, group.job
        assert job is not None
        for node, ready_ps in made.ready_ps.items():
            self._divide(job, made, ready_ps, made.gone_ps.get(node, self.now_ps))
            if node not in made.gone_ps:
                self._become(g, node, IDLE)
        count.rounds += 1
        count.rounds_ps += made.end_ps - made.start_ps
        group.round = None
        job.done += 1
        if job.done % self.block.checkpoint == 0 or job.done == self.block.rounds:
            job.saved, job.unsaved_ps = job.done, 0
        if job.done == self.block.rounds:
            count.completed += 1
            count.whole_ps += self.now_ps - job.came_ps
            self._free(group)
        self._push(self.now_ps, BEGINS, g)

    def _divide(self, job: Job, made: Round, ready_ps: int, until_ps: int) -> None:
        """What a node did in a round that was made: loading, its part, waiting for others, and standing still for the checkpoint."""
        closed_ps = min(until_ps, made.end_ps)
        self.count.overhead_ps += made.start_ps - made.begin_ps + until_ps - closed_ps
        if ready_ps > made.end_ps:
            # Told to stop when the round was made without it.
            self.count.lost_ps += closed_ps - made.start_ps
            return
        work_ps = ready_ps - made.start_ps
        self.count.wait_ps += closed_ps - ready_ps
        self.count.work_ps += work_ps
        job.work_ps += work_ps
        job.unsaved_ps += work_ps

    def _lose(self, job: Job, undone_ps: int) -> None:
        """Work that counted so far does not count any more."""
        self.count.work_ps -= undone_ps
        self.count.lost_ps += undone_ps
        job.work_ps -= undone_ps

    def _break_off(self, g: int, group: Group) -> None:
        """A round that cannot be made: all of it is lost, and what came after the last checkpoint."""
        job, broken = group.job, group.round
        assert job is not None and broken is not None
        self._drop_round(g, group)
        self.count.undone += 1 + job.done - job.saved
        self._lose(job, job.unsaved_ps)
        job.done, job.unsaved_ps = job.saved, 0
        job.loaded = False
        if self.block.attempts is not None and job.starts >= self.block.attempts:
            self._fail(group)
        self._push(self.now_ps, BEGINS, g)

    def _drop_round(self, g: int, group: Group) -> None:
        assert group.round is not None
        for node in group.round.ready_ps:
            self._drop_part(group.round, group.round.gone_ps.get(node, self.now_ps))
            if node not in group.round.gone_ps:
                self._become(g, node, IDLE)
        group.round = None
        group.serial += 1

    def _drop_part(self, made: Round, at_ps: int) -> None:
        """A node's part of a round is void: loading as overhead, the rest lost."""
        loading_ps = min(at_ps, made.start_ps) - made.begin_ps
        self.count.overhead_ps += loading_ps
        self.count.lost_ps += at_ps - made.begin_ps - loading_ps

    def _fail(self, group: Group) -> None:
        """The group's job has failed: nothing of its work counts."""
        assert group.job is not None
        self._lose(group.job, group.job.work_ps)
        group.job.unsaved_ps = 0
        self.count.failed += 1
        self._free(group)

    def _free(self, group: Group) -> None:
        assert group.job is not None
        group.job.ended = True
        self._paces.forget(group.job.number)
        group.job = None

    def _late(self, number: int, _serial: int) -> None:
        """A job's deadline."""
        job = self.jobs[number]
        if job.ended:
            return
        if job in self.queue:
            self.queue.remove(job)
            job.ended = True
            self.count.failed += 1
            return
        g = next(i for i, group in enumerate(self.groups) if group.job is job)
        group = self.groups[g]
        if group.round is not None:
            self.count.undone += 1
            self._drop_round(g, group)
        self._fail(group)
        self._push(self.now_ps, BEGINS, g)

    # -- nodes -------------------------------------------------------------------------------------------------

    def _look_ahead(self, g: int, group: Group) -> None:
        """Have the group's next turn among the events; lives are told a stretch at a time."""
        if group.turns or group.lives.turns:
            while not group.turns and group.lives.turns:
                group.turns.extend(group.lives.until(group.lives.turns[0][0] + 1))
            if group.turns:
                self._push(group.turns[0][0], TURNS, g)

    def _turn(self, g: int, _serial: int) -> None:
        """What happens to nodes of a group at this instant: failures first, by node."""
        group = self.groups[g]
        now = [group.turns.popleft() for _ in range(sum(turn[0] == self.now_ps for turn in group.turns))]
        for _, node, fails in sorted(now, key=lambda turn: (not turn[2], turn[1])):
            group.up[node] = not fails
            if fails:
                self._node_fails(g, group, node)
            else:
                self._become(g, node, IDLE)
                self._push(self.now_ps, BEGINS, g)
        self._look_ahead(g, group)

    def _node_fails(self, g: int, group: Group, node: int) -> None:
        made = group.round
        self._become(g, node, DOWN)
        if made is None or node not in made.ready_ps or node in made.gone_ps:
            return
        if made.ready_ps[node] <= self.now_ps:
            made.gone_ps[node] = self.now_ps
            return
        del made.ready_ps[node]
        self._drop_part(made, self.now_ps)
        self._plan(g, group)

    def _become(self, g: int, node: int, state: int) -> None:
        """Count a node's time in the state it was in, and put it into another."""
        self.count.spent[int(self._state[g, node])] += self.now_ps - self._since_ps[g, node]
        self._since_ps[g, node] = self.now_ps
        self._state[g, node] = state

    # -- laws --------------------------------------------------------------------------------------------------

    @property
    def running(self) -> int:
        """Jobs that a group has taken."""
        return sum(group.job is not None for group in self.groups)

    def _check(self) -> None:
        """Jobs and node-time add up, or the run stops."""
        count, block = self.count, self.block
        if count.offered != count.completed + count.failed + self.running + len(self.queue):
            raise InvariantError(
                f"jobs.{self.name}: {count.offered} came; {count.completed} completed, {count.failed} failed, {self.running} run, "
                f"{len(self.queue)} wait"
            )
        rounds = [group.round for group in self.groups if group.round is not None]
        open_ps = sum(made.gone_ps.get(node, self.now_ps) - made.begin_ps for made in rounds for node in made.ready_ps)
        told_ps = count.work_ps + count.wait_ps + count.lost_ps + count.overhead_ps + open_ps
        whole_ps = block.at_once * block.nodes * self.now_ps
        if count.spent[IN_ROUND] != told_ps or sum(count.spent) != whole_ps:
            raise InvariantError(
                f"jobs.{self.name}: nodes were {count.spent} ps down, idle and in rounds of {whole_ps} ps; rounds tell of {told_ps} ps"
            )


class Runs(Protocol):
    """A class of jobs through a run."""

    name: str
    block: Any
    count: Count
    queue: deque[Job]

    @property
    def running(self) -> int:
        """Jobs under way."""

    def advance(self, until_ps: int) -> None:
        """Let everything happen up to and at an instant."""


class Training:
    """All classes of jobs of a run."""

    def __init__(self, blocks: dict[str, Any], streams: Streams, horizon_ps: int) -> None:
        own = {name: block for name, block in blocks.items() if block.kind == "own"}
        self.runs: list[Runs] = [JobRuns(name, block, streams, horizon_ps) for name, block in own.items()]
        self._before = [copy.deepcopy(runs.count) for runs in self.runs]
        self._closed_ps = 0
        self.paid_usd = 0.0
        """What networks were paid in the epoch for parts on their nodes."""

    def adopt(self, runs: Runs) -> None:
        """Tell of a class of jobs on shared nodes, too."""
        self.runs.append(runs)
        self._before.append(copy.deepcopy(runs.count))

    def close(self, end_ps: int) -> dict[str, tuple[float, float] | float | None]:
        """Bring all to the end of an epoch: the world's line about jobs, what came since the last one."""
        for runs in self.runs:
            runs.advance(end_ps)
        since = [runs.count.less(before) for runs, before in zip(self.runs, self._before, strict=True)]
        self._before = [copy.deepcopy(runs.count) for runs in self.runs]
        days, self._closed_ps = (end_ps - self._closed_ps) / PS_PER_S / DAY_S, end_ps
        paid_usd, self.paid_usd = self.paid_usd, 0.0
        return line(since, [runs.block for runs in self.runs], days, paid_usd)

    def counts(self) -> dict[str, int]:
        """Jobs of the run by what became of them."""
        told = {
            name: sum(getattr(runs.count, name) for runs in self.runs) for name in ("offered", "completed", "failed")
        }
        told["running"] = sum(runs.running for runs in self.runs)
        told["waiting"] = sum(len(runs.queue) for runs in self.runs)
        return {f"jobs_{name}": number for name, number in told.items()}


def line(
    counts: list[Count], blocks: list[Any], days: float, paid_usd: float
) -> dict[str, tuple[float, float] | float | None]:
    """Outcomes of an epoch over all classes: pairs where they are ratios; rent for all nodes, in rounds or not, and what was paid."""

    def total(name: str) -> int:
        return sum(getattr(count, name) for count in counts)

    hours = [sum(c.spent) * b.per_node / PS_PER_S / 3600 for c, b in zip(counts, blocks, strict=True)]
    gpu_ps = [(c.spent[IN_ROUND] * b.per_node, c.lost_ps * b.per_node) for c, b in zip(counts, blocks, strict=True)]
    rent_usd = sum(h * block.rent for h, block in zip(hours, blocks, strict=True))
    completed, ended = total("completed"), total("completed") + total("failed")
    wait_ps, work_ps = total("wait_ps"), total("work_ps")
    return {
        "jobs_completed_per_day": completed / days,
        "jobs_failed_frac": (float(total("failed")), float(ended)),
        "job_rounds_per_day": total("rounds") / days,
        "job_round_s": (total("rounds_ps") / PS_PER_S, float(total("rounds"))),
        "job_wait_frac": (wait_ps / PS_PER_S, (wait_ps + work_ps) / PS_PER_S),
        "job_lost_frac": (sum(lost for _, lost in gpu_ps) / PS_PER_S, sum(held for held, _ in gpu_ps) / PS_PER_S),
        "job_gpu_hours_per_day": sum(held for held, _ in gpu_ps) / PS_PER_S / 3600 / days,
        "job_time_days": (total("whole_ps") / PS_PER_S / DAY_S, float(completed)),
        "job_cost_usd": (rent_usd + paid_usd, float(completed)),
    }
