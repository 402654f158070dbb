"""The compiled economy leaves the same record as the interpreted one, to the last byte, and says what keeps a scenario off it."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from sim.errors import ScenarioError
from sim.scenario.obstacles import obstacles
from sim.units import ps
from sim.world import compiled
from sim.world.run import World
from tests.world.small import CLOUD, HOME, LOGIT, PRICED, case, scenario

pytestmark = pytest.mark.compiled

MOVING = {"kind": "pool", "start": "1 USD/TOK", "depth": "100 kUSD", "daily_sd": "3 %", "nu": 5}
WALK = {"kind": "path", "start": "1 USD/TOK", "daily_sd": "4 %", "drift": "20 %/year"}
OWNED = {
    "home": {
        "nodes": 12, "max_nodes": 40, "gpu": "rtx_4090", "electricity": "0.2 USD/kWh", "hosting": "0.02 USD/h", "capex": "900 USD",
        "lead": "21 day", "patience": "1 week", "exit_speed": "0.3 /week", "idle_life": "8 week", "entry_speed": "0.5 /week",
    },
    "farm": {
        "nodes": 5, "max_nodes": 9, "gpu": "rtx_4090", "electricity": "0.08 USD/kWh", "capex": "1500 USD", "outside_rent": "0.05 USD/h",
        "lead": "1 week", "cost_spread": 0.5,
    },
}  # fmt: skip
"""Two classes that stop, come back, leave and order; the farm's nodes come with the next epoch but one."""
SPLIT = {"share": "70 %", "operators": "41 %", "validators": "41 %", "owner": "18 %", "remainder": "owner"}
BURN = {"fees": {"kind": "share", "share": "30 %"}, "take": {"kind": "share", "of": "take", "share": "50 %"}}

BUSY: dict[str, Any] = {
    "horizon": "250 day",
    "epoch": "1 day",
    "networks.net.operators": OWNED,
    "networks.net.price": PRICED,
    "networks.net.market": MOVING,
    "networks.net.split": SPLIT,
    "networks.net.payout": {"kind": "mix", "work_share": "60 %"},
    "networks.net.burnmint": BURN,
    "networks.net.settle": {"take_rate": "10 %", "sell": "80 %", "sell_others": "50 %"},
    "networks.cloud": CLOUD,
    "workload.chat.demand": {**LOGIT, "start": {"net": "60 %", "cloud": "40 %"}},
}
HALVED = {"networks.net.supply.first": "2026-04-01", "networks.net.supply.every": "90 day"}

ORDERING = {"networks.net.supply.initial": "500 TOK/day"}
LOAD_S = 68.030261248
"""From the join of a node of HOME to its first pass: with a lead of whole days less that, it comes at the very start of a day."""

