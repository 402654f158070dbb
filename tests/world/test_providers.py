"""Providers with prices of their own, and a registry that says from when until when they serve, in whole runs."""

from __future__ import annotations

import datetime
import json
from typing import Any

import numpy as np
import pytest

from sim.errors import ScenarioError
from sim.records.run import RunRecord
from sim.scenario.knobs import knob_of_hold
from sim.scenario.obstacles import obstacles
from sim.scenario.scenario import ResolvedCase
from sim.world.people import Owners
from sim.world.run import World
from tests.world import small
from tests.world.small import BASE, CLOUD, LOGIT, last

pytestmark = pytest.mark.compiled

TEN: dict[str, Any] = {**BASE["networks"]["net"]["operators"]["home"], "nodes": 10, "max_nodes": 10, "decides": "fixed"}
FREE = {"input": "0 USD/Mtok", "output": "0 USD/Mtok"}
PRICE = "networks.net.price"
FARM = "networks.net.operators.farm"


def priced(home: dict[str, str], farm: dict[str, str], **keys: Any) -> dict[str, Any]:
    return {
        "kind": "by_provider",
        "lists": {"home": {**FREE, **home}, "farm": {**FREE, **farm}},
        "pay": "usd",
        **keys,
    }


CALLS = priced({"request": "0.001 USD"}, {"request": "0.002 USD"})
TWO: dict[str, Any] = {
    "horizon": "4 week",
    "networks.net.operators": {"home": TEN, "farm": TEN},
    PRICE: CALLS,
}
"""Ten nodes of home, which asks 0.001 USD a call, and ten of farm, which asks twice as much; 2 calls a second."""
A_DAY = 2 * 86_400
"""Calls."""
ALL: dict[str, Any] = {"requests": {"mode": "all"}, "epoch": "5 min", "horizon": "15 min"}
WINDOWS: dict[str, Any] = {"requests": {"mode": "sampled", "window": "5 min"}, "epoch": "1 h", "horizon": "3 h"}


def case(changes: dict[str, Any], policies: dict[str, Any] | None = None, policy: str = "base") -> ResolvedCase:
    """The small world with changes, of which none reaches another test."""
    return small.case(json.loads(json.dumps(changes)), policies, policy)


def play(changes: dict[str, Any], policies: dict[str, Any] | None = None, policy: str = "base") -> RunRecord:
    return World(case(changes, policies, policy), 0, "fast").run()


def played(changes: dict[str, Any] | None = None) -> World:
    made = World(case({**TWO, **(changes or {})}), 0, "fast")
    made.run()
    return made


def owners_of(made: World) -> tuple[Owners, Owners]:
    """Home and farm."""
    by_name = {owners.name: owners for owners in made.networks[0].owners}
    return by_name["home"], by_name["farm"]


def output_tokens(made: World) -> tuple[float, float]:
    """What home and farm wrote in the last epoch, as far as it was measured."""
    network = made.networks[0]
    done = {o.name: float(network.work[span, 1].sum()) for o, span in zip(network.owners, network.spans, strict=True)}
    return done["home"], done["farm"]


def fees_usd(made: World) -> dict[str, float]:
    """What each class earned of users in the last epoch."""
    network = made.networks[0]
    return {o.name: float(network.last_fees[span].sum()) for o, span in zip(network.owners, network.spans, strict=True)}


# -- prices ---------------------------------------------------------------------------------------------------


def test_each_class_is_paid_its_own_price_for_its_part_of_the_work() -> None:
    # Half of a week's calls each.
    fees = fees_usd(played())
    assert fees["home"] == pytest.approx(7 * A_DAY / 2 * 0.001, rel=1e-9)
    assert fees["farm"] == pytest.approx(7 * A_DAY / 2 * 0.002, rel=1e-9)


def test_users_pay_the_sum_of_what_providers_are_owed() -> None:
    run = play(TWO)
    assert last(run, "net.revenue_usd_per_day") == pytest.approx(A_DAY * 0.0015, rel=1e-9)
    assert set(run.residuals.values()) == {0}
    mtok = last(run, "net.served_mtok")
    assert last(run, "net.price_paid_usd_per_mtok") == pytest.approx(A_DAY * 0.0015 / mtok, rel=1e-9)


