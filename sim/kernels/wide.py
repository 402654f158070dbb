"""Integers of 128 bits for kernels: products, quotients and their nearest floats, equal to Python's to the last bit.

Numbers are pairs (high, low) of uint64, never negative. Division is Knuth's algorithm D on 32-bit halves (*The Art of Computer
Programming*, volume 2, 4.3.1). A nearest float is found from the top 64 bits and one bit that stands for all below.
"""

from __future__ import annotations

import math

import numpy as np

from sim.kernels.options import kernel, part

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_ONE = np.uint64(1)
_ZERO = np.uint64(0)
_BASE = np.uint64(1 << 32)
_TOP = np.uint64(1 << 63)
_MOST = np.int64((1 << 63) - 1)


@part
def product(a: int, b: int) -> tuple[int, int]:
    """A x b of two uint64."""
    a0, a1, b0, b1 = a & _LOW, a >> _HALF, b & _LOW, b >> _HALF
    low = a0 * b0
    left = a1 * b0 + (low >> _HALF)
    right = a0 * b1 + (left & _LOW)
    return a1 * b1 + (left >> _HALF) + (right >> _HALF), (right << _HALF) | (low & _LOW)


@kernel
def leading_zeros(x: int) -> int:
    """Zero bits above the highest one of a uint64; 64 for 0."""
    if x == _ZERO:
        return 64
    n = 0
    for step in (32, 16, 8, 4, 2, 1):
        if x >> np.uint64(64 - step) == _ZERO:
            n += step
            x <<= np.uint64(step)
    return n


@kernel
def quotient(high: int, low: int, c: int) -> tuple[int, int]:
    """(floor, rest) of (high, low) / c for high < c: the quotient fits 64 bits."""
    if high == _ZERO:
        return low // c, low % c
    shift = np.uint64(leading_zeros(c))
    c <<= shift
    if shift > _ZERO:
        high = (high << shift) | (low >> (np.uint64(64) - shift))
        low <<= shift
    c1, c0 = c >> _HALF, c & _LOW
    q1, rest = _digit(high, low >> _HALF, c1, c0, c)
    q0, rest = _digit(rest, low & _LOW, c1, c0, c)
    return (q1 << _HALF) | q0, rest >> shift


@kernel
def _digit(high: int, next_half: int, c1: int, c0: int, c: int) -> tuple[int, int]:
    """One 32-bit digit of the quotient, and what is left."""
    q = high // c1
    rest = high - q * c1
    while q >= _BASE or q * c0 > ((rest << _HALF) | next_half):
        q -= _ONE
        rest += c1
        if rest >= _BASE:
            break
    # The sum wraps, as it must: what is left is below c.
    return q, ((high << _HALF) | next_half) - q * c


@kernel
def long_quotient(high: int, low: int, c: int) -> tuple[int, int, int]:
    """(high, low, rest) of (high, low) / c for any c > 0."""
    q_high = high // c
    q_low, rest = quotient(high % c, low, c)
    return q_high, q_low, rest


@kernel
def as_float(high: int, low: int, more: bool) -> float:
    """The nearest float (ties to even); `more` says that a part below 1 was cut off."""
    if high == _ZERO:
        if not more:
            return float(low)
        zeros = leading_zeros(low)
        # Below 2^54 a cut part could decide: callers that cut keep 64 bits.
        return math.ldexp(float((low << np.uint64(zeros)) | _ONE), -zeros)
    zeros = np.uint64(leading_zeros(high))
    top = high << zeros
    if zeros > _ZERO:
        top |= low >> (np.uint64(64) - zeros)
    if more or (low << zeros) != _ZERO:
        top |= _ONE
    return math.ldexp(float(top), 64 - int(zeros))


@kernel
def ratio(high: int, low: int, c: int) -> float:
    """The float nearest to (high, low) / c, c > 0: Python's true division of integers."""
    if high == _ZERO and low < np.uint64(1 << 53) and c < np.uint64(1 << 53):
        return float(low) / float(c)
    if high == _ZERO and low == _ZERO:
        return 0.0
    zeros = leading_zeros(high) if high > _ZERO else 64 + leading_zeros(low)
    shift = np.uint64(zeros % 64)
    if zeros >= 64:
        high, low = low, _ZERO
    if shift > _ZERO:
        high = (high << shift) | (low >> (np.uint64(64) - shift))
        low <<= shift
    q_high, q_low, rest = long_quotient(high, low, c)
    return math.ldexp(as_float(q_high, q_low, rest != _ZERO), -zeros)


@kernel
def share(a: int, b: int) -> float:
    """The float nearest to a / b, int64 a >= 0 and b > 0."""
    return ratio(_ZERO, np.uint64(a), np.uint64(b))


@kernel
def floor_of(a: int, b: int, c: int) -> int:
    """floor(a b / c), int64 a, b >= 0 and c > 0; -1 where the result exceeds 2^63 - 1."""
    near = float(a) * float(b) / float(c)
    if near < 1e15 and c < 1 << 60:
        # The estimate is off by less than 2, so the rest, which wraps at 64 bits, is right.
        q = np.int64(near)
        rest = a * b - q * c
        while rest < 0:
            q -= 1
            rest += c
        while rest >= c:
            q += 1
            rest -= c
        return q
    if near < 4e18 and c < 1 << 50:
        # Off by less than 2^13, and so the rest is below 2^63.
        q = np.int64(near)
        return q + (a * b - q * c) // c
    return _exactly(a, b, c)


@kernel
def _exactly(a: int, b: int, c: int) -> int:
    high, low = product(np.uint64(a), np.uint64(b))
    divisor = np.uint64(c)
    if high >= divisor:
        return np.int64(-1)
    found, _ = quotient(high, low, divisor)
    return np.int64(-1) if found >= _TOP else np.int64(found)


@kernel
def ceil_of(a: int, b: int, c: int) -> int:
    """ceil(a b / c), int64 a, b >= 0 and c > 0; -1 where the result exceeds 2^63 - 1."""
    found = floor_of(a, b, c)
    if found < 0:
        return found
    # The rest is below c, whatever wraps at 64 bits on the way to it.
    if a * b == found * c:
        return found
    return found + 1 if found < _MOST else np.int64(-1)
