"""`python -m benchmarks`: what it measures, and that its figures are told with unit and yardstick."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import operators, plain_economy

ROOT = Path(__file__).parents[2]


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.mark.compiled
def test_a_speed_stands_beside_the_yardstick_with_its_unit():
    done = _run("--only", "economy", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    yardstick, economy = told["benchmarks"]
    assert (yardstick["unit"], yardstick["yardsticks"]) == ("customers/s", 1.0)
    assert economy["unit"] == "epochs/s"
    # An epoch of a whole economy is more work than one step of the shortest queue there is.
    assert economy["yardsticks"] == pytest.approx(yardstick["speed"] / economy["speed"]) and economy["yardsticks"] > 1


@pytest.mark.compiled
def test_a_name_that_none_has_is_answered_with_all_of_them():
    done = _run("--only", "no such thing")
    assert done.returncode == 2
    for part in (
        "fast engine, one replica",
        "fast engine, fleet of 200",
        "loop engine",
        "reference engine",
        "economy",
        "whole tiny study",
    ):
        assert part in done.stderr


@pytest.mark.slow
@pytest.mark.compiled
def test_a_study_of_small_runs_spends_its_time_in_simulations():
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.economy_study", "--runs", "20", "--json"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert 0 < told["simulations_cpu_s"] < told["total_cpu_s"]
    assert told["outside_frac"] == pytest.approx(1 - told["simulations_cpu_s"] / told["total_cpu_s"])
    assert told["long_run_cpu_s"] > 0


@pytest.mark.slow
@pytest.mark.compiled
def test_a_plain_model_of_operators_has_the_same_nodes_every_day():
    case, timed = operators.scenario(), operators.Timed()
    nodes, _, kernel_s = operators.ours(case, "fast", timed)
    assert kernel_s > 0  # the compiled economy ran
    model = operators.numbers(case)
    assert plain_economy.by_simpy(model) == nodes
    assert min(nodes) < model["states"].count(plain_economy.LIVE) < max(nodes)
    # The twin listens: with another draw of exits it goes another way.
    other = {**model, "draws": [1 - draw for draw in model["draws"]]}
    assert plain_economy.by_simpy(other) != nodes