@pytest.mark.parametrize("pay", ["usd", "coin"])
def test_invoices_sum_to_what_users_pay_to_the_base_unit(pay: str) -> None:
    odd = priced({"request": "0.001000000301 USD"}, {"request": "0.002000000777 USD"}, pay=pay)
    made = World(case({**TWO, "horizon": "1 week", "epoch": "1 week", PRICE: odd}), 0, "fast")
    record = made.run()
    # 1,209,600 calls are 60,480 of each of 20 nodes; a node's rest stays on its meter in thousandths of a nano-dollar.
    each = {"home": 60_480 * 1_000_000_301, "farm": 60_480 * 2_000_000_777}
    whole = 10 * sum(owed // 1000 for owed in each.values())
    paid = sum(row.amount for row in record.flows if row.reason == "payment")
    assert paid == whole
    assert int(made.networks[0].meter.rest.sum()) == 10 * sum(owed % 1000 for owed in each.values())


@pytest.mark.parametrize("part", ["input", "output", "request", "cached"])
def test_a_list_that_all_ask_is_a_posted_price(part: str) -> None:
    own = {"request": "0.001 USD"} if part == "request" else {part: "0.3 USD/Mtok"}
    if part == "cached":
        own = {"input": "0.3 USD/Mtok", "cached": "10 %"}
    cached = {"workload.chat.cached_tokens": {"kind": "share", "share": "40 %"}}
    one = play({**TWO, **cached, PRICE: {"kind": "posted", **FREE, **own, "pay": "usd"}})
    each = play({**TWO, **cached, PRICE: priced(own, own)})
    assert last(each, "net.revenue_usd_per_day") == last(one, "net.revenue_usd_per_day") > 0
    # The same list of one of two equal classes: half of it.
    half = play({**TWO, **cached, PRICE: priced(own, {})})
    assert last(half, "net.revenue_usd_per_day") == pytest.approx(last(one, "net.revenue_usd_per_day") / 2, rel=1e-5)


def test_users_see_the_mean_of_what_providers_ask_by_their_part_of_the_work() -> None:
    def seen(home: int, farm: int) -> float:
        owners = {"home": {**TEN, "nodes": home}, "farm": {**TEN, "nodes": farm}}
        return World(case({**TWO, "networks.net.operators": owners}), 0, "fast").prices(0)[0].request

    assert seen(10, 10) == pytest.approx(0.0015)
    # 3 of 4 nodes ask 0.001: (3 x 1 + 1 x 2) / 4.
    assert seen(9, 3) == pytest.approx(0.00125)


def test_where_requests_are_simulated_users_see_the_work_that_was_measured() -> None:
    made = played(ALL)
    home, farm = output_tokens(made)
    assert home != farm > 0
    assert made.networks[0].look(0).request / 1e12 == pytest.approx(
        (home * 0.001 + farm * 0.002) / (home + farm), rel=1e-6
    )


def test_coins_of_users_reach_providers_by_what_each_is_owed() -> None:
    fees = fees_usd(played({PRICE: {**CALLS, "pay": "coin"}}))
    assert fees["farm"] == pytest.approx(2 * fees["home"], rel=1e-6)


def test_channels_keep_what_each_provider_is_owed() -> None:
    channel = {"via": {"kind": "channel", "gas": "0 USD", "asleep": "0 %"}}
    made = played({PRICE: {**CALLS, "pay": "coin"}, "networks.net.settle": channel, "horizon": "8 week"})
    record_fees = fees_usd(made)
    assert record_fees["farm"] == pytest.approx(2 * record_fees["home"], rel=0.02)


def test_owners_of_a_dearer_class_expect_more_from_the_start_on() -> None:
    world = World(case(TWO), 0, "fast")
    world.start()
    home, farm = owners_of(world)
    # Half of 172,800 calls a day over ten nodes.
    assert home.fee_usd_per_node_day == pytest.approx(8.64, rel=1e-6)
    assert farm.fee_usd_per_node_day == pytest.approx(17.28, rel=1e-6)


def test_a_settled_start_knows_each_class_by_its_own_income() -> None:
    owners = {name: {**TEN, "decides": "free_entry", "max_nodes": 100} for name in ("home", "farm")}
    world = World(case({**TWO, "initial": "steady", "networks.net.operators": owners}), 0, "fast")
    world.start()
    home, farm = owners_of(world)
    assert home.live == farm.live > 0
    assert farm.fee_usd_per_node_day == pytest.approx(2 * home.fee_usd_per_node_day, rel=1e-9)
    # Operators together earn their full cost; what one class has more, the other has less.
    assert home.hurdle_usd_per_day + farm.hurdle_usd_per_day == pytest.approx(0, abs=0.1)
    dearer = farm.fee_usd_per_node_day - home.fee_usd_per_node_day
    assert farm.hurdle_usd_per_day - home.hurdle_usd_per_day == pytest.approx(dearer, rel=1e-9)
    assert dearer > 1


def test_dear_providers_lose_users_who_see_their_price() -> None:
    changes = {**TWO, "networks.cloud": CLOUD, "workload.chat.demand": LOGIT}
    dated = priced({"request": "0.001 USD"}, {"request": {"2026-01-01": "0.001 USD", "2026-01-15": "0.005 USD"}})
    calm, dear = (
        play({**changes, PRICE: priced({"request": "0.001 USD"}, {"request": "0.001 USD"})}),
        play({**changes, PRICE: dated}),
    )
    share = "net.share_frac"
    assert dear.series[share][1] == calm.series[share][1]
    assert last(dear, share) < last(calm, share)


def test_policies_may_differ_in_what_one_provider_asks() -> None:
    dear = {"dear": {"networks.net.price.lists.farm.request": "0.004 USD"}}
    base, other = (play(TWO, dear, policy) for policy in ("base", "dear"))
    # (1 + 4) / (1 + 2).
    revenue = "net.revenue_usd_per_day"
    assert last(other, revenue) == pytest.approx(5 / 3 * last(base, revenue), rel=1e-9)


def test_a_shock_to_the_price_makes_every_provider_dearer() -> None:
    shock = {"target": "networks.net.price", "at": "2 week", "lasts": "1 week", "by": "50 %"}
    run = play({**TWO, "shocks": [shock]})
    revenue = run.series["net.revenue_usd_per_day"]
    assert revenue == pytest.approx([A_DAY * usd for usd in (0.0015, 0.0015, 0.00225, 0.0015)], rel=1e-9)


def test_a_price_that_is_held_equal_is_turned_for_all_providers() -> None:
    found = knob_of_hold("user_price", "net", case(TWO).before.networks["net"])
    assert found is not None
    head = "networks.net.price.lists"
    assert found.paths == tuple(
        f"{head}.{name}.{key}" for name in ("home", "farm") for key in ("input", "output", "request")
    )


def test_the_interpreted_economy_runs_prices_by_provider_and_listings() -> None:
    found = obstacles(case({**TWO, f"{FARM}.listed_from": "2026-01-10"}).before)
    assert any("price: kind by_provider" in text for text in found)
    assert "networks.net.operators.farm.listed_from: simulated by the interpreted economy" in found
    assert play(TWO).to_json() == play(TWO).to_json()


# -- routers --------------------------------------------------------------------------------------------------

SERVED: dict[str, Any] = {
    "workload.chat.rate": "4 /s",
    "networks.net.operators": {name: {**TEN, "nodes": 4, "up_time": "1000 year"} for name in ("home", "farm")},
    "networks.net.router": {"kind": "price_weighted"},
}


@pytest.mark.parametrize("mode", [ALL, WINDOWS])
def test_a_router_without_prices_takes_what_providers_ask(mode: dict[str, Any]) -> None:
    # Half of the price, four times the share; about 1,200 requests, 1 in 5 to farm: 6 % of standard error, more since answers differ.
    home, farm = output_tokens(played({**SERVED, **mode}))
    assert home / farm == pytest.approx(4.0, rel=0.35)
    own = {"kind": "price_weighted", "prices": {"home": "2 USD/Mtok", "farm": "1 USD/Mtok"}}
    home, farm = output_tokens(played({**SERVED, **mode, "networks.net.router": own}))
    assert farm / home == pytest.approx(4.0, rel=0.35)


@pytest.mark.parametrize(("mode", "begins"), [(ALL, "5 min"), (WINDOWS, "1 h")])
def test_the_router_follows_prices_that_change(mode: dict[str, Any], begins: str) -> None:
    swapped = {"swapped": {PRICE: priced({"request": "0.002 USD"}, {"request": "0.001 USD"})}}
    made = World(case({**TWO, **SERVED, **mode, "policies_from": begins}, swapped, "swapped"), 0, "fast")
    made.run()
    home, farm = output_tokens(made)
    assert farm / home == pytest.approx(4.0, rel=0.35)


# -- the registry ---------------------------------------------------------------------------------------------

LISTED = {f"{FARM}.listed_from": "2026-01-13", f"{FARM}.listed_until": "2026-02-05", "horizon": "8 week"}
"""Farm: from the epoch that begins on 15 January on, until the one that begins on 5 February."""


def test_a_class_serves_from_the_first_epoch_after_its_listing_until_it_ends() -> None:
    run = play({**TWO, **LISTED})
    assert run.series["net.nodes"] == [10, 10, 20, 20, 20, 10, 10, 10]
    assert set(run.residuals.values()) == {0}
    # Nobody pays 0.002 before or after.
    revenue = [A_DAY * usd for usd in (0.001, 0.001, 0.0015, 0.0015, 0.0015, 0.001, 0.001, 0.001)]
    assert run.series["net.revenue_usd_per_day"] == pytest.approx(revenue, rel=1e-9)
    # Ten come and ten go once; a year has 365.25 / 7 epochs of a week.
    assert [round(value / 365.25 * 7) for value in run.series["net.entries"] if value is not None] == [
        0,
        0,
        10,
        0,
        0,
        0,
        0,
        0,
    ]
    assert [round(value / 365.25 * 7) for value in run.series["net.exits"] if value is not None] == [
        0,
        0,
        0,
        0,
        0,
        10,
        0,
        0,
    ]


def test_users_do_not_see_the_price_of_who_is_not_listed() -> None:
    world = World(case({**TWO, **LISTED}), 0, "fast")
    assert world.prices(0)[0].request == pytest.approx(0.001)
    world.run()
    assert world.prices(0)[0].request == pytest.approx(0.001)
    _, farm = owners_of(world)
    assert (farm.live, farm.listed_at(0), farm.waiting) == (0, False, 10)


def test_a_class_that_comes_shares_what_is_paid_by_its_own_price_at_once() -> None:
    fees = fees_usd(played({f"{FARM}.listed_from": "2026-01-15"}))
    assert fees["farm"] == pytest.approx(2 * fees["home"], rel=1e-9)
    before = fees_usd(played({f"{FARM}.listed_from": "2026-01-15", "horizon": "2 week"}))
    assert before["farm"] == 0 < before["home"]


@pytest.mark.parametrize("mode", [ALL, WINDOWS])
def test_requests_go_to_listed_classes_alone(mode: dict[str, Any]) -> None:
    changes = {**mode, "epoch": "1 day", "workload.chat.rate": "0.05 /s"}
    changes |= {f"{FARM}.listed_from": "2026-01-02", f"{FARM}.listed_until": "2026-01-03"}
    worked = [output_tokens(played({**changes, "horizon": f"{days} day"})) for days in (1, 2, 3)]
    assert [farm > 0 for _, farm in worked] == [False, True, False]
    assert all(home > 0 for home, _ in worked)


def test_an_owner_who_left_the_registry_orders_nothing_and_gets_nothing_that_is_on_its_way() -> None:
    # Farm earns well above its cost, and orders with a lead of ten weeks.
    eager = {**TEN, "decides": "free_entry", "max_nodes": 100, "lead": "10 week", "listed_until": "2026-02-05"}
    run = play(
        {
            **TWO,
            "networks.net.operators": {"home": TEN, "farm": eager},
            "horizon": "20 week",
            PRICE: priced({}, {"request": "0.05 USD"}),
        }
    )
    assert run.series["net.nodes"] == [20] * 5 + [10] * 15


def test_a_policy_may_list_a_provider_later() -> None:
    late = {"late": {f"{FARM}.listed_from": "2026-01-15"}}
    base, other = (play(TWO, late, policy) for policy in ("base", "late"))
    assert base.series["net.nodes"] == [20, 20, 20, 20]
    assert other.series["net.nodes"] == [10, 10, 20, 20]


def test_stake_is_bought_at_the_listing_and_comes_back_after_it() -> None:
    stake = {"kind": "fixed", "amount": "100 TOK", "unbonding": "0 day"}
    run = play({**TWO, **LISTED, "networks.net.stake": stake, PRICE: {**CALLS, "pay": "coin"}})
    assert run.series["net.stake_coin"] == pytest.approx([1000, 1000, 2000, 2000, 2000, 1000, 1000, 1000], rel=1e-9)


def test_an_entrant_of_another_class_counts_whoever_is_listed_now() -> None:
    world = World(
        case(
            {
                **TWO,
                f"{FARM}.listed_from": "2026-01-15",
                "initial": "steady",
                "networks.net.operators.home": {**TEN, "decides": "free_entry", "max_nodes": 100},
            }
        ),
        0,
        "fast",
    )
    world.start()
    home, farm = owners_of(world)
    # 172.8 USD a day of calls at 0.001, and 49 of emission: 92 nodes of 2.4 USD a day; those of farm wait, and are as many by scale.
    assert home.live == round((172.8 + 49) / 2.4)
    assert (farm.live, farm.waiting) == (0, 10)


# -- what is refused ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {PRICE: {"kind": "by_provider", "lists": {"home": FREE}}},
            "`farm` is missing: each class of operators asks its own price",
        ),
        (
            {PRICE: {"kind": "by_provider", "lists": {"home": FREE, "farm": FREE, "fram": FREE}}},
            "there is no class of operators `fram`",
        ),
        (
            {
                PRICE: {
                    "kind": "by_provider",
                    "lists": {"home": FREE, "farm": {"input": "1 TOK/Mtok", "output": "1 TOK/Mtok"}},
                }
            },
            "prices in TOK and USD found; providers ask in one currency",
        ),
        ({PRICE: priced({}, {"pay": "coin"})}, "`pay` found at `farm`; all providers are paid alike"),
        ({PRICE: priced({}, {"batch": "50 %"})}, "`batch` found at `farm`; batch requests pay what all others do"),
        (
            {PRICE: {"kind": "posted", **FREE}, "networks.net.router": {"kind": "price_weighted"}},
            "`prices` is missing: under `price.kind: posted` no class asks a price of its own",
        ),
        (
            {PRICE: priced({}, {"request": "1 USD"}), "networks.net.router": {"kind": "price_weighted"}},
            "everything of `home` is free",
        ),
        (
            {f"{FARM}.strategies": {"dealer": {"kind": "self_dealing", "share": "10 %"}}},
            "`farm` deals with itself, which is simulated at one price for all",
        ),
        (
            {f"{FARM}.listed_from": "2026-03-01", f"{FARM}.listed_until": "2026-02-01"},
            "2026-02-01 found; must be after `listed_from`",
        ),
        (
            {f"{FARM}.listed_from": "2026-03-01", "networks.net.operators.home": {**TEN, "listed_until": "2025-12-01"}},
            "nobody is listed on 2026-01-01, the first day",
        ),
        ({f"{FARM}.listed_from": "soon"}, "'soon' is not a date"),
    ],
)
def test_providers_and_listings_that_cannot_be_are_refused(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ScenarioError, match=told):
        case({**TWO, **changes})