CHANGES: dict[str, dict[str, Any]] = {
    "busy": {},
    "on a path": {"networks.net.market": WALK},
    "paid in dollars": {"networks.net.price": {**PRICED, "pay": "usd"}, "networks.net.burnmint": {}},
    "priced in coins": {"networks.net.price": {"kind": "posted", "input": "0.05 TOK/Mtok", "output": "0.15 TOK/Mtok"}},
    "at the rate of settlement": {"networks.net.settle": {"rate": "settlement", "take_rate": "5 %", "take_to": "holders"}},
    "at the rate of the request": {"networks.net.settle": {"rate": "request"}},
    "at a fixed rate": {"networks.net.settle": {"rate": "fixed", "fixed": "2 USD/TOK"}},
    "through a late oracle": {"networks.net.oracle": {"lag": "36 h", "twap": "5 day"}},
    "through an oracle without a window": {"networks.net.oracle": {"lag": "1 day", "twap": "0 s"}},
    "halved": HALVED,
    "by supply": {
        "networks.net.supply": {"kind": "halving_by_supply", "initial": "5000 TOK/day", "cap": "2 MTOK"},
        "networks.net.coin.supply": "900 kTOK",
    },
    "inflated": {"networks.net.supply": {"kind": "inflation", "rate": "40 %/year"}},
    "burns minted again": {"networks.net.supply": {"kind": "reemit", "most": "30 TOK/day", "cap": "3 MTOK"}},
    "fees capitalized": {
        "networks.net.market": {**MOVING, "holders": {"value": "fees_capitalized", "rate": "30 %/year"}}
    },
    "dated": {
        "networks.net.price": {**PRICED, "output": {"2026-01-01": "0.15 USD/Mtok", "2026-06-01": "0.3 USD/Mtok"}},
        f"{HOME}.electricity": {"2026-01-01": "0.1 USD/kWh", "2026-07-15": "0.5 USD/kWh"},
    },
    "isoelastic": {"workload.chat.demand": {"kind": "isoelastic", "elasticity": -0.8, "choke": "9 USD/Mtok", "network": "net"}},
    "asked for by all": {"workload.chat.demand": {"kind": "fixed", "network": "net"}},
    "without a router that looks": {"networks.net.router": {"kind": "random"}},
    "with one that looks at all": {"networks.net.router": {"kind": "least_outstanding"}},
    "starved": {"networks.net.supply.initial": "0.5 TOK/day", f"{HOME}.electricity": "2 USD/kWh"},
    "by weeks with a rest": {"epoch": "1 week", "horizon": "501 day"},
    "by six hours": {"epoch": "6 h", "horizon": "60 day"},
    "with nodes in a week, by weeks": {"epoch": "1 week", f"{HOME}.lead": "0 day"},
    "with nodes that come as an epoch begins": {**ORDERING, f"{HOME}.lead": f"{21 * 86_400 - LOAD_S!r} s"},
    "with nodes that come as the next one begins": {**ORDERING, f"{HOME}.lead": f"{86_400 - LOAD_S!r} s"},
    "with nodes that come within a day": {**ORDERING, f"{HOME}.lead": "3.5 day"},
    "paid by work, with nodes that come within a day": {**ORDERING, f"{HOME}.lead": "3.3 day", "networks.net.payout": {"kind": "work"}},
    "with nodes that come within the day of the order": {**ORDERING, f"{HOME}.lead": "6 h"},
    "by weeks, more node time than 64 bits hold": {**ORDERING, "epoch": "1 week", "horizon": "501 day", f"{HOME}.lead": "10 day", f"{HOME}.entry_speed": "0.7 /week", f"{HOME}.max_nodes": 100},
    "with three kinds of nodes": {
        "networks.net.operators": {
            **OWNED, "pairs": {**OWNED["farm"], "per_node": 2}, "dear": {**OWNED["farm"], "gpu": "h100_sxm", "electricity": "0.03 USD/kWh"},
        },
        **ORDERING,
    },
    "with a class that grows past another on the last day": {
        "horizon": "14 day",
        "networks.net.operators": {
            "fixed": {**OWNED["home"], "nodes": 9, "decides": "fixed"}, "home": {**OWNED["home"], "nodes": 5, "lead": "3.5 day"},
        },
        **ORDERING,
    },
    "steady": {"initial": "steady"},
    "one coin more": {
        "networks.rival": {
            "kind": "coin",
            "coin": {"ticker": "RIV", "decimals": 18, "supply": "5 MRIV", "held": {"treasury": "10 %", "users": "1 %"}},
            "supply": {"kind": "fixed"},
            "split": {"operators": "0 %", "treasury": "100 %"},
            "payout": {"kind": "work"},
            "price": {"kind": "posted", "input": "0.04 USD/Mtok", "output": "0.12 USD/Mtok"},
            "market": {"kind": "path", "start": "0.3 USD/RIV", "daily_sd": "2 %"},
            "operators": {"few": {"nodes": 3, "max_nodes": 6, "gpu": "rtx_4090", "electricity": "0.1 USD/kWh", "decides": "fixed"}},
        },
        "workload.chat.demand": {**LOGIT, "nest": 0.5, "start": {"net": "40 %", "cloud": "40 %", "rival": "20 %"}},
    },
}  # fmt: skip


