"""A study on a Dask cluster of two workers on this machine: the same bytes as from processes of its own."""

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sim.cli import main
from sim.errors import ScenarioError
from sim.study import Store, cluster
from tests.study.small import SMALL

pytestmark = pytest.mark.compiled

ROOT = Path(__file__).parents[2]
SERVED = (
    SMALL.replace("60 day", "3 day")
    .replace("{mode: capacity}", "{mode: sampled, window: 1 min, per_epoch: 1}")
    .replace("  as_announced: {}", "  as_announced: {}\n  sooner: {networks.tao.supply: {first: 2026-01-02}}")
)
DOUBTED = SERVED + "uncertain: {workload.chat.rate: {uniform: [1 /s, 3 /s]}}\n"
PLUGIN = """
from typing import Literal

import numpy as np

import sim
from sim.tokenomics.payout import Payout


def rule(total, work, live, row, out):
    out[0] = total
    return 0


@sim.register("payout")
class FirstOnly(Payout):
    rule = staticmethod(rule)
    kind: Literal["all_to_first"] = "all_to_first"

    def row(self):
        return np.zeros(0, dtype=np.int64)
"""


@contextlib.contextmanager
def started(*words):
    """A process of Dask; ended afterwards."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-m", *words], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=30)


def address_in(file):
    """The scheduler's address, once it has written it down."""
    for _ in range(300):
        with contextlib.suppress(OSError, ValueError):
            return json.loads(file.read_text())["address"]
        time.sleep(0.2)
    raise AssertionError("the scheduler did not start")


@contextlib.contextmanager
def workers(folder, count, threads=1):
    """The address of a scheduler on loopback with workers."""
    file = folder / "scheduler.json"
    quiet = ("--scheduler-file", str(file), "--no-dashboard")
    with contextlib.ExitStack() as held:
        held.enter_context(started("distributed.cli.dask_scheduler", *quiet, "--host", "127.0.0.1", "--port", "0"))
        address = address_in(file)
        for _ in range(count):
            only = (*quiet, "--nthreads", str(threads), "--no-nanny", "--local-directory", str(folder))
            held.enter_context(started("distributed.cli.dask_worker", *only))
        if count:
            from distributed import Client

            with Client(address, timeout=60) as client:
                client.wait_for_workers(count, timeout=120)
        yield address


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory):
    with workers(tmp_path_factory.mktemp("dask"), 2) as address:
        yield address


