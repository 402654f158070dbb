"""Buckets of coin prices: each price in one, ends not far above it."""

import math

from hypothesis import given
from hypothesis import strategies as st

from sim.records.run import BUCKETS_A_DECADE, bucket_usd, price_bucket


@given(st.floats(2e-9, 1e9))
def test_a_bucket_ends_at_the_price_or_up_to_7_5_percent_above(usd):
    end = bucket_usd(price_bucket(usd))
    assert usd * (1 - 1e-12) <= end <= usd * 10 ** (1 / BUCKETS_A_DECADE) * (1 + 1e-12)


@given(st.floats(-1e12, 1e12), st.floats(-1e12, 1e12))
def test_a_higher_price_is_in_no_lower_bucket(a, b):
    low, high = sorted((a, b))
    assert price_bucket(low) <= price_bucket(high)


def test_what_no_price_is_too_low_for_and_what_none_is_enough_for_stand_at_the_ends():
    assert bucket_usd(price_bucket(0.0)) == bucket_usd(price_bucket(-3.0)) == 0.0
    assert bucket_usd(price_bucket(math.inf)) == bucket_usd(price_bucket(1.1e9)) == math.inf
    assert bucket_usd(price_bucket(1.0)) == 1.0
    assert bucket_usd(price_bucket(1e9)) == 1e9
