"""A class of users that spends no more than its budget, whatever its kind of demand."""

from __future__ import annotations

from typing import Any

import pytest

from sim.errors import ScenarioError
from tests.world.small import CLOUD, HOME, LOGIT, PRICED, play, scenario

pytestmark = pytest.mark.compiled

NET = "networks.net"
CHAT = "workload.chat"
KINDS: dict[str, dict[str, Any]] = {
    "fixed": {"kind": "fixed", "network": "net"},
    "isoelastic": {"kind": "isoelastic", "network": "net", "elasticity": -0.5, "choke": "2 USD/Mtok"},
    "logit": LOGIT,
}


def run(kind: str, budget: str | None, **more: Any):
    """Ten nodes that are never full, and for a logit a cloud beside them."""
    cloud = {"networks.cloud": CLOUD} if kind == "logit" else {}
    capped = {f"{CHAT}.budget": budget} if budget else {}
    return play({
        f"{CHAT}.demand": KINDS[kind], f"{NET}.price": PRICED, f"{HOME}.decides": "fixed", "horizon": "4 week",
        **cloud, **capped, **more,
    })  # fmt: skip


def revenue(found: Any) -> float:
    """USD a day that users paid, at all networks together."""
    return sum(found.outcomes.get(f"{name}.revenue_usd_per_day") or 0.0 for name in ("net", "cloud"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_class_spends_its_budget_and_no_more_whatever_its_demand(kind: str) -> None:
    free = run(kind, None)
    half = revenue(free) / 2
    capped = run(kind, f"{half:.6f} USD/day")
    assert revenue(capped) == pytest.approx(half, rel=0.01)
    for name in ("net", "cloud") if kind == "logit" else ("net",):
        part = capped.outcomes[f"{name}.demand_rps"] / free.outcomes[f"{name}.demand_rps"]  # type: ignore[operator]
        assert part == pytest.approx(half / revenue(free), rel=0.02)


@pytest.mark.parametrize("kind", KINDS)
def test_a_budget_that_does_not_bind_changes_no_number(kind: str) -> None:
    assert run(kind, "1000 kUSD/day").series == run(kind, None).series


def test_under_a_budget_fixed_demand_falls_as_its_price_rises() -> None:
    dear = {**PRICED, "input": "0.1 USD/Mtok", "output": "0.3 USD/Mtok"}
    one, two = run("fixed", "5 USD/day"), run("fixed", "5 USD/day", **{f"{NET}.price": dear})
    assert two.outcomes["net.demand_rps"] == pytest.approx(one.outcomes["net.demand_rps"] / 2, rel=1e-6)  # type: ignore[operator]


def test_surplus_is_that_of_those_who_buy() -> None:
    free = run("logit", None)
    capped = run("logit", f"{revenue(free) / 2:.6f} USD/day")
    gains = [found.outcomes["world.consumer_surplus_usd_per_day"] for found in (free, capped)]
    assert gains[1] == pytest.approx(gains[0] / 2, rel=0.02)  # type: ignore[operator]


def test_a_budget_in_coins_is_refused() -> None:
    with pytest.raises(ScenarioError, match="`budget` is in TOK; must be in USD"):
        scenario({f"{CHAT}.budget": "5 TOK/day"})
