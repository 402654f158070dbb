"""Innovations of a coin's price: a function of (stream, time), however time is cut into epochs.

Day i has one draw x_i of mean 0 and variance 1; the noise up to a time is the sum of the days before it and the part
of its day, so that epochs of any length see the same path at their ends.
"""

from __future__ import annotations

import math

import numpy as np

from sim.streams import Stream
from sim.units import DAY_S


def daily(stream: Stream, first: int, count: int, nu: float | None) -> np.ndarray:
    """Draws of days first .. first + count - 1: standard normal, or Student-t with `nu` > 2 scaled to variance 1."""
    if nu is None:
        return stream.normals(first, count)
    from scipy.special import stdtrit

    # Uniforms are multiples of 2^-53 in [0, 1): half a step keeps 0 away from minus infinity.
    uniforms = stream.uniforms(first, count) + 2.0**-54
    return np.asarray(stdtrit(nu, uniforms)) * math.sqrt((nu - 2) / nu)


def innovation(stream: Stream, t0_s: float, t1_s: float, nu: float | None = None) -> float:
    """The innovation of [t0, t1) seconds since the start, divided by sqrt(days): variance 1 for whole days."""
    if not 0 <= t0_s < t1_s:
        raise ValueError(f"[{t0_s}, {t1_s}) s found; must be 0 <= t0 < t1")
    first, last = int(t0_s // DAY_S), math.ceil(t1_s / DAY_S)
    draws = daily(stream, first, last - first, nu)
    begins = np.arange(first, last) * DAY_S
    overlap = np.minimum(begins + DAY_S, t1_s) - np.maximum(begins, t0_s)
    return float(np.sum(draws * overlap) / DAY_S / math.sqrt((t1_s - t0_s) / DAY_S))
