"""The chains' own numbers, and numbers computed from published rules, one test a case."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sim.verify.cases import Case, case_of, draws, entries, families
from sim.verify.estimate import Estimate, estimate
from sim.verify.plans import PLANS
from sim.verify.rule import breaches
from tests.conformance.adapters import ADAPTERS
from tests.conformance.cases import Vector, cases_in, misses
from tests.conformance.queues import NONE_QUICK, QUICK, SEED, judged

LONGEST = ("batching_bd",)
"""Of these even a fraction takes half a minute."""
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
    assert {family for family, names in found.items() if not names & QUICK} == NONE_QUICK
    assert set().union(*found.values()) >= QUICK


@pytest.mark.compiled
@pytest.mark.parametrize(
    "family", [pytest.param(name, marks=[pytest.mark.slow] if name in LONGEST else []) for name in sorted(NONE_QUICK)]
)
def test_the_slow_families_at_a_fraction_of_their_size(family: str) -> None:
    # Errors are too large for the relative bound, which the whole cases are held to. More replications than controls.
    case = case_of(family, entries(family)[0])
    found = estimate([PLANS[family].simulate(case, draws(case, SEED, k), 2000, "fast") for k in range(24)])
    assert set(found) == set(case.values)
    for name, one in found.items():
        # Student's t of 10 or more degrees of freedom: beyond 5 errors once in 1,800.
        assert one.freedom >= 10
        assert abs(one.value - case.values[name]) < 5 * one.error, name


def every(case: Case, off: float, error: float) -> dict[str, Estimate]:
    """Estimates of all values, off by a share of each, with an error of a share."""
    return {name: Estimate(value * (1 + off), error * value, 39) for name, value in case.values.items()}


@pytest.mark.parametrize(
    ("off", "error", "said"),
    [
        (0.0, 0.001, ""),
        (0.009, 0.0023, ""),
        (0.009, 0.0022, "within 4 standard errors"),
        (0.011, 0.0046, "within 1%"),
        (0.0, float("nan"), "within 4 standard errors"),
        (1e-9, 0.0, "within 4 standard errors"),
    ],
)
def test_every_quantity_that_is_off_is_seen(off: float, error: float, said: str) -> None:
    case = case_of("mm1", entries("mm1")[0])
    told = breaches(case, every(case, off, error))
    assert len(told) == (len(case.values) if said else 0)
    assert all(said in text for text in told)


def test_at_a_load_of_095_two_percent_are_allowed() -> None:
    for entry, allowed in zip(entries("mm1"), (0.01, 0.01, 0.01, 0.02), strict=True):
        case = case_of("mm1", entry)
        assert breaches(case, every(case, allowed * 0.99, 0.005)) == []
        assert len(breaches(case, every(case, allowed * 1.01, 0.1))) == len(case.values)


def test_a_value_that_nobody_estimates_is_a_breach() -> None:
    case = case_of("erlang_b", entries("erlang_b")[0])
    found = every(case, 0.0, 0.001)
    del found["carried"]
    assert breaches(case, found) == ["carried: nothing found, 0.444444 expected"]


def test_kingmans_bound_is_one() -> None:
    case = case_of("gim1", entries("gim1")[0])
    found = every(case, 0.0, 0.001)
    assert breaches(case, found) == []
    told = breaches(case, {**found, "Wq": Estimate(0.51, 0.1, 39)})
    assert told[-1] == "Wq: 0.51 found; Kingman's bound is 0.5"


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
        ("raise", "no_change", 0, False),
        ("no_change", "no_change", 0, True),
    ],
)
def test_a_miss_is_seen(got: Any, expected: Any, tol: Any, ok: bool) -> None:
    assert (misses(got, expected, {"tol": tol}) == []) is ok
