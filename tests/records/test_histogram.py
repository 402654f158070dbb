"""Histograms of latencies: exact buckets, bounded error, quantiles."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sim.records import histogram
from sim.serving import contract


@given(st.integers(0, 2**62 - 1))
def test_an_array_and_one_value_fall_into_the_same_bucket(value):
    assert int(histogram.buckets_of(np.array([value]))[0]) == contract.bucket_of(value)


@given(st.integers(0, 2**62 - 1))
def test_a_bucket_is_at_most_0_8_percent_wide(value):
    bucket = histogram.buckets_of(np.array([value]))
    low, high = histogram.bucket_floors(np.array([bucket[0], bucket[0] + 1]))
    assert low <= value < high
    assert high - low <= max(1, low * 0.008)


def test_buckets_hold_at_the_powers_of_two():
    edges = np.array([2**k + d for k in range(1, 62) for d in (-1, 0, 1)])
    assert [contract.bucket_of(int(v)) for v in edges] == histogram.buckets_of(edges).tolist()


def test_quantiles_of_a_known_sample_are_within_a_bucket():
    values = np.arange(1, 100_001) * 10**7
    counts = histogram.count(values)
    for share in (0.05, 0.5, 0.95, 0.99):
        assert abs(histogram.quantile(counts, share) / (share * 1e12) - 1) < 0.008


def test_an_empty_histogram_has_no_quantile():
    assert histogram.quantile(np.zeros(histogram.BUCKETS, np.int64), 0.5) is None
