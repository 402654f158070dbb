"""`infermint verify`: the table, its verdict, and that nothing but the seed moves it."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner

from sim.cli import cli
from sim.verify import peers, plans, run
from sim.verify.cases import Draws
from sim.verify.estimate import Sample
from sim.verify.judge import judge

pytestmark = pytest.mark.compiled
SMALL = ("--family", "erlang_b", "--family", "mmck", "-q")


def test_the_same_seed_gives_the_same_bytes_whatever_runs_beside():
    told = [CliRunner().invoke(cli, ["verify", *SMALL, "--all", "--jobs", jobs]).stdout for jobs in ("1", "3")]
    assert told[0] == told[1]
    assert "mmck_c16_K32_rho1.5" in told[0]
    other = CliRunner().invoke(cli, ["verify", *SMALL, "--all", "--seed", "2"]).stdout
    assert other != told[0]


def test_json_holds_every_quantity():
    found = json.loads(CliRunner().invoke(cli, ["verify", *SMALL, "--json"]).stdout)
    assert found["cases"] == 8
    assert found["fine"] is True
    assert {row["quantity"] for row in found["rows"]} >= {"erlang_B", "P_block", "W_accepted"}
    assert sum(row["headline"] for row in found["rows"]) == 8


def test_a_planted_fault_is_seen(monkeypatch: pytest.MonkeyPatch):
    # One loss in twenty is overlooked.
    plan = plans.PLANS["erlang_b"]

    def faulty(case, draws: Draws, customers: int, engine) -> Sample:
        sample = plan.simulate(case, draws, customers, engine)
        lost, arrived = sample.ratios["erlang_B"]
        return dataclasses.replace(sample, ratios={**sample.ratios, "erlang_B": (lost * 0.95, arrived)})

    monkeypatch.setitem(plans.PLANS, "erlang_b", dataclasses.replace(plan, simulate=faulty))
    cases = run.chosen(["erlang_b"])
    done = run.verify(cases, 1, False, 2, lambda done, total: None)
    verdict = judge([row for one in done for row in run.rows_of(one)])
    assert not verdict.fine


def test_an_unknown_family_is_told_with_the_nearest():
    done = subprocess.run(
        [sys.executable, "-m", "sim", "verify", "--family", "mm2"], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 2
    assert "--family: 'mm2' found; must be one of" in done.stderr
    assert "mm1" in done.stderr.rpartition("like it:")[2]
    assert "Traceback" not in done.stderr


def test_ctrl_c_ends_it_in_good_order():
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "sim", "verify", "--whole", "--family", "mm1"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    assert process.stderr is not None
    first = process.stderr.readline()  # a case is done: the next one is being simulated
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert first.startswith("1 of ") and "stopped; 1 of " in err
    assert "Traceback" not in err
    assert out == ""


def test_the_peers_requests_end_when_the_peer_says():
    folder = peers.folder()
    if folder is None:
        pytest.skip("golden/vidur is not here (INFERMINT_SHARED)")
    rows = peers.compared(folder)
    assert [(row.scheduler, row.quantity, row.requests) for row in rows] == [
        ("sarathi", "TTFT", 12_000), ("sarathi", "E2E", 12_000),
        ("prefill_first", "TTFT", 12_000), ("prefill_first", "E2E", 12_000),
    ]  # fmt: skip
    assert all(row.equal for row in rows)
    assert not dataclasses.replace(rows[0], off_s=2e-7).equal
