"""The backtests: which cuts, which forecasts at each, and their scores beside what was reached before.

What is handed to a forecast is cut first: capacity and prices before the cut. Behind it, only the coin's price (by calendar) and the
protocol's schedule are given; a second forecast does without the price.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sim.verify.history import bitcoin, naive, ravencoin, series
from sim.verify.history.scores import Score, mean_of, score
from sim.verify.history.series import Periods, Prices

HALVINGS = (420_000, 630_000, 840_000)
ORIGINS, EVERY = 50, 4
"""Rolling origins: the last period that ended in 2016, and every fourth after it."""
FIRST_DAY = 17_167.0
"""2017-01-01, in days since 1970."""
MARKS = {"three halvings": (0.037, 0.046, 0.067), "rolling": (0.068, 0.106, 0.166)}
"""CRPS to stay below at each horizon: that of `frozen`, the hardest of the naive benchmarks."""
GIVEN, UNKNOWN = "operators", "operators, price unknown"
Scores = dict[str, dict[int, Score]]
"""By forecast, then horizon."""


@dataclasses.dataclass(frozen=True)
class Row:
    """One group of cuts, forecast and horizon; `mark` is the CRPS to stay below (None: there is none)."""

    backtest: str
    group: str
    forecast: str
    horizon: int
    origins: int
    score: Score
    mark: float | None = None

    @property
    def below(self) -> bool | None:
        """Whether the mark is met."""
        return None if self.mark is None else self.score.crps < self.mark


def halving_origins(periods: Periods) -> dict[str, int]:
    """The last period before each halving, by the halving's name."""
    return {f"halving of block {block:,}": periods.holding(block) - 1 for block in HALVINGS}


def rolling_origins(periods: Periods) -> list[int]:
    """Places of the rolling origins."""
    first = int(np.searchsorted(periods.ends, FIRST_DAY, side="right")) - 1
    return [first + EVERY * number for number in range(ORIGINS)]


def bitcoin_at(origin: int, periods: Periods, prices: Prices, paths: int, seed: int, blind: bool = True) -> Scores:
    """Scores of every forecast of Bitcoin at one cut; with `blind`, of that without the price too."""
    past, steps = periods.upto(origin), bitcoin.STEPS
    cut, next_block = float(past.ends[-1]), int(past.first_block[-1]) + series.BLOCKS
    truth = periods.log_capacity[origin + 1 : origin + 1 + steps]
    window = past.log_capacity[-bitcoin.WINDOW - 1 :]
    name = f"bitcoin.{origin}"
    made = {
        "constant": naive.forecast(window, np.zeros(steps), paths, seed, name),
        "drift": naive.forecast(window, np.ones(steps), paths, seed, name),
        "drift, frozen": naive.forecast(window, ~naive.frozen(next_block, steps), paths, seed, name),
    }
    if covered(origin, periods, prices):
        learned = bitcoin.learn(past, prices.upto(cut), seed)
        usd = prices.at(cut + bitcoin.PERIOD_DAYS / bitcoin.PARTS * np.arange(steps * bitcoin.PARTS))
        made[GIVEN] = bitcoin.forecast(learned, next_block, usd, paths, seed)
        if blind:
            made[UNKNOWN] = bitcoin.forecast(learned, next_block, None, paths, seed)
    return {model: {h: score(each, truth, h) for h in bitcoin.HORIZONS} for model, each in made.items()}


def covered(origin: int, periods: Periods, prices: Prices) -> bool:
    """Whether prices reach over the window before a cut and the horizon after it."""
    cut = float(periods.ends[origin])
    return prices.covers(float(periods.begins[origin - bitcoin.WINDOW]), cut + bitcoin.PERIOD_DAYS * bitcoin.STEPS)


