"""`requests.mode: all`: how requests are drawn and engines are read changes no number."""

from __future__ import annotations

from typing import Any

import pytest

from sim.world import continuous
from sim.world.run import World
from tests.world.small import HOME, case

BUSY: dict[str, Any] = {
    "requests": {"mode": "all"}, "epoch": "30 min", "horizon": "2 h", "workload.chat.rate": "3 /s",
    f"{HOME}.nodes": 6, f"{HOME}.up_time": "1 h", f"{HOME}.repair": "5 min",
}  # fmt: skip


@pytest.mark.compiled
def test_an_epoch_read_in_many_pieces_is_the_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = World(case(BUSY), 0, "fast").run()
    assert whole.counts["measured_requests"] > 10_000
    reads: list[int] = []
    read = continuous.Fleet.read
    monkeypatch.setattr(continuous.Fleet, "read", lambda fleet: reads.append(1) or read(fleet))
    monkeypatch.setattr(continuous, "FULL", 500)
    pieces = World(case(BUSY), 0, "fast").run()
    assert len(reads) > 20
    assert pieces.to_json() == whole.to_json()
