"""What moves the coin's price in a whole run, and what does not; the start without drift; the length of the epoch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.records.run import RunRecord
from sim.world import money
from sim.world import run as run_module
from tests.world.small import CLOUD, HOME, LOGIT, POOL, PRICED, play

pytestmark = pytest.mark.compiled

PATH = {"kind": "path", "start": "1 USD/TOK"}
HALVING = {"kind": "halving", "initial": "4900 TOK/day", "first": "2026-04-02"}
SOLD: dict[str, Any] = {
    "networks.net.supply": HALVING,
    "networks.net.split": {"operators": "1 %", "validators": "99 %", "remainder": "validators"},
    "networks.net.settle": {"sell_others": "100 %"},
    "networks.net.coin": {"ticker": "TOK", "decimals": 9, "supply": "100 MTOK"},
    "horizon": "52 week",
}
"""4,900 coins a day, nearly all sold by validators; half of that from week 13 on."""


def prices(run: RunRecord) -> np.ndarray:
    return np.array(run.series["net.coin_usd"], float)


def test_a_halving_moves_the_price_in_the_pool_and_not_on_the_path() -> None:
    pool = prices(play({**SOLD, "networks.net.market": {**POOL, "depth": "1 MUSD"}}))
    path = prices(play({**SOLD, "networks.net.market": PATH}))
    assert (path == 1.0).all()
    # Until the halving holders take what is sold, at the price of the start.
    assert pool[12] == pytest.approx(1.0, abs=1e-3)
    # Then holders buy as before while half is sold: with a = 4,900 USD a day and a pull of 1 % of a million a day, the
    # price settles where 2,450 P = 4,900 + 10,000 ln(1/P): P = 1.2127 (bisection). Within a day flows come before the pull:
    # 2,450 USD of a million move the price by 0.5 %.
    assert pool[-1] == pytest.approx(1.2127, rel=0.005)
    assert (np.diff(pool[13:]) > 0).all()


def test_the_deeper_the_pool_the_slower_a_halving_moves_it() -> None:
    shallow, deep = (
        prices(play({**SOLD, "networks.net.market": {**POOL, "depth": depth}, "horizon": "18 week"}))[-1]
        for depth in ("1 MUSD", "10 MUSD")
    )
    assert 1.0 < deep < shallow


BURN = {
    "networks.net.market": POOL,
    "networks.net.price": PRICED,
    "networks.net.supply": {"kind": "fixed"},
    f"{HOME}.decides": "fixed",
    "horizon": "12 week",
}
HALF = {"half": {"kind": "share", "share": "50 %"}}


def test_a_burn_of_coins_already_held_moves_no_price() -> None:
    # Operators sell nothing, so burning half of what they would have kept posts no trade.
    held = {**BURN, "networks.net.settle": {"sell": "0 %"}}
    kept, burned = play(held), play({**held, "networks.net.burnmint": HALF})
    assert burned.outcomes["net.burn_coin"] == pytest.approx(9.92, rel=0.01)
    assert burned.series["net.coin_usd"] == kept.series["net.coin_usd"]


def test_a_burn_of_coins_that_would_have_been_sold_raises_the_price() -> None:
    # `a` is given, so that holders do not take the difference out at the start.
    market = {**POOL, "holders": {"value": "constant", "a": "0 USD/day"}}
    sold = {**BURN, "networks.net.market": market}
    kept, burned = play(sold), play({**sold, "networks.net.burnmint": HALF})
    assert (prices(burned)[1:] > prices(kept)[1:]).all()


def test_without_holders_that_buy_emission_drains_the_pool() -> None:
    market = {**POOL, "depth": "1 MUSD", "holders": {"value": "constant", "a": "0 USD/day", "b": "0 USD/day"}}
    found = prices(play({**SOLD, "networks.net.market": market, "horizon": "12 week"}))
    # Constant product without fee: U = C = 10^6 at first, 4,900 x 84 coins come in.
    assert found[-1] == pytest.approx((1 + 0.0049 * 84) ** -2, rel=0.01)


def test_gains_and_losses_of_exchange_sum_to_price_change_times_coins_held(monkeypatch: pytest.MonkeyPatch) -> None:
    # Users take coins at the price before the epoch's trading, the others have them at the price after it.
    seen: list[tuple[int, int, int, money.Account]] = []
    real = money.close

    def watched(network: Any, *rest: Any) -> money.Account:
        before, owned = network.market.price_pusd, network.ledger.flows()
        account = real(network, *rest)
        flows = network.ledger.flows()
        paid = sum(row.amount for row in flows if row.source == "users" and row.currency == "TOK")
        paid -= sum(row.amount for row in owned if row.source == "users" and row.currency == "TOK")
        seen.append((before, network.market.price_pusd, paid, account))
        return account

    monkeypatch.setattr(run_module.__globals__["money"], "close", watched)
    run = play(
        {
            "networks.net.market": {**POOL, "daily_sd": "5 %"},
            "networks.net.price": PRICED,
            "networks.net.settle": {"take_rate": "10 %"},
            "networks.net.burnmint": HALF,
            "networks.net.oracle": {"lag": "3 day", "twap": "1 day"},
            "horizon": "10 week",
        }
    )
    assert len(seen) == 10
    for before, after, paid, account in seen:
        assert paid > 0
        assert account.gains is not None
        assert account.gains.total == paid * (after - before)
    # An oracle that lags has users pay more or fewer coins than the invoice is worth, once the price has moved.
    assert all(account.gains.user != 0 for _, _, _, account in seen[1:])
    # The outcomes are these gains, in USD a day.
    for week, (_, _, _, account) in enumerate(seen):
        parts = {"users": account.gains.user, "operators": account.gains.operators, "protocol": account.gains.protocol}
        for party, gain in parts.items():
            found = run.series[f"net.exchange_{party}_usd_per_day"][week]
            assert found == pytest.approx(gain / 10**21 / 7, rel=1e-12)


def test_an_oracle_that_lags_lets_users_pay_by_an_old_price() -> None:
    # The price falls by 99 % a year on the path: 13 % a week. Invoices are settled at the price of four weeks ago.
    falling = {"kind": "path", "start": "1 USD/TOK", "drift": "-99 %/year"}
    changes = {"networks.net.market": falling, "networks.net.price": PRICED, "horizon": "10 week"}
    fresh = play({**changes, "networks.net.oracle": {"lag": "0 s", "twap": "0 s"}})
    late = play({**changes, "networks.net.oracle": {"lag": "28 day", "twap": "0 s"}})
    coins = [sum(row.amount for row in run.flows if row.reason == "payment") for run in (fresh, late)]
    weekly = prices(fresh)[1] / prices(fresh)[0]
    assert weekly == pytest.approx(0.01 ** (7 / 365.25), rel=1e-6)
    # Week n is paid at price(n) with a fresh oracle and at price(n - 4) with a late one; before the start it is 1.
    exact = [weekly**n for n in range(10)]
    assert coins[0] == pytest.approx(sum(coins[0] / sum(1 / p for p in exact) / p for p in exact), rel=1e-6)
    expected = sum(1 / exact[max(n - 3, 0)] for n in range(10)) / sum(1 / p for p in exact)
    assert coins[1] / coins[0] == pytest.approx(expected, rel=0.01)


STEADY: dict[str, Any] = {
    "initial": "steady",
    "networks.cloud": CLOUD,
    "networks.net.market": POOL,
    "networks.net.price": PRICED,
    "workload.chat.demand": {**LOGIT, "start": {"net": "60 %", "cloud": "40 %"}},
    "horizon": "13 week",
}


@pytest.mark.parametrize(
    "requests", [{"mode": "capacity"}, {"mode": "sampled", "window": "60 s", "per_epoch": 1, "every": 2}]
)
def test_a_steady_start_has_no_drift_in_price_and_demand(requests: dict[str, Any]) -> None:
    run = play({**STEADY, "requests": requests})
    # 90 days later: the price within 0.5 % (the first epoch has no sellers of fees yet), demand within 1 %.
    assert prices(run)[-1] == pytest.approx(1.0, rel=0.005)
    demand = run.series["net.demand_rps"]
    assert demand[-1] == pytest.approx(demand[0], rel=0.01)


def test_a_steady_start_keeps_its_nodes_where_costs_do_not_hang_on_what_is_measured() -> None:
    # Free entry at 49 TOK a day and fees; power costs nothing here, so that the first measurement changes no cost.
    run = play({**STEADY, "horizon": "26 week"})
    nodes = run.series["net.nodes"]
    assert max(nodes) - min(nodes) <= 1
    revenue = run.outcomes["net.revenue_usd_per_day"]
    assert nodes[0] == pytest.approx((49 + revenue) / 2.4, abs=1)


def test_a_steady_start_is_the_same_whatever_the_file_says_of_nodes() -> None:
    few, many = (play({**STEADY, f"{HOME}.nodes": nodes, "horizon": "1 week"}) for nodes in (5, 60))
    assert few.series["net.nodes"] == many.series["net.nodes"]


EPOCHS: dict[str, Any] = {
    **STEADY,
    "networks.net.price": {**PRICED, "input": "0.05 TOK/Mtok", "output": "0.15 TOK/Mtok"},
    "networks.net.supply": {"kind": "halving", "initial": "480 TOK/day", "first": "2026-03-02"},
    "networks.net.market": {**POOL, "daily_sd": "1 %", "depth": "40 kUSD"},
    "workload.chat.rate": "20 /s",
    f"{HOME}.nodes": 200,
    f"{HOME}.max_nodes": 300,
    f"{HOME}.lead": "10 day",
    f"{HOME}.cost_spread": 0.4,
    "horizon": "120 day",
}
"""Prices in coins, so that the coin's price moves demand, and a halving after 60 days."""


