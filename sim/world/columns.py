"""An outcome's values over the epochs of a run, in the run's book: written epoch by epoch, or read from a table of the compiled economy.

A value is a number, a pair (numerator, denominator) of a ratio, or None where nothing was measured. Both columns tell the same of the
same values, to the last bit: sums are exact ones (`math.fsum`), whose result does not depend on how they are made.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Protocol

import numpy as np

from sim.records.outcomes import Outcome

Value = float | tuple[float, float] | None


class Column(Protocol):
    """One outcome of one network."""

    def series(self, epochs: int) -> list[float | None]:
        """Its number in each of the run's epochs; None where it has none."""

    def told(self, first: int) -> bool:
        """Whether it says anything, if only that nothing was measured, of the epochs from `first` on."""

    def over(self, outcome: Outcome, first: int) -> float | None:
        """Its one number over the epochs from `first` on, by the outcome's aggregation."""


class Written:
    """Values put one by one; epochs that say nothing of it are left out of its aggregates."""

    def __init__(self) -> None:
        self._at: list[int] = []
        self._values: list[Value] = []

    def put(self, epoch: int, value: Value) -> None:
        """The value of an epoch, later than those before it."""
        self._at.append(epoch)
        self._values.append(value)

    def __getitem__(self, epoch: int) -> Value:
        """The value of an epoch; ValueError where nothing was said."""
        return self._values[self._at.index(epoch)]

    def series(self, epochs: int) -> list[float | None]:
        """Its number in each of the run's epochs; None where it has none."""
        found: list[float | None] = [None] * epochs
        for at, value in zip(self._at, self._values, strict=True):
            found[at] = one(value)
        return found

    def told(self, first: int) -> bool:
        """Whether any epoch from `first` on says something of it."""
        return bool(self._at) and self._at[-1] >= first

    def over(self, outcome: Outcome, first: int) -> float | None:
        """Its one number over the epochs from `first` on, by the outcome's aggregation."""
        values = [value for at, value in zip(self._at, self._values, strict=True) if at >= first]
        if outcome.aggregation == "ratio":
            pairs = [value for value in values if isinstance(value, tuple)]
            return _ratio([pair[0] for pair in pairs], [pair[1] for pair in pairs])
        return _aggregate(outcome, [number for number in map(one, values) if number is not None])


class Measured:
    """Every epoch's number and what it is divided by, float64[epochs, 2]: NaN where nothing was measured, or nothing is divided by.

    `read` gives the table when somebody asks.
    """

    def __init__(self, read: Callable[[], np.ndarray]) -> None:
        self._read = read

    @functools.cached_property
    def _columns(self) -> tuple[np.ndarray, np.ndarray | None]:
        table = self._read()
        number, below = np.ascontiguousarray(table[:, 0]), np.ascontiguousarray(table[:, 1])
        return number, None if np.isnan(below).all() else below

    def _numbers(self, first: int) -> np.ndarray:
        """Numbers from an epoch on; not finite where there is none."""
        number, below = self._columns
        if below is None:
            return number[first:]
        with np.errstate(divide="ignore", invalid="ignore"):
            # What is divided by 0 is no number, as for what is written one by one.
            return np.asarray(number[first:] / below[first:])

    def series(self, epochs: int) -> list[float | None]:
        """Its number in each of the run's epochs; None where it has none."""
        numbers = self._numbers(0)
        found: list[float | None] = numbers.tolist()
        for epoch in np.flatnonzero(~np.isfinite(numbers)).tolist():
            found[epoch] = None
        return found

    def told(self, first: int) -> bool:
        """Whether there are epochs from `first` on."""
        return len(self._columns[0]) > first

    def over(self, outcome: Outcome, first: int) -> float | None:
        """Its one number over the epochs from `first` on, by the outcome's aggregation."""
        if outcome.aggregation == "ratio":
            number, below = self._columns
            if below is None:
                return None
            known = ~np.isnan(number[first:])
            return _ratio(number[first:][known].tolist(), below[first:][known].tolist())
        numbers = self._numbers(first)
        return _aggregate(outcome, numbers[np.isfinite(numbers)].tolist())


def one(value: Value) -> float | None:
    """The number that a value is; None where it has none: nothing measured, divided by 0, not finite."""
    if isinstance(value, tuple):
        value = value[0] / value[1] if value[1] else None
    return None if value is None or not math.isfinite(value) else float(value)


def _ratio(numbers: list[float], divisors: list[float]) -> float | None:
    below = math.fsum(divisors)
    return math.fsum(numbers) / below if below else None


def _aggregate(outcome: Outcome, numbers: list[float]) -> float | None:
    if not numbers:
        return None
    if outcome.aggregation == "end":
        return numbers[-1]
    total = math.fsum(numbers)
    return total if outcome.aggregation == "sum" else total / len(numbers)
