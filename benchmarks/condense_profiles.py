"""Condense measured kernel profiles into the cost figures of the GPU presets.

    python -m benchmarks.condense_profiles [--check]

Reads `vllm_profiles` in the folder named by INFERMINT_SHARED (default `../shared`), writes everything below `costs:` in
`sim/presets/gpus/*.yaml`; with `--check` it writes nothing and fails if a preset differs.

Where kernels were profiled: dense layers times the number of layers plus embedding and final norm, as knots; attention as
non-negative least squares of (fit - t)^2 / t, that is relative error weighted by time, over the profiled passes whose
context fits into the GPU's memory: a pass of decodes alone on rows without prefill, a mixed pass on all rows with it.
Everything else is put together by `benchmarks.borrow_figures`. No figure is tuned on a measured run of a server.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from scipy.optimize import nnls

from benchmarks.borrow_figures import ROWS, borrowed_figures, near_of
from benchmarks.cost_yaml import PRESETS, Figures, preset
from sim.serving.catalogue import Gpu, LlmModel, ServingSettings
from sim.serving.contract import BLOCK_TOKENS
from sim.serving.memory import kv_blocks

SHARED = Path(os.environ.get("INFERMINT_SHARED", PRESETS.parents[1].parent / "shared"))
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
    profiled = {gpu: {model: degrees[1] for model, degrees in costs.items()} for gpu, costs in made.items()}
    for gpu, model, tp in ROWS:
        near = near_of(gpu, model, profiled, models)
        made.setdefault(gpu, {}).setdefault(model, {})[tp] = borrowed_figures(gpus[gpu], models[model], tp, near)
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
