"""Compiles the plain `rule` functions of kinds, and holds the compiled twin of `units.muldiv`.

A rule is written once, in the subset that numba and Python share. Interpreted, it runs as it stands; compiled here it
gives the same integers, bit for bit (`tests/policies/`). Whoever writes a kind need not read this file.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numba.extending import overload

from sim import units

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_ONE = np.uint64(1)
_ZERO = np.uint64(0)
_MAX = np.uint64(units.INT64_MAX)


@numba.njit(cache=False)
def _muldiv(a: Any, b: Any, c: Any) -> Any:
    """floor(a b / c) over int64: schoolbook product of 32-bit limbs, then binary long division of the 128 bits."""
    if a < 0 or b < 0 or c <= 0:
        raise OverflowError("muldiv: a negative factor or a divisor that is not positive")
    ua, ub, uc = np.uint64(a), np.uint64(b), np.uint64(c)
    a0, a1, b0, b1 = ua & _LOW, ua >> _HALF, ub & _LOW, ub >> _HALF
    low = a0 * b0
    # a, b < 2^63, so a1, b1 < 2^31 and the two middle products with the carry stay below 2^64.
    middle = a1 * b0 + a0 * b1 + (low >> _HALF)
    high = a1 * b1 + (middle >> _HALF)
    low = (middle << _HALF) | (low & _LOW)
    if high == _ZERO:
        quotient = low // uc
    else:
        if high >= uc:
            raise OverflowError("muldiv: the result exceeds 2^63 - 1")
        quotient, rest = _ZERO, high
        for bit in range(64):
            # rest < c < 2^63: doubling it never leaves 64 bits.
            rest = (rest << _ONE) | ((low >> np.uint64(63 - bit)) & _ONE)
            quotient <<= _ONE
            if rest >= uc:
                rest -= uc
                quotient |= _ONE
    if quotient > _MAX:
        raise OverflowError("muldiv: the result exceeds 2^63 - 1")
    return np.int64(quotient)


@overload(units.muldiv, strict=False)
def _typed_muldiv(a: Any, b: Any, c: Any) -> Callable[..., int]:
    return lambda a, b, c: _muldiv(np.int64(a), np.int64(b), np.int64(c))


@functools.cache
def compiled(rule: Callable[..., Any], signature: str) -> Callable[..., Any]:
    """The rule compiled for its table's signature (a numba signature, such as `int64(int64, int64[::1])`).

    Functions of `sim.units` that the rule calls are replaced by their compiled twins; a rule outside the shared
    subset raises numba's `TypingError`.
    """
    return numba.njit(signature)(rule)
