"""Vaults, buy-backs and coins minted back in whole runs: the ledger balances, and supply does what the rule says."""

from __future__ import annotations

from typing import Any

import pytest

from sim.errors import ScenarioError
from sim.records.run import RunRecord
from tests.world.small import CLOUD, HOME, LOGIT, POOL, PRICED, last, play

pytestmark = pytest.mark.compiled

STILL = {"kind": "path", "start": "1 USD/TOK"}
PLAIN: dict[str, Any] = {
    "networks.net.price": PRICED,
    "networks.net.market": STILL,
    "networks.net.supply": {"kind": "fixed"},
    f"{HOME}.decides": "fixed",
    "horizon": "10 week",
}
VAULT = {"kind": "vault", "mint_spread": "0 %"}
RULES: dict[str, dict[str, Any]] = {
    "vault": {"credits": {"kind": "vault"}},
    "vault_and_share": {
        "credits": {"kind": "vault", "settle_spread": "1 %"},
        "some": {"kind": "share", "share": "5 %"},
    },
    "mint_back": {"jobs": {"kind": "mint_back", "burn": "60 %", "reward": "56 %"}},
    "all": {
        "jobs": {"kind": "mint_back", "burn": "95 %", "reward": "95 %"},
        "rest": {"kind": "share", "share": "20 %", "of": "take"},
    },
}


def flows(run: RunRecord, reason: str, currency: str = "TOK") -> float:
    return sum(row.amount for row in run.flows if row.reason == reason and row.currency == currency) / 1e9


def sums(run: RunRecord, outcome: str) -> float:
    return sum(7 * value for value in run.series[outcome] if value is not None)


@pytest.mark.parametrize("market", [{**POOL, "daily_sd": "6 %"}, {**STILL, "daily_sd": "9 %"}])
@pytest.mark.parametrize("rules", RULES)
def test_every_program_settles_with_a_balanced_ledger(rules: str, market: dict[str, Any]) -> None:
    world = {
        **PLAIN,
        "networks.net.market": market,
        "networks.net.supply": {"kind": "inflation", "rate": "5 %/year"},
        f"{HOME}.decides": "free_entry",
        "networks.net.settle": {"take_rate": "10 %", "make_rate": "2 %"},
        "networks.net.burnmint": RULES[rules],
        "networks.cloud": CLOUD,
        "workload.chat.demand": LOGIT,
    }
    run = play(world)
    assert set(run.residuals.values()) == {0}
    issued = run.series["net.net_issuance_coin"]
    supply = [value for value in run.series["net.supply_coin"] if value is not None]
    for week in range(1, len(supply)):
        assert supply[week] - supply[week - 1] == pytest.approx(7 * (issued[week] or 0.0), abs=1e-6)


def test_a_vault_at_a_constant_price_leaves_the_supply_alone() -> None:
    run = play({**PLAIN, "networks.net.burnmint": {"credits": VAULT}})
    # One epoch's credits are bought and not used yet: they are what the supply is short of.
    left = flows(run, "burned for credits") - flows(run, "minted for credits")
    assert left == pytest.approx(
        flows(run, "credits", "TOK-credit") - flows(run, "credits used", "TOK-credit"), rel=1e-6
    )
    assert left == pytest.approx(sums(run, "net.revenue_usd_per_day") / 10, rel=0.02)


@pytest.mark.parametrize(("drift", "sign"), [("-90 %/year", 1), ("900 %/year", -1)])
def test_credits_bought_before_the_price_moves_mint_more_or_fewer_coins(drift: str, sign: int) -> None:
    moves = {**PLAIN, "networks.net.market": {**STILL, "drift": drift}, "networks.net.burnmint": {"credits": VAULT}}
    run = play(moves)
    # Each epoch but the first pays with credits bought an epoch before, at f^-1 times the price of its settlement:
    # their use mints f^-1 times what their purchase burned.
    used, minted = flows(run, "credits used", "TOK-credit"), flows(run, "minted for credits")
    bought, burned = flows(run, "credits", "TOK-credit"), flows(run, "burned for credits")
    assert sign * (minted / used - burned / bought) > 0


def test_users_of_a_vault_pay_dollars_and_never_gain_from_the_coins_price() -> None:
    run = play(
        {**PLAIN, "networks.net.market": {**STILL, "daily_sd": "9 %"}, "networks.net.burnmint": {"credits": VAULT}}
    )
    assert set(run.series["net.exchange_users_usd_per_day"]) == {0.0}
    for operators, protocol in zip(
        run.series["net.exchange_operators_usd_per_day"], run.series["net.exchange_protocol_usd_per_day"], strict=True
    ):
        assert operators == pytest.approx(-(protocol or 0.0))


