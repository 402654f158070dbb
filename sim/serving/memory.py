"""How many KV blocks a replica has (`docs/serving-rules.md` section 2): what is left of memory after the weights."""

from __future__ import annotations

import math
from fractions import Fraction

from sim.errors import ScenarioError
from sim.serving.catalogue import Gpu, LlmModel, ServingSettings
from sim.serving.contract import BLOCK_TOKENS

UNUSED_BLOCKS = {"vllm_v1": 1, "sarathi": 0, "prefill_first": 0}
"""Blocks that a scheduler never gives out: `vllm_v1` keeps one as the null block (vLLM 0.19, `block_pool.py`)."""


def kv_blocks(gpu: Gpu, model: LlmModel, settings: ServingSettings) -> int:
    """KV blocks of 16 tokens that one replica holds, the one that `vllm_v1` never gives out included.

    `(memory_share * memory - weights / tp - reserve) // (16 * KV bytes per token / parts)` for each of its `tp` GPUs, unless
    `kv_blocks` is given. Weights and KV bytes are those of the model's bits; KV heads go to min(tp, KV heads) parts, for
    more GPUs than heads hold copies. 0 or less means that the model does not fit.
    """
    if settings.kv_blocks is not None:
        return settings.kv_blocks
    # Shares and bytes come from decimal text; their exact fractions keep a block from falling to float rounding.
    share = Fraction(str(settings.memory_share))
    left = share * Fraction(gpu.memory) - Fraction(model.loaded_bytes) / settings.tp - Fraction(settings.reserve)
    token = Fraction(model.kv_bytes_per_token) * model.kv_bits / 16 / min(settings.tp, model.kv_heads)
    return math.floor(left / (BLOCK_TOKENS * token))


def usable_blocks(gpu: Gpu, model: LlmModel, settings: ServingSettings) -> int:
    """KV blocks that sequences may take. Raises ScenarioError if the model does not fit into the GPU's memory."""
    blocks = kv_blocks(gpu, model, settings) - UNUSED_BLOCKS[settings.scheduler]
    if blocks < 1:
        raise ScenarioError(_does_not_fit(gpu, model, settings))
    return blocks


def _does_not_fit(gpu: Gpu, model: LlmModel, settings: ServingSettings) -> str:
    room = settings.memory_share * gpu.memory - settings.reserve
    weights = model.loaded_bytes / settings.tp
    return (
        f"{model.name} does not fit on {gpu.name}: {weights / 1e9:.2f} GB of weights a GPU found; must be below "
        f"{room / 1e9:.2f} GB ({settings.memory_share * 100:g} % of {gpu.memory / 1e9:.2f} GB less {settings.reserve / 1e9:.2f} GB reserve)"
    )
