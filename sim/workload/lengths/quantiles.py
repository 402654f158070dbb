"""Lengths from a table of quantiles, the default of the built-in classes.

57 knots reach the ends of a request trace: the tables of the built-in chat classes are within .02 of the trace's
distribution function, where single gamma or lognormal laws are .13 to .21 away.
"""

from __future__ import annotations

import functools
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from sim.workload.law import Floats, Law

KNOTS = (0.0, 0.5, 1.0, 2.0, *(float(p) for p in np.linspace(3, 97, 48)), 98.0, 99.0, 99.5, 99.9, 100.0)
"""The 57 standard knots in percent: both tails finely, 48 even ones between 3 and 97."""

Tokens = Annotated[int, Field(ge=1, le=10**7)]
Percent = Annotated[float, Field(ge=0, le=100)]


@functools.lru_cache(maxsize=64)
def _table(percent: tuple[float, ...], tokens: tuple[int, ...]) -> tuple[Floats, Floats]:
    """Knots as shares, and logarithms of the quantiles."""
    return np.array(percent) / 100, np.log(tokens)


class Quantiles(Law):
    """Quantiles of the length: the logarithm is linear between knots, the value rounded to the nearest integer.

    Equal quantiles at several knots are an atom of that length.
    """

    kind: Literal["quantiles"] = "quantiles"
    tokens: Annotated[tuple[Tokens, ...], Field(strict=False)]
    """Tokens at each knot, never falling."""
    percent: Annotated[tuple[Percent, ...], Field(strict=False)] = KNOTS
    """The knots in percent, rising from 0 to 100; the 57 standard ones if not given."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len(self.tokens) != len(self.percent):
            found = f"{len(self.tokens)} tokens found for {len(self.percent)} knots"
            raise PydanticCustomError(
                "quantiles",
                "{message}",
                {"message": found, "hint": "give `percent`, one knot a number of tokens", "at": "tokens"},
            )
        if (
            len(self.percent) < 2
            or self.percent[0] != 0
            or self.percent[-1] != 100
            or np.any(np.diff(self.percent) <= 0)
        ):
            raise PydanticCustomError(
                "quantiles", "{message}", {"message": "`percent` must rise from 0 to 100", "hint": "", "at": "percent"}
            )
        falls = np.flatnonzero(np.diff(self.tokens) < 0)
        if len(falls):
            low, high = self.tokens[falls[0] + 1], self.tokens[falls[0]]
            raise PydanticCustomError(
                "quantiles",
                "{message}",
                {"message": f"{low} tokens found after {high}; must not fall", "hint": "", "at": "tokens"},
            )
        return self

    def values(self, u: Floats) -> Floats:
        """The table's logarithm interpolated at u, raised again, rounded half to even."""
        return np.rint(np.exp(np.interp(u[:, 0], *_table(self.percent, self.tokens))))

    @property
    def mean(self) -> float:
        """Sum of n P(n) over all lengths n."""
        lengths, chances = self.distribution()
        return float(lengths @ chances)

    @property
    def variance(self) -> float:
        """Sum of (n - mean)^2 P(n)."""
        lengths, chances = self.distribution()
        return float((lengths - lengths @ chances) ** 2 @ chances)

    def distribution(self) -> tuple[Floats, Floats]:
        """All lengths that can be drawn, rising, and the chance of each."""
        # Knots are integers, so the edges n +- 1/2 never meet an atom and the inverse of the table is unique there.
        lengths = np.arange(self.tokens[0], self.tokens[-1] + 1, dtype=float)
        edges = np.log(np.concatenate((lengths - 0.5, lengths[-1:] + 0.5)))
        knots, logs = _table(self.percent, self.tokens)
        below = np.interp(edges, logs, knots, left=0.0, right=1.0)
        return lengths, np.diff(below)
