"""Laws of service with mean 1: draws, moments, and what rounding to whole tokens makes of the moments."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from scipy import stats

H2_SCV = 4.0
H2_SHARE = (1 + math.sqrt((H2_SCV - 1) / (H2_SCV + 1))) / 2
"""Of the faster of two exponentials with balanced means."""
H2_THIRD = 6 * (H2_SHARE / (2 * H2_SHARE) ** 3 + (1 - H2_SHARE) / (2 * (1 - H2_SHARE)) ** 3)
LN2, LN5 = math.log(2), math.log(5)


def _not_needed(share: np.ndarray) -> np.ndarray:
    raise NotImplementedError("no case draws from this law by its inverse")


@dataclasses.dataclass(frozen=True)
class Law:
    """A law of mean 1 with its second and third moment."""

    second: float
    third: float
    draw: Callable[[Generator, int], np.ndarray]
    beyond: Callable[[np.ndarray], np.ndarray]
    """P(S >= x)."""
    inverse: Callable[[np.ndarray], np.ndarray] = _not_needed
    """x with P(S < x) = u, where a case asks for it."""

    @property
    def moments(self) -> tuple[float, float, float]:
        """The first three."""
        return 1.0, self.second, self.third


def hyperexponential(rng: Generator, n: int) -> np.ndarray:
    """Two exponentials with balanced means and squared coefficient of variation 4, mean 1."""
    p = H2_SHARE
    first = rng.random(n) < p
    return rng.standard_exponential(n) * np.where(first, 1 / (2 * p), 1 / (2 * (1 - p)))


def _h2_beyond(x: np.ndarray) -> np.ndarray:
    p = H2_SHARE
    return p * np.exp(-2 * p * x) + (1 - p) * np.exp(-2 * (1 - p) * x)


def _lognormal(square: float, scv: float) -> Law:
    sigma = math.sqrt(square)
    survival = stats.lognorm(s=sigma, scale=math.exp(-square / 2)).sf
    return Law(1 + scv, (1 + scv) ** 3, lambda rng, n: rng.lognormal(-square / 2, sigma, n), survival)


def _gamma(shape: float) -> Law:
    survival = stats.gamma(shape, scale=1 / shape).sf
    return Law(
        1 + 1 / shape, (1 + 1 / shape) * (1 + 2 / shape), lambda rng, n: rng.gamma(shape, 1 / shape, n), survival
    )


ALPHA = 3.5
LAWS: dict[str, Law] = {
    "exp": Law(2.0, 6.0, lambda rng, n: rng.standard_exponential(n), lambda x: np.exp(-x), lambda u: -np.log1p(-u)),
    "det": Law(1.0, 1.0, lambda rng, n: np.ones(n), lambda x: np.asarray(x <= 1, float)),
    "unif02": Law(4 / 3, 2.0, lambda rng, n: rng.uniform(0, 2, n), lambda x: np.clip(1 - x / 2, 0, 1), lambda u: 2 * u),
    "erl2": _gamma(2.0),
    "erl4": _gamma(4.0),
    "gamma_scv2": _gamma(0.5),
    "h2_scv4": Law(1 + H2_SCV, H2_THIRD, hyperexponential, _h2_beyond),
    "lognormal_scv1": _lognormal(LN2, 1.0),
    "lognormal_scv4": _lognormal(LN5, 4.0),
    # Pareto I: x_m = (alpha - 1) / alpha, k-th moment alpha x_m^k / (alpha - k).
    "pareto_a3.5": Law(
        ALPHA * ((ALPHA - 1) / ALPHA) ** 2 / (ALPHA - 2),
        ALPHA * ((ALPHA - 1) / ALPHA) ** 3 / (ALPHA - 3),
        lambda rng, n: (1 + rng.pareto(ALPHA, n)) * (ALPHA - 1) / ALPHA,
        lambda x: np.minimum(1.0, (np.maximum(x, 1e-300) * ALPHA / (ALPHA - 1)) ** -ALPHA),
    ),
}


def tokens(services: np.ndarray, mean: int, longest: int) -> np.ndarray:
    """Services in whole tokens, `mean` of them a unit: the nearest, at least 1, at most `longest`."""
    return np.clip(np.rint(services * mean), 1, longest).astype(np.int64)


@functools.lru_cache(maxsize=64)
def rounded_moments(law: str, mean: int, longest: int) -> tuple[float, float]:
    """First and second moment of `tokens` in units: sums of P(tokens > k) and (2k + 1) P(tokens > k)."""
    k = np.arange(longest)
    beyond = LAWS[law].beyond((k + 0.5) / mean)
    beyond[0] = 1.0
    return float(beyond.sum() / mean), float(((2 * k + 1) * beyond).sum() / mean**2)
