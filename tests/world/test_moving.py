"""Owners who are registered in several networks: where their nodes work, what a move costs, and that it is decided as documented."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.errors import ScenarioError
from sim.scenario.obstacles import obstacles
from sim.tokenomics.operators import OUT
from sim.tokenomics.operators.registration import Registration
from sim.units import DAY_S, PS_PER_S
from sim.world.run import World
from tests.world.small import HOME, NODE_USD_PER_DAY, case, coin_network, play

OTHER_HOME = "networks.other.operators.home"
STILL = {f"{HOME}.entry_speed": "0 /week", f"{OTHER_HOME}.entry_speed": "0 /week"}
"""Nobody buys hardware: what moves are owners."""


def two(per_day: int = 98, fee: str = "5 USD", both_ways: bool = True) -> dict[str, Any]:
    changes = {
        "networks.other": coin_network("OTH", per_day),
        f"{HOME}.register_in": {"other": {"fee": fee}},
        "horizon": "30 week",
        **STILL,
    }
    if both_ways:
        changes[f"{OTHER_HOME}.register_in"] = {"net": {"fee": fee}}
    return changes


@pytest.mark.compiled
def test_machines_divide_as_what_networks_pay() -> None:
    # 49 and 98 USD a day for 20 machines that cost the same anywhere: one third and two thirds, within one node.
    run = play(two(fee="0 USD"))
    assert run.series["net.nodes"][0] == 20
    assert run.series["net.nodes"][-1] == pytest.approx(20 / 3, abs=1)
    assert run.series["net.nodes"][-1] + run.series["other.nodes"][-1] == 20
    # Whoever moves reckons with those who moved before: the share is approached from above, and never crossed.
    assert min(run.series["net.nodes"]) >= 6


@pytest.mark.compiled
def test_without_registration_nobody_moves() -> None:
    run = play({"networks.other": coin_network("OTH", 98), "horizon": "30 week", **STILL})
    assert set(run.series["net.nodes"]) == {20.0}
    assert run.unsupported["net.moves_in"] == "no node of the network may work in another one"


@pytest.mark.compiled
def test_equal_pay_moves_nobody() -> None:
    changes = two(fee="0 USD") | {f"{OTHER_HOME}.nodes": 20}
    changes["networks.other"] = coin_network("OTH", 49)
    assert set(play(changes).series["net.nodes"]) == {20.0}


@pytest.mark.compiled
def test_a_fee_above_what_a_move_brings_keeps_everybody() -> None:
    # The first who goes earns all of 98 - 2.4 instead of 2.45 - 2.4 a day, for 30 days less a minute of loading.
    least = 30 * (98 - NODE_USD_PER_DAY) - 30 * (49 / 20 - NODE_USD_PER_DAY)
    assert play(two(fee=f"{least + 1} USD")).series["net.nodes"][-1] == 20
    assert play(two(fee=f"{least - 30} USD")).series["other.nodes"][-1] == 1


@pytest.mark.compiled
def test_fees_are_posted_to_the_nano_dollar() -> None:
    run = play(two(fee="5.000000001 USD", both_ways=False))
    moved = run.series["other.nodes"][-1]
    (row,) = [row for row in run.flows if row.reason == "moving"]
    assert (row.source, row.target, row.amount) == ("other.operators", "outside", int(moved) * 5_000_000_001)
    entries = np.array(run.series["other.moves_in"]) * 7 / 365.25
    assert entries.sum() == pytest.approx(moved)


def test_a_machine_works_in_one_network_at_a_time() -> None:
    changes = two() | {f"{HOME}.pull": "9 day", f"{OTHER_HOME}.pull": "9 day", f"{HOME}.cost_spread": 0.4}
    changes |= {f"{OTHER_HOME}.cost_spread": 0.4, f"{HOME}.entry_speed": "0.5 /week"}
    world = World(case(changes), 0, "loop")
    world.start()
    world.env.process(world._walk())
    here, there = (network.owners[0] for network in world.networks)
    assert here.columns.cost_factor.tolist() == there.columns.cost_factor.tolist()
    most = 0
    for week in range(1, 20):
        world.env.run(until=week * 7 * DAY_S * PS_PER_S + 1)
        away = there.columns.state != OUT
        assert not (away & (here.columns.state != OUT)).any()
        assert not np.isin(np.flatnonzero(away), here.columns.slots(OUT)).any()
        most = max(most, int(away.sum()))
    assert most > 3


def test_nodes_that_move_serve_once_they_have_fetched_and_loaded() -> None:
    world = World(case(two() | {f"{OTHER_HOME}.pull": "2 day"}), 0, "loop")
    world.start()
    world.env.process(world._walk())
    world.env.run(until=7 * DAY_S * PS_PER_S + 1)
    there = world.networks[1].owners[0]
    assert there.pipeline > 0
    assert there.live == 0
    world.env.run(until=9 * DAY_S * PS_PER_S)
    assert there.live == 0
    world.env.run(until=9 * DAY_S * PS_PER_S + round((there.machine.load_s + 1) * PS_PER_S))
    assert there.pipeline == 0
    assert there.live > 0


STAKE = {"kind": "fixed", "amount": "100 TOK", "unbonding": "21 day"}


@pytest.mark.compiled
def test_stake_left_behind_unbonds_and_what_leaving_costs_keeps_nodes() -> None:
    staked = two(per_day=98) | {"networks.net.stake": STAKE}
    run = play(staked)
    # What those who left had locked comes back after three weeks; those who stay have theirs.
    assert run.series["net.nodes"][-1] < 12
    assert run.series["net.stake_coin"][0] == 2000
    assert run.series["net.stake_coin"][-1] == 100 * run.series["net.nodes"][-1]
    # A termination that takes all of it is more than a month's gain for most.
    slashed = play(staked | {"networks.net.slash": {"termination": {"kind": "fraction", "share": "100 %"}}})
    assert slashed.series["net.nodes"][-1] > run.series["net.nodes"][-1]


def test_interest_until_stake_is_back_counts_against_a_move() -> None:
    changes = two() | {"networks.net.stake": STAKE}
    world = World(case(changes), 0, "loop")
    world.start()
    net = world.networks[0]
    # 100 USD at 15 % a year for 21 days.
    assert net.stakes.leaving_usd(net.owners[0], 0, 0) == pytest.approx(100 * 0.15 * 21 / 365.25)
    assert net.stakes.leaving_usd(net.owners[0], 99, 0) == 0.0


@pytest.mark.compiled
def test_idle_machines_start_again_where_it_pays() -> None:
    # The first network stops paying, and its nodes stand idle, before the second begins to pay.
    none_then_all = {"2026-01-01": "0 %", "2026-07-01": "100 %"}
    all_then_none = {"2026-01-01": "100 %", "2026-07-01": "0 %"}
    changes = two(fee="1 USD") | {"horizon": "60 week", f"{HOME}.exit_speed": "1 /week", f"{HOME}.patience": "0 day"}
    changes["networks.net.split"] = {
        "operators": {"2026-01-01": "100 %", "2026-03-01": "0 %"},
        "treasury": {"2026-01-01": "0 %", "2026-03-01": "100 %"},
        "remainder": "treasury",
    }
    changes["networks.other"]["split"] = {
        "operators": none_then_all,
        "treasury": all_then_none,
        "remainder": "treasury",
    }
    run = play(changes)
    assert run.series["net.nodes"][24] == 0
    assert run.series["other.nodes"][24] == 0
    assert run.series["other.nodes"][-1] > 10


@pytest.mark.compiled
@pytest.mark.parametrize("order", [["other", "third"], ["third", "other"]])
def test_between_equal_places_the_one_named_first_is_taken(order: list[str]) -> None:
    changes = two(both_ways=False) | {
        "networks.third": coin_network("THI", 98),
        "networks.third.operators.home.entry_speed": "0 /week",
        f"{HOME}.nodes": 1,
        f"{HOME}.max_nodes": 100,
        f"{HOME}.switch_speed": "50 /week",
        f"{HOME}.register_in": {name: {} for name in order},
    }
    run = play(changes)
    assert [run.series[f"{name}.nodes"][-1] for name in order] == [1, 0]


def test_a_margin_below_zero_counts_as_nothing_and_time_on_the_way_earns_nothing() -> None:
    terms = Registration.model_validate({"fee": "20 USD", "over": "30 day"}, context={"yaml": True})
    assert terms.gain_usd(there=3.0, here=1.0, away_days=2.0, costs_usd=4.0) == 3 * 28 - 30 - 20 - 4
    assert terms.gain_usd(there=3.0, here=-1.0, away_days=0.0, costs_usd=0.0) == 70
    assert terms.gain_usd(there=3.0, here=0.0, away_days=40.0, costs_usd=0.0) == -20


@pytest.mark.long
def test_requests_are_served_by_those_who_are_there() -> None:
    changes = two() | {
        "requests": {"mode": "all"}, "epoch": "1 h", "horizon": "4 h", "workload.chat.rate": "0.02 /s",
        f"{HOME}.switch_speed": "150 /week", f"{HOME}.nodes": 4, f"{OTHER_HOME}.nodes": 0,
    }  # fmt: skip
    fast, reference = play(changes), World(case(changes), 0, "reference").run()
    assert fast.series["other.nodes"][-1] > 0
    assert fast.series == reference.series
    assert fast.flows == reference.flows


def test_the_compiled_economy_leaves_it_to_the_interpreted_one() -> None:
    assert f"{HOME}.register_in: simulated by the interpreted economy" in obstacles(case(two()).before)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({f"{HOME}.register_in": {"othr": {}}}, "there is no network `othr`"),
        ({f"{HOME}.register_in": {"net": {}}}, "registered in its own network already"),
        ({f"{HOME}.register_in": {"other": {"fee": "5 TOK"}}}, "must be in USD"),
        ({f"{OTHER_HOME}.gpu": "h100_sxm"}, "`gpu` is rtx_4090 here and h100_sxm in `other`"),
        ({f"{OTHER_HOME}.max_nodes": 50}, "100 node slots here and 50 in `other`"),
        ({f"{OTHER_HOME}.nodes": 90}, "20 nodes here and 90 in `other` need more than the 100 machines there are"),
        ({f"{OTHER_HOME}.decides": "planned"}, "`other` decides planned for `home`"),
        ({"networks.other.operators": {"rig": {"nodes": 1, "gpu": "rtx_4090", "electricity": "0 USD/kWh"}}}, "`other` has no class `home`"),
    ],
)  # fmt: skip
def test_what_cannot_be_registered_is_told(changes: dict[str, Any], told: str) -> None:
    base = {key: value for key, value in two(both_ways=False).items() if key != f"{OTHER_HOME}.entry_speed"}
    with pytest.raises(ScenarioError, match=told):
        case(base | changes)
