"""reference == loop == fast, in every integer of every request and reading; and the scenarios are hard enough to matter."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator

import numpy as np
import pytest
from parity_cases import scenario
from parity_coverage import LOOKED, TIED, Coverage
from parity_laws import broken_laws
from parity_mutants import MUTANTS, ROOT, compare
from parity_play import ENGINES, difference, finished_rows, maker, play

from sim.serving.contract import LOOKING, Reason

pytestmark = pytest.mark.compiled

HALVES = (0, 1)
SCENARIOS = 150
"""Of each half, one on a coarse grid of time for every one that is not."""
MOST = 3 * SCENARIOS
"""So many are played where the first have not exercised everything often enough."""
ENOUGH = 500
"""Of each kind of event in each half: 1,000 over the suite."""
SOME = 15
"""Of what a snapshot shares its instant with, and of rejections of each reason, in each half."""
SHORT = (0, 3, 12, 23, 36, 76, 136)
"""Scenarios that plain Python plays in a second or two; preemptions under every scheduler, tables and lines, retries, drains."""
PLAYED = (
    "preemptions",
    "preemptions under vllm_v1",
    "preemptions under sarathi",
    "preemptions under prefill_first",
    "passes of whole prompts alone",
    "passes told by tables",
    "retries",
    "expiries",
    "disconnections",
    "drains",
    "jumps cut by an arrival",
    "jumps cut by an outer event",
    "jumps cut by a reading",
    "jumps cut by blocks",
    "two nodes fail at one instant",
    "readings inside a pass",
    "origin shifts with a backlog",
    "random",
    "round_robin",
    "price_weighted",
    "reputation_weighted",
    *(f"{kind} by {seen}" for kind in LOOKING for seen in ("the live state", "a snapshot")),
)


@dataclasses.dataclass
class Half:
    """What came out of half of the scenarios: differences by engine, broken laws, and what was exercised."""

    coverage: Coverage
    differences: dict[str, list[str]]
    broken: list[str]
    seeds: list[int]
    limited: dict[Reason, int] = dataclasses.field(
        default_factory=lambda: dict.fromkeys(set(Reason) - {Reason.NONE}, 0)
    )

    def play(self, number: int) -> None:
        """The scenario of that number once under every engine."""
        case = scenario(number)
        told = play(case, self.coverage.engine)
        self.coverage.close()
        self.seeds.append(number)
        for row in finished_rows(told):
            if row["reason"] != Reason.NONE:
                self.limited[Reason(row["reason"])] += 1
        self.broken += [f"seed {number}: {law}" for law in broken_laws(case, told)]
        for name in ENGINES:
            if found := difference(told, play(case, maker(name))):
                self.differences[name].append(f"seed {number}: {found}")

    def missing(self) -> dict[object, int]:
        """What the scenarios so far have not exercised often enough to matter: events, ties of every two kinds, limits."""
        totals, ties, looks = self.coverage.totals, self.coverage.ties, self.coverage.looks
        seen = {kind: totals[kind] / ENOUGH for kind in PLAYED}
        seen |= {pair: ties[pair] / ENOUGH for pair in itertools.combinations(TIED, 2)}
        seen |= {kind: looks[kind] / SOME for kind in LOOKED}
        seen |= {reason: count / SOME for reason, count in self.limited.items()}
        return {kind: share for kind, share in seen.items() if share < 1}


def numbers(key: int) -> Iterator[int]:
    """Numbers of scenarios drawn by a key, even ones and ones on a coarse grid of time (odd) in turn, without end."""
    rng = np.random.default_rng(key)
    for grid in itertools.cycle((0, 1)):
        yield 2 * int(rng.integers(0, 2**39)) + grid


# One test a half, so that two workers share the work and no scheduler of tests plays a half twice.
@pytest.mark.parametrize("half", HALVES)
def test_every_integer_is_that_of_the_reference_and_nothing_is_lost(half: int):
    played = Half(Coverage(), {name: [] for name in ENGINES}, [], [])
    for number in itertools.islice(numbers(half), MOST):
        played.play(number)
        if len(played.seeds) >= SCENARIOS and not played.missing():
            break
    assert played.differences == {name: [] for name in ENGINES}
    assert played.broken == []
    assert len(set(played.seeds)) == len(played.seeds) >= SCENARIOS
    assert len(list(itertools.combinations(TIED, 2))) == 45
    assert played.missing() == {}


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
    # The same sources as plain Python, where every index is checked; with the scenarios that show planted faults.
    seeds = [*SHORT, *sorted({mutant.seed for mutant in MUTANTS.values()})]
    said = compare(ROOT, seeds)
    assert said.splitlines() == ["jit off", *(f"seed {number} {name}: equal" for number in seeds for name in ENGINES)]


@pytest.mark.slow
@pytest.mark.parametrize("part", range(20))
def test_two_thousand_more(part: int):
    for number in itertools.islice(numbers(100 + part), 100):
        case = scenario(number)
        told = play(case, maker("reference"))
        assert broken_laws(case, told) == [], f"seed {number}"
        for name in ENGINES:
            assert difference(told, play(case, maker(name))) == "", f"seed {number}, {name}"
