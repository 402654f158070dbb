"""Economy-only runs beside runs that serve requests, on the demo: where both define an outcome they say the same, within 8 % or their error."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from sim.scenario import load
from sim.study import run
from tests.world.fidelity import differences

DEMO = Path(__file__).parents[2] / "scenarios" / "demo.yaml"
OTHERWISE = (
    "gini",
    "nakamoto",
    "entries",
    "exits",
    "break_even_coin_usd",
    "operator_surplus_usd_per_day",
    "fees_cover_days",
)
"""Without requests every node of a class works alike and no window is luckier than another: incomes are even, the worst node earns more,
fewer owners come and go; a surplus near 0 has no relative error, and the day on which a series passes a level moves with its noise
(`docs/modelling-choices.md`)."""
STATED = 0.08
"""Part of the mean of windows within which an outcome must lie, unless the interval of the difference contains 0."""


@pytest.mark.slow
@pytest.mark.compiled
@pytest.mark.parametrize("price", ["path", "pool"])
def test_capacity_tells_of_the_demo_what_windows_tell(tmp_path: Path, price: str) -> None:
    sets = [f"compare.coin_price=[{price}]", "seeds.replications=6", "checks=[]"]
    told = []
    for mode in ("{mode: sampled, window: 2 min, per_epoch: 1, every: 4}", "{mode: capacity}"):
        outcomes = "compare.outcomes=[tao.nodes@end]"
        scenario = load(DEMO, sets=[*sets, outcomes, f"requests={mode}"])
        record = run(scenario, tmp_path / "study.sqlite", policies=["four_years"])
        found = {summary.outcome: summary.values for summary in record.outcomes}
        told.append([{name: found[name][r] for name in found} for r in range(6)])
    pairs = differences(*told)
    both = {name: pair for name, pair in pairs.items() if not math.isnan(pair.low)}
    assert len(both) > 45
    asked = {name: pair for name, pair in both.items() if name.partition(".")[2] not in OTHERWISE}
    far = [name for name, pair in asked.items() if max(abs(pair.low), abs(pair.high)) > STATED * abs(pair.mean)]
    assert [name for name in far if not asked[name].low <= 0 <= asked[name].high] == []
