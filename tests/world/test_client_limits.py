"""What a client class says of its requests reaches the engines: broken connections and cached prefixes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.records.run import RunRecord
from tests.world.small import HOME, play

pytestmark = pytest.mark.compiled

QUIET: dict[str, Any] = {
    "requests": {"mode": "all"},
    "horizon": "0.1 day",
    "epoch": "0.1 day",
    f"{HOME}.nodes": 4,
    f"{HOME}.decides": "fixed",
    "workload.chat.rate": "0.2 /s",
    "workload.chat.prompt": {"kind": "constant", "tokens": 2000},
    "workload.chat.output": {"kind": "constant", "tokens": 200},
}
"""Requests of one size that hardly meet each other."""


def outcome(record: RunRecord, name: str) -> float:
    value = record.outcomes[f"net.{name}"]
    assert value is not None
    return float(value)


def test_a_hazard_ends_requests_as_an_exponential_clock_does() -> None:
    whole = play(QUIET)
    assert outcome(whole, "unmet_frac") == 0
    e2e_s = np.array([outcome(whole, f"e2e_{p}_s") for p in ("p50", "p99")])
    hazard = 0.1
    broken = outcome(play({**QUIET, "workload.chat.disconnect": f"{hazard} /s"}), "unmet_frac")
    n = 0.2 * 8640
    # P(clock < E2E), for all requests between that of the median one and that of the slowest hundredth.
    low, high = -np.expm1(-hazard * e2e_s)
    noise = 4.5 * np.sqrt(low * (1 - low) / n)
    assert 0.15 < low - noise < broken < high + noise


def test_a_cached_prefix_spares_its_computation() -> None:
    plain = play(QUIET)
    half, most = (
        play({**QUIET, "workload.chat.cached_tokens": {"kind": "share", "share": share}}) for share in ("50 %", "96 %")
    )
    first = [outcome(record, "ttft_p50_s") for record in (plain, half, most)]
    assert first[0] > 1.5 * first[1] > 1.5 * first[2]
    assert outcome(plain, "served_mtok") == outcome(half, "served_mtok")  # billed and delivered all the same
