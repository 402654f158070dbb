"""Integer tables: each figure rounded once, linear between knots, and proved safe or refused."""

import numpy as np
import pytest

from sim.errors import ScenarioError
from sim.serving.catalogue import Interconnect, ServingSettings
from sim.serving.figures import Knots
from sim.serving.tables import linear_cost, load_s, longest_pass, replica_type
from tests.serving.catalogue_files import PRESETS, gpu, model

GPUS = sorted(path.stem for path in (PRESETS / "gpus").glob("*.yaml"))
ROWS = [(g, m, int(tp.removeprefix("tp"))) for g in GPUS for m, degrees in gpu(g).costs.items() for tp in degrees]


def figures(**changes):
    return gpu("rtx_4090").costs["llama-3.1-8b"]["tp1"].model_copy(update=changes)


def costing(**changes):
    """An RTX 4090 with other cost figures."""
    return gpu("rtx_4090").model_copy(update={"costs": {"llama-3.1-8b": {"tp1": figures(**changes)}}})


@pytest.mark.parametrize(("card", "llm", "tp"), ROWS)
def test_every_row_of_the_presets_fits_and_makes_a_replica(card, llm, tp):
    kind = replica_type(gpu(card), model(llm), ServingSettings(tp=tp))
    cost = kind.cost
    assert len(cost.dense) == kind.max_batched_tokens + 1
    assert len(cost.per_sequence) == kind.max_num_seqs + 1
    assert cost.dense.dtype == cost.per_sequence.dtype == np.int64
    assert longest_pass(kind) * kind.max_model_len < 2**61
    assert kind.active_w > kind.idle_w > 0


def test_prefill_pairs_cost_what_the_figures_say():
    # One chunk of 512 tokens on 1,000 held: 512 * (1000 + 256) pairs at 4 ns.
    cost = linear_cost(figures(m4=4e-9), np.ones(2049), 256)
    k, c = 512, 1000
    paid = cost.m4 * (k * (2 * c + k)) // 2048
    assert cost.m4 == 4000 * 1024
    assert paid == 512 * 1256 * 4000


def test_each_coefficient_is_rounded_once_to_the_nearest_picosecond():
    cost = linear_cost(figures(a2=1.4999e-12, m1=1.5001e-12), np.ones(2049), 256, host_s=5e-6)
    assert (cost.a2, cost.m1, cost.host) == (1, 2, 5_000_000)


def test_settings_win_over_the_gpus_defaults():
    settings = ServingSettings(max_num_seqs=8, max_batched_tokens=64, max_model_len=500, kv_blocks=50, max_waiting=0)
    kind = replica_type(gpu("rtx_4090"), model("llama-3.1-8b"), settings)
    found = (kind.max_num_seqs, kind.max_batched_tokens, kind.max_model_len, kind.blocks, kind.max_waiting)
    assert found == (8, 64, 500, 49, 0)


def test_without_settings_the_gpu_and_the_model_decide():
    kind = replica_type(gpu("rtx_4090"), model("llama-3.1-8b"), ServingSettings())
    found = (kind.max_num_seqs, kind.max_batched_tokens, kind.max_model_len, kind.blocks, kind.max_waiting)
    assert found == (256, 2048, 131_072, 2587, 2**31 - 1)


@pytest.mark.parametrize("scheduler", ["vllm_v1", "sarathi", "prefill_first"])
def test_a_replica_has_the_scheduler_that_was_set(scheduler):
    assert (
        replica_type(gpu("rtx_4090"), model("llama-3.1-8b"), ServingSettings(scheduler=scheduler)).scheduler
        == scheduler
    )


@pytest.mark.parametrize("scheduler", ["sarathi", "prefill_first"])
def test_limits_that_a_scheduler_cannot_serve_under_are_an_error_of_the_user(scheduler):
    settings = ServingSettings(scheduler=scheduler, max_batched_tokens=255)
    with pytest.raises(ScenarioError, match=f"255 tokens a pass for 256 sequences.*{scheduler} needs a token for each"):
        replica_type(gpu("rtx_4090"), model("llama-3.1-8b"), settings)


def test_a_models_own_figures_win_over_the_gpus():
    own = model("llama-3.1-8b").model_copy(update={"costs": {"rtx_4090": {"tp1": figures(a0=7e-12)}}})
    assert replica_type(gpu("rtx_4090"), own, ServingSettings()).cost.a0 == 7


def test_a_pair_without_figures_names_what_the_gpu_has():
    stranger = model("llama-3.1-8b").model_copy(update={"name": "llama-3.2-8b"})
    with pytest.raises(
        ScenarioError, match=r"no cost figures for llama-3.2-8b on rtx_4090 \(tp1\); did you mean llama-3.1-8b\?"
    ):
        replica_type(gpu("rtx_4090"), stranger, ServingSettings())


