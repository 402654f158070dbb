"""Operators held against history: the rule is that of runs, cuts hide what is behind them, and naive scores are those published."""

from __future__ import annotations

import dataclasses
import gzip
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from sim.cli import cli
from sim.streams import Streams
from sim.tokenomics.operators import OperatorClass
from sim.verify.history import backtest, bitcoin, naive, ravencoin, series
from sim.verify.history.crowd import Crowd
from sim.verify.history.scores import crps, score
from sim.verify.history.series import Periods, Prices
from tests.policies.kinds import CONTEXT
from tests.world.small import HOME, play

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]


def history() -> Path:
    """The folder of series; skips where it is not there."""
    folder = Path(os.environ.get("INFERMINT_SHARED", ROOT.parent / "shared")) / "data" / "history"
    if not folder.is_dir():
        if os.environ.get("INFERMINT_REQUIRE_SHARED") == "1":
            pytest.fail(f"{folder} is missing and INFERMINT_REQUIRE_SHARED=1")
        pytest.skip(f"{folder} is not here (INFERMINT_SHARED)")
    return folder


# -- scores ---------------------------------------------------------------------------------------------------------


def test_crps_of_a_normal_sample_is_its_closed_form():
    # Gneiting and Raftery 2007, equation 21: sd (z (2 Phi(z) - 1) + 2 phi(z) - 1 / sqrt(pi)).
    sample = 2.0 * np.random.default_rng(1).standard_normal(200_000)
    z = 0.7
    wanted = 2.0 * (
        z * math.erf(z / math.sqrt(2)) + 2 * math.exp(-(z**2) / 2) / math.sqrt(2 * math.pi) - 1 / math.sqrt(math.pi)
    )
    assert crps(sample, 1.4) == pytest.approx(wanted, rel=0.01)


def test_crps_of_a_certain_forecast_is_how_far_it_is_off():
    assert crps(np.full(10, 3.0), 2.5) == pytest.approx(0.5)


def test_scores_by_hand():
    # Median 0 against truths 0.1 and log 2: 1 - e^-0.1 and 1/2 off; the band of 0 to 10 is 1 to 9.
    paths = np.repeat(np.arange(11.0)[:, None] - 5.0, 2, axis=1)
    found = score(paths, np.array([0.1, math.log(2)]), 2)
    assert found.mape == pytest.approx(100 * ((1 - math.exp(-0.1)) + 0.5) / 2)
    assert score(paths, np.array([4.0, 4.1]), 2).coverage == 50
    with pytest.raises(ValueError, match="2 steps and 2 truths found; must be 3 of both"):
        score(paths, np.array([0.1, 0.2]), 3)


# -- the rule is that of runs ---------------------------------------------------------------------------------------


@pytest.mark.compiled
@pytest.mark.parametrize(
    ("nodes", "more"),
    [
        (5, {}),
        (40, {f"{HOME}.patience": "1 week"}),
        (
            20,
            {
                f"{HOME}.lead": "45 day",
                "networks.net.market": {"kind": "path", "start": "1 USD/TOK", "daily_sd": "8 %"},
            },
        ),
        (20, {"networks.net.supply": {"kind": "halving", "initial": "49 TOK/day", "first": "2026-07-02"}}),
    ],
)
def test_a_crowd_keeps_the_nodes_of_a_run_week_by_week(nodes, more):
    run = play({f"{HOME}.nodes": nodes, "horizon": "2 year", **more})
    keys = {
        "nodes": nodes, "gpu": "rtx_4090", "electricity": "0 USD/kWh", "hosting": "0.1 USD/h", "cost_spread": 0,
        "lead": more.get(f"{HOME}.lead", "0 day"), "max_nodes": 100, "patience": more.get(f"{HOME}.patience", "4 week"),
    }  # fmt: skip
    crowd = Crowd(OperatorClass.model_validate(keys, context=CONTEXT), 0.0, 0.0, np.zeros(100))
    usd = [1.0, *(price for price in run.series["net.coin_usd"] if price is not None)]
    halved = "networks.net.supply" in more
    draws, found = Streams(7, 0)["operators.net.home"], []
    for week in range(len(run.series["net.nodes"]) - 1):
        # 2026-07-02 is the start of week 26.
        crowd.step((24.5 if halved and week >= 26 else 49.0) * usd[week], 604_800.0, draws)
        crowd._arrive()
        found.append(crowd.live)
    assert found == run.series["net.nodes"][:-1]
    assert len(set(found)) > 3


def test_owners_who_would_lose_are_not_there_at_the_start():
    block = OperatorClass.model_validate(
        {"nodes": 50, "gpu": "x", "electricity": "0 USD/kWh", "max_nodes": 400}, context=CONTEXT
    )
    spread = Streams(1, 0)["costs"].normals(0, 400)
    crowd = Crowd(block, 1.0, 0.0, spread, income=1.35)
    there = crowd.columns.cost_factor[crowd.columns.state == 1]
    assert len(there) == 50
    assert there.max() < 1.35


