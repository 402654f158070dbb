"""Users' own routers: reference == loop == fast on generated scenarios, and planted faults are seen."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from parity_coverage import Coverage
from parity_laws import broken_laws
from parity_mutants import ROOT, assert_told
from parity_play import ENGINES, difference, finished_rows, maker, play
from parity_scored import FAULTS, MUTANTS, SCORES, compare, fullest, outcome, scored

from sim.serving.contract import Reason
from sim.serving.reference import ReferenceEngine

pytestmark = pytest.mark.compiled

SCENARIOS = 60
ENOUGH = 200
SEEN = ("scored by the live state", "scored by a snapshot")


class Counting(Coverage):
    """Counts too what each function was asked for, live and late."""

    def _hear_routed(self, instant_ps: int, subject: int, replica: object) -> None:
        super()._hear_routed(instant_ps, subject, replica)
        routing = self._listened.routing
        self.totals[f"scored by {'a snapshot' if routing.snapshots else 'the live state'}"] += 1
        assert routing.score is not None
        self.totals[routing.score.__name__] += 1


@pytest.mark.parametrize("half", (0, 1))
def test_every_integer_is_that_of_the_reference(half: int):
    coverage, rejected = Counting(), Counter[Reason]()
    rng = np.random.default_rng(500 + half)
    for _ in range(SCENARIOS):
        number = 2 * int(rng.integers(0, 2**39)) + half
        case = scored(number)
        told = play(case, coverage.engine)
        coverage.close()
        assert broken_laws(case, told) == [], f"seed {number}"
        rejected.update(Reason(row["reason"]) for row in finished_rows(told))
        for name in ENGINES:
            assert difference(told, play(case, maker(name))) == "", f"seed {number}, {name}"
    asked = (*SEEN, *(score.__name__ for score in SCORES), "retries", "drains", "preemptions")
    assert {kind: coverage.totals[kind] for kind in asked if coverage.totals[kind] < ENOUGH} == {}
    # A full queue is met by routing alone.
    assert rejected[Reason.QUEUE_FULL] > 0


@pytest.mark.parametrize("engine", ["reference", *ENGINES])
def test_more_advance_calls_change_nothing(engine: str):
    for number in range(1300, 1306):
        case = scored(number)
        extra = np.random.default_rng(number).integers(0, case.end_ps, 40).tolist()
        told = play(case, maker(engine))
        assert difference(told, play(case, maker(engine), extra=extra)) == "", f"seed {number}"


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_seen(fault: str):
    cases = map(scored, range(40))
    assert any(difference(FAULTS[fault](case), play(case, ReferenceEngine)) for case in cases)


@pytest.mark.parametrize("fault", MUTANTS)
def test_a_fault_planted_in_a_kernel_is_seen(fault: str, tmp_path: Path):
    mutant = MUTANTS[fault]
    assert_told(mutant, outcome(mutant, tmp_path))


def test_it_holds_without_compilation():
    seeds = sorted({mutant.seed for mutant in MUTANTS.values()} | {3, 17, 36})
    said = compare(ROOT, seeds)
    assert said.splitlines() == ["jit off", *(f"seed {number} {name}: equal" for number in seeds for name in ENGINES)]


def test_the_functions_themselves_branch():
    # Not all of one answer: `fullest` gives its three kinds of score over the rows of one scenario.
    seen: set[int] = set()

    def listening(replica, request):
        seen.add(1 if request.routes > 1 else 2 if replica.waiting > 1 else 3)
        return fullest(replica, request)

    from unittest import mock

    with mock.patch("parity_scored.SCORES", (listening,)):
        for number in range(6):
            play(scored(number), ReferenceEngine)
    assert seen == {1, 2, 3}
