"""Cost figures of GPUs and models without a profile of their own, each part from the nearest measurement.

- Dense work: another model's profile on that GPU, scaled by the weights of the layers; else the roofline of matrix products
  through the efficiencies that kernels of that GPU reach.
- Experts: the same roofline, by how many are read and how many tokens they compute.
- Output head: that roofline, and the sampler of the nearest profile.
- Decode attention: bytes of keys and values over the share of bandwidth that kernels reach. Prefill attention: share of peak
  by prompt length, measured on an H100. Starts, and the costs per decode: the nearest profile.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
from scipy.optimize import nnls

from benchmarks.cost_yaml import Figures
from sim.serving.catalogue import Gpu, LlmModel

GEMMS_A_LAYER = 4
"""Matrix products of a layer that start one by one: queries, keys and values; output; gate and up; down."""
GEMMS_OF_EXPERTS = 2
TOKENS_OF_EXPERTS = [1, *(2**power for power in range(7, 14))]
"""Below 128 tokens every expert awake is bound by reading its weights, whatever their number."""
AICONFIGURATOR = "kernel fits of ai-dynamo/aiconfigurator"
BY_HAND = "shares of peak set by hand"


@dataclasses.dataclass(frozen=True)
class Kernels:
    """Shares of peak that a GPU's kernels reach, the start of a matrix product, and what these numbers are worth.

    The fits are to kernel data of ai-dynamo/aiconfigurator (Apache-2.0), bf16: matrix products with sides of 1k to 16k, decode
    attention of 32 query and 8 key-value heads. `kv` None: the GPU's own profile says it.
    """

    flops: float
    bandwidth: float
    start_s: float
    kv: float | None
    error: str
    source: str = AICONFIGURATOR
    flag: str = "borrowed"


KERNELS = {
    "h100_sxm": Kernels(0.82, 0.88, 4e-6, 0.89, "output head 7.0 %; KV reading 9.5 %"),
    "h200_sxm": Kernels(0.82, 0.82, 4e-6, 0.86, "matrix products 7.3 %; KV reading 7.5 %"),
    "a100_80g": Kernels(0.78, 0.72, 6e-6, 0.74, "matrix products 11.1 %; KV reading 6.6 %"),
    "b200": Kernels(0.72, 0.82, 4e-6, 0.95, "matrix products 9.5 %; KV reading 9.0 %"),
    "rtx_pro_6000": Kernels(0.80, 0.80, 2e-6, None, "matrix products 11.4 %; KV reading as profiled on this card"),
    # Published attention times of the L40S would need 1.54 times its bandwidth; 0.80 is set by hand.
    "l40s": Kernels(
        0.60, 0.78, 0.0, 0.80, "matrix products 12.9 %; share of bandwidth of KV reading set by hand", flag="assumed"
    ),
    "rtx_3090": Kernels(0.80, 0.80, 0.0, 0.80, "nothing measured on this card", BY_HAND, "assumed"),
    "rtx_4090": Kernels(0.80, 0.80, 0.0, None, "output head unmeasured; KV reading as profiled on this card", BY_HAND),
}
PREFILL_FLOPS = ((128, 0.05), (1024, 0.32), (4096, 0.55), (16384, 0.63))
"""Share of peak that prefill attention reaches on an H100 by prompt length, 32 query and 8 key-value heads."""

LLAMA_2_7B = 32 * (4 * 4096 * 4096 + 3 * 4096 * 11008)
LLAMA_70B = 80 * (8192 * 10240 + 8192 * 8192 + 3 * 8192 * 28672)
LLAMA_3_8B = 32 * (4096 * 6144 + 4096 * 4096 + 3 * 4096 * 14336)
BRANCHES_MS = {
    ("h100_sxm", "llama-3.1-8b", 1): ("H100", "Llama-2-7B", (5.36, 0.0144, 3.84, 0.0195), LLAMA_2_7B, 4.4),
    ("h100_sxm", "qwen3-32b", 1): ("H100", "Llama-2-70B TP4", (14.60, 0.0125, 9.64, 0.0522), LLAMA_70B // 4, 4.9),
    ("h100_sxm", "llama-3.1-70b", 4): ("H100", "Llama-2-70B TP4", (14.60, 0.0125, 9.64, 0.0522), LLAMA_70B // 4, 4.9),
    ("h100_sxm", "llama-3.1-70b", 8): ("H100", "Llama-2-70B TP8", (8.31, 0.0189, 7.15, 0.0283), LLAMA_70B // 8, 5.4),
    ("a100_80g", "llama-3.1-8b", 1): ("A100", "Llama-3-8B", (9.69, 0.0291, 5.07, 0.0673), LLAMA_3_8B, 3.4),
    ("a100_80g", "llama-3.1-70b", 4): ("A100", "Llama-3-70B TP4", (24.51, 0.0688, 13.62, 0.1604), LLAMA_70B // 4, 3.2),
    ("a100_80g", "llama-3.1-70b", 8): ("A100", "Llama-3-70B TP8", (12.18, 0.0753, 3.16, 0.0880), LLAMA_70B // 8, 3.8),
}
"""Dense layers by microsoft/vidur's profiles (MIT): max(a1 + b1 n, a2 + b2 n) ms, the weights of one GPU's part, fit error in %."""

ROWS = (
    *((gpu, "llama-3.1-8b", 1) for gpu in ("h100_sxm", "h200_sxm", "a100_80g", "b200", "l40s", "rtx_3090")),
    *((gpu, "qwen3-32b", 1) for gpu in ("h100_sxm", "h200_sxm", "a100_80g", "b200")),
    *((gpu, "llama-3.1-70b", 4) for gpu in ("h100_sxm", "a100_80g")),
    *((gpu, "llama-3.1-70b", 8) for gpu in KERNELS),
    *((gpu, "mixtral-8x7b", 2) for gpu in ("h100_sxm", "h200_sxm", "a100_80g", "b200", "rtx_pro_6000")),
)
"""GPU, model and degree of what is borrowed; all of them fit into memory."""


@dataclasses.dataclass(frozen=True)
class Near:
    """The profile that lends starts and samplers: of which model, on which GPU."""

    figures: Figures
    model: LlmModel
    gpu: str


def near_of(
    gpu: str, model: str, profiled: Mapping[str, Mapping[str, Figures]], models: Mapping[str, LlmModel]
) -> Near:
    """The same model on an RTX PRO 6000 where it was profiled there; else Llama-3.1-8B, on the GPU itself if it was."""
    if model in profiled["rtx_pro_6000"] and gpu not in profiled:
        return Near(profiled["rtx_pro_6000"][model], models[model], "rtx_pro_6000")
    where = gpu if gpu in profiled else "rtx_pro_6000"
    return Near(profiled[where]["llama-3.1-8b"], models["llama-3.1-8b"], where)


def borrowed_figures(gpu: Gpu, model: LlmModel, tp: int, near: Near) -> Figures:
    """Figures of one GPU of `tp` that serve the model together."""
    kernels = KERNELS[gpu.name]
    dense, source, error = dense_of(gpu, model, tp, near)
    decode, mixed = attention_of(gpu, model, tp, near)
    experts = experts_of(gpu, model, tp) if model.experts else None
    lender = f"{'this model' if near.model.name == model.name else near.model.name} on {near.gpu}"
    attention = (
        f"KV reading by {kernels.source}, prefill by an H100's shares of peak ({AICONFIGURATOR}), starts as of {lender}"
    )
    if near.gpu == gpu.name:
        attention = f"{lender}, by bytes of keys and values and by heads"
    told = {
        "source": f"dense: {source}; output head: {kernels.source}, sampler of {lender}; attention: {attention}; "
        "put together by benchmarks/borrow_figures.py",
        "date": "2026-11",
        "licence": "MIT (vidur, LLMServingSim), Apache-2.0 (aiconfigurator)",
        "error": f"{error}; {kernels.error}; no end-to-end run to compare with",
        "flag": kernels.flag,
    }
    return Figures(dense, head_of(gpu, model, tp, near.figures), decode, mixed, told, experts)


def dense_of(gpu: Gpu, model: LlmModel, tp: int, near: Near) -> tuple[tuple[np.ndarray, np.ndarray, float], str, str]:
    """Knots of the dense work, where they come from, and how far they may be off."""
    if (gpu.name, model.name, tp) in BRANCHES_MS:
        card, other, branches, weights, off = BRANCHES_MS[gpu.name, model.name, tp]
        scale = layer_weights(model) / tp / weights
        error = f"dense fit {off} % in sample"
        if abs(scale - 1) > 0.001:
            error += ", up to 10 % more by scaling (A100: Llama-2-7B to Llama-3-8B)"
        return (
            two_branches(branches, scale),
            f"microsoft/vidur {card} profile of {other}, by layer weights x {scale:.3f}",
            error,
        )
    if near.gpu == gpu.name and not model.experts:
        scale = layer_weights(model) / tp / layer_weights(near.model)
        counts, seconds, slope = near.figures.dense
        error = "dense work of another model on this card, up to 10 % by scaling"
        return (
            (counts, scale * seconds, scale * slope),
            f"{near.model.name} on this card, by layer weights x {scale:.3f}",
            error,
        )
    weights, kernels = layer_weights(model) / tp, KERNELS[gpu.name]
    start = GEMMS_A_LAYER * model.layers * kernels.start_s * 1e3
    branches = (
        start + 2e3 * weights / (kernels.bandwidth * gpu.bandwidth), 0.0,
        start, 2e3 * weights / (kernels.flops * gpu.bf16_tflops * 1e12),
    )  # fmt: skip
    return two_branches(branches, 1.0), "roofline of the layers' matrix products", "element-wise work left out"


def layer_weights(model: LlmModel) -> int:
    """Parameters of the matrices of all layers; of a mixture those that every token passes, experts left out."""
    attention = model.hidden * model.head_dim * (2 * model.heads + 2 * model.kv_heads)
    forward = model.hidden * model.experts if model.experts else 3 * model.hidden * model.intermediate
    return model.layers * (attention + forward)


def two_branches(branches: tuple[float, ...], scale: float) -> tuple[np.ndarray, np.ndarray, float]:
    """Knots of max(a1 + b1 n, a2 + b2 n) ms, scaled: the first token, both sides of the crossing, and a last point."""
    a1, b1, a2, b2 = (scale * figure * 1e-3 for figure in branches)
    crossing = (a1 - a2) / (b2 - b1)
    counts = np.array([1, int(crossing), int(crossing) + 1, 8192])
    return counts, np.maximum(a1 + b1 * counts, a2 + b2 * counts), b2


def experts_of(gpu: Gpu, model: LlmModel, tp: int) -> tuple[list[int], list[int], list[list[float]]]:
    """Roofline of a mixture's experts over all layers: weights of those awake, or arithmetic of all tokens."""
    kernels, weights = KERNELS[gpu.name], 3 * model.hidden * model.intermediate / tp
    awake = list(range(model.experts_per_token, model.experts + 1, model.experts_per_token))
    rows = []
    for tokens in TOKENS_OF_EXPERTS:
        arithmetic = 2 * weights * model.experts_per_token * tokens / (kernels.flops * gpu.bf16_tflops * 1e12)
        reading = [2 * weights * experts / (kernels.bandwidth * gpu.bandwidth) for experts in awake]
        rows.append([model.layers * (GEMMS_OF_EXPERTS * kernels.start_s + max(read, arithmetic)) for read in reading])
    return TOKENS_OF_EXPERTS, awake, rows


