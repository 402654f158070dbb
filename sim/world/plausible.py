"""Whether a network lies, in its first year, in the ranges that its file calls plausible; a run outside them says so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sim.units import YEAR_S

MEASURES = {
    "gpus": ("GPUs", "gpus"),
    "mtok_per_day": ("million tokens a day", "served_mtok"),
    "usd_per_day": ("USD a day", "revenue_usd_per_day"),
}
"""Key of the range: how it is read aloud, and the outcome whose mean over the epochs of year 1 it bounds."""


def remark(name: str, plausible: Any, ends_s: Sequence[float], series: dict[str, list[float | None]]) -> str:
    """One sentence on what lies outside, with the file's own reason; empty where nothing does.

    Means over the epochs that end within a year; an epoch without a number is left out. The bounds are inside. The sentence
    holds no number of the run, so that replications say the same.
    """
    if plausible is None:
        return ""
    outside = []
    for key, (words, outcome) in MEASURES.items():
        limits, values = getattr(plausible, key), series.get(f"{name}.{outcome}", [])
        first = [v for end, v in zip(ends_s, values, strict=False) if end <= YEAR_S and v is not None]
        if limits is None or not first:
            continue
        mean, (low, high) = sum(first) / len(first), limits
        if not low <= mean <= high:
            outside.append(f"{words} {'below' if mean < low else 'above'} {low if mean < low else high:,g}")
    if not outside:
        return ""
    reason = f": {plausible.note}" if plausible.note else ""
    return f"{name} lies outside what its file calls plausible in year 1 ({'; '.join(outside)}){reason}"
