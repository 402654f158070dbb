"""A study simulates what is missing, keeps each run as it comes, and gives the same bytes however it was run."""

import contextlib
import dataclasses
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.errors import InvariantError, ScenarioError
from sim.records.study import StudyRecord
from sim.study.run import How, run_plan
from sim.study.store import Store, run_key

ROOT = Path(__file__).parents[2]


@pytest.fixture
def world(economy):
    """`simulate` functions that note who was simulated: (function, list of (policy, kind, replication))."""
    seen = []

    def simulate(resolved, replication, engine):
        seen.append((resolved.case.policy, resolved.case.coin_price, replication))
        return economy.simulated(resolved.case, replication)

    return simulate, seen


@pytest.fixture
def small(economy):
    return economy.plan(replications=3)


def study(economy, plan, path, simulate, **how):
    return run_plan(plan, economy.cases(plan), path, How(simulate=simulate, **{"jobs": 1, **how}))


def test_every_run_is_simulated_once_and_a_second_study_simulates_nothing(economy, small, tmp_path, world):
    simulate, seen = world
    first = study(economy, small, tmp_path / "s", simulate)
    assert len(seen) == len(set(seen)) == 18 == first.counts["runs"]
    told = []
    second = study(economy, small, tmp_path / "s", simulate, progress=told.append)
    assert len(seen) == 18
    assert second.to_json() == first.to_json()
    assert [(p.total, p.stored, p.simulated) for p in told] == [(18, 18, 0)]


def test_more_replications_simulate_only_the_new_ones(economy, small, tmp_path, world):
    simulate, seen = world
    study(economy, small, tmp_path / "s", simulate)
    seen.clear()
    wider = study(economy, economy.plan(replications=4), tmp_path / "s", simulate)
    assert {replication for *_, replication in seen} == {3}
    assert wider.replications == 4
    seen.clear()
    fewer = study(economy, economy.plan(replications=2), tmp_path / "s", simulate)
    assert not seen
    assert fewer.outcomes[0].n == 2


@pytest.mark.compiled
def test_one_two_and_four_workers_leave_the_same_bytes(economy, small, tmp_path):
    def simulate(resolved, replication, engine):
        # The first ones take longest, so that several workers finish in another order than one.
        time.sleep(0.02 * (2 - replication))
        return economy.simulated(resolved.case, replication)

    found = [contents(study(economy, small, tmp_path / str(n), simulate, jobs=n), tmp_path / str(n)) for n in (1, 2, 4)]
    assert found[0] == found[1] == found[2]
    assert len(found[0][1]) == 18


def contents(record, path):
    """A study's record, and its runs as they lie in the file."""
    with Store(path), contextlib.closing(sqlite3.connect(path)) as db:
        rows = db.execute("SELECT key, replication, outcomes, record FROM runs ORDER BY 1, 2").fetchall()
    return record.to_json(), rows


@pytest.mark.long
@given(order=st.permutations(range(18)), cut=st.integers(0, 18))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_order_of_finishing_changes_a_byte(economy, small, tmp_path_factory, order, cut):
    """Runs come in any order, some before the study is stopped and some after; the record is that of the plain order."""
    folder = tmp_path_factory.mktemp("orders")
    waiting = [(resolved.case, replication) for resolved in economy.cases(small) for replication in range(3)]
    with Store(folder / "any") as store:
        for index in order[:cut]:
            case, replication = waiting[index]
            store.put(run_key(case.key), replication, economy.simulated(case, replication))
    simulated = []

    def simulate(resolved, replication, engine):
        simulated.append((resolved.case, replication))
        return economy.simulated(resolved.case, replication)

    any_order = study(economy, small, folder / "any", simulate)
    assert sorted(simulated, key=str) == sorted((waiting[index] for index in order[cut:]), key=str)
    plain = study(economy, small, folder / "plain", simulate)
    assert contents(any_order, folder / "any") == contents(plain, folder / "plain")


