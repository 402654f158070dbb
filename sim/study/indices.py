"""Sobol' indices with bootstrap intervals: shares of an output's variance that inputs move, alone and with all others.

Saltelli, A. et al. (2010), Computer Physics Communications 181, 259-270 (estimators and the design of A, B and A with one column
of B), by `scipy.stats.sobol_indices`. Inputs must be independent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

RESAMPLES = 999
"""Bootstrap samples of an interval (scipy's default)."""

LEAST = 1e-7
"""An output that moves by less than this part of its size moves by rounding alone: accounts are settled in whole base units."""


class Estimate(NamedTuple):
    """A first-order and a total-order index, each with the ends of its bootstrap interval."""

    first: float
    first_low: float
    first_high: float
    total: float
    total_low: float
    total_high: float


def saltelli(cube: np.ndarray) -> np.ndarray:
    """The rows at which a function of d inputs is evaluated, of n points in 2d dimensions: A, B, then A with column i of B.

    n (d + 2) rows of d columns.
    """
    inputs = cube.shape[1] // 2
    a, b = cube[:, :inputs], cube[:, inputs:]
    mixed = []
    for column in range(inputs):
        page = a.copy()
        page[:, column] = b[:, column]
        mixed.append(page)
    return np.concatenate([a, b, *mixed])


def sobol_indices(outputs: Sequence[float], inputs: int, seed: int, confidence: float = 0.95) -> list[Estimate] | None:
    """The indices of each input, from the outputs at the rows of `saltelli`; None where the output does not vary (`LEAST`).

    The interval is the bootstrap's percentile interval over the n points (all outputs of a point are drawn together), with
    `RESAMPLES` samples from `seed`. Estimates may leave [0, 1] by their own error: more points bring them back.
    """
    from scipy import stats

    values = np.asarray(outputs, float)
    n = len(values) // (inputs + 2)
    f_a, f_b = values[:n], values[n : 2 * n]
    f_ab = values[2 * n :].reshape(inputs, n)
    known = np.concatenate([f_a, f_b])
    if np.ptp(known) <= LEAST * np.abs(known).max():
        return None

    def statistic(chosen: np.ndarray) -> np.ndarray:
        taken = {"f_A": f_a[None, chosen], "f_B": f_b[None, chosen], "f_AB": f_ab[:, None, chosen]}
        # A resample of a handful of points may hold no variance: its indices are none.
        with np.errstate(invalid="ignore", divide="ignore"):
            found = stats.sobol_indices(func=taken, n=n)
        return np.array([np.ravel(found.first_order), np.ravel(found.total_order)])

    middle = statistic(np.arange(n))
    drawn = stats.bootstrap(
        (np.arange(n),), statistic, vectorized=False, n_resamples=RESAMPLES, confidence_level=confidence,
        method="percentile", rng=np.random.default_rng(seed),
    )  # fmt: skip
    resamples = drawn.bootstrap_distribution
    low, high = np.nanquantile(resamples, [0.5 - confidence / 2, 0.5 + confidence / 2], axis=-1)
    return [
        Estimate(*(float(part[order, column]) for order in (0, 1) for part in (middle, low, high)))
        for column in range(inputs)
    ]
