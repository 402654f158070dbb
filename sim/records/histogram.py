"""Integer histograms: bucket = (bit length, next 7 bits), shifts only, error <= 0.8 %, merged by addition.

`sim.serving.contract.bucket_of` is the same rule for one value; here it is for arrays, with its inverse.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

BUCKETS = 63 * 128
"""Enough for every value below 2^63."""


def buckets_of(values: np.ndarray) -> np.ndarray:
    """The bucket of each integer in [0, 2^62): int64 in, int64 out. Values below 128 have a bucket each."""
    values = np.asarray(values, np.int64)
    length = np.frexp(values.astype(np.float64))[1].astype(np.int64)
    # Above 2^53 the float may round up to the next power of two: one bit too many.
    length -= (values >> np.maximum(length - 1, 0)) == 0
    shift = np.maximum(length - 8, 0)
    return np.where(values < 128, values, ((shift + 1) << 7) + ((values >> shift) & 127))


def bucket_floors(buckets: np.ndarray) -> np.ndarray:
    """The smallest integer of each bucket, int64."""
    buckets = np.asarray(buckets, np.int64)
    shift = np.maximum((buckets >> 7) - 1, 0)
    return np.where(buckets < 128, buckets, (128 + (buckets & 127)) << shift)


def count(values: np.ndarray) -> np.ndarray:
    """Histogram of integers: int64[BUCKETS]."""
    return np.bincount(buckets_of(values), minlength=BUCKETS).astype(np.int64)


def sparse(counts: np.ndarray) -> list[list[int]]:
    """Pairs [bucket, count] of the buckets that are not empty, ascending."""
    where = np.flatnonzero(counts)
    return [[int(bucket), int(counts[bucket])] for bucket in where]


def quantile(counts: np.ndarray, share: float) -> float | None:
    """The value below which `share` of the counts lie, linear inside its bucket; None for an empty histogram."""
    return quantiles(counts, [share])[0]


def quantiles(counts: np.ndarray, shares: Sequence[float]) -> list[float | None]:
    """The same for several shares."""
    cumulative = np.cumsum(counts)
    total = int(cumulative[-1])
    if total == 0:
        return [None] * len(shares)
    ranks = np.asarray(shares, float) * total
    buckets = np.searchsorted(cumulative, ranks, side="left")
    held, low = counts[buckets], bucket_floors(buckets).astype(float)
    inside = (ranks - (cumulative[buckets] - held)) / np.maximum(held, 1)
    found: list[float | None] = (low + (bucket_floors(buckets + 1) - low) * np.clip(inside, 0.0, 1.0)).tolist()
    return found
