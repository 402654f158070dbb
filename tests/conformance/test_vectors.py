"""The chains' own numbers, and numbers computed from published rules, one test a case."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.conformance.adapters import ADAPTERS
from tests.conformance.cases import Vector, cases_in, misses
from tests.theory.simulated import SIMULATED, TERMINATING, errors


def test_a_vector(vector: Vector) -> None:
    known = {**ADAPTERS, **SIMULATED}
    assert vector.family in known, f"{vector.family}: no adapter for this family; known: {', '.join(known)}"
    got = known[vector.family](vector.case)
    if vector.family in SIMULATED:
        # Queues are estimated: within 4 standard errors, and the steady state within 1 % besides.
        assert errors(vector.case, got, None if vector.family in TERMINATING else 0.01) == []
    else:
        assert misses(got, vector.case["expected"], vector.case) == []


def test_every_adapter_has_a_copy_of_its_cases() -> None:
    copies = {vector.family for vector in cases_in(Path(__file__).parents[1] / "vectors")}
    assert set(ADAPTERS) | set(SIMULATED) == copies


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
