"""Presets load, figures come from their profiles, and what is not simulated yet is refused by name."""

import sys

import pytest
from pydantic import ValidationError

from sim.serving.catalogue import Gpu, LlmModel, ServingSettings
from sim.serving.figures import Experts, Knots
from tests.serving.catalogue_files import PRESETS, gpu, model, shared, values

GPUS = sorted(path.stem for path in (PRESETS / "gpus").glob("*.yaml"))
MODELS = sorted(path.stem for path in (PRESETS / "models").glob("*.yaml"))


def refusal(block, **values):
    with pytest.raises(ValidationError) as caught:
        block.model_validate(values, context={"yaml": True})
    return caught.value.errors()[0]


@pytest.mark.parametrize("name", GPUS)
def test_every_gpu_preset_is_a_gpu_under_its_own_name(name):
    assert gpu(name).name == name


@pytest.mark.parametrize("name", MODELS)
def test_every_model_preset_has_the_bytes_of_its_shape(name):
    it = model(name)
    # Keys and values: 2 of them, bf16. Weights: attention, gated feed-forward, embedding and head; norms are < 0.1 %.
    assert it.kv_bytes_per_token == 2 * it.layers * it.kv_heads * it.head_dim * 2
    # Of a mixture each expert has a feed-forward of that width, and a row of the router.
    forward = max(1, it.experts) * 3 * it.intermediate + it.experts
    matrices = it.layers * it.hidden * (it.head_dim * 2 * (it.heads + it.kv_heads) + forward)
    assert it.weights == pytest.approx(2 * (matrices + 2 * it.vocabulary * it.hidden), rel=1e-3)
    assert 0 < it.quality < 1


@pytest.mark.long
def test_a_scenario_reads_the_catalogue_as_it_stands():
    from sim.scenario import load

    spec = load(PRESETS.parents[1] / "tests" / "scenarios" / "format-v1.yaml").cases()[0].before
    assert spec.gpus == {name: gpu(name) for name in ("h100_sxm", "rtx_4090")}
    assert spec.models == {"llama-3.1-8b": model("llama-3.1-8b")}


@pytest.mark.parametrize("name", GPUS)
def test_an_idle_gpu_draws_less_than_a_busy_one(name):
    it = gpu(name)
    assert 0 < it.idle < it.active
    assert 0 < it.node_idle <= it.node_active


@pytest.mark.parametrize("name", GPUS)
def test_engine_defaults_follow_the_memory_rule(name):
    # 256 and 2,048 below 70 GB, 1,024 and 8,192 above.
    it = gpu(name)
    assert (it.max_num_seqs, it.max_batched_tokens) == ((256, 2048) if it.memory < 70e9 else (1024, 8192))


@pytest.mark.parametrize("name", GPUS)
def test_each_number_of_a_preset_has_a_source_or_is_assumed(name):
    import yaml

    for key, item in yaml.safe_load((PRESETS / "gpus" / f"{name}.yaml").read_text()).items():
        if key not in ("name", "costs"):
            assert item.get("source") or item.get("assumed") is True, key
            assert item.get("source") or item.get("changes"), key


@pytest.mark.long
def test_cost_figures_of_the_presets_are_those_of_the_profiles():
    shared("data", "vllm_profiles")
    from benchmarks.condense_profiles import condense

    for name, text in condense().items():
        assert (PRESETS / "gpus" / f"{name}.yaml").read_text(encoding="utf-8") == text


def rows_of_the_page():
    """GPU, model and degree with their flag, as the page's first table tells them."""
    lines = (PRESETS.parents[1] / "docs" / "gpus-and-models.md").read_text(encoding="utf-8").splitlines()
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    end = next(i for i, row in enumerate(table) if i and row[0] == "left out")
    models = [name.lower() for name in table[0][1:]]
    return {
        (row[0].strip("`"), llm, degree.split()[0]): degree.split()[1]
        for row in table[2:end]
        for llm, cell in zip(models, row[1:], strict=True)
        if cell != "-"
        for degree in cell.split(", ")
    }


def test_the_page_lists_what_the_presets_hold():
    found = {(g, m, tp): of.flag for g in GPUS for m, all_ in gpu(g).costs.items() for tp, of in all_.items()}
    assert rows_of_the_page() == found


def test_what_was_profiled_is_fitted_and_nothing_else_is():
    fitted = {key for key, flag in rows_of_the_page().items() if flag == "fitted"}
    assert fitted == {
        ("rtx_4090", "llama-3.1-8b", "tp1"),
        ("rtx_pro_6000", "llama-3.1-8b", "tp1"),
        ("rtx_pro_6000", "qwen3-32b", "tp1"),
        ("rtx_pro_6000", "qwen3-32b", "tp2"),
        ("rtx_pro_6000", "qwen3-30b-a3b-instruct-2507", "tp1"),
        ("rtx_pro_6000", "qwen3-30b-a3b-instruct-2507", "tp2"),
    }


