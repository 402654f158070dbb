"""What a run tells of its operators one by one: the Lorenz curve behind the Gini coefficient, and who stops at which coin price."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.records.run import LORENZ_STEPS, bucket_usd
from sim.world.book import gini, lorenz
from tests.world.small import HOME, play


def area(curve: list[float]) -> float:
    """The Gini coefficient of a Lorenz curve: 1 - 2 x the area below it."""
    return float(1 - 2 * np.trapezoid(curve, dx=1 / LORENZ_STEPS))


@pytest.mark.parametrize(
    ("incomes", "poorer_half", "poorest_three_quarters"),
    [([1, 1, 1, 1], 0.5, 0.75), ([0, 0, 0, 1], 0.0, 0.0), ([4, 1, 3, 2], 0.3, 0.6), ([5], 0.5, 0.75)],
)
def test_a_curve_by_hand(incomes: list[float], poorer_half: float, poorest_three_quarters: float) -> None:
    curve = lorenz(np.array(incomes, float))
    assert curve is not None and (curve[0], curve[-1]) == (0.0, 1.0)
    assert curve[10] == pytest.approx(poorer_half) and curve[15] == pytest.approx(poorest_three_quarters)


@given(st.lists(st.floats(0, 1e6), min_size=LORENZ_STEPS, max_size=LORENZ_STEPS).filter(any))
def test_with_an_owner_a_step_the_area_is_the_gini_coefficient(incomes: list[float]) -> None:
    # Straight lines between owners: the area of n of them is 1 - G less nothing, for the curve is told at each.
    curve = lorenz(np.array(incomes))
    assert curve is not None and (np.diff(curve) >= -1e-12).all()
    assert area(curve) == pytest.approx(gini(np.array(incomes)), abs=1e-9)


def test_without_income_there_is_no_curve() -> None:
    assert lorenz(np.zeros(3)) is None


UNEQUAL: dict[str, Any] = {
    "networks.net.payout": {"kind": "work"},
    "networks.net.operators.farm": {
        "nodes": 20, "max_nodes": 20, "gpu": "h100_sxm", "per_node": 1, "electricity": "0 USD/kWh", "hosting": "0.1 USD/h",
        "capex": "0 USD", "cost_spread": 0, "decides": "fixed",
    },
    f"{HOME}.decides": "fixed",
}  # fmt: skip
"""Twenty large nodes beside twenty small ones, paid by work: two incomes."""


@pytest.mark.compiled
def test_the_curve_of_a_run_is_that_of_its_gini() -> None:
    record = play(UNEQUAL)
    curve = record.lorenz["net"]
    assert len(curve) == LORENZ_STEPS + 1
    # Two incomes, equally many: the curve is straight on both sides of the middle, so its area is exact.
    assert area(curve) == pytest.approx(record.outcomes["net.gini"], rel=1e-9)
    assert record.outcomes["net.gini"] > 0.1
    assert curve[5] == pytest.approx(curve[10] / 2)


@pytest.mark.compiled
def test_nodes_stand_at_the_price_at_which_they_pay_for_themselves() -> None:
    # 20 nodes share 49 coins a day, 2.45 each, and cost 2.4 USD a day: 2.4 / 2.45 = 0.9796 USD a coin.
    record = play({f"{HOME}.decides": "fixed"})
    ((bucket, nodes),) = record.break_evens["net.home"]
    assert nodes == 20
    assert bucket_usd(bucket) / 10 ** (1 / 32) < 2.4 / 2.45 <= bucket_usd(bucket)
    assert record.outcomes["net.break_even_coin_usd"] == pytest.approx(2.4 / 2.45, rel=1e-6)


@pytest.mark.compiled
def test_costs_that_differ_spread_the_prices_and_fees_lower_them() -> None:
    spread = {f"{HOME}.decides": "fixed", f"{HOME}.electricity": "0.3 USD/kWh", f"{HOME}.cost_spread": 0.5}
    paid = {"networks.net.price": {"kind": "posted", "input": "9 USD/Mtok", "output": "9 USD/Mtok", "pay": "coin"}}
    prices = [bucket_usd(bucket) for bucket, _ in play(spread).break_evens["net.home"]]
    assert len(prices) > 3 and prices == sorted(prices)
    fed = play(spread | paid).break_evens["net.home"]
    assert [(bucket_usd(bucket), nodes) for bucket, nodes in fed] == [(0.0, 20)], "fees alone pay for all of them"


@pytest.mark.compiled
def test_no_price_is_enough_where_no_coin_comes() -> None:
    none = {
        f"{HOME}.decides": "fixed",
        "networks.net.split": {"operators": "0 %", "treasury": "100 %", "remainder": "treasury"},
    }
    assert [(bucket_usd(b), nodes) for b, nodes in play(none).break_evens["net.home"]] == [(float("inf"), 20)]
