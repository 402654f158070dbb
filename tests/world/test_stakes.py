"""Stake in a run: bought before joining, locked, taken by offences, given back after unbonding; every base unit told by the ledger."""

from __future__ import annotations

from typing import Any

import pytest

from sim.errors import ScenarioError
from sim.records.run import RunRecord
from tests.world.small import HOME, POOL, last, play

NET = "networks.net"
STAKE = {"kind": "fixed", "amount": "100 TOK", "unbonding": "21 day"}
STILL = {f"{HOME}.decides": "fixed", f"{HOME}.nodes": 10}


def flow(run: RunRecord, reason: str, target: str | None = None) -> float:
    """Coins of a reason in the whole run."""
    return sum(
        row.amount for row in run.flows
        if row.currency == "TOK" and row.reason == reason and target in (None, row.target)
    ) / 10**9  # fmt: skip


def test_nodes_of_the_start_have_their_stake_already_and_nobody_buys() -> None:
    run = play({f"{NET}.stake": STAKE, **STILL, "horizon": "8 week"})
    assert flow(run, "stake of the start", "net.stake") == 1000
    assert flow(run, "stake bought") == 0
    assert set(run.series["net.stake_coin"]) == {1000.0}


def test_who_joins_buys_before_and_who_stops_gets_it_back_after_unbonding() -> None:
    # 5 nodes where 20 pay: 15 join. Then nothing is minted any more, and nodes go.
    split = {"2026-01-01": "100 %", "2027-01-01": "0 %"}
    rest = {"2026-01-01": "0 %", "2027-01-01": "100 %"}
    run = play({
        f"{NET}.stake": STAKE, f"{NET}.split": {"operators": split, "treasury": rest, "remainder": "treasury"},
        f"{HOME}.nodes": 5, f"{HOME}.exit_speed": "2 /week", f"{HOME}.patience": "1 week", "horizon": "80 week",
        f"{HOME}.entry_speed": "1 /week",
    })  # fmt: skip
    nodes, stake = run.series["net.nodes"], run.series["net.stake_coin"]
    joined = run.series["net.nodes"][50]
    assert joined is not None and 15 <= joined <= 20
    assert flow(run, "stake bought", "net.stake") == pytest.approx(100 * (joined - 5), rel=1e-6)
    assert nodes[-1] == 0
    gone = next(i for i, n in enumerate(nodes) if i > 53 and n == 0)
    assert stake[gone] == pytest.approx(100 * joined, rel=1e-6)  # the last ones still unbond
    assert stake[-1] == 0
    assert flow(run, "stake returned", "net.operators") == pytest.approx(100 * joined, rel=1e-6)
    assert run.residuals == {"TOK": 0, "USD": 0}


def test_stake_costs_interest_so_fewer_nodes_pay() -> None:
    # 2,000 TOK at a dollar and 15 % a year: .82 USD a day on top of 2.4, so 49 / 3.22 = 15.2 nodes in place of 20.4.
    asked = {"kind": "fixed", "amount": "2000 TOK"}
    changes: dict[str, Any] = {f"{HOME}.nodes": 5, f"{HOME}.lead": "0 day", "horizon": "2 year"}
    assert last(play(changes), "net.nodes") == 20
    assert last(play({**changes, f"{NET}.stake": asked}), "net.nodes") == 15


def test_a_network_in_its_grace_asks_for_nothing() -> None:
    run = play({f"{NET}.stake": {**STAKE, "grace": "28 day"}, **STILL, "horizon": "8 week"})
    assert run.series["net.stake_coin"][:4] == [0, 0, 0, 0]
    assert run.series["net.stake_coin"][4] == pytest.approx(1000)
    assert flow(run, "stake bought", "net.stake") == pytest.approx(1000)


def test_who_locks_half_of_what_is_asked_is_paid_for_half_of_what_is_not_free() -> None:
    # Two classes of ten alike; weight of the second: 20 % free and half of the other 80 %, so 60 %.
    ask = {"kind": "per_weight", "amount": "50 TOK", "free": "20 %"}
    home = {
        "nodes": 10, "gpu": "rtx_4090", "electricity": "0 USD/kWh", "hosting": "0.1 USD/h", "capex": "0 USD",
        "cost_spread": 0, "decides": "fixed",
    }  # fmt: skip
    run = play({f"{NET}.stake": ask, f"{NET}.operators": {"a": home, "b": {**home, "stakes": "50 %"}}})
    whole, half = (row["coins_usd_per_node_day"] for row in run.operators)
    assert half / whole == pytest.approx(0.6, rel=1e-6)
    assert run.series["net.stake_coin"][0] == 10 * 40 + 10 * 20