def test_a_crash_stops_the_sale_of_credits_and_use_is_paid_in_coins() -> None:
    crash = {
        **PLAIN,
        "networks.net.market": {**STILL, "drift": "-99.99 %/year"},
        "networks.net.burnmint": {"credits": {**VAULT, "cover": "50 %"}},
    }
    run = play({**crash, "horizon": "20 week"})
    # A week loses 16 % of the price: the ratio of what credits are there is below 90 % in every second week, and the other
    # half of use, which they do not cover, is paid in coins.
    assert flows(run, "credits used", "TOK-credit") < sums(run, "net.revenue_usd_per_day") * 0.9
    assert set(run.residuals.values()) == {0}
    assert last(run, "net.revenue_usd_per_day") == pytest.approx(last(play(PLAIN), "net.revenue_usd_per_day"), rel=1e-3)


def test_operators_of_burned_work_are_minted_its_value_an_epoch_later() -> None:
    base = play(PLAIN)
    run = play({**PLAIN, "networks.net.burnmint": {"jobs": {"kind": "mint_back", "burn": "60 %", "reward": "56 %"}}})
    paid = sums(base, "net.revenue_usd_per_day")
    assert flows(run, "burn of payments") == pytest.approx(0.6 * paid, rel=1e-6)
    assert flows(run, "minted for burned work") == pytest.approx(0.56 * paid * 9 / 10, rel=1e-3)
    assert last(run, "net.fee_coverage_frac") == pytest.approx(0.96 * last(base, "net.fee_coverage_frac"), rel=1e-3)


BUYS: dict[str, Any] = {
    **PLAIN,
    "networks.net.price": {**PRICED, "pay": "usd"},
    "networks.net.market": POOL,
    "networks.net.settle": {"take_rate": "20 %"},
}


def test_fees_in_dollars_buy_coins_of_which_69_3_percent_burn() -> None:
    run = play({**BUYS, "networks.net.burnmint": {"fees": {"kind": "buyback"}}})
    assert set(run.residuals.values()) == {0}
    spent = flows(run, "coins bought back", "USD")
    assert spent == pytest.approx(0.2 * sums(run, "net.revenue_usd_per_day"), rel=1e-6)
    burned = flows(run, "burn of coins bought back")
    bought = (
        sum(row.amount for row in run.flows if row.reason == "coins bought back" and row.target == "net.buyback.fees")
        / 1e9
    )
    bought = sum(row.amount for row in run.flows if row.source == "net.pool" and row.target == "net.buyback.fees") / 1e9
    assert burned / bought == pytest.approx(0.693, rel=1e-6)
    assert sums(run, "net.burn_coin") == pytest.approx(burned, rel=1e-9)
    # Without holders who sell, purchases from a pool would only raise the price; the drift of holders was solved without them.
    assert last(run, "net.coin_usd") > last(play(BUYS), "net.coin_usd")


def test_a_days_volume_and_slippage_bound_a_purchase() -> None:
    little = {"fees": {"kind": "buyback", "volume": "0.5 USD"}}
    run = play({**BUYS, "networks.net.burnmint": little})
    assert flows(run, "coins bought back", "USD") == pytest.approx(0.5 * 70, rel=1e-6)
    shallow = {**BUYS, "networks.net.market": {**POOL, "depth": "400 USD"}}
    thin = play({**shallow, "networks.net.burnmint": {"fees": {"kind": "buyback", "slippage": "1 %"}}})
    # 36 USD a week in a pool of 400 a side would slip by 8 %: an eighth of it is let.
    assert 0 < flows(thin, "coins bought back", "USD") < 0.5 * flows(thin, "fees to buy coins", "USD")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"networks.net.burnmint": {"fees": {"kind": "buyback"}}},
            "users pay in coins, so the take is in coins already",
        ),
        ({**BUYS, "networks.net.burnmint": {"v": VAULT}}, "users pay in USD, so there are no coins to burn"),
        (
            {
                "networks.net.price": {"kind": "posted", "input": "1 TOK/Mtok", "output": "1 TOK/Mtok"},
                "networks.net.burnmint": {"v": VAULT},
            },
            "a vault sells credits in USD, but prices are in coins",
        ),
        (
            {"networks.net.settle": {"via": {"kind": "stream"}}, "networks.net.burnmint": {"v": VAULT}},
            "users of a vault pay with its credits",
        ),
        ({"networks.net.burnmint": {"v": VAULT, "w": VAULT}}, "a network has one vault"),
    ],
)
def test_programs_that_other_terms_contradict_are_told(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        play(changes)
