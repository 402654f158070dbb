"""Cost figures on their way into the GPU presets: what is known of one GPU with one model, and its YAML."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

PRESETS = Path(__file__).parents[1] / "sim" / "presets"


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
        "      kind: linear",
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
