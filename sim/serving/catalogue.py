"""What a GPU, a model and an engine are: the blocks that presets, networks and users' own YAML files fill.

Cost figures belong to one GPU, one model and one tensor-parallel degree; they stand with the GPU (`costs:`), or with
the model for a model that a user adds. Nothing is computed here: `memory` counts KV blocks, `tables` makes integers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from sim.blocks import Block, sourced
from sim.serving.contract import Scheduler
from sim.units import Bandwidth, Bytes, Quantity

Seconds = Annotated[float, Quantity("duration", low=0, dated=False)]
"""Seconds, >= 0, the same for the whole run."""
Watts = Annotated[float, Quantity("power", low=0, dated=False)]
"""Watts, >= 0, the same for the whole run."""
Fixed = Annotated[float, Quantity("share", low=0, high=1, dated=False)]
"""A share in [0, 1], the same for the whole run."""

NOT_YET = "is read but not simulated yet in this version"

_LATER_SERVING = {
    "data_parallel": "data- and expert-parallel groups",
    "expert_parallel": "data- and expert-parallel groups",
    "pipeline_parallel": "pipeline parallelism",
    "disaggregated": "prefill and decode on separate replicas",
    "speculative": "speculative decoding",
    "prefix_cache": "a prefix cache per replica",
    "lora": "LoRA adapters",
    "multimodal": "multimodal inputs",
    "priority": "preemption by priority",
}


def _refuse(key: str, written: str, why: str, fix: str) -> PydanticCustomError:
    """The error that names a feature of a later version as it was written; `at` is the key inside the block."""
    return PydanticCustomError(
        "later", "{message}", {"message": f"`{written}` {NOT_YET}: {why}", "hint": fix, "at": key}
    )


class Knots(Block):
    """A measured curve: seconds at growing counts, linear in between.

    Below the first count the first value holds; after the last the curve goes on with `beyond` seconds a count.
    """

    counts: list[int]
    """Tokens of a pass, or sequences in it; strictly ascending, from 1 on."""
    seconds: list[float]
    """Seconds at each count, > 0."""
    beyond: float = Field(0.0, ge=0)
    """Seconds for each further count after the last."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        ascending = all(a < b for a, b in zip(self.counts, self.counts[1:], strict=False))
        if not self.counts or self.counts[0] < 1 or not ascending:
            raise PydanticCustomError(
                "knots",
                "{message}",
                {"message": "`counts` must ascend strictly from 1 or more", "hint": "", "at": "counts"},
            )
        if len(self.seconds) != len(self.counts) or min(self.seconds) <= 0:
            text = f"`seconds` must hold {len(self.counts)} positive numbers, one a count; {len(self.seconds)} found"
            raise PydanticCustomError("knots", "{message}", {"message": text, "hint": "", "at": "seconds"})
        return self


class CostFigures(Block):
    """What a pass costs on one GPU with one model (`docs/serving-rules.md`, section 4), in seconds.

    `dense` and `per_sequence` hold over all layers. A pass of decodes alone pays `a0 + a1*Nd + a2*Cd` for attention; a
    pass with prefill pays `m0 + m1*Nd + m2*Cd + m3*Tp + m4 * sum k*(c + k/2)` over its prefill chunks, k tokens each on
    top of c held ones.
    """

    kind: Literal["linear"] = "linear"
    """How attention is told; `linear` is the one form simulated."""
    dense: Knots
    """All matrix products and element-wise work of a pass, by its tokens."""
    per_sequence: Knots
    """Output head and sampling, once a pass, by its sequences."""
    a0: Seconds
    """Decode attention: once a pass without prefill."""
    a1: Seconds
    """Decode attention: per decode."""
    a2: Seconds
    """Decode attention: per token of context."""
    m0: Seconds
    """Attention of a pass with prefill: once."""
    m1: Seconds
    """Attention of a pass with prefill: per decode in it."""
    m2: Seconds
    """Attention of a pass with prefill: per token of the decodes' context."""
    m3: Seconds
    """Attention of a pass with prefill: per prefill token."""
    m4: Seconds
    """Attention of a pass with prefill: per pair of a prefill token and a token it attends to, chunk * (held + chunk/2)."""
    source: str
    """Document and place."""
    date: str
    """When it was published or read."""
    licence: str
    """Licence of the source."""
    error: str
    """How far the figures are from what they were made of."""
    flag: Literal["measured", "fitted", "borrowed", "assumed"]
    """What the figures are worth."""

    @model_validator(mode="before")
    @classmethod
    def _no_grid(cls, values: Any) -> Any:
        if isinstance(values, Mapping) and values.get("kind") == "grid":
            message = "`kind: grid` found: such tables are tens of thousands of numbers, which no scenario file holds"
            fix = "write `kind: linear`, or build the replica in Python (`sim.serving.grid`)"
            raise PydanticCustomError("grid", "{message}", {"message": message, "hint": fix, "at": "kind"})
        return values


Costs = dict[str, dict[str, CostFigures]]
"""Cost figures by partner (model or GPU), then by degree: `tp1`, `tp2`, ..."""


