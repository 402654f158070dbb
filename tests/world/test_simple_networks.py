"""The simple networks that ship, ninety days each alone: nothing is lost, few leave, and each mints as its chain does."""

from __future__ import annotations

import math
import statistics
from pathlib import Path

import pytest

from sim.records.run import RunRecord
from sim.scenario import load
from sim.world import run
from tests.world.small import coins

pytestmark = pytest.mark.long

FILE = """
format: 1
name: Ninety days of {preset}
start: 2026-11-01
horizon: 90 day
epoch: 1 day
requests: {{mode: capacity}}
initial: given
workload:
  chat: {{extends: chat_steady, model: llama-3.1-8b, rate: 40 /s, demand: {{kind: fixed, network: net}}}}
networks:
  net: {{extends: {preset}}}
policies: {{base: {{}}}}
compare: {{baseline: base, coin_price: [{coin_price}]}}
"""
"""40 requests a second of the chat class: about 5 B tokens and 330 USD a day, for forty to sixty RTX 4090."""
SIMPLE = ("cudos", "filecoin", "helium_2026", "ionet", "livepeer")


def ninety_days(folder: Path, preset: str, coin_price: str, *sets: str) -> RunRecord:
    file = folder / "days.yaml"
    file.write_text(FILE.format(preset=preset, coin_price=coin_price))
    (case,) = load(file, sets=sets).cases()
    # The interpreted economy: it closes the ledger in every epoch, the compiled one once.
    return run(case, 0, "loop")


@pytest.mark.parametrize("coin_price", ["path", "pool"])
@pytest.mark.parametrize("preset", SIMPLE)
def test_ninety_days_alone(tmp_path: Path, preset: str, coin_price: str) -> None:
    # The ledger, closed in every epoch, stops a run that does not balance or in which an account falls below 0.
    record = ninety_days(tmp_path, preset, coin_price)
    assert set(record.residuals.values()) == {0}
    nodes = [value for value in record.series["net.nodes"] if value is not None]
    assert len(nodes) == 90
    assert min(nodes) >= 0.2 * nodes[0]
    # A run that leaves the ranges that the network calls plausible says so.
    assert record.notes == []


@pytest.mark.parametrize("preset", SIMPLE)
def test_the_same_seed_gives_the_same_bytes(tmp_path: Path, preset: str) -> None:
    one, other = (ninety_days(tmp_path, preset, "pool") for _ in range(2))
    assert one.to_json() == other.to_json()


def test_filecoins_rewards_are_mostly_locked_after_ninety_days(tmp_path: Path) -> None:
    record = ninety_days(tmp_path, "filecoin", "path")
    granted = coins(record, "emission", "net.vesting.operators")
    freed = coins(record, "vested", "net.operators")
    # A quarter at once and 0.75 / 180 a day: 0.25 + 0.75 x 44.5 / 180 of it on average.
    assert freed / granted == pytest.approx(0.25 + 0.75 * 44.5 / 180, rel=0.01)


def test_ionets_suppliers_get_their_dollars_and_fees_are_burned(tmp_path: Path) -> None:
    record = ninety_days(tmp_path, "ionet", "path")
    paid = coins(record, "paid from vaults")
    gpus, price = record.series["net.gpus"], record.series["net.coin_usd"]
    wanted = sum(24 * 0.36 * (n or 0) / (usd or 1) for n, usd in zip(gpus, price, strict=True))
    # Nodes that come within a day are paid for their part of it, and the oracle is an hour old.
    assert paid == pytest.approx(wanted, rel=0.01)
    assert coins(record, "emission") == 0
    burned, fees = coins(record, "burn of fees"), coins(record, "payment", "net.fees")
    assert 0.9 * fees < burned < fees


def test_heliums_band_keeps_operators_below_three_times_what_users_pay(tmp_path: Path) -> None:
    record = ninety_days(tmp_path, "helium_2026", "path")
    operators, burned = coins(record, "emission", "net.operators"), coins(record, "burn of payments")
    # 0.33 % x 70 % of 216,900 a day is 501; the cap of 3 x 326 USD does not bind.
    assert operators == pytest.approx(90 * 0.0033 * 0.7 * 216_900, rel=0.01)
    assert coins(record, "payment", "net.operators") == 0
    assert burned > 0


def test_livepeers_operators_are_paid_by_the_tickets_that_win(tmp_path: Path) -> None:
    record = ninety_days(tmp_path, "livepeer", "path")
    assert {row.source for row in record.flows if row.reason == "payment"} == {"net.escrow"}
    mtok, usd = record.series["net.served_mtok"], record.series["net.revenue_usd_per_day"]
    rates = [(paid or 0) / (served or 1) for paid, served in zip(usd, mtok, strict=True)]
    # About ten tickets a node and day, each of which wins with a tenth: days differ by some 12 % of 60 nodes' work, ninety by a tenth of that.
    mean, spread = statistics.fmean(rates), statistics.stdev(rates)
    assert 0.06 < spread / mean < 0.2
    owed = ninety_days(tmp_path, "livepeer", "path", "networks.net.settle.via={kind: batch}")
    due = owed.series["net.revenue_usd_per_day"][-1] or 0
    assert mean == pytest.approx(due / (owed.series["net.served_mtok"][-1] or 1), abs=5 * spread / math.sqrt(90))
    # The deposit of one and a half days outlasts every day's luck.
    assert sum(value or 0 for value in record.series["net.default_usd_per_day"]) == 0


def test_ionets_users_pay_a_quarter_of_a_percent_on_top(tmp_path: Path) -> None:
    paid, plain = (
        ninety_days(tmp_path, "ionet", "path", f"networks.net.settle.make_rate={rate} %") for rate in (0.25, 0)
    )
    told = [(run.series["net.revenue_usd_per_day"][0] or 0) for run in (paid, plain)]
    assert told[0] / told[1] == pytest.approx(1.0025, rel=1e-6)
    assert paid.series == ninety_days(tmp_path, "ionet", "path").series


def test_livepeers_inflation_falls_while_more_than_half_is_bonded(tmp_path: Path) -> None:
    record = ninety_days(tmp_path, "livepeer", "path")
    emission, supply = record.series["net.emission_coin"], record.series["net.supply_coin"]
    # 112 rounds of 500 parts less.
    rate = (218_500 - 112 * 500) / 1e9
    assert emission[-1] == pytest.approx((supply[-2] or 0) * rate * 1.25, rel=0.3)
    assert sum(value or 0 for value in emission[-5:]) < 0.8 * sum(value or 0 for value in emission[:5])
