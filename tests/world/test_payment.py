"""Deposits, channels and tickets in whole runs: the ledger balances, invoices stay what they were, losses have a name."""

from __future__ import annotations

from typing import Any

import pytest

from sim.records.run import RunRecord
from tests.world.small import CLOUD, HOME, LOGIT, POOL, PRICED, last, play

pytestmark = pytest.mark.compiled

PLAIN: dict[str, Any] = {
    "networks.net.price": PRICED,
    f"{HOME}.decides": "fixed",
    "horizon": "10 week",
    "networks.net.market": {"kind": "path", "start": "1 USD/TOK", "daily_sd": "5 %"},
}
WAYS: dict[str, dict[str, Any]] = {
    "batch": {"kind": "batch", "unpaid": "3 %"},
    "stream": {"kind": "stream", "cover": "60 %"},
    "prepaid": {"kind": "prepaid"},
    "escrow": {"kind": "escrow", "validators": 2},
    "ticket": {"kind": "ticket", "deposit": "20 %", "reserve": "50 %"},
    "channel": {
        "kind": "channel",
        "expiry": "20 day",
        "renew": False,
        "asleep": "40 %",
        "gas": "0.3 USD",
        "claim_at": "90 %",
    },
}


def coins(run: RunRecord, *reasons: str, currency: str = "TOK") -> float:
    return sum(row.amount for row in run.flows if row.currency == currency and row.reason in reasons) / 1e9


def series(run: RunRecord, outcome: str) -> list[float]:
    return [value for value in run.series[outcome] if value is not None]


@pytest.mark.parametrize("pay", ["coin", "usd"])
@pytest.mark.parametrize("way", WAYS)
def test_every_way_settles_with_a_balanced_ledger(way: str, pay: str) -> None:
    world = {
        **PLAIN,
        f"{HOME}.decides": "free_entry",
        "networks.net.price": {**PRICED, "pay": pay},
        "networks.net.market": {**POOL, "daily_sd": "4 %"},
        "networks.net.settle": {"take_rate": "10 %", "make_rate": "2 %", "via": WAYS[way]},
        "networks.cloud": CLOUD,
        "workload.chat.demand": LOGIT,
    }
    run = play(world)
    assert set(run.residuals.values()) == {0}
    currency = "TOK" if pay == "coin" else "USD"
    brought, back = coins(run, "deposits", currency=currency), coins(run, "deposits returned", currency=currency)
    left = sum(row.amount for row in run.flows if row.currency == currency and row.source == "net.escrow") / 1e9
    # What was brought went to payees and protocol, came back or lies there still; `make` joins it where coins are divided.
    joined = sum(row.amount for row in run.flows if row.reason == "make" and row.target == "net.escrow") / 1e9
    assert 0 <= brought + joined - left < brought
    assert back <= brought
    assert coins(run, "payment", currency=currency) > 0
    assert coins(run, "take", "make", currency=currency) > 0


@pytest.mark.parametrize("rate", ["oracle", "settlement", "request"])
def test_an_invoice_that_is_always_paid_is_the_same_as_no_way_at_all(rate: str) -> None:
    plain = play({**PLAIN, "networks.net.settle": {"rate": rate}})
    batch = play({**PLAIN, "networks.net.settle": {"rate": rate, "via": {"kind": "batch"}}})
    for name, values in plain.series.items():
        assert batch.series[name] == pytest.approx(values, rel=1e-6, abs=1e-6), name
    assert set(batch.series) - set(plain.series) == {"net.default_usd_per_day", "net.gas_usd_per_day"}


def test_deposits_bear_the_coins_price_for_users_while_they_wait() -> None:
    # The coin falls by 4 % a week: what lies in a deposit was bought dearer, so users lose what an invoice would not cost.
    falling = {**PLAIN, "networks.net.market": {"kind": "path", "start": "1 USD/TOK", "drift": "-90 %/year"}}
    invoice = play(falling)
    deposit = play({**falling, "networks.net.settle": {"via": {"kind": "stream", "cover": "300 %"}}})
    assert last(deposit, "net.exchange_users_usd_per_day") < last(invoice, "net.exchange_users_usd_per_day") - 0.1


def test_operators_who_sleep_lose_what_the_sender_takes_back() -> None:
    runs = {
        asleep: play({**PLAIN, "networks.net.settle": {"via": {**WAYS["channel"], "asleep": asleep}}})
        for asleep in ("0 %", "100 %")
    }
    lost = {asleep: sum(series(run, "net.default_usd_per_day")) for asleep, run in runs.items()}
    assert lost["0 %"] == 0 < lost["100 %"]
    assert coins(runs["100 %"], "payment") < coins(runs["0 %"], "payment")
    assert coins(runs["100 %"], "deposits returned") > coins(runs["0 %"], "deposits returned")


def test_gas_is_a_cost_of_operators_and_of_users() -> None:
    run = play({**PLAIN, "networks.net.settle": {"via": {**WAYS["channel"], "asleep": "0 %"}}})
    told = sum(7 * value for value in series(run, "net.gas_usd_per_day"))
    paid = {row.source: row.amount / 1e9 for row in run.flows if row.reason == "gas"}
    assert paid["net.operators"] == pytest.approx(told)
    assert paid["users"] > 0


def test_a_policy_that_collects_otherwise_gives_deposits_back_first() -> None:
    world = {**PLAIN, "networks.net.settle": {"via": WAYS["stream"]}, "policies_from": "5 week"}
    run = play(world, {"invoices": {"networks.net.settle": {"via": None}}}, "invoices")
    back, brought = coins(run, "deposits returned"), coins(run, "deposits")
    assert 0 < back < brought
    assert set(run.residuals.values()) == {0}
    told = run.series["net.default_usd_per_day"]
    assert [value is None for value in told] == [False] * 5 + [True] * 5


def test_a_policy_that_begins_to_collect_is_told_of_from_then_on() -> None:
    world = {**PLAIN, "policies_from": "5 week"}
    run = play(world, {"streams": {"networks.net.settle": {"via": WAYS["stream"]}}}, "streams")
    told = run.series["net.default_usd_per_day"]
    assert [value is None for value in told] == [True] * 5 + [False] * 5
    assert run.outcomes["net.default_usd_per_day"] is not None


def test_what_users_pay_on_top_is_in_the_price_they_pay() -> None:
    base, dearer = (play({**PLAIN, "networks.net.settle": {"make_rate": rate}}) for rate in ("0 %", "5 %"))
    ratio = last(dearer, "net.price_paid_usd_per_mtok") / last(base, "net.price_paid_usd_per_mtok")
    assert ratio == pytest.approx(1.05, rel=1e-6)
    assert last(dearer, "net.fee_coverage_frac") == pytest.approx(last(base, "net.fee_coverage_frac"), rel=1e-6)
