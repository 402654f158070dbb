"""The chains' own numbers, and numbers computed from published rules, one test a case."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sim.verify.cases import case_of, entries, families
from sim.verify.estimate import Estimate
from sim.verify.plans import PLANS
from sim.verify.run import estimated
from tests.conformance.adapters import ADAPTERS
from tests.conformance.cases import Vector, cases_in, misses
from tests.conformance.queues import QUICK, SEED, errors, judged

VECTORS = Path(__file__).parents[1] / "vectors"


def test_a_vector(vector: Vector) -> None:
    known = [*ADAPTERS, *PLANS]
    assert vector.family in known, f"{vector.family}: no adapter for this family; known: {', '.join(known)}"
    if vector.family in PLANS:
        assert judged(vector.case, vector.family) == []
    else:
        assert misses(ADAPTERS[vector.family](vector.case), vector.case["expected"], vector.case) == []


def test_every_adapter_has_a_copy_of_its_cases() -> None:
    copies = {vector.family for vector in cases_in(VECTORS)}
    assert set(ADAPTERS) | set(PLANS) == copies


def test_a_folder_with_a_family_that_nobody_knows_fails(tmp_path: Path) -> None:
    (tmp_path / "astrology.json").write_text('{"family": "astrology", "cases": [{"id": "a", "expected": 1}]}')
    with pytest.raises(AssertionError, match="astrology: no adapter"):
        test_a_vector(cases_in(tmp_path)[0])


def test_the_package_carries_the_same_cases() -> None:
    for path in sorted((VECTORS / "queueing").glob("*.json")):
        assert entries(path.stem) == json.loads(path.read_text())["cases"]
    assert families() == sorted(path.stem for path in (VECTORS / "queueing").glob("*.json"))
    assert set(families()) == {*PLANS, "micro_traces"}
    assert sum(len(entries(family)) for family in families()) == 104


def test_every_family_has_a_case_that_takes_seconds() -> None:
    found = {family: {entry["id"] for entry in entries(family)} for family in families()}
    assert {family for family, names in found.items() if not names & QUICK} == {"breakdowns"}
    assert set().union(*found.values()) >= QUICK


@pytest.mark.compiled
def test_a_server_that_breaks_down_at_a_tenth_of_the_size() -> None:
    case = case_of("breakdowns", entries("breakdowns")[1])
    found = estimated(case, SEED, quick=True)
    assert set(found) == {"L", "W", "availability", "P_system_empty"}
    for name, one in found.items():
        assert one.error < 0.03 * case.values[name]
        assert abs(one.value - case.values[name]) < 4 * one.error


@pytest.mark.parametrize(
    ("value", "error", "said"),
    [
        (1.4286, 0.001, ""),
        (1.4400, 0.002, "within 4 standard errors"),
        (1.4450, 0.0046, "within 1%"),
        (1.4286, 0.006, "too few customers"),
        (1.4286, 0.0, "within 4 standard errors"),
    ],
)
def test_a_queue_that_is_off_is_seen(value: float, error: float, said: str) -> None:
    case = case_of("mm1", entries("mm1")[0])
    told = errors(case, {"W": Estimate(value, error, 39)})
    assert len(told) == bool(said)
    assert not said or said in told[0]


@pytest.mark.parametrize(
    ("got", "expected", "tol", "ok"),
    [
        (10**18 + 1, str(10**18), {"abs": 0}, False),
        (10**18, str(10**18), {"abs": 0}, True),
        (1.0 + 2e-9, 1.0, {"rel": 1e-9}, False),
        (1.0 + 5e-10, 1.0, {"rel": 1e-9}, True),
        (3, 1, 2, True),
        (4, 1, 2, False),
        ({"a": 1}, {"a": 1, "b": 2}, 0, False),
        ([1], [1, 2], 0, False),
        (False, True, 0, False),
        (7, None, 0, True),
    ],
)
def test_a_miss_is_seen(got: Any, expected: Any, tol: Any, ok: bool) -> None:
    assert (misses(got, expected, {"tol": tol}) == []) is ok