@pytest.mark.long
@pytest.mark.parametrize(("run_s", "here"), [(0.0, 18), (1.0, 2)])
def test_workers_are_started_where_that_saves_time(economy, small, tmp_path, run_s, here):
    def simulate(resolved, replication, engine):
        time.sleep(run_s if os.getpid() == parent else 0)
        return dataclasses.replace(economy.simulated(resolved.case, replication), notes=[f"process {os.getpid()}"])

    parent = os.getpid()
    study(economy, small, tmp_path / "s", simulate, jobs=None)
    with Store(tmp_path / "s") as store:
        rows = store._db.execute("SELECT key, replication FROM runs").fetchall()
        notes = [note for row in rows for note in store.get(*row).notes]
    assert notes.count(f"process {parent}") == here or os.cpu_count() == 1
    assert len(notes) == 18


@pytest.mark.compiled
def test_workers_have_one_thread_each(economy, small, tmp_path):
    def simulate(resolved, replication, engine):
        threads = {
            name: os.environ.get(name) for name in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS")
        }
        return dataclasses.replace(
            economy.simulated(resolved.case, replication), notes=[str(threads), f"process {os.getpid()}"]
        )

    record = study(economy, small, tmp_path / "s", simulate, jobs=2)
    notes = " ".join(record.warnings)
    assert "{'OMP_NUM_THREADS': '1', 'NUMBA_NUM_THREADS': '1', 'OPENBLAS_NUM_THREADS': '1'}" in notes
    assert "None" not in notes
    assert f"process {os.getpid()}" not in notes


def test_fresh_simulates_its_own_runs_anew_and_leaves_those_of_others(economy, small, tmp_path, world):
    simulate, seen = world
    study(economy, small, tmp_path / "s", simulate)
    with Store(tmp_path / "s") as store:
        store.put("another study", 0, economy.simulated(economy.cases(small)[0].case, 0))
    seen.clear()
    study(economy, small, tmp_path / "s", simulate, fresh=True)
    assert len(seen) == 18
    with Store(tmp_path / "s") as store:
        assert store.count() == 19


def test_policies_that_say_the_same_are_simulated_once_and_keep_their_names(economy, tmp_path, world):
    simulate, seen = world
    plan = economy.plan(replications=2, policies=("four_years", "same_again"), coin_prices=("path",))
    cases = economy.cases(plan)
    twins = [cases[0], type(cases[1])(case=dataclasses.replace(cases[1].case, key=cases[0].case.key))]
    record = run_plan(plan, twins, tmp_path / "s", How(simulate=simulate, jobs=1))
    assert len(seen) == 2
    assert {summary.policy for summary in record.outcomes} == {"four_years", "same_again"}
    assert {verdict.word for verdict in record.verdicts} == {"no difference"}
    assert all(verdict.difference == 0 for verdict in record.verdicts)


def test_a_run_of_one_engine_is_not_taken_for_anothers(economy, small, tmp_path, world):
    simulate, seen = world
    study(economy, small, tmp_path / "s", simulate)
    study(economy, small, tmp_path / "s", simulate, author="reference", engine="reference")
    assert len(seen) == 36


def test_a_broken_law_names_the_run_and_keeps_the_finished_ones(economy, small, tmp_path, world):
    simulate, seen = world

    def broken(resolved, replication, engine):
        if (resolved.case.policy, resolved.case.coin_price, replication) == ("two_years", "path", 1):
            raise InvariantError("TAO: 5 base units vanished in posting emission")
        return simulate(resolved, replication, engine)

    with pytest.raises(
        InvariantError, match="policy two_years, coin price path, replication 1: TAO: 5 base units vanished"
    ):
        study(economy, small, tmp_path / "s", broken)
    kept = len(seen)
    assert kept == 9  # replications outermost: all six of replication 0 and three of replication 1
    with Store(tmp_path / "s") as store:
        assert store.count() == kept
        assert store.failures() == [("two_years", "path", 0, 1, "TAO: 5 base units vanished in posting emission")]
    study(economy, small, tmp_path / "s", simulate)
    assert len(seen) == len(set(seen)) == 18
    with Store(tmp_path / "s") as store:
        assert store.failures() == []


@pytest.mark.compiled
def test_a_broken_law_in_a_worker_stops_the_study_too(economy, small, tmp_path):
    def broken(resolved, replication, engine):
        if replication == 1:
            raise InvariantError("requests lost")
        return economy.simulated(resolved.case, replication)

    with pytest.raises(InvariantError, match=r"policy \w+, coin price \w+, replication 1: requests lost"):
        study(economy, small, tmp_path / "s", broken, jobs=2)
    with Store(tmp_path / "s") as store:
        assert store.count() >= 1


