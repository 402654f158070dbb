"""Batches that slow down: their controls follow the draws, not what the server should make of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.verify import batching
from sim.verify.cases import case_of, draws, entries
from sim.verify.engines import by_passes

CASE = case_of("batching_bd", entries("batching_bd")[0])


@pytest.mark.compiled
@pytest.mark.parametrize("slow", [1.0, 1.3])
def test_ends_are_those_of_works_as_drawn_however_slow_the_server(slow: float, monkeypatch: pytest.MonkeyPatch):
    def slowed(most: int, length: Any, passes: int) -> Any:
        return by_passes(most, lambda batch: slow * length(batch), passes)

    monkeypatch.setattr(batching, "BATCHED", 2000)
    monkeypatch.setattr(batching, "by_passes", slowed)
    off, ends, there = np.zeros(0), np.zeros(0), np.zeros(0)
    for replication in range(20):
        walk, rows, begun = batching._batched(CASE, draws(CASE, 12, replication), 2.0, 2000, "fast")
        one = batching._ends(walk, begun, rows, CASE)
        off, ends = (one, walk.counts(walk.gone)) if not replication else (off + one, ends + walk.counts(walk.gone))
        there = walk.time() if not replication else there + walk.time()
    often = ends > 400
    # Sums of martingale differences: their variance is the number of ends.
    assert abs(off.sum()) < 4 * ends.sum() ** 0.5
    assert np.abs(off[often] / ends[often] ** 0.5).max() < 4
    # A server that takes `slow` times as long is seen to: what is left of ends without chance is its own rate.
    level = np.arange(len(ends))
    speed = np.minimum(level, 8) / (1 + 0.1 * np.maximum(np.minimum(level, 8) - 1, 0))
    rate = ((ends - off) / np.maximum(there, 1e-12))[often] / speed[often]
    assert rate == pytest.approx(np.full(often.sum(), 1 / slow), rel=0.01)