def bitcoin_rows(
    folder: Path, price: Path | None, paths: int, seed: int, whole: bool, jobs: int, tell: Callable[[int, int], None]
) -> list[Row]:
    """B1: each halving, their mean, and with `whole` the mean of the rolling origins."""
    periods, prices = series.bitcoin(folder), series.bitcoin_prices(folder)
    prices = prices.over(series.prices(price)) if price is not None else prices
    named = halving_origins(periods)
    asked = [(origin, periods, prices, paths, seed, True) for origin in named.values()]
    # Fifty cuts take minutes: without the price forecasts are made at halvings alone.
    asked += [(origin, periods, prices, paths, seed, False) for origin in rolling_origins(periods)] if whole else []
    scored = _side_by_side(bitcoin_at, asked, jobs, tell)
    rows = []
    for (name, _), scores in zip(named.items(), scored, strict=False):
        rows += _rows("Bitcoin", name, [scores], ())
    rows += _rows("Bitcoin", "three halvings", scored[: len(named)], MARKS["three halvings"])
    return rows + (_rows("Bitcoin", "rolling", scored[len(named) :], MARKS["rolling"]) if whole else [])


def _rows(backtest: str, group: str, scored: Sequence[Scores], marks: Sequence[float]) -> list[Row]:
    """Means of a group of cuts; a forecast that could not be made at some of them has fewer origins."""
    rows = []
    for model in dict.fromkeys(model for scores in scored for model in scores):
        there = [scores[model] for scores in scored if model in scores]
        for place, horizon in enumerate(there[0]):
            mark = marks[place] if marks else None
            mean = mean_of([one[horizon] for one in there])
            rows.append(Row(backtest, group, model, horizon, len(there), mean, mark))
    return rows


def ravencoin_rows(folder: Path, price: Path, paths: int, seed: int) -> list[Row]:
    """B2, after the Merge."""
    weeks, prices = series.ravencoin(folder, ravencoin.STATE_WEEK_ENDS), series.prices(price)
    origin = int(np.searchsorted(weeks.ends, series.day_of(ravencoin.STATE_WEEK_ENDS) + 1))
    past, steps = weeks.upto(origin), ravencoin.STEPS
    truth = weeks.log_capacity[origin + 1 : origin + 1 + steps]
    cut = float(past.ends[-1])
    usd, known = prices.at(cut + 7.0 * np.arange(steps)), prices.upto(cut)
    made = {"constant": _quiet(past, 0.0, paths, seed), "drift": _quiet(past, 1.0, paths, seed)}
    for kind, parameters in (("defaults", ravencoin.defaults(paths)), ("ranges", ravencoin.ranges(paths, seed))):
        made[f"operators, {kind}"] = ravencoin.forecast(past, usd, parameters, known, seed)
        made[f"operators, {kind}, price unknown"] = ravencoin.forecast(past, None, parameters, known, seed)
    scores = {model: {h: score(each, truth, h) for h in ravencoin.HORIZONS} for model, each in made.items()}
    rows = _rows("Ravencoin", "after the Merge", [scores], ())
    return [dataclasses.replace(row, mark=ravencoin.MARKS.get(row.horizon)) for row in rows]


def _quiet(past: Periods, grows: float, paths: int, seed: int) -> np.ndarray:
    """The naive forecast from the state's week, with steps of the quiet weeks."""
    quiet = ravencoin.quiet_weeks(past)
    made = naive.forecast(quiet, np.full(ravencoin.STEPS, grows), paths, seed, "ravencoin")
    return made - quiet[-1] + past.log_capacity[-1]


def _side_by_side(
    call: Callable[..., Scores], arguments: Sequence[tuple[Any, ...]], jobs: int, tell: Callable[[int, int], None]
) -> list[Scores]:
    """Results in the order of the arguments, whatever ran beside what."""
    from joblib import Parallel, delayed

    found = []
    for done in Parallel(n_jobs=jobs, return_as="generator")(delayed(call)(*each) for each in arguments):
        found.append(done)
        tell(len(found), len(arguments))
    return found
