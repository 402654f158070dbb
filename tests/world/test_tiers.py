"""Reserved and on-demand nodes: who stands behind another planned class fills in until its nodes are there."""

from __future__ import annotations

from typing import Any

import pytest

from sim.errors import ScenarioError
from sim.records.run import RunRecord
from sim.scenario.obstacles import obstacles
from tests.world.small import HOME, PRICED, case, play

pytestmark = pytest.mark.compiled

NODE = {
    "gpu": "rtx_4090",
    "electricity": "0 USD/kWh",
    "cost_spread": 0,
    "max_nodes": 200,
    "decides": "planned",
    "utilization": "50 %",
}
RESERVED = {**NODE, "nodes": 10, "hosting": "0.1 USD/h", "lead": "90 day"}
ON_DEMAND = {**NODE, "nodes": 0, "hosting": "0.5 USD/h", "capex": "0 USD", "lead": "1 day", "behind": "reserved"}
TIERS: dict[str, Any] = {
    "networks.net.operators": {"reserved": RESERVED, "on_demand": ON_DEMAND},
    "epoch": "1 day",
    "horizon": "120 day",
}


def by_name(run: RunRecord) -> dict[str, dict[str, Any]]:
    return {str(row["operators"]): row for row in run.operators}


def rps_of(nodes: float) -> dict[str, Any]:
    """Demand that so many nodes serve at 50 %: a node serves about 9 of the small world's requests a second at most."""
    capacity = by_name(play({**TIERS, "horizon": "2 day"}))["reserved"]["capacity_rps_per_node"]
    return {"workload.chat.rate": f"{nodes * capacity / 2:.9f} /s"}


def test_on_demand_nodes_bridge_the_lead_of_reserved_ones_and_are_all_given_back() -> None:
    # 12.5 nodes wanted, ten there. On day 1 three reserved ones are ordered, and as many on demand: there a day and a model load later.
    run = play({**TIERS, **rps_of(12.5)})
    nodes = run.series["net.nodes"]
    assert nodes[:2] == [10.0, 10.0]
    assert nodes[2:91] == [13.0] * 89
    # The reserved ones are there after 90 days and a model load: on the 91st day both are, on the next one the others are gone.
    assert nodes[91] == 16.0
    assert nodes[92:] == [13.0] * 28
    found = by_name(run)
    assert (found["reserved"]["nodes"], found["on_demand"]["nodes"]) == (13.0, 0.0)
    assert set(run.residuals.values()) == {0}


def test_a_lead_as_long_as_the_others_orders_nothing() -> None:
    late = {**ON_DEMAND, "lead": "100 day"}
    tiers = {**TIERS, "networks.net.operators": {"reserved": RESERVED, "on_demand": late}}
    run = play({**tiers, **rps_of(12.5), "horizon": "200 day"})
    # On day 1 both are ordered, as neither knows of the other's orders; afterwards what is on its way covers all.
    assert max(run.series["net.nodes"]) == 16.0
    assert by_name(run)["on_demand"]["nodes"] == 0.0


def test_who_stands_behind_two_classes_plans_for_what_both_leave() -> None:
    # 11.9 nodes are wanted; there are slots for five reserved ones and three on demand. The file may name them in any order.
    operators = {
        "spot": {**ON_DEMAND, "behind": "on_demand"},
        "on_demand": {**ON_DEMAND, "max_nodes": 3},
        "reserved": {**RESERVED, "nodes": 1, "max_nodes": 5},
    }
    rate = rps_of(11.9)
    run = play({**TIERS, **rate, "networks.net.operators": operators, "initial": "steady", "horizon": "2 day"})
    assert {name: row["nodes"] for name, row in by_name(run).items()} == {
        "reserved": 5.0,
        "on_demand": 3.0,
        "spot": 4.0,
    }
    # From the file's start all classes order on day 1, as none sees what others order that day; what is too much is given back, but for
    # a tenth of the 3.9 nodes that are left: 4.29 are 5 whole ones.
    grown = play({**TIERS, **rate, "networks.net.operators": operators, "horizon": "120 day"})
    assert {name: row["nodes"] for name, row in by_name(grown).items()} == {
        "reserved": 5.0,
        "on_demand": 3.0,
        "spot": 5.0,
    }


