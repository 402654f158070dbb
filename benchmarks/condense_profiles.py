"""Condense measured kernel profiles into the cost figures of the GPU presets.

    python benchmarks/condense_profiles.py [--check]

Reads `vllm_profiles` in the folder named by INFERMINT_SHARED (default `../shared`), writes everything below `costs:` in
`sim/presets/gpus/*.yaml`; with `--check` it writes nothing and fails if a preset differs.

RTX 4090 and RTX PRO 6000: dense layers times the number of layers plus embedding and final norm, as knots; attention as
non-negative least squares of (fit - t)^2 / t, that is relative error weighted by time, over the profiled passes whose
context fits into the GPU's memory: a pass of decodes alone on rows without prefill, a mixed pass on all rows with it.
H100: see `h100_figures`. No figure is tuned on a measured run of a server.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from scipy.optimize import nnls

from sim.serving.catalogue import Gpu, LlmModel, ServingSettings
from sim.serving.contract import BLOCK_TOKENS
from sim.serving.memory import kv_blocks

ROOT = Path(__file__).parents[1]
PRESETS = ROOT / "sim" / "presets"
SHARED = Path(os.environ.get("INFERMINT_SHARED", ROOT.parent / "shared"))
LAYERNORMS_A_LAYER = 2
PROFILED = (
    ("rtx_4090", "llama-3.1-8b", 1, "rtx4090_llama-3.1-8b_tp1"),
    ("rtx_pro_6000", "llama-3.1-8b", 1, "rtxpro6000_llama-3.1-8b_tp1"),
    ("rtx_pro_6000", "qwen3-32b", 1, "rtxpro6000_qwen3-32b_tp1"),
    ("rtx_pro_6000", "qwen3-32b", 2, "rtxpro6000_qwen3-32b_tp2"),
    ("rtx_pro_6000", "qwen3-30b-a3b-instruct-2507", 1, "rtxpro6000_qwen3-30b-a3b-instruct-2507_tp1"),
    ("rtx_pro_6000", "qwen3-30b-a3b-instruct-2507", 2, "rtxpro6000_qwen3-30b-a3b-instruct-2507_tp2"),
)
"""GPU, model, tensor-parallel degree, folder of the profile."""
ONCE_A_PASS = ("embedding", "final_layernorm")


@dataclasses.dataclass
class Figures:
    """Cost figures of one GPU with one model, in seconds, as the preset writes them."""

    dense: tuple[np.ndarray, np.ndarray, float]
    per_sequence: tuple[np.ndarray, np.ndarray, float]
    decode: np.ndarray
    mixed: np.ndarray
    told: dict[str, str]
    experts: tuple[list[int], list[int], list[list[float]]] | None = None
    """Tokens, activated experts, seconds of each row."""


# --- measured profiles -------------------------------------------------------------------------------------------------


def dense_of(folder: Path, layers: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Tokens, seconds of all dense work over all layers, and seconds a token beyond the last (see `beyond`)."""
    table = pd.read_csv(folder / "dense.csv.gz").pivot_table(index="tokens", columns="layer", values="time_us")
    times = pd.Series(dict.fromkeys(table.columns, layers), dtype=float)
    times["layernorm"] *= LAYERNORMS_A_LAYER
    times[list(ONCE_A_PASS)] = 1.0
    tokens, seconds = table.index.to_numpy(), (table @ times).to_numpy() * 1e-6
    return tokens, seconds, beyond(tokens, seconds)


def per_sequence_of(folder: Path) -> tuple[np.ndarray, np.ndarray, float]:
    """Sequences, seconds of output head and sampler, and seconds a sequence beyond the last."""
    table = pd.read_csv(folder / "per_sequence.csv.gz").pivot_table(
        index="sequences", columns="layer", values="time_us"
    )
    counts, seconds = table.index.to_numpy(), table.sum(axis=1).to_numpy() * 1e-6
    return counts, seconds, beyond(counts, seconds)


def experts_of(folder: Path, layers: int) -> tuple[list[int], list[int], list[list[float]]] | None:
    """Tokens, activated experts and seconds of all layers' experts, a row a number of tokens; None where none were measured."""
    if not (folder / "moe.csv.gz").exists():
        return None
    table = pd.read_csv(folder / "moe.csv.gz").pivot_table(
        index="tokens", columns="activated_experts", values="time_us"
    )
    rows = [[float(us) * layers * 1e-6 for us in row if not np.isnan(us)] for row in table.to_numpy()]
    return [int(count) for count in table.index], [int(count) for count in table.columns], rows


