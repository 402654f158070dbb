"""Running a study: which runs are missing, simulating them side by side, and keeping each as it comes."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import gc
import hashlib
import json
import math
import os
import signal
import threading
import time
import warnings
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from sim.errors import InvariantError, ScenarioError
from sim.records.run import RunRecord
from sim.records.study import StudyRecord
from sim.scenario import ResolvedCase, Scenario
from sim.scenario.asides import all_cases
from sim.scenario.knobs import Values
from sim.scenario.obstacles import obstacles
from sim.study.plan import Cell, Plan
from sim.study.planning import plan_of
from sim.study.solve import Tries, solve
from sim.study.statistics import finite
from sim.study.store import Packed, Store, part_key, run_key
from sim.study.summarise import summarise, versions

START_S = 3.0
"""What starting workers takes, wall seconds: importing numba and reading compiled code (measured on two cores)."""
Simulate = Callable[..., RunRecord]
"""`simulate(resolved, replication, engine=...) -> RunRecord`; must be picklable where `jobs` is above 1."""


@dataclasses.dataclass(frozen=True)
class Progress:
    """How far a study is: runs in all, runs that the store had at the start, runs simulated since, and for how long.

    `jobs` workers simulate side by side; `run_s` is what a run took on average of those in the store at the start, `spent_s` what all
    simulated since took together, wall seconds; None: not told.
    """

    total: int
    stored: int
    simulated: int
    elapsed_s: float
    jobs: int = 1
    run_s: float | None = None
    spent_s: float | None = None

    @property
    def left_s(self) -> float | None:
        """Seconds that are left, from the runs simulated so far, before the first from those in the store; None if unknown."""
        missing = self.total - self.stored - self.simulated
        if self.simulated:
            # What runs took themselves: compiling and starting workers, once, would make the first run seem a hundred.
            spent_s = self.elapsed_s if self.spent_s is None else self.spent_s / self.jobs
            return spent_s / self.simulated * missing
        return 0.0 if not missing else None if self.run_s is None else self.run_s * missing / self.jobs


@dataclasses.dataclass(frozen=True)
class How:
    """How runs are simulated. `author` stands in their keys: what simulated them."""

    author: str = "fast"
    jobs: int | None = None
    fresh: bool = False
    progress: Callable[[Progress], None] | None = None
    engine: str = "fast"
    simulate: Simulate | None = None
    scheduler: str = ""


class _Task(NamedTuple):
    """One run to do. `key` finds it in the store; `resolved` is the scenario's `ResolvedCase`; `only` as `sim.world.run` takes it."""

    key: str
    cell: Cell
    replication: int
    resolved: ResolvedCase
    only: tuple[str, ...] = ()

    @property
    def who(self) -> str:
        point = f", point {self.cell.point}" if self.cell.point else ""
        return f"policy {self.cell.policy}, coin price {self.cell.coin_price}{point}, replication {self.replication}"


_Work = tuple[int, _Task, str, Simulate]
"""A run to do with its place among all, engine and function."""


class _Done(NamedTuple):
    """What a worker sends back: the record as the store keeps it, or the message of the law that broke."""

    task: int
    found: Packed | None
    broken: str
    wall_s: float


def run(
    scenario: Scenario,
    store_path: str | Path,
    jobs: int | None = None,
    replications: int | None = None,
    policies: Sequence[str] | None = None,
    fresh: bool = False,
    progress: Callable[[Progress], None] | None = None,
    engine: str = "fast",
    simulate: Simulate | None = None,
    uncertain: int = 0,
    scheduler: str = "",
) -> StudyRecord:
    """Simulate what the store lacks of a scenario's runs, and give the record of the whole study.

    The result is the same to the byte for any number of workers and any order in which they finish.

    Parameters
    ----------
    scenario
        A loaded scenario.
    store_path
        The study's file; made if it is not there. Runs in it are used, never repeated and never lost.
    jobs
        Worker processes, one thread each; None: one a core, or none where all is done sooner than they would have started. With 1
        everything runs in this process.
    replications, policies
        In place of the scenario's: how many, and which of its policies (in the scenario's order).
    fresh
        Simulate this study's runs anew; runs of other studies in the file stay.
    progress
        Called with a `Progress` at the start and after each run.
    engine
        The serving engine: `fast`, `loop` or `reference`. Runs of one are not taken for another's.
    simulate
        What simulates a run in place of `sim.world.run`.
    uncertain
        Joint sets of the `uncertain:` parameters to run beside the file's values; 0: none.
    scheduler
        Address of a Dask scheduler, `tcp://HOST:PORT`, whose workers simulate in place of processes of this machine (`jobs` has
        no effect). Whoever can talk to it can run code on its workers, and a worker answers with pickles: trust both.

    Raises
    ------
    ScenarioError
        A policy that is not there, a store that cannot be used, workers that were killed.
    InvariantError
        A run broke a law; the message names the run. Runs that finished stay.
    KeyboardInterrupt
        Passed on; runs that finished stay.

    """
    how = How(author_of(engine, simulate), jobs, fresh, progress, engine, simulate, scheduler)
    scenario = scenario.with_drawn(uncertain) if uncertain else scenario
    return run_as(scenario, store_path, how, replications, policies)


