"""The one check of a law's sample against its declared moments."""

from __future__ import annotations

import numpy as np

Z = 4.5
"""Standard errors allowed: of a hundred such checks one in 1,500 fails by chance; seeds are fixed, so it would fail for ever and be seen."""


def check_moments(values: np.ndarray, mean: float, variance: float, effective: float | None = None) -> None:
    """Mean and variance of a sample are within `Z` standard errors of the declared ones; `effective` independent values.

    The standard error of the variance comes from the sample's own fourth moment: (m4 - s^4) / n.
    """
    n = effective or len(values)
    if variance == 0:
        np.testing.assert_allclose(values, mean, rtol=1e-9)
        return
    assert abs(values.mean() - mean) / np.sqrt(variance / n) < Z
    fourth = ((values - values.mean()) ** 4).mean()
    assert abs(values.var() - variance) / np.sqrt((fourth - values.var() ** 2) / n) < Z
