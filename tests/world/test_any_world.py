"""Whatever kinds a file combines, a run closes its books every epoch: random worlds of all kinds of the money side."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.errors import InvariantError
from tests.world.small import CLOUD, HOME, LOGIT, play

pytestmark = pytest.mark.compiled

SUPPLIES = (
    {"kind": "fixed"},
    {"kind": "halving", "initial": "490 TOK/day", "first": "2026-01-20", "every": "10 day", "cap": "1000100 TOK"},
    {"kind": "halving_by_supply", "initial": "4900 TOK/day", "cap": "2010000 TOK"},
    {"kind": "inflation", "rate": "300 %/year", "tick": "6 h"},
)
PAYOUTS = ({"kind": "work"}, {"kind": "availability"}, {"kind": "mix", "work_share": "33.3 %"})
MARKETS = (
    {"kind": "path", "start": "1 USD/TOK", "daily_sd": "10 %", "drift": "-90 %/year"},
    {"kind": "pool", "start": "1 USD/TOK", "depth": "50 kUSD", "daily_sd": "5 %", "nu": 4, "fee": "1 %"},
    {
        "kind": "pool",
        "start": "0.001 USD/TOK",
        "depth": "300 USD",
        "holders": {"value": "fees_capitalized", "rate": "20 %/year", "b": "10 USD/day"},
    },
)
DEMANDS = (
    {"kind": "fixed", "network": "net"},
    {"kind": "isoelastic", "elasticity": -0.9, "choke": "5 USD/Mtok", "network": "net"},
    {**LOGIT, "start": {"net": "50 %", "cloud": "50 %"}},
)
USD_LIST = {"kind": "posted", "input": "0.05 USD/Mtok", "output": "0.15 USD/Mtok"}
COIN_LIST = {"kind": "posted", "input": "0.05 TOK/Mtok", "output": "0.15 TOK/Mtok", "pay": "coin"}
TERMS = (
    ({**USD_LIST, "pay": "usd"}, {}),
    ({**USD_LIST, "pay": "coin"}, {"rate": "request"}),
    ({**USD_LIST, "pay": "coin"}, {"rate": "settlement"}),
    ({**USD_LIST, "pay": "coin"}, {"rate": "fixed", "fixed": "0.7 USD/TOK"}),
    ({**USD_LIST, "pay": "coin"}, {"rate": "oracle"}),
    (COIN_LIST, {}),
)


def percent(parts: int) -> str:
    return f"{parts / 10} %"


@st.composite
def worlds(draw: st.DrawFn) -> dict[str, Any]:
    price, settle = draw(st.sampled_from(TERMS))
    operators = draw(st.integers(0, 1000))
    changes: dict[str, Any] = {
        "networks.cloud": CLOUD,
        "networks.net.supply": draw(st.sampled_from(SUPPLIES)),
        "networks.net.payout": draw(st.sampled_from(PAYOUTS)),
        "networks.net.market": draw(st.sampled_from(MARKETS)),
        "networks.net.price": price,
        "networks.net.split": {
            "share": percent(draw(st.integers(1, 1000))),
            "operators": percent(operators),
            "owner": percent(1000 - operators),
            "remainder": draw(st.sampled_from(["operators", "treasury", "holders"])),
        },
        "networks.net.settle": {
            **settle,
            "take_rate": percent(draw(st.integers(0, 1000))),
            "sell": percent(draw(st.integers(0, 1000))),
            "sell_others": percent(draw(st.integers(0, 1000))),
        },
        "networks.net.oracle": {"lag": draw(st.sampled_from(["0 s", "5 day"])), "twap": draw(st.sampled_from(["0 s", "9 day"]))},
        "workload.chat.demand": draw(st.sampled_from(DEMANDS)),
        "requests": {"mode": "capacity", "headroom": 15},
        "initial": draw(st.sampled_from(["given", "steady"])),
        "epoch": draw(st.sampled_from(["1 day", "17 h", "1 week"])),
        "horizon": "40 day",
        f"{HOME}.max_nodes": 40,
        f"{HOME}.cost_spread": 0.5,
        f"{HOME}.electricity": "0.3 USD/kWh",
    }  # fmt: skip
    if price.get("pay") == "coin":
        of = draw(st.sampled_from(["payments", "take"]))
        changes["networks.net.burnmint"] = {
            "one": {"kind": "share", "of": of, "share": percent(draw(st.integers(0, 1000)))},
            "two": {"kind": "share", "of": "payments", "share": percent(draw(st.integers(0, 1000)))},
        }
    return changes


@settings(max_examples=25, deadline=None)
@given(worlds())
def test_any_world_closes_its_books_every_epoch(changes: dict[str, Any]) -> None:
    try:
        run = play(changes)
    except InvariantError as error:
        # The only way out: users cannot buy what is asked of them from a pool that small.
        assert "raise market.depth" in str(error), changes
        return
    assert run.residuals == {"TOK": 0, "USD": 0}
    minted = sum(row.amount for row in run.flows if row.source == "minted" and row.currency == "TOK")
    burned = sum(row.amount for row in run.flows if row.target == "burned")
    assert run.outcomes["net.supply_coin"] == pytest.approx((minted - burned) / 1e9, rel=1e-15)
    for value in (run.series["net.coin_usd"] or []) + (run.series["net.nodes"] or []):
        assert value is not None
        assert value >= 0
    gains = [run.series[f"net.exchange_{party}_usd_per_day"] for party in ("users", "operators", "protocol")]
    assert all(len(gain) == len(run.epoch_end_s) for gain in gains)
