"""Law, trace and bootstrap stand under one key of a scenario: another kind is another line, and nothing is lost."""

from __future__ import annotations

import numpy as np
import pytest

from sim import study
from sim.scenario import load
from sim.world import run

pytestmark = pytest.mark.compiled

SCENARIO = """
format: 1
name: Which hour was that?
start: 2026-01-01
horizon: 10 min
epoch: 5 min
requests: {mode: all}
workload:
  chat:
    model: llama-3.1-8b
    arrivals: ARRIVALS
    demand: {kind: fixed}
networks:
  asi:
    extends: asi_cloud
    operators:
      cudos: {nodes: 1, decides: fixed, up_time: 100 year}
      members: {nodes: 1, decides: fixed, up_time: 100 year}
seeds: {root: 3, replications: 3}
compare: {outcomes: [asi.ttft_p95_s, asi.served_mtok]}
"""
LAW = "{kind: gamma, cv: 2}\n    rate: 2 /s\n    prompt: {kind: constant, tokens: 100}\n    output: {kind: constant, tokens: 20}"


@pytest.fixture
def scenario(tmp_path):
    """The scenario with these arrivals, and a trace of 900 requests in 500 s beside it."""
    rng = np.random.default_rng(5)
    instants = np.sort(rng.random(900) * 500)
    rows = "".join(f"{t:.6f},{n},{1 + n % 40}\n" for t, n in zip(instants, rng.integers(1, 900, 900), strict=True))
    (tmp_path / "trace.csv").write_text("arrival_s,prompt_tokens,output_tokens\n" + rows, encoding="utf-8")

    def loaded(arrivals):
        (tmp_path / "scenario.yaml").write_text(SCENARIO.replace("ARRIVALS", arrivals), encoding="utf-8")
        return load(tmp_path / "scenario.yaml")

    return loaded


def asked(scenario):
    """Requests in each of three replications; each was answered, or is at the horizon about to be."""
    (case,) = scenario.cases()
    counts = [run(case, replication).counts for replication in range(3)]
    assert all(one["completed"] + one["in_flight"] == one["measured_requests"] for one in counts)
    assert all(one["completed"] > one["measured_requests"] - 20 for one in counts)
    return [one["measured_requests"] for one in counts]


def test_a_law_a_trace_and_a_bootstrap_are_exchanged_in_one_line(scenario):
    law, trace, half, bootstrap = (
        asked(scenario(arrivals))
        for arrivals in (
            LAW,
            "{kind: trace, file: trace.csv}",
            "{kind: trace, file: trace.csv, keep: 50 %}",
            "{kind: bootstrap, file: trace.csv, block: 30 s}",
        )
    )
    assert trace == [900] * 3  # n = 1, however often it is run
    assert len(set(half)) > 1 and all(abs(n - 450) < 4 * 15 for n in half)
    # 10 min at the trace's mean rate, 1.8 /s: 1,080 requests or so.
    assert len(set(bootstrap)) == 3 and np.mean(bootstrap) == pytest.approx(1080, rel=0.15)
    assert len(set(law)) == 3


def test_two_workers_meet_the_requests_of_one(scenario, tmp_path):
    bootstrapped = scenario("{kind: bootstrap, file: trace.csv, keep: 60 %}")
    one, two = (study.run(bootstrapped, tmp_path / f"{jobs}.sqlite", jobs=jobs).to_json() for jobs in (1, 2))
    assert one == two
