"""The yardstick: a compiled Lindley recursion that draws its own times, the shortest queue there is, and how speeds are measured beside it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numba
import numpy as np

ROUNDS = 5


@numba.njit
def lindley(rng: np.random.Generator, count: int) -> float:
    """Sum of the waits of an M/M/1 queue at load 0.8: w' = max(0, w + service - gap) (Lindley 1952), drawn as it goes."""
    wait = total = 0.0
    for _ in range(count):
        wait = max(0.0, wait + 0.8 * rng.standard_exponential() - rng.standard_exponential())
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


def customers_per_cpu_s(count: int = 5_000_000) -> float:
    """Customers a CPU-second of the Lindley loop, its draws counted, compiling not."""
    rng = np.random.default_rng(1)
    lindley(rng, 10)
    return per_cpu_s(count, lambda: lindley(rng, count))