ASKED = (
    "net.nodes@end",
    "net.price_paid_usd_per_mtok",
    "net.emission_coin@min",
    "net.half_nodes_days",
    "consumer_surplus_usd_per_day",
    "total_surplus_usd_per_day@end",
)
ASKED_PLAINLY = (
    "net.gini",
    "net.exchange_users_usd_per_day",
    "net.slo_met_frac",
    "net.e2e_p95_s",
    "net.fees_cover_days",
)
ASKED_LAST = ("net.break_even_coin_usd@end", "net.nodes@end")


def both(resolved: Any, replication: int = 0) -> tuple[str, str]:
    """Records of the compiled and of the interpreted economy."""
    world, slow = World(resolved, replication, "fast"), World(resolved, replication, "loop")
    world.start()
    assert compiled.walk(world)
    record, other = world.record(), slow.run()
    for only in (ASKED, ASKED_PLAINLY, ASKED_LAST):
        # What is made for a few references alone is what they read of the whole.
        part = other.only(only).to_json()
        assert world.part(only).to_json() == slow.part(only).to_json() == part
        partly = World(resolved, replication, "fast")
        partly.start()
        assert compiled.walk(partly, only)
        assert partly.part(only).to_json() == part
    return record.to_json(), other.to_json()


@pytest.mark.parametrize("name", CHANGES)
def test_the_compiled_economy_leaves_the_same_record(name: str) -> None:
    fast, slow = both(case(copy.deepcopy({**BUSY, **CHANGES[name]})))
    assert_same(fast, slow)
    # Something happened: coins moved, and nodes came or went where owners may.
    record = json.loads(fast)
    assert len(record["flows"]) > 8
    assert any(record["series"]["net.entries"]) or any(record["series"]["net.exits"])


def test_a_lead_may_end_as_an_epoch_begins() -> None:
    owners = World(case(copy.deepcopy(BUSY)), 0, "loop").networks[0].owners[0]
    assert ps(21 * 86_400 - LOAD_S + owners.machine.load_s) == 21 * 86_400 * 10**12


def test_policies_that_begin_within_the_run_do_too() -> None:
    policy = {"other": {**HALVED, "networks.net.split.share": "50 %"}}
    cases = scenario(copy.deepcopy({**BUSY, "policies_from": "100 day"}), policy).cases()
    found = [one for one in cases if one.case.policy == "other"]
    assert [one.case.coin_price for one in found] == ["pool", "path"]
    for one in found:
        assert_same(*both(one, replication=3))


def assert_same(fast: str, slow: str) -> None:
    """Equal bytes; where they differ, what does."""
    if fast != slow:
        one, other = json.loads(fast), json.loads(slow)
        assert {key: one[key] for key in one if one[key] != other[key]} == {
            key: other[key] for key in one if one[key] != other[key]
        }
    assert fast == slow


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"requests": {"mode": "sampled"}}, "requests.mode sampled"),
        ({"shocks": ["demand_contraction"]}, "shocks: "),
        ({"networks.net.price": {"kind": "utilization", "start": "0.1 USD/Mtok"}}, "networks.net.price: "),
        ({"networks.net.oracle": {"lag": "80 day", "twap": "20 day"}}, "networks.net.oracle: "),
    ],
)  # fmt: skip
def test_what_keeps_a_scenario_off_the_compiled_economy_is_named(changes: dict[str, Any], said: str) -> None:
    assert [text for text in obstacles(case(changes).before) if text.startswith(said)]


def test_what_goes_wrong_is_told_as_by_the_interpreted_economy() -> None:
    # Users come to want more than the headroom.
    growing = {
        **BUSY,
        "networks.net.price": {**PRICED, "output": {"2026-01-01": "0.15 USD/Mtok", "2026-03-01": "0.0001 USD/Mtok"}},
    }
    resolved = case({**copy.deepcopy(growing), "workload.chat.demand": {"kind": "isoelastic", "elasticity": -1.5, "choke": "9 USD/Mtok", "network": "net"}})  # fmt: skip
    with pytest.raises(ScenarioError, match=r"more than requests\.headroom"):
        World(resolved, 0, "fast").run()