def test_a_group_of_gpus_pays_two_exchanges_a_layer_on_top_of_its_own_figures():
    # 128 all-reduces of 20 us, and of 5,120 numbers of 2 bytes a token, each GPU's share of 2 (g - 1) / g = 1 at 16 GB/s.
    pair = replica_type(gpu("rtx_pro_6000"), model("qwen3-32b"), ServingSettings(tp=2))
    own = gpu("rtx_pro_6000").costs["qwen3-32b"]["tp2"].dense
    for tokens, measured in ((1, own.seconds[0]), (2048, own.seconds[-1])):
        exchanged = 128 * (20e-6 + tokens * 5120 * 2 / 16e9)
        assert pair.cost.dense[tokens] == round((measured + exchanged) * 1e12)
    assert (pair.name, pair.active_w) == ("rtx_pro_6000/qwen3-32b/tp2", 2 * 750)


def test_a_nodes_own_interconnect_wins_over_its_gpus():
    link = Interconnect(bandwidth=32e9, latency=5e-6)
    settings = ServingSettings(tp=2)
    slow, fast = (replica_type(gpu("rtx_pro_6000"), model("qwen3-32b"), settings, own) for own in (None, link))
    # 15 us less, and half of the bytes' time: 128 * 1000 * 10,240 / 32e9 s.
    assert slow.cost.dense[1000] - fast.cost.dense[1000] == pytest.approx(128 * (15e-6 + 1000 * 10_240 / 32e9) * 1e12)


def test_a_group_without_an_interconnect_is_told_what_is_missing():
    card = gpu("rtx_pro_6000").model_copy(update={"interconnect": None})
    with pytest.raises(ScenarioError, match=r"serving\.tp: 2 found; rtx_pro_6000 has no `interconnect`"):
        replica_type(card, model("qwen3-32b"), ServingSettings(tp=2))


def test_heads_that_cannot_be_parted_are_told():
    with pytest.raises(ScenarioError, match=r"serving\.tp: 3 found; must divide the 64 heads of qwen3-32b"):
        replica_type(gpu("rtx_pro_6000"), model("qwen3-32b"), ServingSettings(tp=3))


def test_a_longer_context_than_the_models_is_refused():
    with pytest.raises(
        ScenarioError, match=r"max_model_len: 50000 found; must be at most 40960, what qwen3-32b was made for"
    ):
        replica_type(gpu("rtx_pro_6000"), model("qwen3-32b"), ServingSettings(max_model_len=50_000))


def test_a_pass_of_no_time_is_refused():
    nothing = Knots(counts=[1], seconds=[1e-13])
    card = costing(dense=nothing, per_sequence=nothing, a0=0.0, m0=0.0)
    with pytest.raises(ScenarioError, match="a pass of 0 ps found; every pass must last at least 1 ps"):
        replica_type(card, model("llama-3.1-8b"), ServingSettings())


def test_passes_too_long_for_the_integers_are_refused():
    # 131,072 passes of 20 s are 2.6 million seconds; 2^61 ps are 2.3 million.
    card = costing(dense=Knots(counts=[1], seconds=[20.0]))
    with pytest.raises(ScenarioError, match=r"131072 passes of up to .* together they must stay below 2.31e\+06 s"):
        replica_type(card, model("llama-3.1-8b"), ServingSettings())


def test_a_link_too_slow_for_the_integers_is_refused():
    link = Interconnect(bandwidth=1e-3, latency=0.0)
    with pytest.raises(ScenarioError, match=r"40960 passes of up to .* together they must stay below 2.31e\+06 s"):
        replica_type(gpu("rtx_pro_6000"), model("qwen3-32b"), ServingSettings(tp=2), link)


def test_the_bound_of_a_pass_holds_for_the_costliest_one():
    # All sequences decode at full memory while a last chunk fills the budget at the longest context.
    kind = replica_type(gpu("rtx_4090"), model("llama-3.1-8b"), ServingSettings(max_model_len=4096))
    cost, seqs, tokens = kind.cost, kind.max_num_seqs, kind.max_batched_tokens
    prefill = tokens - (seqs - 1)
    pairs = prefill * (2 * (4096 - prefill) + prefill)
    context = kind.blocks * 16
    costliest = int(cost.dense[tokens] + cost.per_sequence[seqs]) + cost.m0 + cost.m1 * (seqs - 1) + cost.m2 * context
    costliest += cost.m3 * prefill + cost.m4 * pairs // 2048
    assert costliest <= longest_pass(kind) < 2 * costliest