# -- cuts hide what is behind them ----------------------------------------------------------------------------------


def made_up(yields: float = 0.01, seed: int = 3) -> tuple[Periods, Prices]:
    """Eighty periods of a network whose operators are the simulator's own, under a price that walks."""
    draws = np.random.default_rng(seed)
    begins = 17_000 + 14.0 * np.arange(80)
    prices = Prices(np.arange(16_900, 18_200) + 0.5, 300 * np.exp(np.cumsum(draws.normal(0, 0.03, 1300))))
    values = {
        "exit_speed": 0.08 / 604_800, "entry_speed": 0.1 / 604_800, "entry_elasticity": 1.1, "cost_spread": 0.4, "restart": 1.5,
        "lead": 45 * 86_400.0, "patience": 4 * 604_800.0, "margin": 1.0, "avoidable": 0.5,
    }  # fmt: skip
    reward = bitcoin.rewards(2016 * 110, 80, prices.at(17_000 + 7.0 * np.arange(160)))
    _, nodes = bitcoin._through(values, reward, np.full(160, 604_800.0), 99, 0)
    capacity = nodes + np.cumsum(draws.normal(yields, 0.05, 80))
    return Periods(begins, begins + 14, 2016 * np.arange(110, 190), capacity), prices


def altered(periods: Periods, last: int) -> Periods:
    """The same, but for capacity behind a period: tripled, and turned about."""
    capacity = periods.log_capacity.copy()
    capacity[last + 1 :] = capacity[last + 1 :][::-1] + math.log(3)
    return dataclasses.replace(periods, log_capacity=capacity)


@pytest.mark.long
def test_later_capacity_changes_no_forecast_of_bitcoin(monkeypatch):
    monkeypatch.setattr(bitcoin, "SETS", 16)
    kept = []
    monkeypatch.setattr(backtest, "score", lambda paths, truth, horizon: kept.append(paths.copy()))
    periods, prices = made_up()
    for each in (periods, altered(periods, 53)):
        backtest.bitcoin_at(53, each, prices, 20, 7)
    half = len(kept) // 2
    assert half == 15
    for one, other in zip(kept[:half], kept[half:], strict=True):
        assert np.array_equal(one, other)


@pytest.mark.long
def test_later_prices_change_nothing_that_is_learned_and_only_what_they_are_given_to(monkeypatch):
    monkeypatch.setattr(bitcoin, "SETS", 16)
    periods, prices = made_up()
    cut = float(periods.ends[53])
    later = dataclasses.replace(prices, usd=np.where(prices.days < cut, prices.usd, 5 * prices.usd))
    past = periods.upto(53)
    first, second = (bitcoin.learn(past, each.upto(cut), 7) for each in (prices, later))
    assert np.array_equal(first.weights, second.weights)
    assert np.array_equal(first.yields, second.yields)
    assert np.array_equal(*(bitcoin.forecast(each, 2016 * 164, None, 20, 7) for each in (first, second)))
    dear, usual = (
        bitcoin.forecast(first, 2016 * 164, each.at(cut + 7.0 * np.arange(52)), 20, 7) for each in (later, prices)
    )
    assert (dear[:, -1] > usual[:, -1]).all()


def test_what_is_cut_off_is_not_there():
    periods, prices = made_up()
    assert len(periods.upto(53)) == 54
    known = prices.upto(17_700.0)
    assert known.days[-1] < 17_700 <= prices.days[len(known.days)]
    with pytest.raises(ValueError, match="no prices for days 17690 to 17710"):
        known.at(np.array([17_690.0, 17_710.0]))


@pytest.mark.slow
def test_forecasts_cover_a_network_of_the_simulators_own_operators(monkeypatch):
    # Eight made-up networks, 26 periods each: of their truths about 80 % should be inside; they hang together, so half at the least.
    monkeypatch.setattr(bitcoin, "SETS", 64)
    at = [backtest.bitcoin_at(53, *made_up(0.02, seed), 100, seed) for seed in range(8)]
    assert 50 <= np.mean([scores[backtest.GIVEN][26].coverage for scores in at]) <= 98
    # The price given, they are nearer than capacity that stays, or that grows as it did.
    ours, constant, drift = (
        np.mean([scores[model][26].crps for scores in at]) for model in (backtest.GIVEN, "constant", "drift")
    )
    assert ours < 0.8 * min(constant, drift), (ours, constant, drift)


