"""`pytest tests/conformance --vectors DIR`: every case of every file in DIR (default: the copies in `tests/vectors`)."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.verify.plans import PLANS
from tests.conformance.cases import Vector, cases_in
from tests.conformance.queues import QUICK

COMPILED = {
    "micro_traces", "live_block", "coinbase", "amm_balancer", "yuma_classic", "yuma3", "yuma_simulation_cases", "epoch_math",
}  # fmt: skip
"""Families whose cases call kernels."""
COPIES = Path(__file__).parents[1] / "vectors"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--vectors", default=str(COPIES), help="folder of test vectors (JSON)")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "vector" in metafunc.fixturenames:
        # Without the option on the command line this file may be read after options were parsed.
        folder = Path(metafunc.config.getoption("--vectors", default=str(COPIES)))
        found = cases_in(folder)
        marks = [marks_of(case) for case in found]
        parameters = [pytest.param(case, id=case.name, marks=mark) for case, mark in zip(found, marks, strict=True)]
        metafunc.parametrize("vector", parameters)


def marks_of(vector: Vector) -> list[pytest.MarkDecorator]:
    """Queues are served by compiled code, many thousand requests a case and up to a hundred million."""
    if vector.family not in PLANS:
        return [pytest.mark.compiled] if vector.family in COMPILED else []
    return [pytest.mark.compiled, *([] if vector.case["id"] in QUICK else [pytest.mark.slow])]
