"""reference == loop == fast, in every integer of every request and reading; and the scenarios are hard enough to matter."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from parity_cases import scenario
from parity_coverage import TIED, Coverage
from parity_laws import broken_laws
from parity_play import difference, maker, play

pytestmark = pytest.mark.compiled

SCENARIOS = 200
ENOUGH = 1000
"""Of each kind of event over the scenarios of the suite."""
ENGINES = ("loop", "fast")
PLAYED = (
    "preemptions",
    "retries",
    "expiries",
    "drains",
    "jumps cut by an arrival",
    "jumps cut by an outer event",
    "jumps cut by a reading",
    "jumps cut by blocks",
    "two nodes fail at one instant",
    "readings inside a pass",
    "origin shifts with a backlog",
)
QUIET = {
    "derandomize": True,
    "database": None,
    "deadline": None,
    # A scenario is a function of its seed: a smaller seed is not a simpler scenario.
    "phases": (Phase.explicit, Phase.generate),
    "suppress_health_check": list(HealthCheck),
}


@dataclasses.dataclass
class Suite:
    """What came out of all scenarios: differences by engine, broken laws, and what was exercised."""

    coverage: Coverage
    differences: dict[str, list[str]]
    broken: list[str]
    seeds: list[int]


@pytest.fixture(scope="session")
def suite() -> Suite:
    """Every scenario once under every engine."""
    played = Suite(Coverage(), {name: [] for name in ENGINES}, [], [])

    @settings(max_examples=SCENARIOS, **QUIET)
    @given(st.integers(0, 2**40))
    def run(number: int) -> None:
        case = scenario(number)
        told = play(case, played.coverage.engine)
        played.coverage.close()
        played.seeds.append(number)
        played.broken += [f"seed {number}: {law}" for law in broken_laws(case, told)]
        for name in ENGINES:
            if found := difference(told, play(case, maker(name))):
                played.differences[name].append(f"seed {number}: {found}")

    run()
    return played


@pytest.mark.parametrize("engine", ENGINES)
def test_every_integer_is_that_of_the_reference(suite: Suite, engine: str):
    assert suite.differences[engine] == []
    assert len(set(suite.seeds)) >= SCENARIOS
    assert sum(number % 2 for number in suite.seeds) >= SCENARIOS * 2 // 5  # on a coarse grid


def test_nothing_is_lost(suite: Suite):
    assert suite.broken == []


@pytest.mark.parametrize("kind", PLAYED)
def test_the_scenarios_exercise(suite: Suite, kind: str):
    assert suite.coverage.totals[kind] >= ENOUGH


def test_the_scenarios_hold_ties_of_every_two_kinds(suite: Suite):
    pairs = [(one, other) for place, one in enumerate(TIED) for other in TIED[place + 1 :]]
    assert len(pairs) == 45
    assert {pair: suite.coverage.ties[pair] for pair in pairs if suite.coverage.ties[pair] < ENOUGH} == {}


@pytest.mark.parametrize("engine", ["reference", *ENGINES])
def test_more_advance_calls_change_nothing(engine: str):
    for number in range(1000, 1012):
        case = scenario(number)
        rng = np.random.default_rng(number)
        extra = [*rng.integers(0, case.end_ps, 40).tolist(), *case.rows["arrival"][::7].tolist()]
        told = play(case, maker(engine))
        assert difference(told, play(case, maker(engine), extra=extra)) == "", f"seed {number}"


@pytest.mark.parametrize("engine", ["reference", *ENGINES])
def test_the_size_of_offered_blocks_changes_nothing(engine: str):
    for number in range(1100, 1112):
        case = scenario(number)
        told = play(case, maker(engine))
        assert difference(told, play(case, maker(engine), block=number % 5 + 1)) == "", f"seed {number}"


@pytest.mark.parametrize("engine", ["reference", *ENGINES])
def test_where_the_origin_lies_changes_nothing(engine: str):
    for number in range(1200, 1206):
        case = scenario(number)
        told = play(case, maker(engine))
        once = dataclasses.replace(case, cuts=((0, -17),))
        assert difference(told, play(once, maker(engine))) == "", f"seed {number}"


def test_it_holds_without_compilation():
    # The same sources as plain Python, where every index is checked.
    root = Path(__file__).parents[2]
    env = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(root)}
    command = [sys.executable, str(Path(__file__).with_name("parity_play.py")), "2000", "2006"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("jit off")
    assert done.stdout.count("equal") == 12


@pytest.mark.slow
@pytest.mark.parametrize("part", range(20))
def test_two_thousand_more(part: int):
    @seed(part)
    @settings(max_examples=100, **{**QUIET, "derandomize": False})
    @given(st.integers(0, 2**40))
    def run(number: int) -> None:
        case = scenario(number)
        told = play(case, maker("reference"))
        assert broken_laws(case, told) == [], f"seed {number}"
        for name in ENGINES:
            assert difference(told, play(case, maker(name))) == "", f"seed {number}, {name}"

    run()
