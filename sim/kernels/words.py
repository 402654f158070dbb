"""64-bit words: the hash that routing draws come from, in unsigned arithmetic that wraps."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba.core import config

from sim.kernels.options import kernel

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_S27, _S30, _S31, _S32 = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(32)

if config.DISABLE_JIT:
    # numpy's scalars warn where machine words wrap.
    def times(a: Any, b: Any) -> Any:
        """A b mod 2^64."""
        return np.uint64(int(a) * int(b) & 0xFFFFFFFFFFFFFFFF)

    def plus(a: Any, b: Any) -> Any:
        """A + b mod 2^64."""
        return np.uint64(int(a) + int(b) & 0xFFFFFFFFFFFFFFFF)

else:

    @kernel
    def times(a: Any, b: Any) -> Any:
        """A b mod 2^64."""
        return a * b

    @kernel
    def plus(a: Any, b: Any) -> Any:
        """A + b mod 2^64."""
        return a + b


@kernel
def mix64(z: Any) -> Any:
    """Finalizer of splitmix64 (Steele, Lea and Flood 2014, section 3; constants of Vigna's `splitmix64.c`)."""
    z = times(z ^ (z >> _S30), _FIRST)
    z = times(z ^ (z >> _S27), _SECOND)
    return z ^ (z >> _S31)


@kernel
def choice(seed: Any, number: int, size: int) -> Any:
    """Index in [0, size) of draw `number` (routes * 16 + j) of a request; seed = mix64(route key XOR id)."""
    word = mix64(plus(seed, times(np.uint64(number), _GOLDEN)))
    return np.int64(((word >> _S32) * np.uint64(size)) >> _S32)
