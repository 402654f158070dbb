"""The closed form of a replica's capacity against saturated runs of the reference engine."""

import numpy as np
import pytest

from sim.serving.capacity import capacity_rps, steady_state
from sim.serving.catalogue import ServingSettings
from sim.serving.tables import replica_type
from tests.serving.catalogue_files import gpu, model, served


def lengths(mean, n, seed):
    """Evenly spread over mean +- 50 %."""
    return np.maximum(1, np.rint(mean * np.random.default_rng(seed).uniform(0.5, 1.5, n))).astype(int)


def measured_rps(kind, prompt, output, engine):
    """Completions a second between 30 % and 70 % of the requests: neither filling up nor running empty."""
    end = served(kind, np.ones(len(prompt), dtype=np.int64), prompt, output, engine).finished["end"] / 1e12
    first, last = int(0.3 * len(end)), int(0.7 * len(end))
    return (last - first) / (end[last] - end[first])


@pytest.mark.compiled
@pytest.mark.parametrize(
    ("card", "llm", "prompt", "output", "n"),
    [
        ("rtx_4090", "llama-3.1-8b", 800, 300, 900),  # KV blocks bind, with preemptions
        ("rtx_4090", "llama-3.1-8b", 3000, 20, 300),  # the token budget binds, prompts in chunks
        ("rtx_4090", "llama-3.1-8b", 100, 100, 1500),  # max_num_seqs binds
        ("rtx_4090", "llama-3.1-8b", 400, 1, 500),  # prefill alone
        ("h100_sxm", "qwen3-32b", 1000, 200, 300),  # KV blocks bind
    ],
)
def test_capacity_is_within_ten_percent_of_a_saturated_engine(card, llm, prompt, output, n):
    # Seen: +4.6, -3.6, -6.8, -1.7 and +2.1 %; mean lengths stand for all, and preemptions are left out.
    compare(replica_type(gpu(card), model(llm), ServingSettings()), prompt, output, n)


def compare(kind, prompt, output, n, engine="reference"):
    prompts, outputs = lengths(prompt, n, 1), lengths(output, n, 2)
    found = capacity_rps(kind, prompts.mean(), outputs.mean(), None, outputs.std() / outputs.mean())
    assert found == pytest.approx(measured_rps(kind, prompts, outputs, engine), rel=0.10)


@pytest.mark.compiled
@pytest.mark.parametrize("scheduler", ["sarathi", "prefill_first"])
@pytest.mark.parametrize(
    ("prompt", "output", "n"),
    [
        (800, 300, 900),  # KV blocks bind
        (1300, 20, 300),  # a pass of prompts holds one or none
        (100, 100, 1500),  # max_num_seqs binds
        (400, 1, 500),  # prompts alone
    ],
)
def test_capacity_of_the_other_schedulers_is_within_ten_percent_too(scheduler, prompt, output, n):
    # Seen: sarathi +4.6, -1.6, -6.8, -1.8 %; prefill_first +4.2, +6.5, -4.8, +2.4 %.
    settings = ServingSettings(scheduler=scheduler)
    compare(replica_type(gpu("rtx_4090"), model("llama-3.1-8b"), settings), prompt, output, n, "fast")


@pytest.mark.compiled
@pytest.mark.parametrize(
    ("card", "llm", "tp"),
    [
        ("rtx_pro_6000", "qwen3-32b", 2),
        ("rtx_pro_6000", "qwen3-30b-a3b-instruct-2507", 1),
        ("h100_sxm", "mixtral-8x7b", 2),
    ],
)
def test_capacity_of_groups_and_mixtures_is_within_ten_percent_too(card, llm, tp):
    # Seen: -0.2, -0.5 and +0.8 %.
    kind = replica_type(gpu(card), model(llm), ServingSettings(tp=tp, max_num_seqs=64))
    compare(kind, 800, 300, 1000, "fast")


def test_whole_prompts_first_serve_more_short_requests_and_none_longer_than_a_pass():
    # At 100 + 100 tokens and a full batch a mixed pass costs more than its two parts; 2,000 + 49 tokens fit a pass of 2,048.
    kinds = [
        replica_type(gpu("rtx_4090"), model("llama-3.1-8b"), ServingSettings(scheduler=name))
        for name in ("sarathi", "prefill_first")
    ]
    mixed, alone = (capacity_rps(kind, 100, 100) for kind in kinds)
    assert alone > mixed
    assert capacity_rps(kinds[1], 2000, 49) > 0
    assert capacity_rps(kinds[1], 2000, 50) == 0
    assert capacity_rps(kinds[0], 2000, 50) > 0


def test_a_tpot_target_under_prefill_first_counts_the_prompts_in_between():
    kind = replica_type(gpu("rtx_4090"), model("llama-3.1-8b"), ServingSettings(scheduler="prefill_first"))
    steady = steady_state(kind, 800, 300, 0.028)
    assert steady.pass_s == pytest.approx(0.028, rel=1e-6)
    # A round's decodes each give a token, so that a request lasts output - 1 rounds.
    assert steady.decodes == pytest.approx(steady.rps * steady.pass_s * 299)


@pytest.mark.compiled
def test_an_engine_capped_at_the_batch_of_a_tpot_target_meets_it():
    kind = replica_type(gpu("rtx_4090"), model("llama-3.1-8b"), ServingSettings())
    steady = steady_state(kind, 800, 300, 0.028)
    assert steady.pass_s == pytest.approx(0.028, rel=1e-6)
    settings = ServingSettings(max_num_seqs=round(steady.sequences))
    capped = replica_type(gpu("rtx_4090"), model("llama-3.1-8b"), settings)
    prompts, outputs = lengths(800, 400, 1), lengths(300, 400, 2)
    done = served(capped, np.ones(400, dtype=np.int64), prompts, outputs).finished
    tpot = ((done["end"] - done["first_token"]) / 1e12 / (done["output"] - 1)).mean()
    assert tpot == pytest.approx(0.028, rel=0.05)
    assert steady.rps < capacity_rps(kind, 800, 300)


def test_a_target_that_even_a_lone_request_misses_leaves_no_capacity():
    kind = replica_type(gpu("rtx_4090"), model("llama-3.1-8b"), ServingSettings())
    # A lone decode takes D[1] + H[1] + a0 > 16.7 ms.
    assert capacity_rps(kind, 800, 300, tpot_slo_s=0.016) == 0
    assert capacity_rps(kind, 800, 300, tpot_slo_s=0.018) > 0


def test_a_request_that_no_replica_takes_leaves_no_capacity():
    kind = replica_type(gpu("rtx_4090"), model("llama-3.1-8b"), ServingSettings())
    # 2,587 blocks hold 41,392 tokens; the last sampled one needs no room.
    assert capacity_rps(kind, 41_000, 393) > 0
    assert capacity_rps(kind, 41_000, 394) == 0


def test_capacity_falls_with_longer_prompts_and_longer_answers():
    kind = replica_type(gpu("h100_sxm"), model("llama-3.1-8b"), ServingSettings())
    rates = [capacity_rps(kind, prompt, 200) for prompt in (50, 200, 800, 3200)]
    assert rates == sorted(rates, reverse=True)
    rates = [capacity_rps(kind, 500, output) for output in (1, 10, 100, 1000)]
    assert rates == sorted(rates, reverse=True)


def test_lengths_below_one_token_are_a_fault_of_the_caller():
    kind = replica_type(gpu("rtx_4090"), model("llama-3.1-8b"), ServingSettings())
    with pytest.raises(ValueError, match=r"mean_output 0\.5"):
        capacity_rps(kind, 10, 0.5)
