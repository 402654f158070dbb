"""How many KV blocks a replica has (`docs/serving-rules.md` section 2): what is left of memory after the weights."""

from __future__ import annotations

import math
from fractions import Fraction

from sim.errors import ScenarioError
from sim.serving.catalogue import Gpu, LlmModel, ServingSettings
from sim.serving.contract import BLOCK_TOKENS

UNUSED_BLOCKS = {"vllm_v1": 1, "sarathi": 0, "prefill_first": 0}
"""Blocks that a scheduler never gives out: `vllm_v1` keeps one as the null block (vLLM 0.19, `block_pool.py`)."""


def kv_blocks(gpu: Gpu, model: LlmModel, settings: ServingSettings, tp: int = 1) -> int:
    """KV blocks of 16 tokens that one replica over `tp` GPUs holds, the one that `vllm_v1` never gives out included.

    `(memory_share * memory - weights / tp - reserve) // (16 * KV bytes per token / tp)` unless `kv_blocks` is given;
    0 or less means that the model does not fit.
    """
    if settings.kv_blocks is not None:
        return settings.kv_blocks
    # Shares and bytes come from decimal text; their exact fractions keep a block from falling to float rounding.
    share = Fraction(str(settings.memory_share))
    left = share * Fraction(gpu.memory) - Fraction(model.weights) / tp - Fraction(settings.reserve)
    return math.floor(left / (BLOCK_TOKENS * Fraction(model.kv_bytes_per_token) / tp))


def usable_blocks(gpu: Gpu, model: LlmModel, settings: ServingSettings, tp: int = 1) -> int:
    """KV blocks that sequences may take. Raises ScenarioError if the model does not fit into the GPU's memory."""
    blocks = kv_blocks(gpu, model, settings, tp) - UNUSED_BLOCKS[settings.scheduler]
    if blocks < 1:
        raise ScenarioError(_does_not_fit(gpu, model, settings, tp))
    return blocks


def _does_not_fit(gpu: Gpu, model: LlmModel, settings: ServingSettings, tp: int) -> str:
    room = settings.memory_share * gpu.memory - settings.reserve
    return (
        f"{model.name} does not fit on {gpu.name}: {model.weights / tp / 1e9:.2f} GB of weights a GPU found; must be below "
        f"{room / 1e9:.2f} GB ({settings.memory_share * 100:g} % of {gpu.memory / 1e9:.2f} GB less {settings.reserve / 1e9:.2f} GB reserve)"
    )
