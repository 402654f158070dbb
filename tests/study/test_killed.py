"""A study whose process is killed at any moment loses no finished run, and goes on to the record it would have had."""

import contextlib
import multiprocessing
import os
import random
import signal
import sqlite3
import time

import pytest

import sim
from sim.study import Store
from tests.study.small import SMALL

pytestmark = [
    pytest.mark.compiled,
    pytest.mark.skipif(os.name != "posix", reason="needs processes that fork"),
]

SCENARIO = (
    SMALL.replace("horizon: 60 day", "horizon: 10 day")
    .replace("  as_announced: {}", "  as_announced: {}\n  sooner: {networks.tao.supply: {first: 2026-01-06}}")
    .replace("replications: 4", "replications: 20")
)
RUNS = 40


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    """`start(store)`: the study in a process of its own, forked from one that has imported everything."""
    file = tmp_path_factory.mktemp("scenario") / "small.yaml"
    file.write_text(SCENARIO, encoding="utf-8")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["sim.study.face", "sim.world", "scipy.special"])

    def study(store):
        process = context.Process(target=sim.run, args=(file,), kwargs={"jobs": 1, "store": store, "progress": False})
        process.start()
        return process

    return study


@pytest.fixture(scope="module")
def undisturbed(start, tmp_path_factory):
    """The store of the study that nobody disturbs, what it holds, and how long it takes."""
    folder = tmp_path_factory.mktemp("undisturbed")
    finish(start(folder / "first"))  # imports what it needs
    began = time.monotonic()
    finish(start(folder / "second"))
    return contents(folder / "second"), time.monotonic() - began


def finish(process):
    process.join(timeout=120)
    assert process.exitcode == 0


def runs(path):
    """The finished runs as they lie in the file, read beside whoever writes it."""
    if not path.exists():
        return {}
    with contextlib.closing(sqlite3.connect(path, timeout=10)) as db:
        try:
            rows = db.execute("SELECT key, replication, record FROM runs WHERE status = 'done'").fetchall()
        except sqlite3.OperationalError:  # its tables are not made yet
            return {}
    return {row[:2]: row[2] for row in rows}


def contents(path):
    """Runs and record of a finished study."""
    with Store(path, create=False) as store:
        return runs(path), [record.to_json() for record in store.studies()]


def kill_at_random(start, folder, undisturbed, kills):
    """Kill `kills` studies at random moments; each goes on from the last, or begins anew where that was finished.

    Gives the runs that were finished at each kill, having found them all again after it.
    """
    whole, takes_s = undisturbed
    moments, seen, begun = random.Random(7), [], 0
    for _ in range(10 * kills):
        path = folder / str(begun)
        process = start(path)
        time.sleep(moments.uniform(0, takes_s))
        before = runs(path)
        process.kill()
        process.join(timeout=60)
        if process.exitcode == 0:
            assert contents(path) == whole
            begun += 1
            continue
        assert process.exitcode == -signal.SIGKILL
        with Store(path) as store:  # opens, and what was finished is whole
            assert all(store.get(*which) is not None for which in before)
        after = runs(path)
        assert {which: after.get(which) for which in before} == before
        seen.append(len(before))
        if len(seen) == kills:
            break
    finish(start(folder / str(begun)))
    assert contents(folder / str(begun)) == whole
    return seen


def test_no_moment_of_a_kill_loses_a_finished_run(start, undisturbed, tmp_path):
    assert len(kill_at_random(start, tmp_path, undisturbed, 10)) == 10


@pytest.mark.slow
def test_fifty_moments_of_a_kill_lose_no_finished_run(start, undisturbed, tmp_path):
    seen = kill_at_random(start, tmp_path, undisturbed, 50)
    assert len(seen) == 50
    # The moments were of many kinds, before the first run, and after the tenth.
    assert len(set(seen)) > 6 and min(seen) == 0 and max(seen) > 10


def test_two_studies_on_one_store_both_finish_with_what_one_would_have(start, undisturbed, tmp_path):
    for turn in range(2):
        pair = [start(tmp_path / str(turn)) for _ in range(2)]
        for process in pair:
            finish(process)
        assert contents(tmp_path / str(turn)) == undisturbed[0]
