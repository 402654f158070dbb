"""Owners who show a node in networks in which it does not work: what they are paid there, who pays for it, how often it is found."""

from __future__ import annotations

import math
from typing import Any

import pytest

from sim.errors import ScenarioError
from sim.records.run import RunRecord
from sim.world.run import World
from tests.world.small import HOME, case, coin_network, last, play

pytestmark = pytest.mark.compiled

OTHER = "networks.other"
OWN, NAMES, PER_DAY = 10, 20, 98
"""Nodes of the other network's own, nodes of the small world's, which are shown there too, and coins a day there."""


def doubled(found: str = "0 %", fee: str = "0 USD", share: str = "100 %", **more: Any) -> dict[str, Any]:
    """The small world, and another network with nodes of its own in which the small world's are shown as well."""
    other = coin_network("OTH", PER_DAY)
    home = other["operators"]["home"] | {"switch_speed": "0 /week", "entry_speed": "0 /week"}
    other["operators"] = {"home": home, "own": home | {"nodes": OWN, "decides": "fixed"}}
    return {
        OTHER: other,
        f"{HOME}.register_in": {"other": {"fee": fee}},
        f"{HOME}.switch_speed": "0 /week",
        f"{HOME}.entry_speed": "0 /week",
        f"{HOME}.strategies": {"two": {"kind": "double", "share": share, "found": found}},
        "epoch": "1 day",
        "horizon": "60 day",
        **more,
    }


def pay(changes: dict[str, Any]) -> float:
    """USD a day that a node which works in the other network expects of its coins at the horizon."""
    world = World(case(changes), 0, "fast")
    world.run()
    return float(world.networks[1].owners[1].coin_usd_per_node_day)


def names(run: RunRecord) -> list[float]:
    return [value or 0.0 for value in run.series["other.second_names"]]


def test_a_name_is_paid_for_its_time_like_a_node_and_those_who_work_there_share_with_it() -> None:
    run = play(doubled())
    # Owners look around from the second day on.
    assert names(run) == [0.0] + [float(NAMES)] * 59
    assert pay(doubled()) == pytest.approx(PER_DAY / (OWN + NAMES), rel=1e-6)
    assert pay(doubled(share="0 %")) == pytest.approx(PER_DAY / OWN, rel=1e-6)
    assert set(run.residuals.values()) == {0}


def test_a_name_is_no_node_and_costs_no_resource() -> None:
    honest, run = play(doubled(share="0 %")), play(doubled())
    for outcome in ("nodes", "gpus", "served_mtok", "energy_j_per_tok", "resource_cost_usd_per_mtok"):
        assert run.series[f"other.{outcome}"] == honest.series[f"other.{outcome}"], outcome
        assert run.series[f"net.{outcome}"] == honest.series[f"net.{outcome}"], outcome
    # What names earn is income of operators: all of what is emitted reaches somebody, as before.
    assert last(run, "other.operator_surplus_usd_per_day") == pytest.approx(
        last(honest, "other.operator_surplus_usd_per_day"), rel=1e-6
    )


def test_the_network_sees_as_many_owners_as_it_is_shown() -> None:
    # All are paid alike: more than half of the coins are those of 6 of 10, and of 16 of 30.
    assert last(play(doubled(share="0 %")), "other.nakamoto") == OWN // 2 + 1
    assert last(play(doubled()), "other.nakamoto") == (OWN + NAMES) // 2 + 1


def test_names_are_found_out_with_the_stated_chance_a_day() -> None:
    run = play(doubled(found="5 %", horizon="1 year"))
    done = sum(names(run))
    found = run.outcomes["net.schemes_found_frac"]
    assert done > 5000
    assert found == pytest.approx(0.05, abs=5 * math.sqrt(0.05 * 0.95 / done))


def test_who_is_found_out_is_paid_nothing_that_day_and_may_come_back_when_the_cooldown_is_over() -> None:
    slash = {f"{OTHER}.slash": {"invalid": {"kind": "fraction", "share": "0 %", "cooldown": "7 day"}}}
    stake = {f"{OTHER}.stake": {"kind": "fixed", "amount": "10 OTH", "free": "100 %"}}
    run = play(doubled(found="100 %", horizon="34 day", **slash, **stake))
    # Names of day 1 are found as it ends, and gone by then; those of day 9 again.
    assert [day for day, value in enumerate(run.series["net.schemes_found_frac"]) if value is not None] == [
        1,
        9,
        17,
        25,
        33,
    ]
    assert max(names(run)) == 0
    # Names that are found every day earn nothing.
    assert pay(doubled(found="100 %")) == pytest.approx(PER_DAY / OWN, rel=1e-6)


def test_no_stake_backs_a_name() -> None:
    stake = {"kind": "fixed", "amount": "10 OTH"}
    assert max(names(play(doubled(**{f"{OTHER}.stake": stake})))) == 0
    # A fifth of a node's time counts without stake.
    partly = pay(doubled(**{f"{OTHER}.stake": {**stake, "free": "20 %"}}))
    assert partly == pytest.approx(PER_DAY / (OWN + 0.2 * NAMES), rel=1e-3)


def test_a_name_is_taken_where_what_it_earns_while_it_lasts_exceeds_the_fee() -> None:
    # 9.8 USD a day for the 30 days that an owner counts on.
    assert max(names(play(doubled(fee=f"{30 * PER_DAY / OWN + 1} USD")))) == 0
    run = play(doubled(fee=f"{30 * PER_DAY / OWN - 1} USD"))
    assert max(names(run)) == NAMES
    (row,) = [row for row in run.flows if row.reason == "moving"]
    assert (row.source, row.target, row.amount) == ("other.operators", "outside", NAMES * 293 * 10**9)
    # Found out every tenth day in the mean, he counts on ten days.
    assert max(names(play(doubled(found="10 %", fee="100 USD")))) == 0


def test_where_work_is_paid_a_name_brings_nothing() -> None:
    changes = doubled()
    changes[OTHER]["payout"] = {"kind": "work"}
    assert max(names(play(changes))) == 0


def test_a_name_lasts_while_its_node_works_at_home() -> None:
    dear = {f"{HOME}.electricity": {"2026-01-01": "0.1 USD/kWh", "2026-01-20": "9 USD/kWh"}, f"{HOME}.cost_spread": 0.4}
    run = play(doubled(**dear))
    nodes = [value or 0.0 for value in run.series["net.nodes"]]
    assert nodes[0] == NAMES > nodes[-1]
    assert names(run)[1:] == nodes[1:]


def test_the_same_seed_gives_the_same_bytes_and_draws_are_their_own() -> None:
    few, more = (play(doubled(found="5 %", share=share)) for share in ("40 %", "80 %"))
    assert few.to_json() == play(doubled(found="5 %", share="40 %")).to_json()
    assert 0 < max(names(few)) < max(names(more)) < NAMES


def test_it_needs_another_network_to_be_shown_in() -> None:
    changes = doubled()
    del changes[f"{HOME}.register_in"]
    with pytest.raises(ScenarioError, match="`home` is registered in no other network"):
        case(changes)
    assert "no node of another network is shown" in play({"horizon": "7 day"}).unsupported["net.second_names"]
