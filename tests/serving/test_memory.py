"""KV blocks: the formula, the measured run, and models that do not fit."""

import pytest

from sim.errors import ScenarioError
from sim.serving.catalogue import ServingSettings
from sim.serving.memory import kv_blocks, usable_blocks
from tests.serving.catalogue_files import gpu, model

GIB = 2.0**30


def test_the_formula_gives_the_blocks_of_the_measured_run():
    # (0.9 * 23.52 GiB - 16,060,522,496 - 1.24e9) / (16 * 131,072) = 2588.5, by hand.
    card = gpu("rtx_4090").model_copy(update={"memory": 23.52 * GIB})
    settings = ServingSettings(reserve=1.24e9)
    assert kv_blocks(card, model("llama-3.1-8b"), settings) == 2588
    assert usable_blocks(card, model("llama-3.1-8b"), settings) == 2587


def test_the_preset_gives_the_blocks_of_the_measured_run_from_the_recorded_memory():
    assert gpu("rtx_4090").memory == 25_250_627_584
    assert kv_blocks(gpu("rtx_4090"), model("llama-3.1-8b"), ServingSettings()) == 2588


def test_blocks_that_are_given_win_over_memory():
    settings = ServingSettings(kv_blocks=100)
    assert usable_blocks(gpu("rtx_4090"), model("llama-3.1-8b"), settings) == 99


@pytest.mark.parametrize(("scheduler", "usable"), [("vllm_v1", 99), ("sarathi", 100), ("prefill_first", 100)])
def test_only_vllm_keeps_a_block_to_itself(scheduler, usable):
    settings = ServingSettings(kv_blocks=100, scheduler=scheduler)
    assert usable_blocks(gpu("rtx_4090"), model("llama-3.1-8b"), settings) == usable


def test_a_model_that_does_not_fit_is_told_with_the_room_there_is():
    with pytest.raises(ScenarioError) as caught:
        usable_blocks(gpu("rtx_4090"), model("qwen3-32b"), ServingSettings())
    assert str(caught.value) == (
        "qwen3-32b does not fit on rtx_4090: 65.52 GB of weights a GPU found; must be below 21.49 GB "
        "(90 % of 25.25 GB less 1.24 GB reserve)"
    )


def test_two_gpus_hold_half_the_weights_and_half_of_each_block():
    # Per GPU: room = 0.9 * 101.97e9 - 65.52e9 / 2 - 1.237e9 = 57.79e9, a block 2,097,152 bytes: 27,555 blocks.
    pair = kv_blocks(gpu("rtx_pro_6000"), model("qwen3-32b"), ServingSettings(tp=2))
    assert pair == int((0.9 * 94.97 * GIB - 65_524_246_528 / 2 - 1.237e9) // 2_097_152)


def test_more_gpus_than_key_value_heads_hold_copies():
    # 4 key-value heads on 8 GPUs: an eighth of the weights each, but a quarter of each block.
    llm = model("qwen3-30b-a3b-instruct-2507")
    blocks = kv_blocks(gpu("rtx_pro_6000"), llm, ServingSettings(tp=8))
    assert blocks == int((0.9 * 94.97 * GIB - llm.weights / 8 - 1.237e9) // (16 * 98_304 / 4))


@pytest.mark.parametrize(("weights", "kv"), [(8, 16), (16, 8), (4, 4)])
def test_fewer_bits_take_their_part_of_memory(weights, kv):
    llm = model("llama-3.1-8b").model_copy(update={"weight_bits": weights, "kv_bits": kv})
    left = 0.9 * 25_250_627_584 - 16_060_522_496 * weights / 16 - 1.237e9
    assert kv_blocks(gpu("rtx_4090"), llm, ServingSettings()) == int(left // (16 * 131_072 * kv / 16))


def test_a_model_too_big_at_sixteen_bits_fits_at_four():
    # A quarter of 65.52 GB leaves 0.9 * 25.25e9 - 16.38e9 - 1.237e9 = 5.108e9 bytes: 1,217 blocks of 4,194,304 bytes, less one.
    small = model("qwen3-32b").model_copy(update={"weight_bits": 4})
    assert usable_blocks(gpu("rtx_4090"), small, ServingSettings()) == 1216
