"""Which share of the time a replica computes, from its speed with n requests at once: no engine, no requests.

A replica that batches is a queue whose speed grows with the number of requests in it; load is no measure of how long it rests. A card that
could serve a hundred requests at once computes half of the time at a hundredth of its capacity. What counts is who is sent where:

- *Nobody looks* (`choices` 1). Arrivals are Poisson at rate r, completions at rate s[n] while n are there: a birth-death process,
  empty for 1 / (1 + r/s[1] + r^2/(s[1] s[2]) + ...) of the time. Where all n are served alike the answer depends on the lengths through
  their mean only (Kelly, F. P., *Reversibility and Stochastic Networks*, 1979, chapter 3: symmetric queues are insensitive).
- *The emptier of d* (`choices` d). Of many replicas a part f[n] holds n or more; one that holds n is met by
  r (f[n]^d - f[n+1]^d) / (f[n] - f[n+1]) requests a second, and the parts are those of the birth-death process with these arrivals
  (Mitzenmacher, M., IEEE TPDS 12, 2001, whose servers have one speed). Found by iteration.
- *The emptiest of all* (`choices` 0). Each finds a replica that rests as long as there is one: min(r / s[1], 1).
"""

from __future__ import annotations

import bisect
import functools
import math

import numpy as np

LOADS = np.concatenate((np.geomspace(1e-4, 0.1, 24, endpoint=False), np.linspace(0.1, 1.0, 19)))
"""Loads, offered over the largest speed, for which shares are worked out; between them the logarithm of the time at rest is straight."""
_LOADS = tuple(LOADS.tolist())
_REST = 1e-12
_ROUNDS = 200
_CLOSE = 1e-6


def busy_frac(speeds_rps: np.ndarray, offered_rps: float, choices: int = 1) -> float:
    """Share of time in [0, 1] in which a replica with these speeds computes, offered so many requests a second.

    `speeds_rps[n - 1]` > 0 is what it completes a second with n requests, rising, float[most], at least one; with more they wait, and it has
    the speed of the most. At or above that speed it never rests (1). `choices`: see the head of this module.
    """
    if offered_rps <= 0:
        return 0.0
    if offered_rps >= speeds_rps[-1]:
        return 1.0
    if choices == 0:
        return min(offered_rps / float(speeds_rps[0]), 1.0)
    load = offered_rps / float(speeds_rps[-1])
    if load < LOADS[0]:
        return offered_rps / float(speeds_rps[0])
    rest = _rest_by_load(speeds_rps.tobytes(), choices)
    # A number at a time, as the compiled economy does it: numpy's exp may differ in the last bit.
    low = min(max(bisect.bisect_right(_LOADS, load) - 1, 0), len(_LOADS) - 2)
    slope = (rest[low + 1] - rest[low]) / (_LOADS[low + 1] - _LOADS[low])
    return 1.0 - math.exp(rest[low] + slope * (load - _LOADS[low]))


def rest_by_load(speeds_rps: np.ndarray, choices: int) -> np.ndarray:
    """Logarithm of the share of time at rest at each of `LOADS`, float64; `choices` >= 1."""
    return np.array(_rest_by_load(speeds_rps.tobytes(), choices))


def parts_holding(speeds_rps: np.ndarray, offered_rps: np.ndarray, choices: int) -> np.ndarray:
    """Part of replicas that hold n or more requests, float[offered, n], n = 0, 1, ..., most: 1 first.

    `offered_rps` float[offered], each below the largest speed. With `choices` d >= 1.
    """
    rates = np.repeat(offered_rps[:, None], len(speeds_rps), axis=1)
    found = _holding(rates / speeds_rps)
    for _ in range(_ROUNDS if choices > 1 else 0):
        more = np.concatenate((found[:, 1:], np.zeros((len(found), 1))), axis=1)
        gap = np.maximum(found - more, 1e-300)
        # Where nearly all hold as many, the quotient is the derivative of f^d.
        met = np.where(gap > 1e-9, (found**choices - more**choices) / gap, choices * found ** (choices - 1))
        after = _holding(offered_rps[:, None] * met[:, :-1] / speeds_rps)
        moved = float(np.abs(after - found).max())
        found = (found + after) / 2
        if moved < _CLOSE:
            break
    return found


@functools.lru_cache(maxsize=256)
def _rest_by_load(speeds: bytes, choices: int) -> tuple[float, ...]:
    curve = np.frombuffer(speeds)
    rest = 1.0 - parts_holding(curve, LOADS[:-1] * curve[-1], choices)[:, 1]
    return tuple(np.log(np.maximum(np.append(rest, 0.0), _REST)).tolist())


def _holding(ratios: np.ndarray) -> np.ndarray:
    parts = _parts(ratios)
    return np.clip(np.cumsum(parts[:, ::-1], axis=1)[:, ::-1], 0.0, 1.0)


def _parts(ratios: np.ndarray) -> np.ndarray:
    """Stationary parts float[rows, most + 1] of birth-death processes by ratios of rates up and down; the last takes those who wait."""
    # Products run over hundreds of factors: their logarithms, taken from the largest.
    logs = np.concatenate((np.zeros((len(ratios), 1)), np.cumsum(np.log(np.maximum(ratios, 1e-300)), axis=1)), axis=1)
    weights = np.exp(logs - logs.max(axis=1, keepdims=True))
    weights[:, -1] /= 1 - np.minimum(ratios[:, -1], 1 - 1e-12)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))
