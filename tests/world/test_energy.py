"""Energy by request and class: shares by computed tokens, and their sum is what the replicas drew."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.serving.contract import Fate
from sim.world.energy import request_joules
from sim.world.run import World
from tests.world.small import HOME, case

MIXED: dict[str, Any] = {
    "workload.chat.rate": "2 /s",
    "workload.chat.disconnect": "0.01 /s",
    "workload.long": {
        "model": "llama-3.1-8b", "rate": "0.5 /s", "prompt": {"kind": "constant", "tokens": 100},
        "output": {"kind": "constant", "tokens": 600}, "demand": {"kind": "fixed", "network": "net"},
    },
    f"{HOME}.nodes": 4,
    f"{HOME}.decides": "fixed",
    "networks.net.operators.farm": {
        "nodes": 1, "gpu": "h100_sxm", "electricity": "0.08 USD/kWh", "decides": "fixed", "max_nodes": 1,
    },
}  # fmt: skip
MODES = {
    "all": {"requests": {"mode": "all"}, "epoch": "5 min", "horizon": "15 min"},
    "sampled": {"requests": {"mode": "sampled", "window": "1 min", "per_epoch": 1}, "epoch": "1 h", "horizon": "2 h"},
}  # fmt: skip


def test_shares_by_hand() -> None:
    # Type 0: 100 J over 10 and 30 tokens. Type 1: 50 J over 10. Type 2 used 12 J for nobody: over all 50 tokens.
    found = request_joules(np.array([100.0, 50.0, 12.0]), np.array([0, 0, 1, -1]), np.array([10, 30, 10, 999]))
    assert found == pytest.approx([25 + 2.4, 75 + 7.2, 50 + 2.4, 0], rel=1e-12)


def test_where_nothing_was_computed_nobody_has_a_share() -> None:
    assert request_joules(np.array([7.0]), np.array([0, -1]), np.array([0, 0])).tolist() == [0.0, 0.0]
    assert request_joules(np.array([7.0]), np.empty(0, np.int64), np.empty(0, np.int64)).tolist() == []


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-1, 3), st.integers(0, 10**9)), min_size=1),
    st.lists(st.floats(0, 1e15), min_size=4, max_size=4),
)
def test_shares_sum_to_the_whole(requests: list[tuple[int, int]], energy: list[float]) -> None:
    kind, computed = (np.array(column, np.int64) for column in zip(*requests, strict=True))
    found = request_joules(np.array(energy), kind, computed)
    whole = sum(energy) if computed[kind >= 0].any() else 0.0
    assert found.sum() == pytest.approx(whole, rel=1e-12)
    assert (found >= 0).all()


@pytest.mark.compiled
@pytest.mark.parametrize("mode", MODES)
def test_classes_together_pay_for_every_joule(mode: str) -> None:
    world = World(case({**MIXED, **MODES[mode]}), 0, "fast")
    record = world.run()
    tally = world.book.tallies["net"]
    assert tally.energy_j > 0
    assert tally.energy_class_j.sum() == pytest.approx(tally.energy_j, rel=1e-12)
    rows = {row["client_class"]: row for row in record.classes}
    assert sum(row["energy_j"] for row in rows.values()) == pytest.approx(tally.energy_j, rel=1e-12)
    # A long answer is computed token by token, a prompt only once: both are computed once, and billed once.
    assert rows["long"]["energy_j"] / rows["long"]["requests"] < rows["chat"]["energy_j"] / rows["chat"]["requests"]
    assert rows["long"]["energy_j_per_tok"] == pytest.approx(rows["chat"]["energy_j_per_tok"], rel=0.1)


@pytest.mark.compiled
@pytest.mark.parametrize("mode", MODES)
def test_broken_connections_are_counted_wherever_fates_are(mode: str) -> None:
    record = World(case({**MIXED, **MODES[mode]}), 0, "fast").run()
    assert record.counts["disconnected"] > 10
    assert sum(record.counts[fate.name.lower()] for fate in Fate) == record.counts["measured_requests"]
    rows = {row["client_class"]: row for row in record.classes}
    assert (rows["chat"]["disconnected_frac"] > 0.01, rows["long"]["disconnected_frac"]) == (True, 0.0)
    for row in rows.values():
        assert sum(row[f"{fate.name.lower()}_frac"] for fate in Fate) == pytest.approx(1, abs=1e-12)
    broken = sum(row["disconnected_frac"] * row["requests"] for row in rows.values())
    assert broken == pytest.approx(record.counts["disconnected"], abs=1e-6)
    unmet = sum((1 - row["completed_frac"]) * row["requests"] for row in rows.values())
    if mode == "all":
        assert record.outcomes["net.unmet_frac"] == pytest.approx(unmet / record.counts["measured_requests"], rel=1e-12)