def test_a_stake_of_reward_days_halves_when_the_reward_does_but_nothing_comes_back_before_leaving() -> None:
    halving = {"kind": "halving", "initial": "49 TOK/day", "first": "2026-03-01"}
    changes = {f"{NET}.stake": {"kind": "reward_days", "days": "20 day"}, f"{NET}.supply": halving, **STILL}
    run = play(changes)
    assert run.series["net.stake_coin"][0] == pytest.approx(49 * 20, rel=1e-6)
    assert run.series["net.stake_coin"][-1] == run.series["net.stake_coin"][0]


def test_a_pledge_of_the_supply_locks_its_share() -> None:
    # 30 % of 1 MTOK among all nodes, and 20 days of reward; the cap of 40,000 a GPU does not bind.
    run = play({f"{NET}.stake": {"kind": "pledge", "cap": "40000 TOK"}, **STILL, "horizon": "2 week"})
    assert run.series["net.stake_coin"][0] == pytest.approx(0.3e6 + 49 * 20, rel=1e-3)


def test_leaving_early_costs_a_fee() -> None:
    stop = {f"{NET}.supply": {"kind": "fixed"}, f"{HOME}.exit_speed": "50 /week", f"{HOME}.patience": "0 day"}
    run = play({
        f"{NET}.stake": STAKE, f"{NET}.slash": {"termination": {"kind": "fraction", "share": "10 %"}}, **stop,
    })  # fmt: skip
    assert last(run, "net.nodes") == 0
    assert flow(run, "slash", "burned") == 20 * 10
    assert flow(run, "stake returned") == 20 * 90


@pytest.mark.parametrize("to", ["burned", "treasury", "users", "checkers"])
def test_time_missed_beyond_the_margin_is_slashed_to_its_beneficiary(to: str) -> None:
    # A shock holds about 40 % of the nodes down for a week, which the epoch's nodes show; the margin is 5 %.
    shock = [{"at": "14 day", "target": HOME, "by": "-40 %", "lasts": "7 day"}]
    slash = {"downtime": {"kind": "fraction", "share": "10 %", "above": "5 %", "to": to}}
    still = {**STILL, f"{HOME}.max_nodes": 10}
    run = play({f"{NET}.stake": STAKE, f"{NET}.slash": slash, **still, "shocks": shock, "horizon": "8 week"})
    targets = {"burned": "burned", "treasury": "net.treasury", "users": "users", "checkers": "net.operators"}
    hit = 10 - (run.series["net.nodes"][2] or 0.0)
    assert 1 <= hit <= 9
    assert flow(run, "slash", targets[to]) == pytest.approx(hit * 10, rel=1e-9)
    assert run.outcomes["net.slashed_coin"] == pytest.approx(hit * 10 / 56)
    # What was taken is bought anew, as the nodes go on.
    assert flow(run, "stake bought", "net.stake") == pytest.approx(hit * 10, rel=1e-6)
    assert run.residuals == {"TOK": 0, "USD": 0}


def test_a_pool_sells_the_stake_and_its_price_rises() -> None:
    changes = {f"{NET}.market": POOL, f"{HOME}.nodes": 5, f"{HOME}.entry_speed": "1 /week", "horizon": "26 week"}
    asked = {"kind": "fixed", "amount": "200 TOK"}
    plain, staked = play(changes), play({**changes, f"{NET}.stake": asked})
    assert last(staked, "net.stake_coin") > 2000
    assert max(staked.series["net.coin_usd"]) > max(plain.series["net.coin_usd"])  # type: ignore[type-var]


def test_more_stake_than_holders_have_is_told() -> None:
    with pytest.raises(ScenarioError, match=r"networks\.net\.stake: the nodes of the start need 2,000,000 TOK"):
        play({f"{NET}.stake": {"kind": "fixed", "amount": "100000 TOK"}})


def test_a_policy_may_bring_a_stake_later() -> None:
    base = {
        "policies_from": "4 week",
        **STILL,
        "horizon": "8 week",
        "compare": {"coin_price": ["path"], "baseline": "base"},
    }
    run = play(base, {"locked": {f"{NET}.stake": STAKE}}, "locked")
    assert "net.stake_coin" in run.outcomes
    assert run.outcomes["net.stake_coin"] == pytest.approx(1000)


def test_a_steady_start_with_stake_keeps_its_nodes() -> None:
    # Interest on 500 TOK is .21 USD a day beside 2.4: the start counts it, so that nothing moves by itself.
    run = play({
        f"{NET}.stake": {"kind": "fixed", "amount": "500 TOK"}, "initial": "steady", f"{HOME}.lead": "0 day",
        "horizon": "26 week",
    })  # fmt: skip
    nodes = [value or 0.0 for value in run.series["net.nodes"]]
    assert nodes[0] == pytest.approx(49 / (2.4 + 500 * 0.15 / 365.25), abs=1)
    assert max(nodes) - min(nodes) <= 1
    assert flow(run, "stake of the start", "net.stake") == 500 * nodes[0]