def test_machines_of_several_networks_are_listed_for_good() -> None:
    owners = {
        "home": {
            **TEN,
            "decides": "free_entry",
            "listed_from": "2026-02-01",
            "register_in": {"other": {"fee": "0 USD"}},
        },
        "farm": TEN,
    }
    other = {**BASE["networks"]["net"], "coin": {"ticker": "OTH", "decimals": 9, "supply": "1 MOTH"}}
    other |= {"supply": {"kind": "flow", "initial": "1 OTH/day"}, "market": {"kind": "path", "start": "1 USD/OTH"}}
    other |= {"operators": {"home": {**TEN, "decides": "free_entry"}}}
    with pytest.raises(ScenarioError, match="nodes that may work in several networks are listed for good"):
        case({**TWO, "networks.net.operators": owners, "networks.other": other})


def test_a_listing_says_what_it_means_at_its_ends() -> None:
    block = case({**TWO, **LISTED}).before.networks["net"].operators["farm"]
    days = [
        datetime.date(2026, 1, 12),
        datetime.date(2026, 1, 13),
        datetime.date(2026, 2, 4),
        datetime.date(2026, 2, 5),
    ]
    assert [block.listed_on(day) for day in days] == [False, True, True, False]
    assert np.all([case(TWO).before.networks["net"].operators["farm"].listed_on(day) for day in days])


def test_providers_of_one_network_serve_one_model() -> None:
    big = {**TWO, "networks.net.operators": {"home": TEN, "farm": {**TEN, "gpu": "h100_sxm", "model": "qwen3-32b"}}}
    chat = BASE["workload"]["chat"]
    both = {
        **big,
        "workload": {"chat": chat, "hard": {**chat, "model": "qwen3-32b"}},
        "networks.net.operators.home.model": "llama-3.1-8b",
    }
    with pytest.raises(ScenarioError, match=r"classes serve llama-3.1-8b, qwen3-32b; users see one mean price"):
        case(both)


def test_a_shock_that_makes_prices_free_leaves_the_router_shares() -> None:
    weighed = {"networks.net.router": {"kind": "price_weighted"}, **ALL, "workload.chat.rate": "1 /s"}
    shock = {"target": "networks.net.price", "at": "5 min", "by": "-100 %", "lasts": "5 min"}
    run = play({**TWO, **weighed, "shocks": [shock]})
    assert run.series["net.revenue_usd_per_day"][1] == 0  # type: ignore[index]
    assert min(run.series["net.served_mtok"]) > 0  # type: ignore[type-var]
