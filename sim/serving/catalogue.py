"""What a GPU, a model and an engine are: the blocks that presets, networks and users' own YAML files fill.

Cost figures belong to one GPU, one model and one tensor-parallel degree; they stand with the GPU (`costs:`), or with
the model for a model that a user adds (`sim.serving.figures`). Nothing is computed here: `memory` counts KV blocks,
`derive` and `tables` make the engines' tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from sim.blocks import Block, sourced
from sim.serving.contract import Scheduler
from sim.serving.figures import Costs, Flag, Seconds
from sim.units import Bandwidth, Bytes, Quantity

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


class Interconnect(Block):
    """What the GPUs of a node exchange results over: a replica over several GPUs pays for it in every layer."""

    bandwidth: Bandwidth
    """Bytes a second that a GPU sends to the others, one direction."""
    latency: Seconds
    """Time of an exchange of nothing."""
    source: str = ""
    """Document and place."""
    date: str = ""
    """When it was published or read."""
    licence: str = ""
    """Licence of the source."""
    error: str = ""
    """How far the figures may be off."""
    flag: Flag = "assumed"
    """What the figures are worth."""


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
    interconnect: Interconnect | None = None
    """What such GPUs are joined by within a node; needed by replicas over several of them."""
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
    """Width of the feed-forward part; of one expert in a mixture."""
    experts: int = Field(0, ge=0)
    """Experts of a layer in a mixture; 0 for a dense model."""
    experts_per_token: int = Field(0, ge=0)
    """Experts that each token wakes."""
    heads: int = Field(gt=0)
    """Query heads."""
    kv_heads: int = Field(gt=0)
    """Key and value heads."""
    head_dim: int = Field(gt=0)
    """Width of a head."""
    vocabulary: int = Field(gt=0)
    """Entries of the output head."""
    weights: Bytes
    """All weights at 16 bits; fewer `weight_bits` take that part of it."""
    kv_bytes_per_token: Bytes
    """Keys and values of one token over all layers, at 16 bits."""
    max_model_len: int = Field(gt=0, le=16_777_216)
    """Prompt and output together at most, tokens."""
    quality: Fixed
    """How good an answer is, in [0 %, 100 %]; verification and demand see it."""
    weight_bits: Literal[4, 8, 16] = 16
    """Bits of a weight. Fewer than 16 scale memory and what a pass spends reading weights; unmeasured, so `assumed`."""
    kv_bits: Literal[4, 8, 16] = 16
    """Bits of a cached key or value. Fewer than 16 scale KV blocks and the reading of context; unmeasured, so `assumed`."""
    costs: Costs = Field(default_factory=dict)
    """Cost figures by GPU, then by tensor-parallel degree; they win over the GPU's own."""

    @model_validator(mode="after")
    def _mixture(self) -> Self:
        if not (1 <= self.experts_per_token <= self.experts or self.experts == self.experts_per_token == 0):
            message = f"{self.experts_per_token} found; must be 1 to {self.experts}, the model's `experts`"
            if not self.experts:
                message = f"{self.experts_per_token} found; a model without `experts` has none"
            raise PydanticCustomError(
                "experts", "{message}", {"message": message, "hint": "", "at": "experts_per_token"}
            )
        return self

    @property
    def loaded_bytes(self) -> float:
        """Bytes of all weights as they are loaded."""
        return self.weights * self.weight_bits / 16


class ServingSettings(Block):
    """How a network's engines are set: scheduler, memory, limits, failures. Nothing given means the GPU's default."""

    scheduler: Scheduler = "vllm_v1"
    """The engine's scheduler: chunked prompts beside decodes as vLLM V1 (`vllm_v1`) or Vidur (`sarathi`) has them, or whole prompts first."""
    tp: int = Field(1, ge=1, le=16)
    """Tensor-parallel degree: GPUs that a replica takes; a node with more of them hosts several replicas."""
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
        le=10**9,
    )
    """Attempts of a request before it fails; with 1,000,000,000 no request ever does."""
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
        for key in values:
            if key in _LATER_SERVING:
                raise _refuse(key, key, _LATER_SERVING[key], f"remove `{key}`")
        return values
