"""A real vLLM 0.19 server against its simulation: 300 requests, overloaded RTX 4090, nothing tuned on the run."""

import functools

import numpy as np
import pandas as pd
import pytest

from sim.serving.catalogue import ServingSettings
from sim.serving.tables import replica_type
from tests.serving.catalogue_files import gpu, model, served, shared

# Seen, %, as mean/p50/p90/p99: TTFT +0.3/-1.2/-0.0/+0.0, TPOT -1.2/-0.7/+1.7/-1.0, E2E -0.1/+3.0/+0.1/+0.0.
BAND = 0.05
RECORDED = {"kv_blocks": 2588, "max_num_seqs": 256, "max_batched_tokens": 2048, "max_model_len": 32_768}
pytestmark = pytest.mark.compiled


@functools.cache
def log():
    """The server's log."""
    return pd.read_csv(shared("data", "vllm_runs", "rtx4090_llama-3.1-8b.csv"))


@functools.cache
def simulated(engine="reference", recompute="cached", recorded=True):
    """The finished requests by id, with the engine settings that were recorded or those of the presets."""
    settings = RECORDED if recorded else {"max_model_len": RECORDED["max_model_len"]}
    kind = replica_type(gpu("rtx_4090"), model("llama-3.1-8b"), ServingSettings(**settings, recompute=recompute))
    arrival = np.rint(log().arrival_s.to_numpy() * 1e12).astype(np.int64) + 1
    reading = served(kind, arrival, log().prompt_tokens.to_numpy(), log().output_tokens.to_numpy(), engine)
    assert (reading.finished["fate"] == 0).all()
    return np.sort(reading.finished, order="id")


def statistics(ttft, e2e, output):
    """Mean, p50, p90, p99 of each metric."""
    several = output > 1
    metrics = {"ttft": ttft, "tpot": (e2e - ttft)[several] / (output - 1)[several], "e2e": e2e}
    return {name: np.array([of.mean(), *np.percentile(of, (50, 90, 99))]) for name, of in metrics.items()}


def errors(recompute="cached"):
    """Relative error of each statistic, by metric."""
    arrival, first, last = (log()[name].to_numpy() for name in ("arrival_s", "first_token_s", "last_token_s"))
    measured = statistics(first - arrival, last - arrival, log().output_tokens.to_numpy())
    done = simulated(recompute=recompute)
    found = statistics(done["first_token"] / 1e12, done["end"] / 1e12, done["output"])
    return {name: found[name] / measured[name] - 1 for name in measured}


def test_latencies_of_the_measured_run_are_within_five_percent():
    for name, off in errors().items():
        assert np.abs(off).max() < BAND, f"{name}: {off}"


def test_the_presets_alone_give_the_replica_that_was_recorded():
    assert (simulated(recorded=False) == simulated()).all()


def test_blocks_found_again_after_a_preemption_are_worth_three_percent():
    # Recomputing whole sequences makes the overloaded server slower than it was: +3.9 against +0.3 % of mean TTFT.
    cached, full = errors(), errors("full")
    assert 0.02 < full["ttft"][0] - cached["ttft"][0] < 0.06
    assert np.abs(full["e2e"]).max() > np.abs(cached["e2e"]).max()


def test_the_run_is_one_of_heavy_preemption():
    assert simulated()["preemptions"].sum() > 100


@pytest.mark.parametrize("engine", ["fast", "loop"])
def test_every_engine_serves_the_measured_run_alike(engine):
    assert (simulated(engine) == simulated()).all()