class Gpu(Block):
    """One type of GPU: what it holds, draws and loads, and what a pass costs on it."""

    name: str
    """Name in `[a-z][a-z0-9_]*`, as operators write it."""
    memory: Bytes
    """Memory that the driver shows, not the nominal size."""
    bandwidth: Bandwidth
    """Memory bandwidth by the maker's sheet."""
    bf16_tflops: float = Field(gt=0)
    """Dense bf16 tensor operations, 10^12 per second, by the maker's sheet."""
    active: Watts
    """Power of the GPU while a pass runs."""
    idle: Watts
    """Power of the GPU while none runs, model loaded."""
    node_active: Watts
    """The GPU's share of the rest of its node while a pass runs."""
    node_idle: Watts
    """The GPU's share of the rest of its node while none runs."""
    load_bandwidth: Bandwidth
    """Bytes of weights a second from the node's disk into the GPU."""
    max_num_seqs: int = Field(gt=0, le=65_536)
    """Engine default: sequences in a pass at most."""
    max_batched_tokens: int = Field(gt=0, le=1_048_576)
    """Engine default: tokens in a pass at most."""
    costs: Costs = Field(default_factory=dict)
    """Cost figures by model, then by tensor-parallel degree."""


class LlmModel(Block):
    """One language model: its shape, its weights, and how good its answers are."""

    name: str
    """Published name in lower case."""
    layers: int = Field(gt=0)
    """Transformer layers."""
    hidden: int = Field(gt=0)
    """Width of the residual stream."""
    intermediate: int = Field(gt=0)
    """Width of the feed-forward part."""
    heads: int = Field(gt=0)
    """Query heads."""
    kv_heads: int = Field(gt=0)
    """Key and value heads."""
    head_dim: int = Field(gt=0)
    """Width of a head."""
    vocabulary: int = Field(gt=0)
    """Entries of the output head."""
    weights: Bytes
    """All weights as loaded."""
    kv_bytes_per_token: Bytes
    """Keys and values of one token over all layers."""
    max_model_len: int = Field(gt=0, le=16_777_216)
    """Prompt and output together at most, tokens."""
    quality: Fixed
    """How good an answer is, in [0 %, 100 %]; verification and demand see it."""
    weight_bits: int = 16
    """Bits of a weight."""
    kv_bits: int = 16
    """Bits of a cached key or value."""
    costs: Costs = Field(default_factory=dict)
    """Cost figures by GPU, then by tensor-parallel degree; they win over the GPU's own."""

    @model_validator(mode="after")
    def _later(self) -> Self:
        for key in ("weight_bits", "kv_bits"):
            if getattr(self, key) != 16:
                raise _refuse(key, f"{key}: {getattr(self, key)}", "quantized models", f"write `{key}: 16`")
        return self


class ServingSettings(Block):
    """How a network's engines are set: scheduler, memory, limits, failures. Nothing given means the GPU's default."""

    scheduler: Scheduler = "vllm_v1"
    """The engine's scheduler: chunked prompts beside decodes as vLLM V1 (`vllm_v1`) or Vidur (`sarathi`) has them, or whole prompts first."""
    tp: int = Field(1, ge=1)
    """Tensor-parallel degree: GPUs a replica takes."""
    max_num_seqs: int | None = Field(None, gt=0, le=65_536)
    """Sequences in a pass at most; by default the GPU's."""
    max_batched_tokens: int | None = Field(None, gt=0, le=1_048_576)
    """Tokens in a pass at most; by default the GPU's."""
    kv_blocks: int | None = Field(None, gt=1, le=2**30)
    """KV blocks of 16 tokens a replica, the one that `vllm_v1` never gives out included; by default from memory."""
    max_model_len: int | None = Field(None, gt=1)
    """Prompt and output together at most; by default the model's."""
    memory_share: Fixed = sourced(
        0.9,
        "vLLM 0.19 default gpu_memory_utilization; recorded with the RTX 4090 run",
        "measured",
        "KV blocks, so the batch under load",
    )
    """Share of the GPU's memory that the engine takes."""
    reserve: Bytes = sourced(
        1.237e9,
        "what is left of 0.9 x 25,250,627,584 bytes after bf16 weights and the 2,588 KV blocks that vLLM 0.19 reported on an RTX 4090 "
        "(casys-kaist/LLMServingSim, commit 5daddb2): 1.2355 to 1.2376 GB",
        "fitted",
        "KV blocks: 1 GB is 477 blocks of Llama-3.1-8B; fitted at 2,048 tokens a pass, larger passes need more",
    )
    """Memory a GPU keeps for activations and CUDA graphs."""
    recompute: Literal["cached", "full"] = "cached"
    """After a preemption under `vllm_v1`: find blocks again that nobody overwrote, or compute all anew, as the other schedulers do."""
    max_waiting: int | None = Field(None, ge=0, lt=2**31)
    """Waiting requests a replica holds before it rejects; by default no bound."""
    detect: Seconds = sourced(
        10.0, "assumed: a health check every 5 s, down after two failures", "assumed", "requests lost to a failed node"
    )
    """Time until routers notice a failed node."""
    max_attempts: int = sourced(
        3,
        "assumed: the first attempt and two retries",
        "assumed",
        "the share of failed requests where nodes fail often",
        ge=1,
        le=1_000,
    )
    """Attempts of a request before it fails."""
    start: Seconds = sourced(
        60.0,
        "assumed: vLLM start, compilation cached, CUDA graphs captured, beside the loading of weights",
        "assumed",
        "time from joining to serving",
    )
    """Time the engine takes to start, without loading weights."""
    host: Seconds = sourced(
        0.0, "asynchronous scheduling hides the host's work (vLLM V1)", "assumed", "every pass lasts that much longer"
    )
    """Host overhead of a pass that the GPU waits for."""

    @model_validator(mode="before")
    @classmethod
    def _later(cls, values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        tp = values.get("tp", 1)
        if isinstance(tp, int) and tp > 1:
            raise _refuse("tp", f"tp: {tp}", "replicas over several GPUs", "write `tp: 1`")
        for key in values:
            if key in _LATER_SERVING:
                raise _refuse(key, key, _LATER_SERVING[key], f"remove `{key}`")
        return values
