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


def innovations(stream: Stream, t0_s: np.ndarray, t1_s: np.ndarray, nu: float | None = None) -> np.ndarray:
    """The innovation of each span [t0, t1) of seconds since the start, divided by sqrt(days): variance 1 for whole days.

    float64[spans]; all that touch equally many days at once. ValueError for a span that is none.
    """
    for wrong in np.flatnonzero(~((t0_s >= 0) & (t0_s < t1_s))).tolist():
        raise ValueError(f"[{t0_s[wrong]}, {t1_s[wrong]}) s found; must be 0 <= t0 < t1")
    first, last = (t0_s // DAY_S).astype(np.int64), np.ceil(t1_s / DAY_S).astype(np.int64)
    drawn, begins = daily(stream, int(first.min()), int(last.max() - first.min()), nu), int(first.min())
    found = np.empty(len(t0_s))
    for days in np.unique(last - first).tolist():
        mine = np.flatnonzero(last - first == days)
        day = first[mine, None] + np.arange(days)
        since, until = t0_s[mine, None], t1_s[mine, None]
        overlap = np.minimum(day * DAY_S + DAY_S, until) - np.maximum(day * DAY_S, since)
        weighed = np.sum(drawn[day - begins] * overlap, axis=1) / DAY_S
        found[mine] = weighed / np.sqrt((t1_s[mine] - t0_s[mine]) / DAY_S)
    return found


def innovation(stream: Stream, t0_s: float, t1_s: float, nu: float | None = None) -> float:
    """`innovations` of one span."""
    return float(innovations(stream, np.array([t0_s]), np.array([t1_s]), nu)[0])
