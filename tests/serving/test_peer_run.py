"""A peer simulator's results on its own cost tables: Vidur's two schedulers, 12,000 requests, every one of them.

With the same tables only the scheduling can differ. Vidur adds seconds in floating point, infermint integers.
"""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd
import pytest

from sim.serving.contract import Name, ReplicaType, Scheduler
from sim.serving.grid import grid_cost, prove_grid
from tests.serving.catalogue_files import served, shared

# Seen at most 1e-8 s over runs of an hour.
NEAR_S = 1e-7
RESULTS = {"sarathi": ("sarathi_per_request.csv.gz", 512), "prefill_first": ("vllm_per_request.csv.gz", 4096)}
"""File of results, tokens of a pass."""
PREFIX = 2000
pytestmark = pytest.mark.compiled


def peer(scheduler: Scheduler) -> ReplicaType:
    """The replica of the peer's run: Llama-2-7B, 32 layers, on one A100-80G."""
    tables = np.load(shared("golden", "vidur", "cost_tables.npz"))
    names = ("dense", "kv_save", "decode_attention", "prefill_attention")
    kind = ReplicaType(
        "a100/llama-2-7b",
        grid_cost(*(tables[f"{name}_ms_per_layer"] for name in names), layers=32),
        blocks=7424,
        max_num_seqs=128,
        max_batched_tokens=RESULTS[scheduler][1],
        max_model_len=4096,
        scheduler=scheduler,
    )
    prove_grid(kind)
    return kind


@functools.cache
def trace() -> pd.DataFrame:
    """The 12,000 requests that both were given."""
    return pd.read_csv(shared("golden", "vidur", "trace_12k_3.4rps.csv.gz"))


def off_by_s(engine: Name, scheduler: Scheduler, compared: int, offered: int) -> tuple[float, float, int]:
    """The largest differences of TTFT and E2E over the first `compared` of the `offered` requests, and preemptions."""
    rows = trace()[:offered]
    arrival = np.rint(rows.arrived_at.to_numpy() * 1e12).astype(np.int64)
    reading = served(
        peer(scheduler), arrival, *(rows[f"num_{k}_tokens"].to_numpy() for k in ("prefill", "decode")), engine
    )
    done = np.sort(reading.finished, order="id")
    assert (done["fate"] == 0).all()
    assert len(done) == offered
    told = pd.read_csv(shared("golden", "vidur", RESULTS[scheduler][0]))[:compared]
    assert told.request.tolist() == list(range(compared))
    done = done[:compared]
    ttft = np.abs(done["first_token"] / 1e12 - told.ttft_s).max()
    return ttft, np.abs(done["end"] / 1e12 - told.e2e_s).max(), int(done["preemptions"].sum())


@pytest.mark.parametrize("scheduler", RESULTS)
@pytest.mark.parametrize("engine", ["fast", "loop"])
def test_every_request_of_the_peer_ends_when_the_peer_says(engine: Name, scheduler: Scheduler):
    ttft, e2e, preemptions = off_by_s(engine, scheduler, len(trace()), len(trace()))
    assert ttft < NEAR_S
    assert e2e < NEAR_S
    assert preemptions == 0


@pytest.mark.parametrize("scheduler", RESULTS)
def test_the_reference_says_the_same_of_the_first_requests(scheduler: Scheduler):
    # Later arrivals share passes with those compared: all that arrive until the last of these ends are offered.
    trial = PREFIX + 400
    ttft, e2e, _ = off_by_s("reference", scheduler, PREFIX, trial)
    assert ttft < NEAR_S
    assert e2e < NEAR_S


@pytest.mark.slow
@pytest.mark.parametrize("scheduler", RESULTS)
def test_the_reference_says_the_same_of_every_request(scheduler: Scheduler):
    ttft, e2e, _ = off_by_s("reference", scheduler, len(trace()), len(trace()))
    assert ttft < NEAR_S
    assert e2e < NEAR_S