def test_epochs_of_6_hours_1_day_and_2_days_agree_within_3_percent() -> None:
    runs = [play({**EPOCHS, "epoch": epoch}) for epoch in ("6 h", "1 day", "2 day")]
    for outcome in ("net.nodes", "net.coin_usd", "net.demand_rps"):
        found = [run.outcomes[outcome] for run in runs]
        assert max(found) < 1.03 * min(found), outcome
    # The halving did something to each: nodes left, the coin became dearer, dearer use lost users.
    for run in runs:
        half = len(run.epoch_end_s) // 2
        assert run.series["net.nodes"][-1] < 0.75 * run.series["net.nodes"][half - 1]
        assert run.series["net.coin_usd"][-1] > 1.2
        assert run.series["net.demand_rps"][-1] < 0.85 * run.series["net.demand_rps"][0]


def test_subsidy_is_what_the_network_s_own_recipients_get() -> None:
    # 49 coins a day of one dollar are minted; a tenth is this service's, the rest goes to other services of the chain.
    run = play({"networks.net.split": {"share": "10 %", "operators": "100 %", "remainder": "treasury"}})
    assert run.outcomes["net.emission_coin"] == pytest.approx(49.0)
    # Prices are zero and so are payments: the security budget is this network's emission alone.
    assert run.outcomes["net.security_budget_usd_per_day"] == pytest.approx(4.9)
    assert run.outcomes["net.subsidy_usd_per_mtok"] == pytest.approx(4.9 / run.outcomes["net.served_mtok"], rel=1e-6)
