"""The yardstick: a compiled Lindley recursion, the shortest queue there is, and how speeds are measured beside it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numba
import numpy as np

ROUNDS = 3


@numba.njit
def lindley(gaps: np.ndarray, services: np.ndarray) -> float:
    """Sum of the waits of a single-server queue: w' = max(0, w + service - gap) (Lindley 1952)."""
    wait = total = 0.0
    for i in range(gaps.shape[0]):
        wait = max(0.0, wait + services[i] - gaps[i])
        total += wait
    return total


def per_cpu_s(count: int, work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """`count` over the CPU seconds of this process that `work` takes: the median of some rounds."""
    speeds = []
    for _ in range(rounds):
        begin = time.process_time()
        work()
        speeds.append(count / (time.process_time() - begin))
    return statistics.median(speeds)


def customers_per_cpu_s(count: int = 10_000_000) -> float:
    """Customers a CPU-second of the Lindley loop, compiling and drawing not counted."""
    rng = np.random.default_rng(1)
    gaps, services = rng.exponential(1.0, count), rng.exponential(0.7, count)
    lindley(gaps[:10], services[:10])
    return per_cpu_s(count, lambda: lindley(gaps, services))
