"""Terms of payment that only the whole file shows to contradict each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.errors import ScenarioError
from sim.scenario import load

FILE = """
format: 1
name: Terms
start: 2026-01-01
horizon: 30 day
epoch: 1 week
requests: {mode: capacity}
workload:
  steady:
    extends: chat_steady
    model: llama-3.1-8b
    rate: 5 /s
    demand: {kind: logit, elasticity: -1.2, value_of_time: 0.02 USD/h, start: {asi: 60%, cloud: 40%}}
networks:
  asi:
    extends: asi_cloud
    burnmint: {some: {kind: share, share: 20 %}}
    settle: {rate: SETTLED}
    price: {pay: PAID}
  cloud: {extends: centralized}
policies: {base: {}}
seeds: {root: 7, replications: 2}
compare: {baseline: base}
"""


def loaded(tmp_path: Path, paid: str, settled: str) -> object:
    path = tmp_path / "terms.yaml"
    path.write_text(FILE.replace("PAID", paid).replace("SETTLED", settled))
    return load(path)


def test_a_burn_of_payments_in_coins_is_read(tmp_path: Path) -> None:
    assert loaded(tmp_path, "coin", "oracle")


@pytest.mark.parametrize(
    ("paid", "settled", "message"),
    [
        ("usd", "null", r"networks\.asi\.burnmint: users pay in USD, so there are no coins to burn"),
        ("usd", "oracle", "`rate: oracle` found, but nothing is converted"),
        ("coin", "fixed", "`fixed` and `rate: fixed` belong together"),
    ],
)
def test_contradicting_terms_are_told(tmp_path: Path, paid: str, settled: str, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        loaded(tmp_path, paid, settled)