@pytest.mark.parametrize(
    ("card", "line_ms", "within"),
    [
        # Straight lines a + b*batch + c*context of decode passes, Llama-3.1-8B: fitted to the same profiles by others' hands.
        ("rtx_4090", (16.90, 0.0377, 1.512e-4), 0.05),
        ("rtx_pro_6000", (11.11, 0.0167, 9.39e-5), 0.05),
        # BLIS's H100 constants, trained end to end on vLLM with its host overhead: 7.26 ms; KV reading at 4.40e-5 ms a token.
        ("h100_sxm", (7.26, 0.0, 4.40e-5), 0.15),
        # The same for GPUs that BLIS never ran on, by its coefficients; KV reading by kernel fits of ai-dynamo/aiconfigurator.
        ("h200_sxm", (5.41, 0.0, 3.18e-5), 0.15),
        ("a100_80g", (11.18, 0.0, 8.69e-5), 0.15),
        ("b200", (3.81, 0.0, 1.79e-5), 0.15),
        ("l40s", (24.82, 0.0, 1.90e-4), 0.15),
    ],
)
@pytest.mark.parametrize(("batch", "context"), [(1, 500), (32, 16_000), (64, 32_000)])
def test_decode_passes_agree_with_published_lines(card, line_ms, within, batch, context):
    cost = replica_type(gpu(card), model("llama-3.1-8b"), ServingSettings()).cost
    found = int(cost.dense[batch] + cost.per_sequence[batch]) + cost.a0 + cost.a1 * batch + cost.a2 * context
    start, each, token = line_ms
    assert found / 1e9 == pytest.approx(start + each * batch + token * context, rel=within)


# ms: reading all weights and the output head once, a token of context, a prefill token; from the fits of the GPU's kernels by
# other hands, without the start of a kernel. Llama-3.1-8B on one GPU, Llama-3.1-70B on eight.
KERNEL_FITS = {
    ("h200_sxm", "llama-3.1-8b", 1): (3.81, 3.18e-5, 0.0172),
    ("b200", "llama-3.1-8b", 1): (2.38, 1.79e-5, 0.0086),
    ("l40s", "llama-3.1-8b", 1): (22.27, 1.90e-4, 0.0643),
    ("rtx_3090", "llama-3.1-8b", 1): (20.0, 1.75e-4, 0.246),
    ("h200_sxm", "llama-3.1-70b", 8): (4.41, 9.92e-6, 0.0211),
    ("b200", "llama-3.1-70b", 8): (2.75, 5.60e-6, 0.0106),
    ("l40s", "llama-3.1-70b", 8): (25.78, 5.93e-5, 0.0788),
    ("rtx_3090", "llama-3.1-70b", 8): (23.2, 5.47e-5, 0.301),
}


@pytest.mark.parametrize(("card", "llm", "tp"), KERNEL_FITS)
def test_rooflines_give_the_constants_that_others_worked_out(card, llm, tp):
    of, start_s = gpu(card).costs[llm][f"tp{tp}"], {"h200_sxm": 4e-6, "b200": 4e-6}.get(card, 0.0)
    reading, context, prefill = KERNEL_FITS[card, llm, tp]
    starts = (4 * model(llm).layers + 1) * start_s
    # The head of one sequence holds the sampler's first 26 us over its cheapest.
    found = of.dense.seconds[0] + min(of.per_sequence.seconds) - starts
    assert (found * 1e3, of.a2 * 1e3, of.dense.beyond * 1e3) == pytest.approx((reading, context, prefill), rel=0.01)


def test_seventy_billion_weights_on_eight_cards_pay_more_for_pcie_than_for_nvlink():
    # 160 all-reduces of 1 token, 28,672 bytes around the ring: 160 * (20 us + 1.8 us) over PCIe, 160 * 10.1 us over NVLink.
    for card, exchanged_s in (
        ("rtx_4090", 160 * (20e-6 + 28_672 / 16e9)),
        ("h100_sxm", 160 * (10e-6 + 28_672 / 450e9)),
    ):
        kind = replica_type(gpu(card), model("llama-3.1-70b"), ServingSettings(tp=8))
        alone = gpu(card).costs["llama-3.1-70b"]["tp8"].dense.seconds[0]
        assert kind.cost.dense[1] / 1e12 - alone == pytest.approx(exchanged_s, rel=1e-6)


def test_a_mixture_by_roofline_reads_every_expert_that_is_awake():
    # Mixtral on two H100: 46.7 billion weights at 2 bytes over 2 x 88 % of 3.35 TB/s are 15.8 ms, once all experts are awake.
    free = gpu("h100_sxm").model_copy(update={"interconnect": Interconnect(bandwidth=1e30, latency=0.0)})
    cost = replica_type(free, model("mixtral-8x7b"), ServingSettings(tp=2)).cost
    starts_s = 32 * 6 * 4e-6
    assert cost.dense[64] / 1e12 - starts_s == pytest.approx(15.80e-3, rel=0.01)
    # A lone token wakes two of eight.
    assert cost.dense[1] < 0.4 * cost.dense[64]


def test_loading_reads_the_weights_and_starts_the_engine():
    # 16.06 GB at 2 GB/s, then 60 s.
    assert load_s(gpu("rtx_4090"), model("llama-3.1-8b"), ServingSettings()) == pytest.approx(8.030261248 + 60)


def test_a_group_of_gpus_loads_all_weights_from_the_one_disk_of_its_node():
    loading = load_s(gpu("rtx_pro_6000"), model("qwen3-32b"), ServingSettings(tp=2))
    assert loading == pytest.approx(65.524246528 / 2 + 60)