@pytest.fixture
def call(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    def run(*words, command="run"):
        with pytest.raises(SystemExit) as left:
            main([command, "small.yaml", "--quiet", *map(str, words)])
        said = capsys.readouterr()
        return int(left.value.code or 0), said.out, said.err

    return run


def contents(path):
    with Store(path, create=False) as store, contextlib.closing(sqlite3.connect(path)) as db:
        runs = db.execute("SELECT key, replication, outcomes, record FROM runs ORDER BY 1, 2").fetchall()
        return runs, [record.to_json() for record in store.studies()]


def test_a_cluster_leaves_the_bytes_of_processes(call, tmp_path, scheduler):
    (tmp_path / "small.yaml").write_text(SERVED, encoding="utf-8")
    code, out, err = call("--executor", "dask", "--scheduler", scheduler, "--out", "dask")
    assert code == 0, err
    assert "0 of 8 runs from the store" in out
    assert call("--executor", "loky", "--jobs", "2", "--out", "loky")[0] == 0
    assert contents(tmp_path / "dask" / "study.sqlite") == contents(tmp_path / "loky" / "study.sqlite")
    again = call("--executor", "dask", "--scheduler", scheduler, "--out", "dask", "--replications", "5")[1]
    assert "8 of 10 runs from the store" in again


def test_a_sensitivity_analysis_and_a_check_may_run_on_a_cluster(call, tmp_path, scheduler):
    """The same documents and stores as in processes of this machine."""
    (tmp_path / "small.yaml").write_text(DOUBTED, encoding="utf-8")
    there = ("--executor", "dask", "--scheduler", scheduler)
    for place, words in (("dask", there), ("loky", ("--jobs", "2"))):
        analysis = ("--method", "tornado", "--out", place, *words)
        assert call(*analysis, command="sensitivity")[0] == 0
        checked = ("--update", "--because", "first", "--baseline", f"{place}.json", "--out", f"{place}-check", *words)
        assert call(*checked, command="check")[0] == 0
    for folder in ("", "-check"):
        stores = [tmp_path / f"{place}{folder}" / "study.sqlite" for place in ("dask", "loky")]
        assert contents(stores[0]) == contents(stores[1])
        assert len(contents(stores[0])[0]) > 0
    made = [(tmp_path / place / "sensitivity" / "tornado.json").read_bytes() for place in ("dask", "loky")]
    assert made[0] == made[1]


@pytest.fixture
def kinds():
    """Kinds of a plugin are forgotten afterwards."""
    from sim.tokenomics.payout import PAYOUT

    before = set(PAYOUT)
    yield
    for name in set(PAYOUT) - before:
        PAYOUT.remove(name)


def test_kinds_of_a_plugin_reach_the_workers(call, tmp_path, scheduler, kinds):
    (tmp_path / "kinds.py").write_text(PLUGIN, encoding="utf-8")
    text = SMALL.replace("60 day", "5 day").replace("    split:", "    payout: {kind: all_to_first}\n    split:")
    (tmp_path / "small.yaml").write_text(text, encoding="utf-8")
    code, _, err = call("--executor", "dask", "--scheduler", scheduler, "--plugin", "kinds.py", "--out", "dask")
    assert code == 0, err
    assert call("--jobs", "1", "--plugin", "kinds.py", "--out", "here")[0] == 0
    assert contents(tmp_path / "dask" / "study.sqlite") == contents(tmp_path / "here" / "study.sqlite")


@pytest.mark.slow
def test_a_cluster_that_is_lost_is_told_and_the_study_goes_on_elsewhere(call, tmp_path):
    text = SMALL.replace("replications: 4", "replications: 100")
    (tmp_path / "small.yaml").write_text(text, encoding="utf-8")
    with workers(tmp_path, 2) as address:
        words = ("run", "small.yaml", "--quiet", "--executor", "dask", "--scheduler", address, "--out", "lost")
        study = subprocess.Popen(
            [sys.executable, "-m", "sim", *words], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        store = tmp_path / "lost" / "study.sqlite"
        while study.poll() is None and finished(store) < 3:
            time.sleep(0.05)
    out, err = study.communicate(timeout=120)
    assert (study.returncode, "Traceback" in err) == (2, False), err
    assert "the cluster was lost" in err and "finished runs are kept" in err
    kept = finished(store)
    assert 3 <= kept < 100
    code, out, err = call("--jobs", "1", "--out", "lost")
    assert code == 0 and f"{kept} of 100 runs from the store" in out


def finished(path):
    if not path.exists():
        return 0
    with contextlib.closing(sqlite3.connect(path, timeout=10)) as db, contextlib.suppress(sqlite3.OperationalError):
        return db.execute("SELECT count(*) FROM runs WHERE status = 'done'").fetchone()[0]
    return 0


def test_workers_that_could_give_other_numbers_are_refused(scheduler, monkeypatch):
    monkeypatch.setattr(cluster, "code_digest", lambda: "other sources here")
    told = r"worker tcp://127.0.0.1:\d+ has sources [0-9a-f]{12}, here other source"
    with pytest.raises(ScenarioError, match=told), cluster.connected(scheduler):
        pass


def test_a_worker_with_several_threads_is_refused(call, tmp_path):
    (tmp_path / "small.yaml").write_text(SMALL, encoding="utf-8")
    with workers(tmp_path, 1, threads=2) as address:
        code, _, err = call("--executor", "dask", "--scheduler", address)
    assert code == 2 and "has 2 threads" in err and "--nthreads 1" in err


def test_a_cluster_without_workers_is_told(call, tmp_path):
    (tmp_path / "small.yaml").write_text(SMALL, encoding="utf-8")
    with workers(tmp_path, 0) as address:
        code, _, err = call("--executor", "dask", "--scheduler", address)
    assert code == 2 and "the scheduler has no workers" in err and "dask worker" in err


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense", "udp://127.0.0.1:1"])
def test_a_scheduler_that_does_not_answer_is_told(call, tmp_path, monkeypatch, address):
    monkeypatch.setattr(cluster, "WAIT_S", 2)
    (tmp_path / "small.yaml").write_text(SMALL, encoding="utf-8")
    code, _, err = call("--executor", "dask", "--scheduler", address)
    assert code == 2 and "Traceback" not in err
    assert "no Dask scheduler answers" in err and "dask scheduler" in err


def test_where_dask_is_missing_the_command_that_installs_it_is_told(call, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    (tmp_path / "small.yaml").write_text(SMALL, encoding="utf-8")
    code, _, err = call("--executor", "dask", "--scheduler", "tcp://127.0.0.1:9")
    assert code == 2 and "pip install 'infermint[cluster]'" in err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--executor", "dask"), "--scheduler tcp://HOST:PORT"),
        (("--scheduler", "tcp://h:1"), "--scheduler is of --executor dask"),
        (("--executor", "dask", "--scheduler", "tcp://h:1", "--jobs", "2"), "--jobs counts processes of this machine"),
    ],
)
@pytest.mark.parametrize("command", ["run", "sensitivity", "check"])
def test_options_that_do_not_go_together_are_told(call, tmp_path, command, words, told):
    (tmp_path / "small.yaml").write_text(DOUBTED, encoding="utf-8")
    code, _, err = call(*words, command=command)
    assert code == 2 and told in err
    assert not (tmp_path / "reports").exists() or command == "run"


@pytest.mark.parametrize("words", [("sensitivity", "--method", "tornado"), ("check", "--update", "--because", "first")])
def test_a_cluster_that_is_asked_for_is_what_simulates(call, tmp_path, monkeypatch, words):
    """Where nothing answers the command fails: it does not fall back on processes of this machine."""
    monkeypatch.setattr(cluster, "WAIT_S", 2)
    (tmp_path / "small.yaml").write_text(DOUBTED, encoding="utf-8")
    code, _, err = call(*words[1:], "--executor", "dask", "--scheduler", "tcp://127.0.0.1:1", command=words[0])
    assert code == 2 and "no Dask scheduler answers" in err
