"""Two real vLLM 0.19 servers against their simulations: 300 requests each, overloaded, by one rule, nothing tuned on the runs.

One RTX 4090 with Llama-3.1-8B, and two RTX PRO 6000 over PCIe with Qwen3-32B. KV blocks come from memory where the run does
not tell them, the host costs nothing, the link is that of the GPU's preset.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim.serving.catalogue import Interconnect, ServingSettings
from sim.serving.contract import BLOCK_TOKENS, ReplicaType
from sim.serving.reference.request import blocks_for
from sim.serving.reference.schedulers import SCHEDULERS, VllmV1
from sim.serving.tables import replica_type
from tests.serving.catalogue_files import gpu, model, served, shared

# Seen, %, as mean/p50/p90/p99:
# RTX 4090       TTFT +0.3/-1.2/-0.0/+0.0, TPOT -1.2/-0.7/+1.7/-1.0, E2E -0.1/+3.0/+0.1/+0.0
# 2 RTX PRO 6000 TTFT -3.1/-3.8/-3.5/-3.5, TPOT -3.5/-3.3/-2.0/-1.7, E2E -3.3/-2.9/-4.0/-3.9
BAND = 0.05
RUNS: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "one": (
        "rtx4090_llama-3.1-8b.csv",
        "rtx_4090",
        "llama-3.1-8b",
        {"kv_blocks": 2588, "max_num_seqs": 256, "max_batched_tokens": 2048, "max_model_len": 32_768},
    ),
    "pair": (
        "rtxpro6000x2_qwen3-32b_tp2.csv",
        "rtx_pro_6000",
        "qwen3-32b",
        {"tp": 2, "max_num_seqs": 128, "max_batched_tokens": 2048},
    ),
}
"""File, GPU, model, and the settings that were recorded."""
NO_LINK = Interconnect(bandwidth=1e30, latency=0.0)
pytestmark = pytest.mark.compiled


@functools.cache
def log(run: str) -> pd.DataFrame:
    """The server's log."""
    return pd.read_csv(shared("data", "vllm_runs", RUNS[run][0]))


def replica(run: str, link: Interconnect | None = None, **changes: Any) -> ReplicaType:
    """The replica of a run, with other settings or another link."""
    _, card, llm, recorded = RUNS[run]
    return replica_type(gpu(card), model(llm), ServingSettings(**{**recorded, **changes}), link)


def simulated(run: str, kind: ReplicaType, engine: str = "fast") -> np.ndarray:
    """The finished requests by id."""
    rows = log(run)
    arrival = np.rint(rows.arrival_s.to_numpy() * 1e12).astype(np.int64) + 1
    reading = served(kind, arrival, rows.prompt_tokens.to_numpy(), rows.output_tokens.to_numpy(), engine)
    assert (reading.finished["fate"] == 0).all()
    return np.sort(reading.finished, order="id")


def statistics(ttft: np.ndarray, e2e: np.ndarray, output: np.ndarray) -> dict[str, np.ndarray]:
    """Mean, p50, p90, p99 of each metric."""
    several = output > 1
    metrics = {"ttft": ttft, "tpot": (e2e - ttft)[several] / (output - 1)[several], "e2e": e2e}
    return {name: np.array([of.mean(), *np.percentile(of, (50, 90, 99))]) for name, of in metrics.items()}


def errors(run: str, done: np.ndarray) -> dict[str, np.ndarray]:
    """Relative error of each statistic, by metric."""
    rows = log(run)
    arrival, first, last = (rows[name].to_numpy() for name in ("arrival_s", "first_token_s", "last_token_s"))
    measured = statistics(first - arrival, last - arrival, rows.output_tokens.to_numpy())
    found = statistics(done["first_token"] / 1e12, done["end"] / 1e12, done["output"])
    return {name: found[name] / measured[name] - 1 for name in measured}


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("engine", ["reference", "loop", "fast"])
def test_latencies_of_a_measured_run_are_within_five_percent(run, engine):
    for name, off in errors(run, simulated(run, replica(run), engine)).items():
        assert np.abs(off).max() < BAND, f"{name}: {off}"


@pytest.mark.parametrize("run", RUNS)
def test_every_engine_serves_a_measured_run_alike(run):
    fast = simulated(run, replica(run))
    for engine in ("reference", "loop"):
        assert (simulated(run, replica(run), engine) == fast).all()


def test_the_presets_alone_give_the_replica_that_was_recorded():
    assert replica("one").blocks == replica("one", kv_blocks=None).blocks == 2587
    alone = ServingSettings(max_model_len=32_768)
    one = simulated("one", replica_type(gpu("rtx_4090"), model("llama-3.1-8b"), alone))
    assert (one == simulated("one", replica("one"))).all()


# --- what each rule is worth -------------------------------------------------------------------------------------------


def test_without_the_all_reduce_the_pair_is_more_than_a_third_too_fast():
    # Seen: mean E2E 37.5 % too fast, with it 3.3 %.
    off = errors("pair", simulated("pair", replica("pair", NO_LINK)))
    assert -0.42 < off["e2e"][0] < -0.33
    assert off["ttft"][0] < off["e2e"][0] < off["tpot"][0] < -0.25


def test_blocks_found_again_after_a_preemption_are_worth_three_percent():
    # Recomputing whole sequences makes the overloaded server slower than it was: +3.9 against +0.3 % of mean TTFT.
    cached, full = (errors("one", simulated("one", replica("one", recompute=how))) for how in ("cached", "full"))
    assert 0.02 < full["ttft"][0] - cached["ttft"][0] < 0.06
    assert np.abs(full["e2e"]).max() > np.abs(cached["e2e"]).max()


class AdmitByChunk(VllmV1):
    """As `vllm_v1`, but a sequence is admitted as soon as its first chunk fits, not only when all of it does."""

    def _admit(self, replica, forming):
        while replica.waiting and forming.budget > 0 and len(replica.running) < replica.type.max_num_seqs:
            request = replica.waiting[0]
            again = request.found_again_blocks(replica.taken_blocks, replica.type.recompute)
            found = min(again, (request.tokens - 1) // BLOCK_TOKENS)
            chunk = min(request.tokens - found * BLOCK_TOKENS, forming.budget)
            if replica.free_blocks < blocks_for(found * BLOCK_TOKENS + chunk):
                return
            replica.start(request, found * BLOCK_TOKENS)
            replica.take_blocks(request, blocks_for(request.kv_tokens + chunk), again=again)
            forming.give(request, chunk)


def test_admission_of_whole_sequences_is_worth_a_third_of_a_percent(monkeypatch):
    # Admitted by chunk more are preempted (seen: 223 against 197 times), and mean TTFT is 0.6 % off instead of 0.3 %. Where
    # memory is ample, on the pair, it makes no difference.
    import sim.serving.reference.replica as place

    whole = {run: simulated(run, replica(run)) for run in RUNS}
    monkeypatch.setattr(place, "SCHEDULERS", {**SCHEDULERS, "vllm_v1": AdmitByChunk()})
    by_chunk = {run: simulated(run, replica(run), "reference") for run in RUNS}
    assert by_chunk["one"]["preemptions"].sum() > whole["one"]["preemptions"].sum() > 100
    worse = errors("one", by_chunk["one"])["ttft"][0] - errors("one", whole["one"])["ttft"][0]
    assert 0.001 < worse < 0.01
    assert whole["pair"]["preemptions"].sum() == 0
    assert (by_chunk["pair"] == whole["pair"]).all()
