"""The page of operators and history: its rows hang together, and those that need no prices of one's own come out again."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.verify.history import backtest, series
from sim.verify.history.page import BEGIN, END
from sim.verify.history.scores import Score
from sim.verify.history.table import HEADS
from tests.verify.test_history import NO_PRICES, history

PAGE = (Path(__file__).parents[2] / "docs" / "operators-history.md").read_text(encoding="utf-8")
TABLE = PAGE.partition(BEGIN)[2].partition(END)[0]
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in TABLE.splitlines() if line.startswith("| ")]
SEED, PATHS = 7, 1000


def of(group: str, forecast: str) -> dict[int, list[str]]:
    """CRPS, MAPE and coverage of a group and forecast, by horizon, as texts."""
    return {int(row[3]): row[4:7] for row in ROWS if row[1].startswith(group) and row[2] == forecast}


def told(scores: dict[int, Score]) -> dict[int, list[str]]:
    return {h: [f"{one.crps:.3f}", f"{one.mape:.1f}", f"{one.coverage:.0f}"] for h, one in scores.items()}


def test_the_table_has_every_forecast_of_every_group():
    assert tuple(ROWS[0]) == HEADS
    assert f"Seed {SEED}, {PATHS:,} paths a forecast" in TABLE
    naive = ("constant", "drift", "drift, frozen", "operators")
    for group in ("halving of block 420,000", "halving of block 630,000", "halving of block 840,000", "three halvings"):
        for forecast in (*naive, "operators, price unknown"):
            assert list(of(group, forecast)) == [6, 13, 26]
    for forecast in naive:
        assert list(of("rolling (50 cuts)", forecast)) == [6, 13, 26]
    for forecast in ("constant", "drift", "operators, defaults", "operators, ranges, price unknown"):
        assert list(of("after the Merge", forecast)) == [13, 26, 52, 96]


@pytest.mark.parametrize("forecast", ["constant", "drift, frozen", "operators", "operators, price unknown"])
def test_the_mean_of_three_halvings_is_that_of_its_rows(forecast: str):
    groups = [of(f"halving of block {block}", forecast) for block in ("420,000", "630,000", "840,000")]
    for horizon, row in of("three halvings", forecast).items():
        for place, digits in ((0, 0.0006), (1, 0.06), (2, 0.6)):
            mean = sum(float(group[horizon][place]) for group in groups) / 3
            assert float(row[place]) == pytest.approx(mean, abs=2 * digits)


def test_verdicts_follow_from_the_figures():
    for row in ROWS:
        if row[7] and row[8] in ("yes", "no"):
            # Where three digits are equal the fourth decides.
            assert (row[8] == "yes") is (float(row[4]) < float(row[7])) or row[4] == row[7]


@pytest.mark.long
def test_naive_rows_come_out_again():
    periods = series.bitcoin(history())
    for name, origin in backtest.halving_origins(periods).items():
        for forecast, scores in backtest.bitcoin_at(origin, periods, NO_PRICES, PATHS, SEED).items():
            assert told(scores) == of(name, forecast)


@pytest.mark.slow
@pytest.mark.long
def test_operators_at_the_halving_of_2016_come_out_again():
    # For this cut the prices that come with the series reach.
    folder = history()
    periods, prices = series.bitcoin(folder), series.bitcoin_prices(folder)
    origin = backtest.halving_origins(periods)["halving of block 420,000"]
    scores = backtest.bitcoin_at(origin, periods, prices, PATHS, SEED)
    for forecast in ("operators", "operators, price unknown"):
        assert told(scores[forecast]) == of("halving of block 420,000", forecast)
