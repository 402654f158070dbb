"""The meter: use is charged to the pico-dollar and rounded once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.tokenomics.meter import SCALE, Meter


def test_small_requests_are_not_rounded_away() -> None:
    # 43 tokens at 0.05 USD/Mtok are 2.15 micro-dollars = 2150 nano; at 7 pico-dollars a token 301 pico: 0.301 nano.
    meter = Meter()
    for _ in range(1000):
        meter.add(0, 43, 7)
    assert meter.invoice().tolist() == [301]


_CHARGES = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 10**12), st.integers(0, 10**6)), max_size=30)


@pytest.mark.long
@settings(max_examples=200, deadline=None)
@given(_CHARGES, st.sets(st.integers(0, 29)))
def test_invoices_and_the_rest_are_what_was_used(charges: list[tuple[int, int, int]], invoiced_after: set[int]) -> None:
    meter, billed = Meter(3), np.zeros(3, dtype=object)
    exact = [0, 0, 0]
    for i, (payee, tokens, price) in enumerate(charges):
        meter.add(payee, tokens, price)
        exact[payee] += tokens * price
        if i in invoiced_after:
            billed += meter.invoice()
    billed += meter.invoice()
    assert billed.tolist() == [value // SCALE for value in exact]
    assert meter.rest.tolist() == [value % SCALE for value in exact]


def test_a_payee_named_twice_is_charged_twice() -> None:
    meter = Meter(2)
    meter.add(np.array([1, 0, 1]), np.array([1000, 1, 2000]), 10 * SCALE)
    assert meter.owed() == 30_010
    assert meter.invoice().tolist() == [10, 30_000]
    assert meter.owed() == 0


def test_a_week_of_a_large_network_fits() -> None:
    # 160B tokens a day (peak of the largest subnet) for 7 days at 15 USD/Mtok = 15e6 pico-dollars: 1.68e19 pico-dollars.
    meter = Meter()
    meter.add(0, 7 * 160 * 10**9, 15 * 10**6)
    assert meter.invoice().tolist() == [7 * 160 * 10**9 * 15 * 10**3]


def test_what_does_not_fit_is_an_error_and_no_wrapped_number() -> None:
    with pytest.raises(OverflowError, match="exceed what a meter holds"):
        Meter().add(0, 2**61, 4 * SCALE)


@pytest.mark.parametrize(("tokens", "price"), [(-1, 1), (1, -1)])
def test_negative_use_is_refused(tokens: int, price: int) -> None:
    with pytest.raises(ValueError, match="both must be >= 0"):
        Meter().add(0, tokens, price)


def test_a_meter_grows_with_payees() -> None:
    meter = Meter(1)
    meter.add(0, 1, 1500)
    meter.grow(2)
    meter.add(1, 1, 2500)
    assert meter.invoice().tolist() == [1, 2]
    with pytest.raises(ValueError, match="has 2 payees already"):
        meter.grow(1)
