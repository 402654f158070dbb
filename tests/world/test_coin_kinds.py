"""Coin prices by the quantity equation, by a mix and from a series, in whole runs; walks with a common factor; the oracle."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.errors import ScenarioError
from sim.records.run import RunRecord
from tests.world.small import CLOUD, HOME, LOGIT, POOL, PRICED, last, play

pytestmark = pytest.mark.compiled

PLAIN: dict[str, Any] = {
    "networks.net.price": PRICED,
    "networks.net.supply": {"kind": "fixed"},
    "networks.net.coin": {"ticker": "TOK", "decimals": 9, "supply": "10 kTOK"},
    f"{HOME}.decides": "fixed",
    "horizon": "12 week",
}
QUANTITY = {"kind": "quantity", "start": "1 USD/TOK"}
PATH = {"kind": "path", "start": "1 USD/TOK"}
MIX = {
    "kind": "mix",
    "start": "1 USD/TOK",
    "parts": {
        "pool": {"weight": "40 %", "market": {**POOL, "daily_sd": "4 %"}},
        "quantity": {"weight": "40 %", "market": {**QUANTITY, "daily_sd": "2 %"}},
        "path": {"weight": "20 %", "market": {**PATH, "daily_sd": "6 %"}},
    },
}
REPLAY = {"kind": "replay", "start": "1 USD/TOK", "prices": {"2026-01-01": "1 USD/TOK", "2026-02-01": "3 USD/TOK"}}


def prices(run: RunRecord) -> np.ndarray:
    return np.array(run.series["net.coin_usd"], float)


@pytest.mark.parametrize("market", [{**QUANTITY, "daily_sd": "5 %"}, MIX, REPLAY])
def test_every_kind_of_price_settles_with_a_balanced_ledger(market: dict[str, Any]) -> None:
    world = {
        **PLAIN,
        "networks.net.market": market,
        "networks.net.supply": {"kind": "inflation", "rate": "5 %/year"},
        f"{HOME}.decides": "free_entry",
        "networks.net.burnmint": {"some": {"kind": "share", "share": "15 %"}},
        "networks.cloud": CLOUD,
        "workload.chat.demand": LOGIT,
    }
    run, again = play(world), play(world)
    assert set(run.residuals.values()) == {0}
    assert run.series == again.series
    assert prices(run).min() > 0


def test_under_the_quantity_equation_steady_use_of_a_fixed_supply_keeps_the_price() -> None:
    assert prices(play({**PLAIN, "networks.net.market": QUANTITY})) == pytest.approx(np.ones(12), rel=0.01)


def test_under_the_quantity_equation_a_supply_that_grows_dilutes_and_a_burn_lifts() -> None:
    inflation = play(
        {**PLAIN, "networks.net.market": QUANTITY, "networks.net.supply": {"kind": "inflation", "rate": "100 %/year"}}
    )
    # Twelve weeks double the supply by 2^(84 / 365.25); the price of an epoch is set before its payments are burned.
    supply = np.array(inflation.series["net.supply_coin"], float)
    assert prices(inflation)[-1] == pytest.approx(supply[0] / supply[-1], rel=0.02)
    burn = play(
        {
            **PLAIN,
            "networks.net.market": QUANTITY,
            "networks.net.burnmint": {"all": {"kind": "share", "share": "100 %"}},
        }
    )
    assert (np.diff(prices(burn)[1:]) > 0).all()


def test_coins_in_escrows_are_not_free() -> None:
    deposit = {"networks.net.settle": {"via": {"kind": "stream", "cover": "300 %"}}, "networks.net.market": QUANTITY}
    small = {"networks.net.coin": {"ticker": "TOK", "decimals": 9, "supply": "2 kTOK"}}
    plain = play({**PLAIN, **small, "networks.net.market": QUANTITY})
    locked = play({**PLAIN, **small, **deposit})
    assert last(locked, "net.coin_usd") > 1.1 * last(plain, "net.coin_usd")


def test_without_payments_a_velocity_must_be_stated() -> None:
    free = {
        **PLAIN,
        "networks.net.market": QUANTITY,
        "networks.net.price": {**PRICED, "input": "0 USD/Mtok", "output": "0 USD/Mtok"},
    }
    with pytest.raises(ScenarioError, match="there are none; state `velocity`"):
        play(free)


def test_a_replayed_price_begins_with_the_run_and_takes_a_shock() -> None:
    run = play({**PLAIN, "networks.net.market": REPLAY})
    # 2026-02-01 lies in the fifth week.
    assert prices(run).tolist() == [1.0] * 4 + [3.0] * 8


def test_two_coins_with_a_common_factor_move_together() -> None:
    def correlation(common: str) -> float:
        market = {"kind": "path", "start": "1 USD/TOK", "daily_sd": "5 %", "common": common}
        other = {
            "kind": "coin",
            "coin": {"ticker": "SEC", "decimals": 9, "supply": "1 MSEC"},
            "supply": {"kind": "fixed"},
            "split": {"operators": "100 %", "remainder": "treasury"},
            "payout": {"kind": "availability"},
            "price": {"kind": "posted", "input": "0 USD/Mtok", "output": "0 USD/Mtok", "pay": "coin"},
            "market": {**market, "start": "1 USD/SEC"},
            "operators": {
                "home": {
                    "nodes": 1,
                    "gpu": "rtx_4090",
                    "electricity": "0 USD/kWh",
                    "capex": "0 USD",
                    "decides": "fixed",
                }
            },
        }
        world = {
            **PLAIN,
            "networks.net.market": market,
            "networks.second": other,
            "epoch": "1 day",
            "horizon": "400 day",
        }
        run = play(world)
        moves = [np.diff(np.log(np.array(run.series[f"{name}.coin_usd"], float))) for name in ("net", "second")]
        return float(np.corrcoef(*moves)[0, 1])

    # 399 days: standard error of a correlation (1 - r^2) / 20.
    assert correlation("0 %") == pytest.approx(0.0, abs=0.15)
    assert correlation("80 %") == pytest.approx(0.64, abs=0.09)


def test_an_oracle_that_pauses_settles_at_the_old_price() -> None:
    falling = {**PLAIN, "networks.net.market": {**PATH, "drift": "-90 %/year"}, "networks.net.oracle": {"twap": "0 s"}}
    awake = play(falling)
    asleep = play(
        {
            **falling,
            "networks.net.oracle": {"twap": "0 s", "pauses": {"feed": {"begins": "3 week", "lasts": "20 week"}}},
        }
    )
    # At a price of weeks ago invoices ask for too few coins: users gain and operators lose.
    assert last(asleep, "net.exchange_users_usd_per_day") > last(awake, "net.exchange_users_usd_per_day") + 1
    assert last(asleep, "net.exchange_operators_usd_per_day") < last(awake, "net.exchange_operators_usd_per_day") - 1