def test_every_gpu_of_the_page_serves_the_small_and_the_large_llama():
    for name in GPUS:
        assert {"llama-3.1-8b", "llama-3.1-70b"} <= set(gpu(name).costs)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("data_parallel", "data- and expert-parallel groups"),
        ("expert_parallel", "data- and expert-parallel groups"),
        ("pipeline_parallel", "pipeline parallelism"),
        ("disaggregated", "prefill and decode on separate replicas"),
        ("speculative", "speculative decoding"),
        ("prefix_cache", "a prefix cache per replica"),
        ("lora", "LoRA adapters"),
        ("multimodal", "multimodal inputs"),
        ("priority", "preemption by priority"),
    ],
)
def test_later_features_of_an_engine_are_refused_by_name(key, words):
    error = refusal(ServingSettings, **{key: 1})
    assert words in error["msg"]
    assert "is read but not simulated yet" in error["msg"]
    assert error["type"] == "later"
    assert error["ctx"]["at"] == key


def test_a_scheduler_that_nobody_knows_is_not_taken_for_a_later_one():
    error = refusal(ServingSettings, scheduler="fifo")
    assert error["type"] == "literal_error"
    assert "vllm_v1" in error["msg"]


@pytest.mark.parametrize("key", ["weight_bits", "kv_bits"])
def test_bits_that_nobody_packs_are_refused(key):
    error = refusal(LlmModel, **values(PRESETS / "models" / "qwen3-32b.yaml"), **{key: 6})
    assert (error["type"], error["loc"]) == ("literal_error", (key,))
    assert "4, 8 or 16" in error["msg"]


@pytest.mark.parametrize(
    ("experts", "each", "words"),
    [
        (8, 9, "9 found; must be 1 to 8, the model's `experts`"),
        (8, 0, "0 found; must be 1 to 8, the model's `experts`"),
        (0, 2, "2 found; a model without `experts` has none"),
    ],
)
def test_a_token_wakes_some_of_the_experts_there_are(experts, each, words):
    shape = values(PRESETS / "models" / "qwen3-32b.yaml")
    assert words in refusal(LlmModel, **shape, experts=experts, experts_per_token=each)["msg"]


@pytest.mark.parametrize(
    ("tokens", "seconds", "words"),
    [
        ([2, 1], [[1.0], [1.0]], "`tokens` must ascend strictly from 1 or more"),
        ([1, 2], [[1.0]], "`seconds` must hold 2 rows of 1 to 2 numbers"),
        ([1], [[1.0, 2.0, 3.0]], "`seconds` must hold 1 rows of 1 to 2 numbers"),
        ([1], [[0.0]], "`seconds` must be positive"),
    ],
)
def test_a_table_of_experts_that_is_none_is_refused(tokens, seconds, words):
    assert words in refusal(Experts, tokens=tokens, activated=[8, 16], seconds=seconds)["msg"]


@pytest.mark.parametrize(
    ("counts", "seconds", "words"),
    [
        ([2, 2], [1.0, 1.0], "`counts` must ascend strictly from 1 or more"),
        ([0, 2], [1.0, 1.0], "`counts` must ascend strictly from 1 or more"),
        ([], [], "`counts` must ascend strictly from 1 or more"),
        ([1, 1_048_577], [1.0, 1.0], "`counts` ends at 1048577; must end at 1048576 or before"),
        ([1, 2], [1.0], "`seconds` must hold 2 positive numbers, one a count; 1 found"),
        ([1, 2], [1.0, 0.0], "`seconds` must hold 2 positive numbers"),
    ],
)
def test_a_curve_that_is_none_is_refused(counts, seconds, words):
    assert words in refusal(Knots, counts=counts, seconds=seconds)["msg"]


def test_a_gpu_without_units_is_refused():
    figures = values(PRESETS / "gpus" / "rtx_4090.yaml") | {"memory": 24}
    assert refusal(Gpu, **figures)["type"] == "bare_number"


def test_settings_say_where_their_defaults_come_from():
    for name in ("memory_share", "reserve", "detect", "max_attempts", "start", "host"):
        told = ServingSettings.model_fields[name].json_schema_extra
        assert told["source"], name
        assert told["changes"], name


@pytest.mark.long
def test_the_catalogue_loads_neither_numba_nor_scipy():
    import subprocess

    code = (
        "import sys, sim.serving.tables, sim.serving.capacity, sim.serving.energy, sim.serving.routers; "
        "print(sorted({'numba', 'scipy', 'simpy', 'pandas', 'matplotlib'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
