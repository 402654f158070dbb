"""How good a forecast of many paths was: CRPS, error of the median, coverage of the 80 % band; all over one horizon.

CRPS (sample form): mean |x - y| - mean |x - x'| / 2, in log points. Gneiting and Raftery 2007, Journal of the American Statistical
Association 102, p. 367.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

LOW, HIGH = 0.1, 0.9
"""Quantiles of the 80 % band."""


class Score(NamedTuple):
    """CRPS in log points, mean absolute error of the median in percent, and percent of truths inside the band (ends included)."""

    crps: float
    mape: float
    coverage: float


def crps(sample: np.ndarray, truth: float) -> float:
    """Of one sample, whatever its order."""
    ordered = np.sort(sample)
    count = len(ordered)
    spread = ((2 * np.arange(1, count + 1) - count - 1) * ordered).sum() / count**2
    return float(np.abs(ordered - truth).mean() - spread)


def score(paths: np.ndarray, truth: np.ndarray, horizon: int) -> Score:
    """Of log paths [path, step] against what came, over the first `horizon` steps."""
    paths, truth = paths[:, :horizon], truth[:horizon]
    if paths.shape[1] != horizon or len(truth) != horizon:
        raise ValueError(f"{paths.shape[1]} steps and {len(truth)} truths found; must be {horizon} of both")
    low, median, high = np.quantile(paths, [LOW, 0.5, HIGH], axis=0)
    inside = (low <= truth) & (truth <= high)
    each = [crps(paths[:, step], float(truth[step])) for step in range(horizon)]
    return Score(float(np.mean(each)), float(100 * np.abs(np.expm1(median - truth)).mean()), float(100 * inside.mean()))


def mean_of(scores: list[Score]) -> Score:
    """The mean over origins."""
    return Score(*(float(value) for value in np.mean(scores, axis=0)))