@pytest.mark.long
def test_the_same_seed_gives_the_same_paths(monkeypatch):
    monkeypatch.setattr(bitcoin, "SETS", 16)
    periods, prices = made_up()
    assert backtest.bitcoin_at(53, periods, prices, 100, 7) == backtest.bitcoin_at(53, periods, prices, 100, 7)
    assert backtest.bitcoin_at(53, periods, prices, 100, 7) != backtest.bitcoin_at(53, periods, prices, 100, 8)


# -- the schedule, and the naive forecasts --------------------------------------------------------------------------


def test_the_subsidy_halves_inside_a_period():
    # Block 420,000 lies 672 blocks into the period that begins at 419,328: 25 until there, 12.5 then.
    assert bitcoin.subsidy(419_328, 2016) == pytest.approx((672 * 25 + 1344 * 12.5) / 2016)
    assert bitcoin.subsidy(417_312, 2016) == 25.0
    assert bitcoin.rewards(421_344, 1, np.array([600.0, 700.0])).tolist() == [144 * 12.5 * 600, 144 * 12.5 * 700]


def test_growth_freezes_in_the_period_of_a_halving_and_the_five_after_it():
    assert naive.frozen(417_312, 9).tolist() == [False, True, True, True, True, True, True, False, False]
    assert not naive.frozen(0, 50).any()


PUBLISHED = {
    ("halving of block 420,000", "constant"): (0.036, 0.117, 0.408),
    ("halving of block 420,000", "drift"): (0.080, 0.101, 0.084),
    ("halving of block 630,000", "constant"): (0.051, 0.064, 0.105),
    ("halving of block 630,000", "drift"): (0.080, 0.087, 0.121),
    ("halving of block 840,000", "constant"): (0.027, 0.034, 0.090),
    ("halving of block 840,000", "drift"): (0.069, 0.095, 0.103),
}
MEANS = {"constant": (0.038, 0.071, 0.201), "drift": (0.076, 0.094, 0.103), "drift, frozen": (0.037, 0.046, 0.067)}
ROLLING = {"constant": (0.095, 0.167, 0.286), "drift": (0.069, 0.109, 0.175), "drift, frozen": (0.068, 0.106, 0.166)}
NO_PRICES = Prices(np.empty(0), np.empty(0))
"""Without prices only naive forecasts are made."""


def near(found: float, wanted: float) -> bool:
    """Within rounding of three digits and the noise of 4,000 paths, 2 %."""
    return abs(found - wanted) <= 0.0015 + 0.02 * wanted


@pytest.mark.long
def test_naive_scores_at_halvings_are_those_published():
    periods = series.bitcoin(history())
    at = {
        name: backtest.bitcoin_at(o, periods, NO_PRICES, 4000, 1)
        for name, o in backtest.halving_origins(periods).items()
    }
    for (name, model), wanted in PUBLISHED.items():
        for horizon, value in zip(bitcoin.HORIZONS, wanted, strict=True):
            assert near(at[name][model][horizon].crps, value), (name, model, horizon)
    for model, wanted in MEANS.items():
        means = [np.mean([scores[model][h].crps for scores in at.values()]) for h in bitcoin.HORIZONS]
        assert all(map(near, means, wanted)), (model, means)


@pytest.mark.long
def test_naive_scores_of_rolling_origins_are_those_published():
    periods = series.bitcoin(history())
    origins = backtest.rolling_origins(periods)
    assert len(origins) == 50
    assert series.text_of(periods.begins[origins[0]]) == "2016-12-15"
    at = [backtest.bitcoin_at(origin, periods, NO_PRICES, 1000, 1) for origin in origins]
    for model, wanted in ROLLING.items():
        means = [np.mean([scores[model][h].crps for scores in at]) for h in bitcoin.HORIZONS]
        assert all(map(near, means, wanted)), (model, means)


@pytest.mark.long
def test_naive_scores_after_the_merge_are_near_those_published():
    # How weeks were made of readings every 1.4 days is not published: 5 %.
    weeks = series.ravencoin(history(), ravencoin.STATE_WEEK_ENDS)
    origin = int(np.searchsorted(weeks.ends, series.day_of(ravencoin.STATE_WEEK_ENDS) + 1))
    past, truth = weeks.upto(origin), weeks.log_capacity[origin + 1 : origin + 97]
    paths = backtest._quiet(past, 0.0, 4000, 1)
    for horizon, wanted in zip(ravencoin.HORIZONS, (0.225, 0.279, 0.435, 0.530), strict=True):
        assert score(paths, truth, horizon).crps == pytest.approx(wanted, rel=0.05)


# -- Ravencoin ------------------------------------------------------------------------------------------------------


def test_what_the_median_card_costs_to_run():
    # 3.38 W per MH/s over 0.50 are 6.76 MW per TH/s: 16,224 USD a day at 0.10.
    assert ravencoin.power_usd(0.10) == pytest.approx(16_224)
    assert ravencoin.rewards(np.array([0.04])).tolist() == [pytest.approx(2500 * 86_400 / 60.4 * 0.04)]


