"""Terms of payment in whole runs: who pays what at which rate, and when a market cannot give the coins."""

from __future__ import annotations

from typing import Any

import pytest

from sim.errors import InvariantError
from sim.records.run import RunRecord
from tests.world.small import HOME, POOL, PRICED, play, usd

pytestmark = pytest.mark.compiled

WALK = {"kind": "path", "start": "1 USD/TOK", "drift": "-90 %/year"}
"""A coin that falls by 4.3 % a week."""
PLAIN: dict[str, Any] = {
    "networks.net.market": WALK,
    "networks.net.price": PRICED,
    "networks.net.supply": {"kind": "fixed"},
    f"{HOME}.decides": "fixed",
    "horizon": "4 week",
}
WEEK_FACTOR = 0.1 ** (7 / 365.25)


def paid(run: RunRecord, currency: str = "TOK") -> float:
    """Whole coins (or dollars) that users paid."""
    return sum(row.amount for row in run.flows if row.currency == currency and row.reason in ("payment", "take")) / 1e9


def invoiced(run: RunRecord) -> list[float]:
    return [value * 7 for value in run.series["net.revenue_usd_per_day"] if value is not None]


@pytest.mark.parametrize(
    ("settle", "prices"),
    [
        # The price in force when an epoch n ends is f^(n+1); users pay at ...
        ({"rate": "request"}, [WEEK_FACTOR**n for n in range(4)]),  # ... the one as it begins
        ({"rate": "settlement"}, [WEEK_FACTOR ** (n + 1) for n in range(4)]),  # ... the one as it ends
        ({"rate": "fixed", "fixed": "0.5 USD/TOK"}, [0.5] * 4),
        # The oracle's window ends before the epoch's own move: it shows the price that held until now.
        ({"rate": "oracle"}, [WEEK_FACTOR**n for n in range(4)]),
    ],
)
def test_an_invoice_in_dollars_becomes_coins_at_the_rate_of_the_file(
    settle: dict[str, str], prices: list[float]
) -> None:
    run = play({**PLAIN, "networks.net.settle": settle})
    expected = sum(usd / price for usd, price in zip(invoiced(run), prices, strict=True))
    assert paid(run) == pytest.approx(expected, rel=1e-6)


def test_a_price_in_coins_is_paid_as_it_stands() -> None:
    price = {"kind": "posted", "input": "0.1 TOK/Mtok", "output": "0.1 TOK/Mtok", "pay": "coin"}
    run = play({**PLAIN, "networks.net.price": price})
    mtok = sum(value * 7 for value in run.series["net.served_mtok"] if value is not None)
    assert paid(run) == pytest.approx(0.1 * mtok, rel=1e-6)


def test_a_network_paid_in_dollars_moves_no_coin_for_its_service() -> None:
    run = play({**PLAIN, "networks.net.price": {**PRICED, "pay": "usd"}, "networks.net.settle": {"take_rate": "25 %"}})
    assert paid(run) == 0
    assert paid(run, "USD") == pytest.approx(sum(invoiced(run)), rel=1e-9)
    take = sum(row.amount for row in run.flows if row.reason == "take") / 1e9
    assert take == pytest.approx(0.25 * sum(invoiced(run)), rel=1e-6)
    for party in ("users", "operators", "protocol"):
        assert set(run.series[f"net.exchange_{party}_usd_per_day"]) == {0.0}


def test_operators_who_keep_coins_hold_them_and_those_who_sell_do_not() -> None:
    def held(sell: str) -> int:
        run = play({**PLAIN, "networks.net.market": POOL, "networks.net.settle": {"sell": sell}})
        came = sum(row.amount for row in run.flows if row.currency == "TOK" and row.target == "net.operators")
        gone = sum(row.amount for row in run.flows if row.currency == "TOK" and row.source == "net.operators")
        return came - gone

    keep, half, sell = held("0 %"), held("50 %"), held("100 %")
    # What came in the last epoch is sold over the next one, which no longer comes: one of four is left.
    assert sell == pytest.approx(keep / 4, rel=0.01)
    assert half == pytest.approx((keep + sell) / 2, rel=0.01)


def test_a_pool_that_cannot_give_the_coins_of_an_invoice_stops_the_run() -> None:
    # 900,000 USD a week from a pool of 1,000 coins, at a fixed rate that asks for all of them and more.
    small = {
        **PLAIN,
        "networks.net.market": {**POOL, "depth": "1 kUSD"},
        "networks.net.settle": {"rate": "fixed", "fixed": "0.001 USD/TOK"},
    }
    with pytest.raises(InvariantError, match=r"networks\.net: users could not buy .* raise market\.depth"):
        play(small)


def test_take_goes_to_whom_the_file_says() -> None:
    run = play({**PLAIN, "networks.net.settle": {"take_rate": "10 %", "take_to": "owner"}})
    assert {row.target for row in run.flows if row.reason == "take"} == {"net.owner"}


def test_owners_pay_what_is_missing_and_take_out_what_is_over() -> None:
    # 20 nodes at 2.4 USD a day; with 49 TOK a day at a dollar one dollar a day is over, with no emission all is missing.
    rich = play({"horizon": "8 week", f"{HOME}.decides": "fixed"})
    poor = play({"horizon": "8 week", f"{HOME}.decides": "fixed", "networks.net.supply": {"kind": "fixed"}})

    assert usd(rich, "power and hosting") == pytest.approx(48 * 56)
    assert usd(poor, "owners' funds") == pytest.approx(48 * 56)
    # The first week's coins are sold over that week already.
    assert usd(rich, "owners' draw") == pytest.approx(1 * 56, rel=1e-6)
    assert usd(rich, "owners' funds") == 0
