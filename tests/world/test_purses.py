"""Owners whose money ends: cash, loans up to a limit, and insolvency as an exit of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.errors import ScenarioError
from sim.records.run import RunRecord
from sim.tokenomics.operators import LIVE
from sim.world.run import World
from tests.world.small import BASE, CLOUD, HOME, LOGIT, POOL, PRICED, case, of_policy, play, scenario, usd

NET = "networks.net"
POOR: dict[str, Any] = {
    f"{NET}.supply": {"kind": "fixed"},
    f"{HOME}.decides": "fixed",
    "epoch": "1 day",
    "horizon": "30 day",
}
"""Twenty nodes that earn nothing, pay 2.4 USD a day, and of themselves never leave."""


def nodes(run: RunRecord) -> list[float | None]:
    return run.series["net.nodes"]


@pytest.mark.parametrize(
    ("cash", "funding", "lasts"),
    [("24 USD", None, 10), (None, "24 USD", 10), ("12 USD", "12 USD", 10), ("0 USD", None, 0), ("25 USD", None, 10)],
)
def test_who_has_no_cash_and_no_funding_left_is_gone(cash: str | None, funding: str | None, lasts: int) -> None:
    stated = {key: value for key, value in (("cash", cash), ("funding", funding)) if value is not None}
    run = play({**POOR, **{f"{HOME}.{key}": value for key, value in stated.items()}})
    # 24 USD pay ten days; the eleventh cannot be paid whole, and with the twelfth they are gone.
    assert nodes(run)[: lasts + 1] == [20] * (lasts + 1)
    assert nodes(run)[lasts + 1 :] == [0] * (29 - lasts)
    assert run.outcomes["net.insolvencies"] == pytest.approx(20 / 30 * 365.25)
    assert run.outcomes["net.exits"] == pytest.approx(20 / 30 * 365.25)
    unpaid = 20 * (2.4 - (1 if cash == "25 USD" else 0))
    assert usd(run, "bills written off") == pytest.approx(unpaid)
    assert run.outcomes["net.unpaid_usd_per_day"] == pytest.approx(unpaid / 30)
    assert run.residuals == {"TOK": 0, "USD": 0}


def test_money_without_an_end_is_as_before() -> None:
    plain = play(POOR)
    assert nodes(plain) == [20] * 30
    assert "net.insolvencies" in plain.unsupported
    rich = play({**POOR, f"{HOME}.cash": "1000 USD"})
    assert nodes(rich) == [20] * 30
    assert rich.outcomes["net.insolvencies"] == 0
    assert usd(rich, "bills written off") == 0


def test_what_is_earned_above_the_cash_is_taken_out() -> None:
    # Nodes earn 2.45 USD a day for two weeks and pay 2.4; then nothing is minted, and what they had earned is gone: 4.8 USD pay two days.
    ends = {f"{NET}.supply": {"kind": "halving", "initial": "49 TOK/day", "first": "2026-01-15", "every": "1 day"}}
    run = play({**POOR, **ends, f"{HOME}.cash": "4.8 USD"})
    assert nodes(run)[:16] == [20] * 16
    assert run.outcomes["net.insolvencies"] == pytest.approx(20 / 30 * 365.25)
    # 24.5 TOK a day from the fifteenth day on: short of 1.175 USD, then of 1.79, of 2.1, of 2.25: the third of them is not paid whole.
    assert nodes(run)[16] == 20
    assert nodes(run)[17] == 0


def test_costly_owners_go_first_and_a_new_owner_begins_with_cash() -> None:
    changes = {
        "horizon": "1 year", "epoch": "1 week", f"{NET}.market": POOL, f"{NET}.price": PRICED, "networks.cloud": CLOUD,
        "workload.chat.demand": {**LOGIT, "start": {"net": "60 %", "cloud": "40 %"}}, f"{HOME}.cost_spread": 0.4,
        f"{HOME}.electricity": "1 USD/kWh", f"{HOME}.capex": "500 USD", f"{HOME}.entry_speed": "0.5 /week", f"{HOME}.max_nodes": 40,
    }  # fmt: skip
    free, bound = play(changes), play({**changes, f"{HOME}.cash": "5 USD", f"{HOME}.funding": "5 USD"})
    assert bound.outcomes["net.insolvencies"] > 0  # type: ignore[operator]
    assert bound.outcomes["net.entries"] > 0  # type: ignore[operator]
    assert np.mean(nodes(bound)[:10]) < np.mean(nodes(free)[:10])  # type: ignore[arg-type]
    assert set(bound.residuals.values()) == {0}
    assert bound.to_json() == play({**changes, f"{HOME}.cash": "5 USD", f"{HOME}.funding": "5 USD"}).to_json()


def test_money_in_coins_is_refused() -> None:
    with pytest.raises(ScenarioError, match="`cash` is in TOK; bills are in USD"):
        case({f"{HOME}.cash": "5 TOK"})


def test_a_policy_may_end_owners_money() -> None:
    made = scenario(POOR, {"base": {}, "poor": {f"{HOME}.cash": "0 USD"}})
    rich, poor = (World(of_policy(made, name), 0, "fast").run() for name in ("base", "poor"))
    assert nodes(rich) == [20] * 30
    assert nodes(poor) == [20] + [0] * 29


def test_a_new_owner_of_the_slot_has_a_purse_of_his_own() -> None:
    world = World(case({**POOR, f"{HOME}.cash": "5 USD", f"{HOME}.funding": "5 USD"}), 0, "fast")
    world.start()
    (network,) = world.networks
    purses, (owners,) = network.purses, network.owners
    nothing, bills = np.zeros(network.slots), np.zeros(network.slots)
    bills[:20] = 12.0
    assert purses.close(nothing, bills) == 20 * 2 * 10**9
    assert purses.broke[:20].all() and (purses.usd[:20] == -5 * 10**9).all()
    purses.leave()
    owners.columns.move(np.array([0]), LIVE)
    assert purses.close(nothing, nothing) == 0
    assert purses.usd[0] == 5 * 10**9 and not purses.broke.any()


def test_whose_money_ends_works_in_one_network() -> None:
    other = {**BASE["networks"]["net"], "coin": {"ticker": "TIK", "decimals": 9, "supply": "1 MTIK"}}
    other["operators"] = {"home": {**other["operators"]["home"], "nodes": 0}}
    other["supply"] = {"kind": "fixed"}
    other["market"] = {"kind": "path", "start": "1 USD/TIK"}
    moving = {"networks.other": other, f"{HOME}.register_in": {"other": {}}, f"{HOME}.decides": "free_entry"}
    case(moving)
    with pytest.raises(ScenarioError, match="whose money ends is simulated in one network"):
        case({**moving, f"{HOME}.cash": "5 USD"})


def test_what_dealers_pay_themselves_fills_no_purse() -> None:
    dealing = {
        f"{NET}.price": PRICED, f"{NET}.payout": {"kind": "work"}, f"{NET}.settle": {"take_rate": "5 %", "rate": "oracle"},
        f"{NET}.supply": {"kind": "halving", "initial": "200 TOK/day", "first": "2040-01-01"}, f"{HOME}.decides": "fixed",
        f"{HOME}.strategies": {"own": {"kind": "self_dealing", "share": "50 %"}}, "epoch": "1 day", "horizon": "5 day",
    }  # fmt: skip
    run = play({**dealing, f"{HOME}.hosting": "1 USD/h", f"{HOME}.cash": "5 USD"})
    # Six are honest. The other fourteen buy so much of themselves that with their own money as income they would last a day longer.
    assert nodes(run) == [20, 0, 0, 0, 0]
    kept = play({**dealing, f"{HOME}.cash": "5 USD"})
    assert kept.outcomes["net.dealt_frac"] > 0.5  # type: ignore[operator]
    assert nodes(kept) == [20] * 5