def beyond(counts: np.ndarray, seconds: np.ndarray) -> float:
    """The least-squares slope of the upper half of a curve: how it is carried on past its last point."""
    upper = counts >= counts[-1] / 2
    return float(np.polyfit(counts[upper], seconds[upper], 1)[0])


def attention_of(folder: Path, layers: int, most_tokens: int) -> tuple[np.ndarray, np.ndarray, str]:
    """a0..a2, m0..m4 in seconds, and their errors: fits over the rows whose context is at most `most_tokens`.

    The profile's `kv_decode` tokens are held before the pass, so that a decode's context is kv_decode + 1; a row has
    one prefill sequence of `prefill_chunk` tokens on `kv_prefill` held ones.
    """
    rows = pd.read_csv(folder / "attention.csv.gz")
    context = rows.n_decode * (rows.kv_decode + 1)
    pairs = rows.prefill_chunk * (rows.kv_prefill + rows.prefill_chunk / 2)
    fits = context + rows.kv_prefill + rows.prefill_chunk <= most_tokens
    seconds = rows.time_us * layers * 1e-6
    design = np.column_stack([np.ones(len(rows)), rows.n_decode, context, rows.prefill_chunk, pairs])
    prefill = rows.prefill_chunk > 0
    decode, decode_error = fitted(design[fits & ~prefill, :3], seconds[fits & ~prefill].to_numpy())
    mixed, mixed_error = fitted(design[fits & prefill], seconds[fits & prefill].to_numpy())
    return decode, mixed, f"attention of decodes alone {decode_error}; of passes with prefill {mixed_error}"


def fitted(design: np.ndarray, seconds: np.ndarray) -> tuple[np.ndarray, str]:
    """Non-negative coefficients minimising sum (fit - t)^2 / t, and the fit's errors in words."""
    weight = 1 / np.sqrt(seconds)
    found, _ = nnls(design * weight[:, None], seconds * weight)
    off = design @ found - seconds
    mean, weighted = np.abs(off / seconds).mean(), np.abs(off).sum() / seconds.sum()
    bias = off.sum() / seconds.sum()
    return (
        found,
        f"{100 * mean:.1f} % mean, {100 * weighted:.1f} % weighted by time, bias {100 * bias:+.1f} %, {len(seconds)} rows",
    )


def measured_figures(gpu: Gpu, model: LlmModel, tp: int, folder: Path) -> Figures:
    """Figures of a GPU, model and degree that were profiled kernel by kernel."""
    most_tokens = BLOCK_TOKENS * kv_blocks(gpu, model, ServingSettings(tp=tp))
    decode, mixed, error = attention_of(folder, model.layers, most_tokens)
    told = {
        "source": f"casys-kaist/LLMServingSim profiler/perf, commit 5daddb2: {folder.name}, condensed by benchmarks/condense_profiles.py",
        "date": "2026-08-21",
        "licence": "MIT, Copyright (c) 2024 CASYS Lab at KAIST",
        "error": f"dense and per sequence as measured, carried on linearly past 2048 tokens and 256 sequences; {error}; in sample",
        "flag": "fitted",
    }
    return Figures(
        dense_of(folder, model.layers), per_sequence_of(folder), decode, mixed, told, experts_of(folder, model.layers)
    )


# --- H100: fits of kernel data and of another model's profile ----------------------------------------------------------

# max(bandwidth branch, compute branch) of all dense layers in ms: Vidur's H100 profiles, MIT (errors 4.4 % and 4.9 %), with
# the weights of the layers that they were measured on, one GPU's part.
H100_DENSE_MS = {
    "llama-3.1-8b": ("Llama-2-7B", (5.36, 0.0144, 3.84, 0.0195), 32 * (4 * 4096 * 4096 + 3 * 4096 * 11008)),
    "qwen3-32b": (
        "Llama-2-70B TP4",
        (14.60, 0.0125, 9.64, 0.0522),
        80 * (8192 * 10240 + 8192 * 8192 + 3 * 8192 * 28672) // 4,
    ),
}
GEMM_FLOPS, GEMM_BANDWIDTH, GEMM_START_S = 0.82, 0.88, 4e-6
KV_BANDWIDTH = 0.89
# Share of peak that prefill attention reaches by prompt length, 32 query and 8 key-value heads.
PREFILL_FLOPS = ((128, 0.05), (1024, 0.32), (4096, 0.55), (16384, 0.63))