def run_as(
    scenario: Scenario,
    store_path: str | Path,
    how: How,
    replications: int | None = None,
    policies: Sequence[str] | None = None,
    stopping: str = "",
) -> StudyRecord:
    """`run` with its ways in one; `stopping` is what a rule that found the number of replications says of itself."""
    scenario, plan = made_equal(scenario, plan_of(scenario, replications, policies), store_path, how)
    return run_plan(dataclasses.replace(plan, stopping=stopping), all_cases(scenario), store_path, how)


def made_equal(scenario: Scenario, plan: Plan, store_path: str | Path, how: How) -> tuple[Scenario, Plan]:
    """The scenario with its policies made equal where `compare` asks for it, and the plan that says how; else both as they are.

    Tries that the store has are not simulated again. The plan's replications and policies count.
    """
    if not (scenario.spec.compare.hold or scenario.spec.compare.equalize):
        return scenario, plan
    scenario, solved = solve(scenario, plan, _tries(scenario, plan, store_path, how))
    plan = plan_of(scenario, plan.replications, plan.policies)
    return scenario, dataclasses.replace(plan, solved=tuple(solved))


def _tries(scenario: Scenario, plan: Plan, store_path: str | Path, how: How) -> Tries:
    """Runs of cells with other values, kept in the study's store like all runs."""

    def tries(asked: Sequence[tuple[Cell, Values]]) -> dict[tuple[Cell, Values], list[RunRecord]]:
        tasks = [
            _Task(run_key(resolved.case.key, how.author), Cell(f"{cell.policy} (try {place})", *cell[1:]), r, resolved)
            for place, (cell, values) in enumerate(asked)
            for resolved in (scenario.case(*cell, values),)
            for r in range(plan.replications)
        ]
        with Store(store_path) as store:
            _simulate_all(store, tasks, _missing(store, tasks), how)
            store.ask(plan.asker, {task.key for task in tasks})
            runs = list(_StoredRuns(store, tasks).values())
        return dict(zip(asked, runs, strict=True))

    return tries


def run_plan(plan: Plan, cases: Sequence[ResolvedCase], store_path: str | Path, how: How) -> StudyRecord:
    """`run` once the scenario is read: `cases` are its `ResolvedCase`s, of which the plan's cells are taken."""
    tasks = _tasks(plan, cases, how.author)
    with Store(store_path) as store:
        if how.fresh:
            store.forget({task.key for task in tasks}, plan.replications)
        study_key = _study_key(plan, tasks)
        _ask(store, plan, tasks)
        missing = _missing(store, tasks)
        known = None if missing else store.get_study(study_key)
        _simulate_all(store, tasks, missing, how)
        if known is not None:
            return known
        record = summarise(plan, _StoredRuns(store, tasks))
        store.put_study(study_key, record)
        return record


def _ask(store: Store, plan: Plan, tasks: Sequence[_Task]) -> None:
    """Say for whom the runs are; joint sets are asked for by so many of them."""
    in_sets = {task.key for task in tasks if task.cell.point >= len(plan.points)}
    store.ask(plan.asker, {task.key for task in tasks if task.cell.point < len(plan.points)})
    if in_sets:
        store.ask(asker_of_sets(plan), in_sets)


def asker_of_sets(plan: Plan) -> str:
    """Who asks for the runs of the plan's joint sets."""
    return f"{plan.asker} {len(plan.sets)}"


