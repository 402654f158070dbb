"""Routers as scenario files write them."""

from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter, ValidationError

from sim.blocks import OneOf
from sim.serving.contract import Routing
from sim.serving.routers import ROUTERS


def read(**block):
    return ROUTERS[block["kind"]].model_validate(block, context={"yaml": True})


@pytest.mark.parametrize("kind", ["random", "round_robin", "power_of_two", "least_outstanding"])
def test_every_router_becomes_what_engines_take(kind):
    assert read(kind=kind).routing().kind == kind


def test_the_table_holds_the_routers_of_the_engines_and_no_others():
    assert set(ROUTERS) == {"random", "round_robin", "power_of_two", "least_outstanding"}


def test_power_of_two_compares_two_unless_told():
    assert read(kind="power_of_two").routing() == Routing("power_of_two", 2)
    assert read(kind="power_of_two", d=5).routing() == Routing("power_of_two", 5)


@pytest.mark.parametrize("d", [0, 17])
def test_more_choices_than_the_routing_words_hold_are_refused(d):
    with pytest.raises(ValidationError) as caught:
        read(kind="power_of_two", d=d)
    assert caught.value.errors()[0]["loc"] == ("d",)


@pytest.mark.parametrize("kind", ["power_of_two", "least_outstanding"])
def test_staleness_reaches_the_engines_in_picoseconds(kind):
    assert read(kind=kind).routing().staleness_ps == 0
    assert read(kind=kind, staleness="1.5 s").routing().staleness_ps == 1_500_000_000_000
    with pytest.raises(ValidationError):
        read(kind=kind, staleness="11 day")


@pytest.mark.parametrize("kind", ROUTERS.later)
def test_routers_of_later_versions_are_refused_by_name(kind):
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(Annotated[Any, OneOf(ROUTERS)]).validate_python({"kind": kind})
    error = caught.value.errors()[0]
    assert error["msg"] == f"`{kind}` is read but not simulated yet in this version"
    assert error["ctx"]["hint"] == "one of power_of_two, least_outstanding, round_robin, random"


def test_a_router_that_nobody_knows_gets_the_nearest_name():
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(Annotated[Any, OneOf(ROUTERS)]).validate_python({"kind": "power_of_too"})
    assert caught.value.errors()[0]["ctx"]["hint"] == "did you mean `power_of_two`?"
