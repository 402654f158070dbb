"""Routers as scenario files write them."""

from typing import Annotated, Any

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from sim.blocks import OneOf
from sim.serving.contract import LOOKING, ROUTER_KINDS, Routing
from sim.serving.routers import ROUTERS
from sim.serving.routers.weighted import whole_weights


def read(**block):
    return ROUTERS[block["kind"]].model_validate(block, context={"yaml": True})


NEEDED = {"price_weighted": {"prices": {"home": "0.1 USD/Mtok"}}, "reputation_weighted": {"weights": {"home": 1}}}


@pytest.mark.parametrize("kind", ROUTER_KINDS)
def test_every_router_becomes_what_engines_take(kind):
    assert read(kind=kind, **NEEDED.get(kind, {})).routing().kind == kind


def test_the_table_holds_the_routers_of_the_engines_and_no_others():
    assert set(ROUTERS) == set(ROUTER_KINDS)


def test_a_third_of_the_price_is_nine_times_the_share():
    # The example of the source: providers at $1 and $3 a million tokens.
    prices = {"home": "1 USD/Mtok", "farm": "3 USD/Mtok"}
    assert read(kind="price_weighted", prices=prices).shares() == {"home": 1.0, "farm": pytest.approx(1 / 9)}


def test_prices_in_two_currencies_are_refused():
    with pytest.raises(ValidationError) as caught:
        read(kind="price_weighted", prices={"home": "1 USD/Mtok", "farm": "3 TAO/Mtok"})
    assert "prices in TAO and USD found; must be in one currency" in str(caught.value)


@pytest.mark.parametrize("price", ["0 USD/Mtok", "-1 USD/Mtok"])
def test_a_price_of_nothing_has_no_weight(price):
    with pytest.raises(ValidationError):
        read(kind="price_weighted", prices={"home": price})


def test_weights_become_integers_that_keep_their_ratios_and_their_sum_in_bounds():
    shares, replicas = np.array([3.0, 1.0, 0.0, 1e-9]), np.array([1, 2, 1, 1])
    assert whole_weights(shares, replicas).tolist() == [65536, 21845, 0, 1]
    assert whole_weights(np.zeros(2), np.ones(2, int)).tolist() == [0, 0]
    crowd = np.full(10, 10**6)
    weights = whole_weights(np.arange(10.0), crowd)
    assert weights.max() == 2**31 // 10**7
    assert int((weights * crowd).sum()) < 2**32


def test_power_of_two_compares_two_unless_told():
    assert read(kind="power_of_two").routing() == Routing("power_of_two", 2)
    assert read(kind="power_of_two", d=5).routing() == Routing("power_of_two", 5)


@pytest.mark.parametrize("d", [0, 17])
def test_more_choices_than_the_routing_words_hold_are_refused(d):
    with pytest.raises(ValidationError) as caught:
        read(kind="power_of_two", d=d)
    assert caught.value.errors()[0]["loc"] == ("d",)


@pytest.mark.parametrize("kind", LOOKING)
def test_staleness_reaches_the_engines_in_picoseconds(kind):
    assert read(kind=kind).routing().staleness_ps == 0
    assert read(kind=kind, staleness="1.5 s").routing().staleness_ps == 1_500_000_000_000
    with pytest.raises(ValidationError):
        read(kind=kind, staleness="11 day")


def test_a_router_that_nobody_knows_gets_the_nearest_name():
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(Annotated[Any, OneOf(ROUTERS)]).validate_python({"kind": "power_of_too"})
    assert caught.value.errors()[0]["ctx"]["hint"] == "did you mean `power_of_two`?"