@contextlib.contextmanager
def run_sets(
    plan: Plan, cases: Sequence[ResolvedCase], store_path: str | Path, how: How, only: Collection[str] = ()
) -> Generator[Mapping[Cell, list[RunRecord]]]:
    """Simulate what the store lacks of the plan's runs; inside the block its runs are read from the store, cell by cell.

    With `only`, runs that are missing leave what these outcome references read and nothing else, under keys of their own: a whole run
    that the store has serves as well, what a part leaves never stands for a whole one.
    """
    tasks = _tasks(plan, cases, how.author)
    with Store(store_path) as store:
        if only and how.simulate is None:
            tasks = _in_part(store, tasks, tuple(sorted(only)))
        store.ask(plan.asker, {task.key for task in tasks})
        _simulate_all(store, tasks, _missing(store, tasks), how)
        yield _StoredRuns(store, tasks)


def _tasks(plan: Plan, cases: Sequence[ResolvedCase], author: str) -> list[_Task]:
    """Replications outermost, then set after set: a study that is cut short has whole pairs."""
    by_cell = {
        Cell(resolved.case.policy, resolved.case.coin_price, resolved.case.point): resolved for resolved in cases
    }
    cells = plan.cells()
    runs = [(cell, r) for r in range(plan.replications) for cell in (*cells, *plan.aside_cells())]
    for drawn in range(len(plan.sets)):
        runs += [(plan.in_set(cell, drawn), r) for r in range(plan.per_set) for cell in cells]
    return [_Task(run_key(by_cell[cell].case.key, author), cell, r, by_cell[cell]) for cell, r in runs]


def _in_part(store: Store, tasks: Sequence[_Task], only: tuple[str, ...]) -> list[_Task]:
    """The tasks, those without a whole run in the store for a part of one."""
    whole = store.done({task.key for task in tasks})
    return [
        task if (task.key, task.replication) in whole else task._replace(key=part_key(task.key, only), only=only)
        for task in tasks
    ]


def run_keys(plan: Plan, cases: Sequence[ResolvedCase]) -> list[str]:
    """Keys of the study's runs, sorted, each once: they change with what is simulated."""
    return sorted({task.key for task in _tasks(plan, cases, author_of("fast", None))})


def author_of(engine: str, simulate: Simulate | None) -> str:
    """What stands in the keys of runs for who simulated them: the engine, and a function in place of the simulator."""
    if simulate is None:
        return engine
    named = simulate if hasattr(simulate, "__qualname__") else type(simulate)
    return f"{engine} {named.__module__}.{named.__qualname__}"


def _missing(store: Store, tasks: Sequence[_Task]) -> list[int]:
    """Indices of the tasks to simulate; of those that are alike (two policies that say the same) only the first."""
    seen = store.done({task.key for task in tasks})
    missing = []
    for index, task in enumerate(tasks):
        if (task.key, task.replication) not in seen:
            seen.add((task.key, task.replication))
            missing.append(index)
    return missing


class _StoredRuns(Mapping[Cell, list[RunRecord]]):
    """The finished runs by cell, in order of replication, read from the store when asked for.

    Each comes under the names that this study has for it: another study, or a policy that says the same, may have made it.
    """

    def __init__(self, store: Store, tasks: Sequence[_Task]) -> None:
        self._store = store
        self._tasks: dict[Cell, list[_Task]] = {}
        for task in sorted(tasks, key=lambda task: task.replication):
            self._tasks.setdefault(task.cell, []).append(task)

    def __getitem__(self, cell: Cell) -> list[RunRecord]:
        return [self._read(task) for task in self._tasks[cell]]

    def __iter__(self) -> Iterator[Cell]:
        return iter(self._tasks)

    def __len__(self) -> int:
        return len(self._tasks)

    def _read(self, task: _Task) -> RunRecord:
        record = self._store.get(task.key, task.replication)
        if record is None:
            raise ScenarioError(
                f"{self._store.path}: the run of {task.who} vanished from the store while the study ran"
            )
        return dataclasses.replace(record, **task.cell._asdict())


def _study_key(plan: Plan, tasks: Sequence[_Task]) -> str:
    """Changes with the plan, the runs, the versions, and the code that makes a record of them."""
    parts = [json.dumps(dataclasses.asdict(plan), sort_keys=True, default=str), json.dumps(versions()), _sources()]
    parts += sorted({task.key for task in tasks})
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _sources() -> str:
    rooms = (Path(__file__).parent, Path(__file__).parent.parent / "records")
    return hashlib.sha256(
        b"".join(path.read_bytes() for room in rooms for path in sorted(room.glob("*.py")))
    ).hexdigest()


