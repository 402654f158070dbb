"""A small scenario that is right, and what reading a changed one says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sim.errors import Problem, ScenarioError
from sim.scenario import Scenario, load

SMALL = """\
format: 1
name: A small study
start: 2026-01-01
horizon: 2 year
epoch: 1 week
policies_from: 26 week
workload:
  chat:
    extends: chat_steady
    model: llama-3.1-8b
    rate: 4 /s
    slo: {ttft: 2 s, tpot: 60 ms}
    demand: {kind: logit, elasticity: -1.2}
networks:
  tao:
    extends: bittensor_basic
    supply: {kind: halving, initial: 3600 TAO/day, first: 2027-06-01, every: 4 year}
  cloud:
    extends: centralized
policies:
  slow: {}
  fast: {networks.tao.supply: {every: 2 year}}
seeds: {root: 7, replications: 2}
compare:
  baseline: slow
  outcomes: [tao.nodes@end, cloud.share_frac]
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a scenario: SMALL with one text replaced by another (both given), or the text given alone."""

    def _write(old: str = "", new: str | None = None, name: str = "study.yaml") -> Path:
        if new is None:
            text = old or SMALL
        else:
            assert SMALL.count(old) == 1, f"{old!r} must stand once in SMALL"
            text = SMALL.replace(old, new)
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return _write


@pytest.fixture
def read(write: Callable[..., Path]) -> Callable[..., Scenario]:
    """Load SMALL with one text replaced."""
    return lambda old="", new=None, **more: load(write(old, new), **more)


@pytest.fixture
def problems(write: Callable[..., Path]) -> Callable[..., tuple[Problem, ...]]:
    """The problems of SMALL with one text replaced; none is a failure."""

    def _problems(old: str = "", new: str | None = None, **more: object) -> tuple[Problem, ...]:
        with pytest.raises(ScenarioError) as caught:
            load(write(old, new), **more)  # type: ignore[arg-type]
        return caught.value.problems

    return _problems
