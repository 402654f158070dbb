"""Credits for broken promises: where too few of an epoch's requests complete, users get a part of the invoice back."""

from __future__ import annotations

from typing import Any

import pytest

from sim.errors import ScenarioError
from sim.records.run import RunRecord
from sim.scenario.obstacles import obstacles
from sim.tokenomics.sla import Sla
from tests.world.small import HOME, PRICED, case, last, play, usd

pytestmark = pytest.mark.compiled

SLA = {"below": "99.9 %", "credit": "10 %"}
PAID: dict[str, Any] = {
    "horizon": "4 week",
    f"{HOME}.decides": "fixed",
    "networks.net.price": {**PRICED, "pay": "usd"},
}
CROWDED = {**PAID, "workload.chat.rate": "400 /s"}
"""Twice what twenty nodes serve, and more."""


def settled(base: dict[str, Any], **keys: Any) -> RunRecord:
    return play({**base, "networks.net.settle": keys})


@pytest.mark.parametrize(
    ("completed", "arrived", "credit"),
    [(1000, 1000, 0), (999, 1000, 0), (998, 1000, 1), (0, 1000, 1), (0, 0, 0), (99_899, 100_000, 1)],
)
def test_a_promise_is_broken_below_its_bound_and_not_at_it(completed: int, arrived: int, credit: int) -> None:
    # A tenth of 19 base units, rounded down.
    assert Sla(below=0.999, credit=0.1).credit_of(19, completed, arrived) == credit


def test_users_of_a_crowded_network_get_a_tenth_of_the_invoice_back() -> None:
    none, sla = settled(CROWDED), settled(CROWDED, sla=SLA)
    before, after = last(none, "net.revenue_usd_per_day"), last(sla, "net.revenue_usd_per_day")
    assert after == pytest.approx(0.9 * before, rel=1e-9)
    assert last(sla, "net.sla_credit_usd_per_day") == pytest.approx(0.1 * before, rel=1e-9)
    # What nodes cost is what it was, what operators get for use a tenth less.
    fees = [last(run, "net.fee_coverage_frac") for run in (none, sla)]
    assert fees[1] == pytest.approx(0.9 * fees[0], rel=1e-9)
    assert usd(sla, "SLA credit", "net.operators", "users") == pytest.approx(0.1 * usd(none, "payment"), rel=1e-9)
    assert usd(sla, "users' funds", "users", "outside") == usd(sla, "SLA credit")
    assert set(sla.residuals.values()) == {0}


def test_the_protocol_takes_its_part_of_what_users_pay_in_the_end() -> None:
    # Of 100: 10 back, the protocol a fifth of 90, operators 72.
    run = settled(CROWDED, sla=SLA, take_rate="20 %")
    taken, paid, back = usd(run, "take"), usd(run, "payment"), usd(run, "SLA credit")
    assert (taken, paid - back) == (pytest.approx(18 / 10 * back, rel=1e-6), pytest.approx(72 / 10 * back, rel=1e-6))


def test_an_invoice_that_is_given_back_whole_leaves_nothing_to_anybody() -> None:
    run = settled(CROWDED, sla={**SLA, "credit": "100 %"}, take_rate="20 %")
    assert usd(run, "SLA credit") == usd(run, "payment") > 0
    assert usd(run, "take") == 0
    assert last(run, "net.revenue_usd_per_day") == 0
    assert set(run.residuals.values()) == {0}


def test_a_kept_promise_costs_nothing() -> None:
    none, sla = settled(PAID), settled(PAID, sla=SLA)
    given_back = sla.series.pop("net.sla_credit_usd_per_day")
    assert given_back == [0.0] * 4
    assert sla.series == none.series
    assert sla.flows == none.flows
    assert "net.sla_credit_usd_per_day" not in none.outcomes
    assert (
        none.unsupported["net.sla_credit_usd_per_day"] == "nothing is given back there: the network has no `settle.sla`"
    )