def _jobs(jobs: int | None, tasks: int) -> int:
    import joblib

    if jobs is not None and jobs < 1:
        raise ScenarioError(f"jobs: {jobs} found; must be at least 1")
    return max(1, min(jobs or joblib.cpu_count(), tasks))


def _simulate_all(store: Store, tasks: Sequence[_Task], missing: Sequence[int], how: How) -> None:
    begun = time.monotonic()
    jobs = _jobs(how.jobs, len(missing)) if missing else 1
    start = Progress(len(tasks), len(tasks) - len(missing), 0, 0.0, jobs, store.mean_wall_s())
    _tell(how, start)
    known, spent_s = versions(), 0.0
    with warnings.catch_warnings(), contextlib.closing(_results(tasks, missing, how)) as results:
        # A study that stops early leaves runs that nobody will ask for; joblib would advise about them.
        warnings.filterwarnings("ignore", ".*have been successfully executed", UserWarning)
        for count, done in enumerate(results, start=1):
            task = tasks[done.task]
            if done.broken:
                store.put_failed(task.key, task.replication, task.cell, done.broken)
                raise InvariantError(f"{task.who}: {done.broken}")
            assert done.found is not None  # nothing broke
            store.put(task.key, task.replication, done.found, done.wall_s, known)
            spent_s += done.wall_s
            elapsed_s = time.monotonic() - begun
            _tell(how, dataclasses.replace(start, simulated=count, elapsed_s=elapsed_s, spent_s=spent_s))


def _results(tasks: Sequence[_Task], missing: Sequence[int], how: How) -> Generator[_Done]:
    """Each missing run as it finishes, in any order."""
    if not missing:
        return
    jobs = _jobs(how.jobs, len(missing))
    function = how.simulate or _world()
    work: Sequence[_Work] = [(index, tasks[index], how.engine, function) for index in missing]
    compiles = how.simulate is None and how.engine != "reference" and _serves([tasks[index] for index in missing])
    if how.scheduler:
        from sim.study import cluster

        yield from cluster.each(how.scheduler, _one, work, first=_compile if compiles else None)
        return
    if compiles and jobs > 1:
        _compile()
    elif not compiles and how.simulate is None and how.engine == "fast" and not obstacles(work[0][1].resolved.before):
        work = yield from _loading(jobs, work)
    if jobs == 1 or how.jobs is None:
        work = yield from _alone(jobs, work)
    if work:
        yield from _side_by_side(jobs, work)


def _alone(jobs: int, work: Sequence[_Work]) -> Generator[_Done, None, Sequence[_Work]]:
    """The first runs in this process: all of them where starting workers would take longer than they would save, as a
    single one always would. Gives the rest.

    The first may load what later ones find loaded: where it was short a second tells. Bytes are the same wherever a run is made.
    """
    quickest_s = math.inf
    for count, one in enumerate(work, start=1):
        done = _one(*one)
        yield done
        quickest_s = min(quickest_s, done.wall_s)
        saved_s = quickest_s * (len(work) - count) * (1 - 1 / jobs)
        if saved_s > START_S and (count > 1 or quickest_s > START_S):
            return work[count:]
    return ()


def _loading(jobs: int, work: Sequence[_Work]) -> Generator[_Done, None, Sequence[_Work]]:
    """The first run of a study of economies, and a second where all of them are worth compiling: here once, not in every process. Gives the rest."""
    from sim.world.loading import LOADING

    first = _one(*work[0])
    yield first
    if len(work) > 1 and LOADING.foresee(first.wall_s * (len(work) - 1) / jobs):
        yield _one(*work[1])
        return work[2:]
    return work[1:]


def _serves(tasks: Sequence[_Task]) -> bool:
    """Whether any of these runs serves requests."""
    return any(
        spec.requests.mode != "capacity" for task in tasks for spec in (task.resolved.before, task.resolved.after)
    )


def _compile() -> None:
    """Compile what runs need, once, into the cache that the processes of a machine read."""
    from sim.serving.compiling import compile_core

    compile_core()


