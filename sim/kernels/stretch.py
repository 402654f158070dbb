"""Arithmetic of a stretch: k passes of which each lasts `growth` longer than the one before, and their histogram."""

from __future__ import annotations

from typing import Any

from sim.kernels.layout import BY_CLASS
from sim.kernels.options import part


@part
def duration(first: int, growth: int, k: int) -> int:
    """T(k) = k first + growth k (k - 1) / 2: how long k passes last, exactly."""
    return k * first + growth * (k * (k - 1) // 2)


@part
def steps_until(first: int, growth: int, span: int, most: int) -> int:
    """The smallest k in [1, most] with T(k) >= span; `most` if there is none. By bisection on integers."""
    low, high = 1, most
    while low < high:
        middle = (low + high) >> 1
        if duration(first, growth, middle) >= span:
            high = middle
        else:
            low = middle + 1
    return low


@part
def bucket_of(value: int) -> int:
    """Bucket of an integer in [0, 2^63): (bit length, next 7 bits); values below 128 have one each."""
    shift = 0
    for bits in (32, 16, 8, 4, 2, 1):
        if value >> (7 + bits) != 0:
            value >>= bits
            shift += bits
    if value < 128:
        return value
    return ((shift + 1) << 7) + (value & 127)


@part
def bucket_floor(bucket: int) -> int:
    """The smallest integer in a bucket."""
    if bucket < 128:
        return bucket
    return (128 + (bucket & 127)) << ((bucket >> 7) - 1)


@part
def count_gaps(gaps: Any, members: Any, first: int, growth: int, k: int) -> None:
    """Count the durations of k passes once per member of each class: one addition per bucket crossed, not per pass.

    `members[BY_CLASS + class]` is the number of the class's lane members.
    """
    while k > 0:
        bucket = bucket_of(first)
        inside = k
        if growth > 0:
            inside = min(k, (bucket_floor(bucket + 1) - 1 - first) // growth + 1)
        for klass in range(gaps.shape[0]):
            gaps[klass, bucket] += inside * members[BY_CLASS + klass]
        first += inside * growth
        k -= inside