def h100_figures(gpu: Gpu, model: LlmModel, near: Figures) -> Figures:
    """Figures of the H100, which has no profile of these models: each part from the nearest measurement.

    Dense: another model's profile on an H100, scaled by the weights of the layers. Output head: roofline of the H100's matrix
    products. Decode attention per context token: KV bytes over 89 % of bandwidth. Prefill attention: the H100's
    efficiency by prompt length. Sampler and fixed costs of attention: as on the RTX PRO 6000 (`near`); its costs per decode:
    as there, faster by the ratio of a context token.
    """
    flops = gpu.bf16_tflops * 1e12
    other, branches, weights = H100_DENSE_MS[model.name]
    scale = layer_weights(model) / weights
    context = model.kv_bytes_per_token / (KV_BANDWIDTH * gpu.bandwidth)
    token, pair = prefill_cost(model, flops)
    told = {
        "source": f"dense: microsoft/vidur H100 profile of {other}, scaled by layer weights x {scale:.3f}; output head, KV and prefill "
        "attention: H100 kernel efficiencies of ai-dynamo/aiconfigurator; sampler and start of attention: this model on an RTX PRO 6000",
        "date": "2026-11",
        "licence": "MIT (vidur, LLMServingSim), Apache-2.0 (aiconfigurator)",
        "error": "dense fit 4.4 to 4.9 % in sample, up to 10 % more by scaling (A100: Llama-2-7B to Llama-3-8B); output head 7.0 %; "
        "KV reading 9.5 %; no end-to-end run to compare with",
        "flag": "borrowed",
    }
    faster = context / near.decode[2]
    decode = np.array([near.decode[0], near.decode[1] * faster, context])
    mixed = np.array([near.mixed[0], near.mixed[1] * faster, near.mixed[2] * faster, token, pair])
    return Figures(two_branches(branches, scale), head_of(gpu, model, near), decode, mixed, told)


def layer_weights(model: LlmModel) -> int:
    """Parameters of the matrices of all layers."""
    attention = model.hidden * model.head_dim * (2 * model.heads + 2 * model.kv_heads)
    return model.layers * (attention + 3 * model.hidden * model.intermediate)


def two_branches(branches: tuple[float, ...], scale: float) -> tuple[np.ndarray, np.ndarray, float]:
    """Knots of max(a1 + b1 n, a2 + b2 n) ms, scaled: the first token, both sides of the crossing, and a last point."""
    a1, b1, a2, b2 = (scale * figure * 1e-3 for figure in branches)
    crossing = (a1 - a2) / (b2 - b1)
    counts = np.array([1, int(crossing), int(crossing) + 1, 8192])
    return counts, np.maximum(a1 + b1 * counts, a2 + b2 * counts), b2


def head_of(gpu: Gpu, model: LlmModel, near: Figures) -> tuple[np.ndarray, np.ndarray, float]:
    """Output head by the roofline of matrix products, and `near`'s sampler, which is what a head's roofline leaves over there.

    The sampler's share on the other GPU is its curve's rise over one sequence: its head is bound by bandwidth.
    """
    weights = model.hidden * model.vocabulary
    counts, seconds, slope = near.per_sequence
    bound = 2 * weights / (GEMM_BANDWIDTH * gpu.bandwidth)
    per_sequence = 2 * weights / (GEMM_FLOPS * gpu.bf16_tflops * 1e12)
    head = GEMM_START_S + np.maximum(bound, per_sequence * counts)
    return counts, head + np.maximum(seconds - seconds.min(), 0.0), max(slope, per_sequence)


def prefill_cost(model: LlmModel, flops: float) -> tuple[float, float]:
    """Seconds per prefill token and per pair, through the efficiencies of `PREFILL_FLOPS` (relative least squares)."""
    lengths = np.array([length for length, _ in PREFILL_FLOPS], dtype=float)
    efficiency = np.array([share for _, share in PREFILL_FLOPS])
    pairs = lengths**2 / 2
    seconds = 4 * model.heads * model.head_dim * model.layers * pairs / (efficiency * flops)
    design = np.column_stack([lengths, pairs]) / seconds[:, None]
    found, _ = nnls(design, np.ones(len(lengths)))
    return float(found[0]), float(found[1])