def _side_by_side(jobs: int, work: Sequence[_Work]) -> Generator[_Done]:
    import joblib
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    # One thread a worker: there are as many workers as cores, and sums must not depend on the number of threads.
    with joblib.parallel_config(backend="loky", inner_max_num_threads=1):
        parallel = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size=1)
    try:
        with _interrupts_held():
            done = parallel(joblib.delayed(_in_worker)(os.getpid(), *each) for each in work)
        yield from done
    except TerminatedWorkerError as error:
        raise ScenarioError(
            "a worker process was killed, most likely for lack of memory; finished runs are kept: run again, with fewer --jobs"
        ) from error


@contextlib.contextmanager
def _interrupts_held() -> Generator[None]:
    """Hold Ctrl-C back while workers are started, so that they begin life deaf to it, and hear it afterwards.

    A terminal sends it to all processes; only this one answers, and stops its workers. Windows has no such mask.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker

    from joblib.externals.loky.backend import resource_tracker as loky_tracker

    # Started with the first worker otherwise, these would let interrupts through again before the workers are there.
    resource_tracker.ensure_running()
    loky_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _one(index: int, task: _Task, engine: str, simulate: Simulate) -> _Done:
    """One run, in whatever process; what it finds goes back packed so that the same bytes are kept everywhere."""
    begun = time.monotonic()
    try:
        part = {"only": task.only} if task.only else {}
        record = simulate(task.resolved, task.replication, engine=engine, **part)
        _require_finite(record)
        return _Done(index, Packed.of(record), "", time.monotonic() - begun)
    except InvariantError as error:
        return _Done(index, None, str(error), time.monotonic() - begun)
    except ScenarioError as error:
        raise ScenarioError(
            [dataclasses.replace(one, message=f"{one.message} (in the run of {task.who})") for one in error.problems]
        ) from None
    except Exception as error:
        error.add_note(f"in the run of {task.who}")
        raise


def _in_worker(parent: int, index: int, task: _Task, engine: str, simulate: Simulate) -> _Done:
    """`_one` in a process that only simulates, for the study in process `parent`."""
    _settle_memory()
    _end_with(parent)
    return _one(index, task, engine, simulate)


@functools.cache
def _end_with(parent: int) -> None:
    """Once a worker: end soon after the process of the study is gone. Killed, it could not tell its workers to stop."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@functools.cache
def _settle_memory() -> None:
    """Once a worker: what libraries made at import is not searched for garbage again and again.

    Not in a caller's own process, where what is frozen may be the caller's and would never be let go.
    """
    gc.freeze()


def _require_finite(record: RunRecord) -> None:
    """Raise `InvariantError` naming the first outcome, time, series or row that holds a number which is not finite."""
    for name, number in (*record.outcomes.items(), *record.times.items()):
        if number is not None and not math.isfinite(number):
            finite([number], name)
    for name, series in record.series.items():
        # A sum is not finite where a number is not; it may be too large by itself.
        if not math.isfinite(sum(filter(None, series))):
            finite([0.0 if number is None else number for number in series], f"series {name}")
    for what, rows in (("operators", record.operators), ("classes", record.classes)):
        for row in rows:
            for name, value in row.items():
                if isinstance(value, float) and not math.isfinite(value):
                    finite([value], f"{what} {name}")


def _world() -> Simulate:
    from sim.world import run as simulate

    return simulate


def _tell(how: How, now: Progress) -> None:
    if how.progress is not None:
        how.progress(now)


def ahead(plan: Plan, cases: Sequence[ResolvedCase], store_path: Path) -> Progress:
    """What `run` would begin with on all cores: runs in all, those that the store has, and what one takes there."""
    tasks = _tasks(plan, cases, author_of("fast", None))
    with Store(store_path, create=False) as store:
        missing = len(_missing(store, tasks))
        return Progress(
            len(tasks), len(tasks) - missing, 0, 0.0, max(1, min(os.cpu_count() or 1, missing)), store.mean_wall_s()
        )


def try_first(plan: Plan, cases: Sequence[ResolvedCase], store_path: Path, how: How) -> None:
    """Simulate the first run that the store lacks, in this process, so that `ahead` knows what one takes; nothing where it has a run.

    What is compiled is compiled before, so that no run's time holds it. Raises as `run` does.
    """
    tasks = _tasks(plan, cases, how.author)
    with Store(store_path) as store:
        missing = [] if store.mean_wall_s() is not None else _missing(store, tasks)[:1]
        if missing and how.simulate is None and how.engine != "reference" and _serves([tasks[missing[0]]]):
            _compile()
        _simulate_all(store, tasks, missing, dataclasses.replace(how, jobs=1, progress=None))
