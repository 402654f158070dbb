"""Requests that arrive at the very instant at which a run, an epoch or a window begins are served like any other."""

from __future__ import annotations

import pytest

from sim.scenario import load
from sim.world import run

pytestmark = pytest.mark.compiled

SCENARIO = """
format: 1
name: Who comes first?
start: 2026-01-01
horizon: 15 min
epoch: 5 min
requests: {mode: all}
workload:
  replayed:
    model: llama-3.1-8b
    arrivals: {kind: trace, file: trace.csv}
    demand: {kind: fixed}
networks:
  asi:
    extends: asi_cloud
    operators:
      cudos: {nodes: 1, decides: fixed, up_time: 100 year}
      members: {nodes: 1, decides: fixed, up_time: 100 year}
"""


@pytest.mark.parametrize("engine", ["fast", "reference"])
def test_arrivals_at_the_start_of_the_run_and_of_epochs_are_counted_once(tmp_path, engine):
    (tmp_path / "trace.csv").write_text(
        "arrival_s,prompt_tokens,output_tokens\n0,100,10\n0,100,10\n299.999999999999,100,10\n300,100,10\n600,50,5\n",
        encoding="utf-8",
    )
    (tmp_path / "scenario.yaml").write_text(SCENARIO, encoding="utf-8")
    (case,) = load(tmp_path / "scenario.yaml").cases()
    record = run(case, 0, engine=engine)
    assert record.counts["completed"] == record.counts["measured_requests"] == 5
    # 15 minutes are the 96th part of a day.
    assert record.outcomes["asi.served_mtok"] * 1e6 / 96 == pytest.approx(4 * 110 + 55)
