"""Prices that move in whole runs: within an epoch, against users who answer, and what is charged apart."""

from __future__ import annotations

from typing import Any

import pytest

from sim.errors import ScenarioError
from sim.records.run import RunRecord
from sim.scenario.obstacles import obstacles
from tests.world.small import CLOUD, HOME, LOGIT, PRICED, case, last, play, scenario

pytestmark = pytest.mark.compiled

TICKING = {"kind": "utilization", "start": "0.1 USD/Mtok", "ceiling": "50 USD/Mtok", "pay": "coin"}
CROWDED: dict[str, Any] = {
    "horizon": "8 week",
    f"{HOME}.nodes": 2,
    f"{HOME}.decides": "fixed",
    "networks.net.price": TICKING,
    "networks.cloud": CLOUD,
    "workload.chat.demand": {**LOGIT, "start": {"net": "60 %", "cloud": "40 %"}},
}
"""Two cards, users who can go elsewhere."""


def paid_usd_per_mtok(run: RunRecord) -> float:
    return last(run, "net.price_paid_usd_per_mtok")


def load(rate: str) -> RunRecord:
    return play({**CROWDED, "workload.chat.rate": rate})


def test_users_and_price_answer_each_other_until_the_network_is_in_its_zone() -> None:
    # A rising price drives users away until the load is at the zone's upper end; a falling one brings them back.
    busy = load("60 /s")
    capacity = sum(row["capacity_rps_per_node"] * row["nodes"] for row in busy.operators if row["network"] == "net")
    assert paid_usd_per_mtok(busy) > 0.1
    assert last(busy, "net.demand_rps") / capacity == pytest.approx(0.6, abs=0.02)
    empty = load("3 /s")
    assert paid_usd_per_mtok(empty) < 0.1
    assert last(empty, "net.share_frac") > last(busy, "net.share_frac")


def test_a_price_inside_its_zone_stands_still() -> None:
    wide = {**CROWDED, "networks.net.price": {**TICKING, "low": "0 %", "high": "100 %"}}
    assert paid_usd_per_mtok(play({**wide, "workload.chat.rate": "5 /s"})) == pytest.approx(0.1, rel=1e-6)


def test_the_length_of_the_epoch_does_not_matter_to_a_settled_price() -> None:
    week, day = (
        paid_usd_per_mtok(play({**CROWDED, "workload.chat.rate": "60 /s", "epoch": e})) for e in ("1 week", "1 day")
    )
    assert week == pytest.approx(day, rel=0.01)


def test_a_first_epoch_pays_the_mean_of_its_ticks() -> None:
    # The price falls to where the load is 40 %, by at most 2 % at each of an hour's twelve ticks, and stays there.
    slow = {**TICKING, "tick": "5 min"}
    short = {**CROWDED, "epoch": "1 h", "horizon": "8 h", "workload.chat.rate": "3 /s", "networks.net.price": slow}
    paid = [value for value in play(short).series["net.price_paid_usd_per_mtok"] if value is not None]
    assert 0.1 > paid[0] > paid[1] > paid[-1]
    assert paid[-1] == pytest.approx(paid[-2], rel=0.01)


def test_a_cached_token_costs_its_own_price() -> None:
    fixed = {"horizon": "4 week", f"{HOME}.decides": "fixed"}

    def revenue(cached: str, price: dict[str, Any]) -> float:
        law = {"workload.chat.cached_tokens": {"kind": "share", "share": cached}}
        return last(play({**fixed, **law, "networks.net.price": price}), "net.revenue_usd_per_day")

    even = {"kind": "posted", "input": "0.1 USD/Mtok", "output": "0 USD/Mtok", "pay": "coin"}
    full = revenue("40 %", even)
    assert revenue("0 %", {**even, "cached": "10 %"}) == pytest.approx(full, rel=1e-6)
    # 60 % of prompt tokens at full price and 40 % at a tenth.
    assert revenue("40 %", {**even, "cached": "10 %"}) == pytest.approx(0.64 * full, rel=1e-4)


JOBS: dict[str, Any] = {
    "extends": "chat_steady",
    "model": "llama-3.1-8b",
    "rate": "1 /s",
    "demand": {"kind": "fixed", "network": "net"},
    "batch": True,
}
BATCH: dict[str, Any] = {"horizon": "4 week", f"{HOME}.decides": "fixed", "workload.jobs": JOBS}
"""One batch request a second beside the two of the chat class, all of one kind of lengths."""


def test_batch_requests_pay_their_part_of_the_list() -> None:
    def revenue(batch: str | None, whose: bool = True) -> float:
        price = PRICED if batch is None else {**PRICED, "request": "0.001 USD", "cached": "50 %", "batch": batch}
        cached = {"cached_tokens": {"kind": "share", "share": "40 %"}} if batch else {}
        found = play({**BATCH, "workload.jobs": {**JOBS, "batch": whose, **cached}, "networks.net.price": price})
        assert set(found.residuals.values()) == {0}
        return last(found, "net.revenue_usd_per_day")

    full, half, nothing = revenue("100 %"), revenue("50 %"), revenue("0 %")
    # Without what batch users pay there is left what the chat class pays, two thirds of the requests; half of it lies in the middle.
    assert full - half == pytest.approx(half - nothing, rel=1e-6)
    assert full > half > nothing > 0
    # Who is no batch class pays the list, and batch classes pay it where there is no price for batch use.
    assert revenue("50 %", whose=False) == full
    assert revenue(None) == revenue(None, whose=False)


