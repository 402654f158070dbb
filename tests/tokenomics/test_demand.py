"""Demand: the elasticity is the one stated, the surplus is the integral, and the start is what the file says."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.integrate import quad

from sim.tokenomics.demand import DEMAND, Offers
from tests.policies.kinds import CONTEXT

NAMES = ("net", "other", "cloud")
MTOK = 0.0005
"""A request of 500 tokens."""


def offers(prices: Any = (0.1, 0.12, 0.3), e2e: Any = (5.0, 6.0, 2.0), failures: Any = (0.01, 0.02, 0.0)) -> Offers:
    """Three networks at USD/Mtok, the last one central."""
    per_mtok = np.array(prices, float)
    return Offers(NAMES, per_mtok * MTOK, per_mtok, np.array(e2e), np.array(failures), np.array([False, False, True]))


def dearer(at: Offers, option: int, factor: float) -> Offers:
    scale = np.ones(len(NAMES))
    scale[option] = factor
    return dataclasses.replace(at, price_usd=at.price_usd * scale, price_usd_per_mtok=at.price_usd_per_mtok * scale)


def demand(**keys: Any) -> Any:
    return DEMAND[keys["kind"]].model_validate(keys, context=CONTEXT)


def logit(**keys: Any) -> Any:
    start = {"net": "50 %", "other": "20 %", "cloud": "30 %"}
    return demand(kind="logit", **{"elasticity": -1.2, "start": start, **keys})


def elasticity(taste: Any, at: Offers, of: int, to: int) -> float:
    """d ln q[of] / d ln price[to], centred."""
    h = 1e-5
    up, down = (taste.quantities(dearer(at, to, 1 + sign * h))[of] for sign in (1, -1))
    return float((np.log(up) - np.log(down)) / (np.log1p(h) - np.log1p(-h)))


# -- elasticity ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stated", [-0.3, -1.2, -4.0])
@pytest.mark.parametrize("nest", [0.3, 0.7, 1.0])
def test_a_logits_elasticity_at_the_start_is_the_one_stated(stated: float, nest: float) -> None:
    taste = logit(elasticity=stated, nest=nest).calibrate(offers())
    assert elasticity(taste, offers(), 0, 0) == pytest.approx(stated, rel=1e-6)


@pytest.mark.parametrize("stated", [-0.8, -1.0, -2.5])
@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_an_isoelastic_demand_has_its_elasticity_everywhere_below_the_choke_price(stated: float, factor: float) -> None:
    taste = demand(kind="isoelastic", elasticity=stated, choke="5 USD/Mtok").calibrate(offers())
    assert elasticity(taste, dearer(offers(), 0, factor), 0, 0) == pytest.approx(stated, rel=1e-6)


def test_fixed_demand_does_not_answer_to_its_price() -> None:
    taste = demand(kind="fixed").calibrate(offers())
    assert taste.quantities(dearer(offers(), 0, 100.0)).tolist() == [1.0, 0.0, 0.0]
    assert taste.surplus_usd(offers()) is None


# -- the start ------------------------------------------------------------------------------------------------------


def test_a_logit_begins_with_the_shares_of_the_file() -> None:
    taste = logit(value_of_time="0.5 USD/h", value_of_failure="0.01 USD").calibrate(offers())
    assert taste.quantities(offers()) == pytest.approx([0.5, 0.2, 0.3], rel=1e-12)


def test_a_logit_without_shares_begins_with_equal_ones() -> None:
    block = demand(kind="logit", elasticity=-1.2)
    assert block.at_start(NAMES) == pytest.approx([1 / 3] * 3)
    assert block.calibrate(offers()).quantities(offers()) == pytest.approx([1 / 3] * 3, rel=1e-12)


def test_other_kinds_begin_with_one_base_demand_at_their_network() -> None:
    for keys in ({"kind": "fixed"}, {"kind": "isoelastic", "elasticity": -1.0, "choke": "5 USD/Mtok"}):
        assert demand(**keys, network="other").at_start(NAMES).tolist() == [0, 1, 0]
        assert demand(**keys).calibrate(offers()).quantities(offers()) == pytest.approx([1, 0, 0])


def test_all_would_be_users_are_the_most_that_a_logit_can_want() -> None:
    # 40 % do not buy at the start: 1 / 0.6 base demands, which a service for nothing nearly reaches.
    taste = logit(elasticity=-4.0).calibrate(offers())
    free = taste.quantities(dearer(dearer(dearer(offers(), 0, -30.0), 1, 1.0), 2, 1.0)).sum()
    assert free == pytest.approx(1 / 0.6, rel=1e-3)
    assert taste.quantities(offers()).sum() == pytest.approx(1.0)


# -- substitution ---------------------------------------------------------------------------------------------------


def test_a_dearer_network_loses_users_to_its_own_nest_first() -> None:
    at = offers()
    near = logit(nest=0.3).calibrate(at)
    plain = logit(nest=1.0).calibrate(at)
    # Plain logit takes from all pro rata to their shares; a nest takes from the other decentralized network.
    assert elasticity(plain, at, 1, 0) == pytest.approx(elasticity(plain, at, 2, 0), rel=1e-6)
    assert elasticity(near, at, 1, 0) > 2 * elasticity(near, at, 2, 0) > 0


def test_users_leave_what_is_slow_and_what_fails_by_what_it_costs_them() -> None:
    # A second at 3.6 USD/h is a tenth of a cent, as is a failure rate 10 points higher at 1 ct a failure.
    taste = logit(value_of_time="3.6 USD/h", value_of_failure="0.01 USD").calibrate(offers())
    slow = taste.quantities(offers(e2e=(6.0, 6.0, 2.0)))
    failing = taste.quantities(offers(failures=(0.11, 0.02, 0.0)))
    cents = taste.quantities(offers(prices=(0.1 + 0.001 / MTOK, 0.12, 0.3)))
    assert slow == pytest.approx(cents, rel=1e-9)
    assert failing == pytest.approx(cents, rel=1e-9)
    assert slow[0] < 0.5


def test_without_values_of_time_and_failure_only_the_price_counts() -> None:
    taste = logit().calibrate(offers())
    assert taste.quantities(offers(e2e=(500.0, 6.0, 2.0), failures=(0.9, 0.0, 0.0))) == pytest.approx([0.5, 0.2, 0.3])


# -- surplus --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keys", [{}, {"nest": 1.0}, {"nest": 0.4, "value_of_time": "1 USD/h"}])
def test_a_logits_surplus_is_the_log_sum_whose_slope_is_demand(keys: dict[str, Any]) -> None:
    # Roy's identity for quasi-linear utility: dS/dp_j = - q_j.
    taste = logit(**keys).calibrate(offers())
    at = dearer(offers(), 1, 1.3)
    for option in range(3):
        h = 1e-6
        up, down = (taste.surplus_usd(dearer(at, option, 1 + sign * h)) for sign in (1, -1))
        slope = (up - down) / (2 * h * at.price_usd[option])
        assert slope == pytest.approx(-taste.quantities(at)[option], rel=1e-5)


def test_a_logits_surplus_against_not_buying_vanishes_where_nobody_buys() -> None:
    taste = logit().calibrate(offers())
    nobody = offers(prices=(1e4, 1e4, 1e4))
    assert taste.quantities(nobody).sum() == pytest.approx(0, abs=1e-12)
    assert taste.surplus_usd(nobody) == pytest.approx(0, abs=1e-12)
    # At the start: scale x ln(1 / P(not buying)) a would-be user, P = 0.4, 1 / 0.6 of them.
    assert taste.surplus_usd(offers()) == pytest.approx(taste.row[2] * np.log(1 / 0.4) / 0.6, rel=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.floats(-3.0, -0.2), st.floats(0.02, 4.5))
def test_an_isoelastic_surplus_is_the_integral_to_the_choke_price(stated: float, price: float) -> None:
    taste = demand(kind="isoelastic", elasticity=stated, choke="5 USD/Mtok").calibrate(offers())
    at = dearer(offers(), 0, price / 0.1)

    def wanted(p: float) -> float:
        return float(taste.quantities(dearer(offers(), 0, p / 0.1))[0])

    area, _ = quad(wanted, price, 5.0, limit=200)
    assert taste.surplus_usd(at) == pytest.approx(area * MTOK, rel=1e-6)


def test_the_surplus_of_elasticity_minus_one_is_a_logarithm() -> None:
    taste = demand(kind="isoelastic", elasticity=-1.0, choke="5 USD/Mtok").calibrate(offers())
    assert taste.surplus_usd(offers()) == pytest.approx(0.1 * np.log(50) * MTOK)


@pytest.mark.parametrize("price", [5.0, 7.0])
def test_at_the_choke_price_nobody_buys_and_nothing_is_gained(price: float) -> None:
    taste = demand(kind="isoelastic", elasticity=-1.0, choke="5 USD/Mtok").calibrate(offers())
    at = offers(prices=(price, 0.12, 0.3))
    assert taste.quantities(at).tolist() == [0, 0, 0]
    assert taste.surplus_usd(at) == 0


# -- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("block", "prices", "message"),
    [
        (logit(start={"net": "50 %", "cloud": "40 %"}), (0.1, 0.12, 0.3), r"shares at the start add up to 0\.9; must"),
        (logit(start={"nett": "100 %"}), (0.1, 0.12, 0.3), r"start names \['nett'\]; networks .*: net, other, cloud"),
        (logit(), (0.0, 0.12, 0.3), "the first network's price is 0 at the start"),
        (demand(kind="isoelastic", elasticity=-1.0, choke="0.1 USD/Mtok"), (0.1, 0.1, 0.3), r"below choke 0\.1"),
        (demand(kind="isoelastic", elasticity=-1.0, choke="1 USD/Mtok"), (0.0, 0.1, 0.3), "must be above 0"),
    ],
)
def test_a_start_that_is_none_is_refused(block: Any, prices: tuple[float, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        block.calibrate(offers(prices=prices))


@pytest.mark.parametrize("kind", ["logit", "isoelastic"])
@pytest.mark.parametrize("stated", [0.0, 0.5])
def test_demand_that_grows_with_its_price_is_refused(kind: str, stated: float) -> None:
    with pytest.raises(ValidationError, match="less than 0"):
        demand(kind=kind, elasticity=stated, **({"choke": "5 USD/Mtok"} if kind == "isoelastic" else {}))


def test_every_kind_of_demand_is_tried_here() -> None:
    assert set(DEMAND) == {"logit", "isoelastic", "fixed"}