# --- writing -----------------------------------------------------------------------------------------------------------


def lines_of(name: str, degrees: dict[int, Figures]) -> list[str]:
    """The figures of one model as YAML."""
    return [f"  {name}:", *(line for tp, figures in sorted(degrees.items()) for line in degree_lines(tp, figures))]


def degree_lines(tp: int, figures: Figures) -> list[str]:
    """The figures of one tensor-parallel degree as YAML."""
    told = figures.told
    attention = [f"      {key}: {value:.6e} s" for key, value in zip(("a0", "a1", "a2"), figures.decode, strict=True)]
    attention += [f"      m{index}: {value:.6e} s" for index, value in enumerate(figures.mixed)]
    return [
        f"    tp{tp}:",
        *(f'      {key}: "{told[key]}"' for key in ("source", "date", "licence", "error")),
        f"      flag: {told['flag']}",
        *attention,
        *knot_lines("dense", figures.dense),
        *expert_lines(figures.experts),
        *knot_lines("per_sequence", figures.per_sequence),
    ]


def expert_lines(experts: tuple[list[int], list[int], list[list[float]]] | None) -> list[str]:
    """A table of experts as YAML lists, none without one."""
    if experts is None:
        return []
    tokens, activated, rows = experts
    return [
        "      experts:",
        f"        tokens: {tokens}",
        f"        activated: {activated}",
        "        seconds:",
        *(f"          - [{', '.join(f'{second:.5e}' for second in row)}]" for row in rows),
    ]


def knot_lines(name: str, curve: tuple[np.ndarray, np.ndarray, float]) -> list[str]:
    """A curve as YAML lists, six digits."""
    counts, seconds, slope = curve
    return [
        f"      {name}:",
        f"        counts: [{', '.join(str(count) for count in counts)}]",
        f"        seconds: [{', '.join(f'{second:.5e}' for second in seconds)}]",
        f"        beyond: {slope:.5e}",
    ]


def preset(gpu: str, costs: dict[str, dict[int, Figures]]) -> str:
    """The GPU's file with everything from `costs:` on replaced."""
    text = (PRESETS / "gpus" / f"{gpu}.yaml").read_text(encoding="utf-8")
    head = text.split("\ncosts:\n")[0].rstrip("\n")
    lines = [line for name, degrees in costs.items() for line in lines_of(name, degrees)]
    return "\n".join([head, "costs:", *lines, ""])


def values(path: Path) -> dict[str, Any]:
    """A preset's values without sources and without `costs`."""
    loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {
        key: item["value"] if isinstance(item, dict) and "value" in item else item
        for key, item in loaded.items()
        if key != "costs"
    }


def condense() -> dict[str, str]:
    """The text of each GPU preset, by name."""
    gpus = {
        path.stem: Gpu.model_validate(values(path), context={"yaml": True})
        for path in (PRESETS / "gpus").glob("*.yaml")
    }
    models = {
        path.stem: LlmModel.model_validate(values(path), context={"yaml": True})
        for path in (PRESETS / "models").glob("*.yaml")
    }
    made: dict[str, dict[str, dict[int, Figures]]] = {}
    for gpu, model, tp, folder in PROFILED:
        figures = measured_figures(gpus[gpu], models[model], tp, SHARED / "data" / "vllm_profiles" / folder)
        made.setdefault(gpu, {}).setdefault(model, {})[tp] = figures
    made["h100_sxm"] = {
        name: {1: h100_figures(gpus["h100_sxm"], models[name], made["rtx_pro_6000"][name][1])} for name in H100_DENSE_MS
    }
    return {gpu: preset(gpu, costs) for gpu, costs in made.items()}


def main() -> int:
    """Write the presets, or compare them with what would be written."""
    parser = argparse.ArgumentParser(description="Condense kernel profiles into the cost figures of the GPU presets.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a preset differs")
    check = parser.parse_args().check
    differ = []
    for gpu, text in condense().items():
        path = PRESETS / "gpus" / f"{gpu}.yaml"
        if path.read_text(encoding="utf-8") != text:
            differ.append(gpu)
            if not check:
                path.write_text(text, encoding="utf-8")
    print(f"{'differ' if check else 'written'}: {', '.join(differ) or 'none'}")
    return 1 if check and differ else 0


if __name__ == "__main__":
    sys.exit(main())