@pytest.mark.parametrize("make", [None, "10 %"])
def test_a_credit_moves_surplus_from_operators_to_users_and_none_away(make: str | None) -> None:
    answering = {**CROWDED, "workload.chat.demand": {"kind": "isoelastic", "elasticity": -1.2, "choke": "9 USD/Mtok"}}
    top = {} if make is None else {"make_rate": make}
    none, sla = settled(answering, **top), settled(answering, **top, sla=SLA)
    back = last(sla, "net.sla_credit_usd_per_day")
    assert back > 0

    def more(outcome: str) -> float:
        return last(sla, outcome) - last(none, outcome)

    # What is paid on top is a tenth of what users pay in the end: of what they get back, they spare it.
    spared = back * (1.1 if make else 1.0)
    assert more("world.consumer_surplus_usd_per_day") == pytest.approx(spared, rel=1e-6)
    assert more("net.operator_surplus_usd_per_day") == pytest.approx(-back, rel=1e-6)
    assert more("world.total_surplus_usd_per_day") == pytest.approx(0.0, abs=1e-6)


def test_only_epochs_in_which_it_was_broken_are_credited() -> None:
    # From the third week on there are users enough to crowd the network.
    growth = {"kind": "steps", "factors": {"2026-01-15": 200}}
    run = settled({**PAID, "workload.chat.growth": growth}, sla=SLA)
    given_back, revenue = run.series["net.sla_credit_usd_per_day"], run.series["net.revenue_usd_per_day"]
    assert given_back[:2] == [0.0, 0.0]
    assert given_back[2:] == [pytest.approx(value / 9, rel=1e-6) for value in revenue[2:] if value is not None]


@pytest.mark.parametrize(
    ("price", "settle", "message"),
    [
        ({"pay": "coin"}, {}, "networks.net.settle: `sla` found, but users pay in coins"),
        ({}, {"via": {"kind": "batch"}}, "networks.net.settle: `sla` found beside `via: batch`"),
    ],
)
def test_credits_are_for_what_is_paid_in_dollars_by_invoice(
    price: dict[str, Any], settle: dict[str, Any], message: str
) -> None:
    with pytest.raises(ScenarioError, match=message):
        case(
            {
                **PAID,
                "networks.net.price": {**PRICED, "pay": "usd", **price},
                "networks.net.settle": {"sla": SLA, **settle},
            }
        )


def test_credits_are_simulated_by_the_interpreted_economy() -> None:
    spec = case({**PAID, "networks.net.settle": {"sla": SLA}}).before
    assert "networks.net.settle.sla: simulated by the interpreted economy" in obstacles(spec)


@pytest.mark.parametrize("requests", [{"mode": "sampled", "window": "10 s", "per_epoch": 1}, {"mode": "all"}])
def test_requests_that_are_served_one_by_one_count_with_their_own_fates(requests: dict[str, Any]) -> None:
    # Three cards, each up a seventh of the time: many a user finds none that answers in time.
    failing = {
        **PAID,
        "requests": requests,
        "horizon": "2 h",
        "epoch": "1 h",
        f"{HOME}.nodes": 3,
        f"{HOME}.up_time": "10 min",
        f"{HOME}.repair": "1 h",
        "workload.chat.patience": {"kind": "constant", "mean": "5 s"},
    }
    run = settled(failing, sla=SLA)
    unmet, back = run.series["net.unmet_frac"], run.series["net.sla_credit_usd_per_day"]
    due = [value is not None and value > 0.001 for value in unmet]
    assert any(due)
    revenue = run.series["net.revenue_usd_per_day"]
    for owes, credit, paid in zip(due, back, revenue, strict=True):
        assert credit == pytest.approx((paid or 0.0) / 9 if owes else 0.0, rel=1e-6)
    assert set(run.residuals.values()) == {0}


def test_what_is_on_its_way_when_the_run_ends_broke_no_promise() -> None:
    # Two nodes that keep up with 2 requests a second, of which some are under way at any time.
    run = settled(
        {
            **PAID,
            "requests": {"mode": "all"},
            "horizon": "30 min",
            "epoch": "10 min",
            f"{HOME}.nodes": 4,
            f"{HOME}.up_time": "1000 year",
        },
        sla={**SLA, "below": "99 %"},
    )
    assert run.counts["in_flight"] > 0.01 * run.counts["measured_requests"] / 3
    assert run.series["net.sla_credit_usd_per_day"] == [0.0, 0.0, 0.0]
