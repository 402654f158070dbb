"""Schedules that react to the network, in whole runs: what they see, and that their state is the run's own."""

from __future__ import annotations

import pytest

from tests.world.small import PRICED, last, play

NET = "networks.net.supply"
DAILY = {"horizon": "60 day", "epoch": "1 day"}


def test_burned_coins_come_back() -> None:
    # All that users pay is burned: about 2 requests a second at 1 USD a coin.
    burns = {
        **DAILY,
        "networks.net.price": PRICED,
        "networks.net.burnmint": {"all": {"kind": "share", "share": "100 %"}},
    }
    reemit = {"kind": "reemit", "most": "1000 TOK/day"}
    record = play({**burns, NET: {"kind": "sum", "parts": {"net": reemit}}})
    emission, burn = (record.series[f"net.{name}"] for name in ("emission_coin", "burn_coin"))
    # Each day gives six sevenths of the day before and a seventh of what was burned in it; nothing at first.
    assert emission[0] == 0.0
    smoothed = 0.0
    for day in range(1, 60):
        smoothed = 6 * smoothed / 7 + burn[day - 1] / 7
        assert emission[day] == pytest.approx(smoothed, abs=1e-7)
    assert last(record, "net.emission_coin") == pytest.approx(last(record, "net.burn_coin"), rel=1e-3)
    assert set(record.residuals.values()) == {0}


def test_a_cap_holds_what_comes_back() -> None:
    burns = {"networks.net.price": PRICED, "networks.net.burnmint": {"all": {"kind": "share", "share": "100 %"}}}
    record = play({**DAILY, **burns, NET: {"kind": "reemit", "most": "2 TOK/day"}})
    assert last(record, "net.burn_coin") > 2
    assert last(record, "net.emission_coin") == 2.0


@pytest.mark.parametrize(("held", "rises"), [("40 %", True), ("60 %", False)])
def test_inflation_steers_what_is_staked(held: str, rises: bool) -> None:
    feedback = {"kind": "feedback", "initial": "0.02 %", "step": "0.0001 %", "target": "50 %", "round": "1 day"}
    record = play({**DAILY, NET: feedback, "networks.net.coin.held": {"validators": held}})
    emission = record.series["net.emission_coin"]
    assert (emission[-1] > emission[0]) is rises
    # After n rounds 0.02 % moved by n steps of the supply at the day's beginning.
    supply = record.series["net.supply_coin"]
    parts = 200_000 + (1000 if rises else -1000) * 60
    assert emission[-1] == pytest.approx(supply[-2] * parts / 1e9, rel=1e-6)


def test_emission_waits_for_nodes() -> None:
    baseline = {
        "kind": "baseline", "total": "100 kTOK", "half_life": "1 year", "baseline": 40.0, "doubles": "10 year", "tick": "1 h",
    }  # fmt: skip
    few, enough = (
        play({**DAILY, NET: {**baseline, "baseline": level}, "networks.net.operators.home.decides": "fixed"})
        for level in (40.0, 10.0)
    )
    total = [sum(record.series["net.emission_coin"]) for record in (few, enough)]
    # 20 GPUs of a baseline of 40 move network time at half the pace: half the coins, but for the decay.
    assert total[0] == pytest.approx(total[1] / 2, rel=0.06)
    assert total[1] == pytest.approx(100e3 * (1 - 2 ** (-60 / 365.25)), rel=0.002)


def test_a_policy_with_another_schedule_begins_it_at_its_beginning() -> None:
    feedback = {"kind": "feedback", "initial": "0.02 %", "step": "0 %", "target": "50 %", "round": "1 day"}
    record = play(
        {**DAILY, "policies_from": "30 day", "compare.coin_price": ["path"]},
        policies={"other": {NET: feedback}},
        policy="other",
    )
    emission, supply = record.series["net.emission_coin"], record.series["net.supply_coin"]
    assert emission[29] == 49.0
    assert emission[30] == pytest.approx(supply[29] * 2e-4, rel=1e-6)
