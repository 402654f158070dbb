"""How long the blocks of a stationary bootstrap are to be: the rule of Politis and White."""

from __future__ import annotations

import numpy as np

from sim.workload.law import Floats


def best_block(series: Floats) -> float:
    """Mean length of a block, in steps of the series, that makes the bootstrapped variance of its mean most exact.

    Politis and White (2004), "Automatic block-length selection for the dependent bootstrap", Econometric Reviews 23, 53-70,
    with the correction of Patton, Politis and White (2009), ibid. 28, 372-375: b = (2 G^2 / D)^(1/3) N^(1/3), G = sum of
    w(k / M) |k| R(k) and D = 2 (sum of w(k / M) R(k))^2 over |k| <= M, R the autocovariance, w the flat-top window (1 to one half,
    then falling to 0 at 1), M = 2 m, m the first lag behind which max(5, sqrt(log10 N)) correlations are all below
    2 sqrt(log10 N / N). At least 1, at most min(3 sqrt N, N / 3), as they advise; 1 for a constant series.
    """
    n = len(series)
    spread = series - series.mean()
    if not (spread**2).sum() > 0:
        return 1.0
    run = max(5, int(np.ceil(np.sqrt(np.log10(n)))))
    longest = min(int(np.ceil(np.sqrt(n))) + run, n - 1)
    covariance = np.array([spread[k:] @ spread[: n - k] for k in range(longest + 1)]) / n
    width = min(2 * _last_lag(covariance / covariance[0], run, n), longest)
    lags = np.arange(1, width + 1)
    window = np.minimum(1.0, 2 * (1 - lags / width)) * covariance[1 : width + 1]
    g, spectrum = 2 * (lags * window).sum(), covariance[0] + 2 * window.sum()
    if spectrum <= 0:
        return 1.0
    # 2 G^2 / D with D = 2 spectrum^2.
    best = ((g / spectrum) ** 2 * n) ** (1 / 3)
    return float(np.clip(best, 1.0, min(3 * np.sqrt(n), n / 3)))


def _last_lag(correlation: Floats, run: int, n: int) -> int:
    """The lag behind which `run` correlations in a row are insignificant, at least 1; where there is none, the last significant."""
    small = np.abs(correlation[1:]) < 2 * np.sqrt(np.log10(n) / n)
    for lag in range(len(small) - run + 1):
        if small[lag : lag + run].all():
            return max(lag, 1)
    return max(int(np.flatnonzero(~small).max(initial=0)) + 1, 1)
