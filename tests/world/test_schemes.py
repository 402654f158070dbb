"""Owners who earn on how others pay and trade, or on buying of themselves: when, who pays for it, how often it is found."""

from __future__ import annotations

import math
from typing import Any

import pytest

from sim.records.run import RunRecord
from tests.world.small import HOME, POOL, PRICED, play

pytestmark = pytest.mark.compiled

NET = "networks.net"
STAKE = {
    f"{NET}.stake": {"kind": "fixed", "amount": "100 TOK"},
    f"{NET}.slash": {"invalid": {"kind": "fraction", "share": "1 %"}},
}


def ring(kind: str, capital: str = "1000 kUSD", **more: Any) -> dict[str, Any]:
    return {f"{HOME}.strategies": {"ring": {"kind": kind, "share": "30 %", "capital": capital, **more}}}


def total(run: RunRecord, outcome: str, sign: float = 0.0) -> float:
    """Sum over epochs of a series; of its positive (negative) values alone with a sign."""
    values = [value or 0.0 for value in run.series[outcome]]
    return math.fsum(value for value in values if value * sign > 0 or not sign)


# -- the oracle -----------------------------------------------------------------------------------------------------


def walked(lag: str, **more: Any) -> RunRecord:
    return play({
        f"{NET}.market": {"kind": "path", "start": "1 USD/TOK", "daily_sd": "5 %"}, f"{NET}.price": PRICED,
        f"{NET}.oracle": {"lag": lag, "twap": "0 s"}, "epoch": "1 day", "horizon": "26 week", f"{HOME}.decides": "fixed", **more,
    })  # fmt: skip


def test_an_arbitrageur_earns_nothing_at_lag_0_and_takes_what_users_gain_at_a_lag() -> None:
    assert total(walked("0 s", **ring("oracle_arbitrage")), "net.schemed_usd_per_day") == 0
    honest, run = walked("7 day"), walked("7 day", **ring("oracle_arbitrage"))
    earned = total(run, "net.schemed_usd_per_day")
    # With capital for all invoices he has the whole of what users would have gained; their losses stay theirs.
    assert earned == pytest.approx(total(honest, "net.exchange_users_usd_per_day", 1), rel=1e-6)
    assert earned > 10
    lost = total(honest, "net.exchange_users_usd_per_day", -1)
    assert total(run, "net.exchange_users_usd_per_day") == pytest.approx(lost, rel=1e-6)
    assert run.residuals == {"TOK": 0, "USD": 0}


def test_an_arbitrageur_earns_as_far_as_his_capital_goes() -> None:
    few, many = (
        total(walked("7 day", **ring("oracle_arbitrage", capital)), "net.schemed_usd_per_day")
        for capital in ("1 USD", "2 USD")
    )
    assert few > 0
    # Below the invoices of a day twice the capital earns twice as much.
    assert many == pytest.approx(2 * few, rel=1e-6)


def test_arbitrage_is_found_with_the_stated_chance_a_day() -> None:
    run = walked("7 day", **ring("oracle_arbitrage", found="20 %"), **STAKE, horizon="3 year")
    acts = sum(value is not None for value in run.series["net.schemes_found_frac"])
    found = run.outcomes["net.schemes_found_frac"]
    assert acts > 300
    assert found == pytest.approx(0.2, abs=5 * math.sqrt(0.2 * 0.8 / acts))
    assert any(row.reason == "slash" for row in run.flows)


# -- ahead of others ------------------------------------------------------------------------------------------------


def bought(fee: str = "0 %", **more: Any) -> RunRecord:
    """Users buy coins for some 17 USD a day out of a pool that nobody sells to."""
    return play({
        f"{NET}.market": {**POOL, "depth": "10 kUSD", "fee": fee, "holders": {"value": "constant", "a": "0 USD/day"}}, f"{NET}.price": PRICED,
        f"{NET}.settle": {"sell": "0 %"}, f"{NET}.supply": {"kind": "fixed"}, "horizon": "8 week", f"{HOME}.decides": "fixed", **more,
    })  # fmt: skip


def test_who_buys_before_users_earns_what_they_pay_more() -> None:
    honest, run = bought(), bought(**ring("frontrun", "1 kUSD"))
    assert total(run, "net.schemed_usd_per_day") > 1
    # The same invoices cost users more dollars for coins.
    spent = [sum(row.amount for row in one.flows if row.reason == "users' funds") for one in (honest, run)]
    assert spent[1] > spent[0]
    assert run.residuals == {"TOK": 0, "USD": 0}