@pytest.mark.parametrize(
    ("where", "bad", "told"),
    [
        ("outcomes", {"tao.nodes": float("nan")}, "tao.nodes: nan found"),
        ("series", {"tao.nodes": [1.0, float("inf")]}, "series tao.nodes: inf found"),
        ("times", {"tao.half_nodes_days": float("nan")}, "tao.half_nodes_days: nan found"),
        ("operators", [{"network": "tao", "nodes": float("nan")}], "operators nodes: nan found"),
        ("classes", [{"network": "tao", "ttft_s": float("-inf")}], "classes ttft_s: -inf found"),
    ],
)
def test_a_number_that_is_not_finite_stops_the_study_and_names_the_run(economy, small, tmp_path, where, bad, told):
    def broken(resolved, replication, engine):
        return dataclasses.replace(economy.simulated(resolved.case, replication), **{where: bad})

    with pytest.raises(InvariantError, match=rf"policy four_years, .*replication 0: {told}"):
        study(economy, small, tmp_path / "s", broken)


def test_a_fault_of_the_program_shows_the_run_in_its_traceback(economy, small, tmp_path):
    def broken(resolved, replication, engine):
        raise KeyError("oops")

    with pytest.raises(KeyError) as caught:
        study(economy, small, tmp_path / "s", broken)
    assert caught.value.__notes__ == ["in the run of policy four_years, coin price pool, replication 0"]


def test_an_interrupt_leaves_a_store_that_goes_on(economy, small, tmp_path, world):
    simulate, seen = world

    def interrupted(resolved, replication, engine):
        if len(seen) == 7:
            raise KeyboardInterrupt
        return simulate(resolved, replication, engine)

    with pytest.raises(KeyboardInterrupt):
        study(economy, small, tmp_path / "s", interrupted)
    with Store(tmp_path / "s") as store:
        assert store.count() == 7
    resumed = study(economy, small, tmp_path / "s", simulate)
    assert len(seen) == len(set(seen)) == 18
    assert resumed.to_json() == study(economy, small, tmp_path / "other", simulate).to_json()


def test_jobs_below_one_are_refused(economy, small, tmp_path, world):
    with pytest.raises(ScenarioError, match="jobs: 0 found; must be at least 1"):
        study(economy, small, tmp_path / "s", world[0], jobs=0)


SLOW_STUDY = """
    import importlib.util, sys, time
    spec = importlib.util.spec_from_file_location("economy", {conftest!r})
    economy = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(economy)
    from sim.study.run import How, run_plan

    def simulate(resolved, replication, engine):
        time.sleep(0.1)
        return economy.simulated(resolved.case, replication)

    def tell(progress):
        print(progress.simulated, flush=True)

    plan = economy.make_plan(replications=40)
    try:
        run_plan(plan, economy.make_cases(plan), {path!r}, How(simulate=simulate, jobs={jobs}, progress=tell))
    except KeyboardInterrupt:
        sys.exit(130)
"""


def start_slow_study(path, jobs):
    """A study of 240 slow runs in a process group of its own; returns once a few are done."""
    code = textwrap.dedent(
        SLOW_STUDY.format(conftest=str(Path(__file__).with_name("conftest.py")), path=str(path), jobs=jobs)
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(Path(__file__).parent)])}
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
    )
    for line in process.stdout:
        if int(line) >= 4:
            break
    return process


@pytest.mark.compiled
@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_at_the_terminal_ends_the_study_in_good_order(tmp_path, jobs):
    process = start_slow_study(tmp_path / "s", jobs)
    os.killpg(process.pid, signal.SIGINT)  # a terminal sends it to the workers as well
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    with Store(tmp_path / "s") as store:
        assert 4 <= store.count() < 240


@pytest.mark.compiled
def test_a_killed_study_loses_no_finished_run_and_its_workers_end(tmp_path):
    process = start_slow_study(tmp_path / "s", 2)
    process.kill()
    process.communicate(timeout=60)  # ends when the last worker has let go of its output
    with Store(tmp_path / "s") as store:
        assert 4 <= store.count() < 240


def test_the_record_of_a_study_survives_json(economy, small, tmp_path, world):
    record = study(economy, small, tmp_path / "s", world[0])
    assert StudyRecord.from_json(record.to_json()) == record
