"""Measured series: capacity of two networks, and prices. Each can be cut, and what is cut off is not there any more.

Files: the folder's README tells what they are and where they come from. Prices are CSV files of two columns, a time
(`2024-06-01`, with an hour or without) and USD a coin, under any heads, gzipped or not.
"""

from __future__ import annotations

import csv
import dataclasses
import datetime
import gzip
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from sim.errors import ScenarioError

BLOCKS = 2016
"""Blocks of a difficulty period of Bitcoin."""
HALVES = 210_000
"""Blocks between its halvings."""
MOST_ROWS = 1_000_000
FILES = ("btc_periods.csv.gz", "btc_price_to_2022.csv.gz", "rvn_difficulty.csv.gz")
_ZERO = datetime.date(1970, 1, 1)


@dataclasses.dataclass(frozen=True, eq=False)
class Periods:
    """Capacity by period: when each began and ended (days since 1970, float), its first block, and log capacity."""

    begins: np.ndarray
    ends: np.ndarray
    first_block: np.ndarray
    log_capacity: np.ndarray

    def upto(self, last: int) -> Periods:
        """The periods up to and with number `last`, and nothing of those after it."""
        return Periods(*(getattr(self, field.name)[: last + 1].copy() for field in dataclasses.fields(self)))

    def holding(self, block: int) -> int:
        """The place of the period that holds a block."""
        return int(np.searchsorted(self.first_block, block, side="right")) - 1

    def __len__(self) -> int:
        return len(self.begins)


@dataclasses.dataclass(frozen=True, eq=False)
class Prices:
    """USD a coin on days (since 1970, ascending); between two days on a straight line. Nothing before the first or after the last."""

    days: np.ndarray
    usd: np.ndarray

    def upto(self, day: float) -> Prices:
        """What was known on a day: the prices before it."""
        keep = self.days < day
        return Prices(self.days[keep].copy(), self.usd[keep].copy())

    def covers(self, begin: float, end: float) -> bool:
        """Whether every day of [begin, end) lies between the first price and the last, give or take the four days between two."""
        return len(self.days) > 0 and self.days[0] <= begin + 4 and end - 4 <= self.days[-1]

    def at(self, times: np.ndarray) -> np.ndarray:
        """The price at each instant, ascending. Raises ValueError where one lies beyond the prices."""
        if not self.covers(float(times[0]), float(times[-1])):
            raise ValueError(f"no prices for days {times[0]:.0f} to {times[-1]:.0f}")
        return np.asarray(np.interp(times, self.days, self.usd))

    def over(self, other: Prices) -> Prices:
        """These prices, and after their last day (before their first) those of another series."""
        outside = (other.days > self.days[-1]) | (other.days < self.days[0])
        days = np.concatenate([self.days, other.days[outside]])
        order = np.argsort(days, kind="stable")
        return Prices(days[order], np.concatenate([self.usd, other.usd[outside]])[order])


def bitcoin(folder: Path) -> Periods:
    """Difficulty periods of Bitcoin with log EH/s. Raises `ScenarioError` for a file that is not there or not as it should be."""
    rows = list(_rows(folder / FILES[0], ("first_block", "start_utc", "days", "hashrate_ehs")))
    begins = np.array([_day(row["start_utc"]) for row in rows])
    days = np.array([float(row["days"]) for row in rows])
    blocks = np.array([int(row["first_block"]) for row in rows], np.int64)
    return Periods(begins, begins + days, blocks, np.log([float(row["hashrate_ehs"]) for row in rows]))


def bitcoin_prices(folder: Path) -> Prices:
    """What comes with the series: every third day to September 2022."""
    return prices(folder / FILES[1])


def ravencoin(folder: Path, week_ends: datetime.date) -> Periods:
    """Weeks of Ravencoin that end with a day, with the mean log TH/s of each; weeks without a reading are filled from both sides."""
    rows = list(_rows(folder / FILES[2], ("height", "approx_time_utc", "hashrate_ths")))
    times = np.array([_day(row["approx_time_utc"]) for row in rows])
    capacity = np.log([float(row["hashrate_ths"]) for row in rows])
    anchor = (week_ends - _ZERO).days + 1
    week = np.floor((times - anchor) / 7).astype(int)
    # The first and last weeks are not whole.
    weeks = np.arange(week.min() + 1, week.max())
    seen = np.flatnonzero(np.isin(weeks, week))
    means = np.array([capacity[week == each].mean() for each in weeks[seen]])
    begins = anchor + 7.0 * weeks
    height = np.interp(begins, times, [float(row["height"]) for row in rows]).astype(np.int64)
    return Periods(begins, begins + 7, height, np.interp(np.arange(len(weeks)), seen, means))


def prices(path: Path) -> Prices:
    """Daily means of a price file. Raises `ScenarioError` for a row that cannot be read, telling its line."""
    sums: dict[int, tuple[float, int]] = {}
    for number, row in enumerate(_lines(path), 1):
        try:
            day, usd = int(_day(row[0])), float(row[1])
        except (ValueError, IndexError):
            if number == 1:
                continue
            raise ScenarioError(f"{path}:{number}: {','.join(row)[:60]!r} found; must be a time and a price") from None
        if not 0 < usd < 1e12:
            raise ScenarioError(f"{path}:{number}: price {row[1]} found; must be above 0")
        total, count = sums.get(day, (0.0, 0))
        sums[day] = total + usd, count + 1
    if not sums:
        raise ScenarioError(f"{path}: no prices found; must be rows of a time and a price")
    days = sorted(sums)
    # A day's mean stands at noon.
    return Prices(np.array(days) + 0.5, np.array([sums[day][0] / sums[day][1] for day in days]))


def text_of(day: float) -> str:
    """A day since 1970 as a date."""
    return (_ZERO + datetime.timedelta(days=int(day))).isoformat()


def day_of(day: datetime.date) -> float:
    """A date as days since 1970."""
    return float((day - _ZERO).days)


def _day(text: str) -> float:
    moment = datetime.datetime.fromisoformat(text.removesuffix("Z"))
    return (moment - datetime.datetime(1970, 1, 1)).total_seconds() / 86_400


def _rows(path: Path, needs: Sequence[str]) -> Iterator[dict[str, str]]:
    lines = _lines(path)
    heads = next(lines, [])
    missing = [name for name in needs if name not in heads]
    if missing:
        raise ScenarioError(f"{path}: column `{missing[0]}` is missing; found: {', '.join(heads)[:200]}")
    for row in lines:
        yield dict(zip(heads, row, strict=True))


def _lines(path: Path) -> Iterator[list[str]]:
    if not path.is_file():
        raise ScenarioError(f"{path}: no such file")
    with path.open("rb") as raw, gzip.GzipFile(fileobj=raw) if path.suffix == ".gz" else raw as stream:
        try:
            for number, row in enumerate(csv.reader(io.TextIOWrapper(stream, encoding="utf-8"))):
                if number > MOST_ROWS:
                    raise ScenarioError(f"{path}: more than {MOST_ROWS:,} rows")
                yield row
        except (UnicodeDecodeError, gzip.BadGzipFile, EOFError, csv.Error) as error:
            raise ScenarioError(f"{path}: cannot be read: {error}") from None