def test_nobody_buys_ahead_where_the_fee_is_more_than_users_move_the_price() -> None:
    # A week's 120 USD move a pool of 10,000 by some 2 %; a trade there and back at 3 % costs 6 %.
    assert total(bought("3 %", **ring("frontrun", "1 kUSD")), "net.schemed_usd_per_day") == 0
    assert total(bought("0.1 %", **ring("frontrun", "1 kUSD")), "net.schemed_usd_per_day") > 0


def test_nobody_buys_ahead_of_users_who_do_not_buy() -> None:
    free = {f"{NET}.price": {**PRICED, "input": "0 USD/Mtok", "output": "0 USD/Mtok"}}
    assert total(bought(**ring("frontrun"), **free), "net.schemed_usd_per_day") == 0


def test_who_was_found_buying_ahead_is_barred() -> None:
    slash = {f"{NET}.slash": {"invalid": {"kind": "fraction", "share": "1 %", "cooldown": "60 day"}}}
    run = bought(**ring("frontrun", "1 kUSD", found="100 %"), **{**STAKE, **slash})
    acts = [value for value in run.series["net.schemes_found_frac"] if value is not None]
    assert set(acts) == {1.0}
    assert len(acts) < len(bought(**ring("frontrun", "1 kUSD")).series["net.schemes_found_frac"])


# -- of oneself -----------------------------------------------------------------------------------------------------


def dealing(**more: Any) -> RunRecord:
    """Owners of three nodes in ten buy their own service, for a share of what is emitted by work."""
    return play({
        f"{NET}.payout": {"kind": "work"}, f"{NET}.price": PRICED, f"{NET}.settle": {"take_rate": "5 %"}, "epoch": "1 day",
        f"{HOME}.decides": "fixed", **STAKE, **more,
    })  # fmt: skip


def deals(**more: Any) -> dict[str, Any]:
    return {f"{HOME}.strategies": {"ring": {"kind": "self_dealing", "share": "30 %", **more}}}


def test_self_dealing_is_found_with_the_stated_chance_a_day_and_costs_stake() -> None:
    run = dealing(**deals(found="20 %"), horizon="3 year")
    found, days = run.outcomes["net.schemes_found_frac"], 3 * 365 + 1
    assert all(value is not None for value in run.series["net.schemes_found_frac"])
    assert found == pytest.approx(0.2, abs=5 * math.sqrt(0.2 * 0.8 / days))
    assert any(row.reason == "slash" for row in run.flows)
    assert run.residuals == {"TOK": 0, "USD": 0}
    # It is no scheme on others: what these earn is not told.
    assert "net.schemed_usd_per_day" in run.unsupported


def test_the_chance_of_an_epoch_is_that_of_its_days() -> None:
    weekly = dealing(**deals(found="20 %"), epoch="1 week", horizon="1000 week")
    chance = 1 - 0.8**7
    assert weekly.outcomes["net.schemes_found_frac"] == pytest.approx(
        chance, abs=5 * math.sqrt(chance * (1 - chance) / 1000)
    )


def test_self_dealing_that_is_not_found_is_as_before() -> None:
    never, plain = dealing(**deals(found="0 %"), horizon="30 day"), dealing(**deals(), horizon="30 day")
    assert never.series == plain.series
    assert "net.schemes_found_frac" in plain.unsupported
    assert not any(row.reason == "slash" for row in plain.flows)


def test_who_was_found_buying_of_himself_is_barred() -> None:
    slash = {f"{NET}.slash": {"invalid": {"kind": "fraction", "share": "1 %", "cooldown": "60 day"}}}
    run = dealing(**deals(found="100 %"), **slash, horizon="30 day")
    dealt = [value or 0.0 for value in run.series["net.dealt_frac"]]
    acts = [value for value in run.series["net.schemes_found_frac"] if value is not None]
    assert dealt[0] > 0.3
    # Each day one more of the owner's slots is barred, until none is left to buy at.
    assert set(acts) == {1.0}
    assert 0 < len(acts) < 30
    assert dealt[len(acts) + 1 :] == [0.0] * (29 - len(acts))