def head_of(gpu: Gpu, model: LlmModel, tp: int, near: Figures) -> tuple[np.ndarray, np.ndarray, float]:
    """Output head by the roofline of matrix products, and `near`'s sampler, which is what a head's roofline leaves over there.

    The sampler's share on the other GPU is its curve's rise over one sequence: its head is bound by bandwidth.
    """
    weights, kernels = model.hidden * model.vocabulary / tp, KERNELS[gpu.name]
    counts, seconds, slope = near.per_sequence
    bound = 2 * weights / (kernels.bandwidth * gpu.bandwidth)
    per_sequence = 2 * weights / (kernels.flops * gpu.bf16_tflops * 1e12)
    head = kernels.start_s + np.maximum(bound, per_sequence * counts)
    return counts, head + np.maximum(seconds - seconds.min(), 0.0), max(slope, per_sequence)


def attention_of(gpu: Gpu, model: LlmModel, tp: int, near: Near) -> tuple[np.ndarray, np.ndarray]:
    """a0..a2 and m0..m4 in seconds: starts by layers, the costs of decodes by what a token of context costs."""
    figures, lent = near.figures, near.model
    layers = model.layers / lent.layers
    held = model.kv_bytes_per_token / min(tp, model.kv_heads)
    share = KERNELS[gpu.name].kv
    context = figures.decode[2] * held / lent.kv_bytes_per_token if share is None else held / (share * gpu.bandwidth)
    faster = context / figures.decode[2]
    if near.gpu == gpu.name:
        work = layers * model.heads * model.head_dim / (lent.heads * lent.head_dim) / tp
        token, pair = figures.mixed[3] * work, figures.mixed[4] * work
    else:
        token, pair = (second / tp for second in prefill_cost(model, gpu.bf16_tflops * 1e12))
    decode = np.array([layers * figures.decode[0], faster * figures.decode[1], context])
    mixed = np.array([layers * figures.mixed[0], faster * figures.mixed[1], faster * figures.mixed[2], token, pair])
    return decode, mixed


def prefill_cost(model: LlmModel, flops: float) -> tuple[float, float]:
    """Seconds per prefill token and per pair, through the efficiencies of `PREFILL_FLOPS` (relative least squares)."""
    lengths = np.array([length for length, _ in PREFILL_FLOPS], dtype=float)
    efficiency = np.array([share for _, share in PREFILL_FLOPS])
    pairs = lengths**2 / 2
    seconds = 4 * model.heads * model.head_dim * model.layers * pairs / (efficiency * flops)
    design = np.column_stack([lengths, pairs]) / seconds[:, None]
    found, _ = nnls(design, np.ones(len(lengths)))
    return float(found[0]), float(found[1])