@pytest.mark.long
def test_later_weeks_change_no_forecast_of_ravencoin():
    weeks = series.ravencoin(history(), ravencoin.STATE_WEEK_ENDS)
    days = np.arange(weeks.begins[0], weeks.ends[-1])
    prices = Prices(days, np.full(len(days), 0.03) * np.exp(0.1 * np.sin(days)))
    origin = int(np.searchsorted(weeks.ends, series.day_of(ravencoin.STATE_WEEK_ENDS) + 1))
    assert series.text_of(weeks.ends[origin] - 1) == "2022-09-25"
    usd = prices.at(weeks.ends[origin] + 7.0 * np.arange(96))
    made = [
        ravencoin.forecast(each.upto(origin), usd, ravencoin.ranges(8, 7), prices.upto(float(weeks.ends[origin])), 7)
        for each in (weeks, altered(weeks, origin))
    ]
    assert np.array_equal(*made)
    assert made[0].shape == (8, 96)


# -- files, and the verb --------------------------------------------------------------------------------------------


def write(folder: Path, periods: Periods) -> None:
    """The files of a folder of series: a made-up Bitcoin, and two prices."""
    heads = "period,first_block,start_utc,days,difficulty,hashrate_ehs,subsidy_btc"
    rows = [
        f"{place},{block},{series.text_of(begin)}T00:00:00Z,{end - begin},1,{math.exp(log)},50"
        for place, (begin, end, block, log) in enumerate(
            zip(periods.begins, periods.ends, periods.first_block, periods.log_capacity, strict=True)
        )
    ]
    for name, text in (
        ("btc_periods", "\n".join([heads, *rows])),
        ("btc_price_to_2022", "date,price_usd\n2016-01-01,400\n2016-01-04,420"),
    ):
        (folder / f"{name}.csv.gz").write_bytes(gzip.compress(text.encode()))


def refused(*words: str) -> str:
    """What a command says that ends with 2, without a traceback."""
    done = subprocess.run([sys.executable, "-m", "sim", *words], capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    return done.stderr


def test_prices_of_a_day_are_averaged_and_files_are_joined(tmp_path):
    (tmp_path / "p.csv").write_text("time,close\n2021-01-01 00:00:00,10\n2021-01-01 12:00:00,20\n2021-01-02,30\n")
    found = series.prices(tmp_path / "p.csv")
    assert found.usd.tolist() == [15.0, 30.0]
    assert found.at(np.array([found.days[0], found.days[0] + 0.5])).tolist() == [15.0, 22.5]
    joined = found.over(Prices(found.days + 1, np.array([7.0, 8.0])))
    assert joined.usd.tolist() == [15.0, 30.0, 8.0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("time,close\n2021-01-01,ten\n", "p.csv:2: '2021-01-01,ten' found; must be a time and a price"),
        ("time,close\n2021-01-01,-3\n", "p.csv:2: price -3 found; must be above 0"),
        ("time,close\n", "no prices found"),
    ],
)
def test_a_price_file_that_is_wrong_is_told_with_its_line(tmp_path, text, message):
    (tmp_path / "p.csv").write_text(text)
    asked = ["verify", "--history", str(tmp_path), "--price", f"btc={tmp_path / 'p.csv'}", "-q"]
    write(tmp_path, made_up()[0])
    assert message in refused(*asked)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--price", "eth=x.csv"), "--price: 'eth=x.csv' found; write btc=FILE or rvn=FILE"),
        (("--family", "mm1"), "--family names cases of queueing theory"),
        ((), "btc_periods.csv.gz: no such file"),
    ],
)
def test_what_history_cannot_do_is_told(tmp_path, more, message):
    assert message in refused("verify", "--history", str(tmp_path), *more)


def test_prices_without_history_are_told():
    assert "--price and --paths are of --history" in refused("verify", "--price", "btc=x.csv")


@pytest.mark.long
def test_the_verb_tells_scores_and_what_is_missing():
    asked = ["verify", "--history", str(history()), "--paths", "100", "-q", "--json"]
    found = json.loads(CliRunner().invoke(cli, asked).stdout)
    models = {(row["group"], row["forecast"]) for row in found["rows"]}
    assert ("halving of block 420,000", "operators") in models
    assert ("halving of block 630,000", "operators, price unknown") in models
    assert ("halving of block 840,000", "operators") not in models
    assert found["missing"] == [
        "Operators are scored at 2 of 3 halvings: give later prices with --price btc=FILE.",
        "Ravencoin is left out: give its prices with --price rvn=FILE.",
    ]
    marks = {row["horizon"]: row["mark"] for row in found["rows"] if row["group"] == "three halvings"}
    assert marks == {6: 0.037, 13: 0.046, 26: 0.067}