def test_each_class_covers_at_its_own_utilization() -> None:
    # Ten reserved nodes at 50 % cover what five serve at most; nearly half as much again is left, for on-demand nodes at 80 %: 2.5 / 0.8.
    operators = {"reserved": {**RESERVED, "max_nodes": 10}, "on_demand": {**ON_DEMAND, "utilization": "80 %"}}
    run = play({**TIERS, **rps_of(14.9), "networks.net.operators": operators, "horizon": "10 day"})
    assert by_name(run)["on_demand"]["nodes"] == 4.0


def test_on_demand_nodes_cost_their_hour_and_no_capital() -> None:
    owned = {**RESERVED, "max_nodes": 10, "capex": "876.6 USD", "life": "1 year", "resale": "0 %", "discount": "0 %"}
    operators = {"reserved": owned, "on_demand": ON_DEMAND}
    run = play({**TIERS, **rps_of(11.9), "networks.net.operators": operators, "horizon": "10 day"})
    rows = by_name(run)
    # 876.6 USD over 365.25 days, beside an hour at 0.10 USD; an hour at 0.50 USD.
    assert rows["reserved"]["capital_usd_per_node_day"] == pytest.approx(2.4)
    assert rows["reserved"]["avoidable_usd_per_node_day"] == pytest.approx(2.4)
    assert rows["on_demand"]["capital_usd_per_node_day"] == 0.0
    assert rows["on_demand"]["avoidable_usd_per_node_day"] == pytest.approx(12.0)
    assert (rows["reserved"]["nodes"], rows["on_demand"]["nodes"]) == (10.0, 2.0)


@pytest.mark.parametrize(
    ("reserved", "on_demand", "message"),
    [
        (
            {},
            {"behind": "reservd"},
            r"operators\.on_demand\.behind: there is no class of operators `reservd`.*`reserved`",
        ),
        ({}, {"behind": "on_demand"}, "a class cannot stand behind itself"),
        ({}, {"decides": "fixed"}, "`on_demand` decides fixed; only a planned class stands behind another"),
        ({"decides": "free_entry"}, {}, "`reserved` decides free_entry; a class stands behind a planned one"),
        ({"behind": "on_demand"}, {}, "in a circle: on_demand behind reserved behind on_demand"),
    ],
)
def test_what_no_class_can_stand_behind_is_told(
    reserved: dict[str, Any], on_demand: dict[str, Any], message: str
) -> None:
    operators = {"reserved": {**RESERVED, **reserved}, "on_demand": {**ON_DEMAND, **on_demand}}
    with pytest.raises(ScenarioError, match=message):
        case({"networks.net.operators": operators})


def test_a_line_that_runs_into_a_circle_is_told_once_for_each_class_in_it() -> None:
    operators = {
        "reserved": {**RESERVED, "behind": "on_demand"},
        "on_demand": ON_DEMAND,
        "spot": {**ON_DEMAND, "behind": "on_demand"},
    }
    with pytest.raises(ScenarioError) as found:
        case({"networks.net.operators": operators})
    assert str(found.value).count("in a circle") == 2


def test_classes_behind_others_are_simulated_by_the_interpreted_economy() -> None:
    spec = case(TIERS).before
    assert obstacles(spec) == ["networks.net.operators.on_demand.behind: simulated by the interpreted economy"]


def test_a_file_that_states_what_holds_without_the_keys_keeps_its_key() -> None:
    stated = case({"workload.chat.batch": False, f"{HOME}.behind": None, "networks.net.settle.sla": None})
    priced = case({"networks.net.price": {**PRICED, "batch": "100 %"}})
    assert stated.case.key == case().case.key
    assert priced.case.key == case({"networks.net.price": PRICED}).case.key
    assert case({"workload.chat.batch": True}).case.key != stated.case.key