def test_half_the_price_for_a_third_of_the_requests_is_a_sixth_less() -> None:
    full, half = (
        last(play({**BATCH, "networks.net.price": {**PRICED, "batch": part}}), "net.revenue_usd_per_day")
        for part in ("100 %", "50 %")
    )
    assert half == pytest.approx(5 / 6 * full, rel=1e-5)


def test_batch_users_see_what_they_pay() -> None:
    # Of one kind but for the door: at half the price batch users of an elasticity of -1.2 and no other network buy 2 to the 1.2 as much.
    demand = {"kind": "isoelastic", "elasticity": -1.2, "choke": "9 USD/Mtok", "network": "net"}
    base = {
        **BATCH,
        "workload.jobs": {**JOBS, "demand": demand},
        "networks.net.price": PRICED,
        "requests": {"mode": "capacity", "headroom": 4},
    }
    run = play(base, {"cheap": {"networks.net.price.batch": "50 %"}}, "cheap")
    as_now = play(base)
    more = last(run, "net.demand_rps") - last(as_now, "net.demand_rps")
    assert more == pytest.approx(2**1.2 - 1, rel=1e-3)
    # 3 requests a second at the list; 2 at the list and 2.3 at half of it.
    paid = last(run, "net.revenue_usd_per_day") / last(as_now, "net.revenue_usd_per_day")
    assert paid == pytest.approx((2 + 2**1.2 / 2) / 3, rel=1e-3)


def test_a_discount_for_batch_users_is_simulated_by_the_interpreted_economy_where_there_are_any() -> None:
    def found(**more: Any) -> list[str]:
        return obstacles(case({**BATCH, "networks.net.price": {**PRICED, "batch": "50 %"}, **more}).before)

    assert found() == ["workload.jobs.batch: simulated by the interpreted economy"]
    assert found(**{"workload.jobs": {**JOBS, "batch": False}}) == []
    assert found(**{"networks.net.price": PRICED}) == []


def test_a_call_costs_its_own_price() -> None:
    price = {"kind": "posted", "input": "0 USD/Mtok", "output": "0 USD/Mtok", "request": "0.001 USD", "pay": "coin"}
    run = play({"horizon": "4 week", f"{HOME}.decides": "fixed", "networks.net.price": price})
    # 2 requests/s, all served.
    assert last(run, "net.revenue_usd_per_day") == pytest.approx(2 * 86_400 * 0.001, rel=1e-3)


@pytest.mark.parametrize(
    "price",
    [
        {"kind": "cost_plus", "gpus": 4, "markup": "30 %"},
        {"kind": "reverse_auction", "highest": "3 USD/h", "pays": "marginal"},
        {"kind": "provider_linear", "hour": "1 USD/h", "request": "0.0001 USD", "fee": "5 %"},
        {"kind": "oracle_usd", "ticker": "TOK", "input": "0.1 USD/Mtok", "output": "0.2 USD/Mtok"},
        TICKING,
    ],
)
def test_every_kind_settles_with_a_balanced_ledger(price: dict[str, Any]) -> None:
    run = play(
        {"horizon": "6 week", "networks.net.price": price, "networks.cloud": CLOUD, "workload.chat.demand": LOGIT}
    )
    assert set(run.residuals.values()) == {0}
    assert last(run, "net.revenue_usd_per_day") > 0


def test_an_ask_for_one_class_of_nodes_is_an_ask_for_what_such_a_node_serves() -> None:
    ask = {"kind": "provider_linear", "hour": "1 USD/h"}
    small = {
        "nodes": 20,
        "gpu": "rtx_4090",
        "hosting": "0.1 USD/h",
        "electricity": "0 USD/kWh",
        "capex": "0 USD",
        "decides": "fixed",
    }
    large = {**small, "nodes": 2, "gpu": "h100_sxm"}
    alone, among, mean = (
        play({"horizon": "4 week", "networks.net.operators": owners, "networks.net.price": price})
        for owners, price in (
            ({"farm": large}, ask),
            ({"farm": large, "home": small}, {**ask, "of": "farm"}),
            ({"farm": large, "home": small}, ask),
        )
    )
    prices = [last(run, "net.price_paid_usd_per_mtok") for run in (alone, among, mean)]
    assert prices[0] == pytest.approx(prices[1], rel=1e-9)
    # A mean node of the two classes serves less, so that an hour of it is dearer by the token.
    assert prices[2] > 1.5 * prices[0]


def test_an_ask_for_a_class_that_is_not_there_is_refused() -> None:
    price = {"kind": "provider_linear", "hour": "1 USD/h", "of": "hoem"}
    with pytest.raises(ScenarioError, match=r"there is no class of operators `hoem`.*home"):
        case({"networks.net.price": price})


def test_a_price_list_alone_is_what_it_was() -> None:
    both = [play({"horizon": "4 week", "networks.net.price": {**PRICED, **more}}) for more in ({}, {"cached": "100 %"})]
    assert both[0].series == both[1].series


def test_a_batch_class_that_no_network_has_a_price_for_is_told() -> None:
    def told(price: dict[str, Any], policies: dict[str, Any] | None = None) -> bool:
        found = scenario({**BATCH, "networks.net.price": price}, policies).notices
        return any("`workload.jobs.batch` has no effect: no network has a `price.batch`" in note for note in found)

    assert told(PRICED)
    assert not told({**PRICED, "batch": "50 %"})
    assert not told(PRICED, {"half": {"networks.net.price.batch": "50 %"}})
