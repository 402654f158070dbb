"""The cached share of a prompt from a table of quantiles: first turns of conversations have little, late ones nearly all."""

from __future__ import annotations

from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from sim.workload.law import Floats, Law
from sim.workload.lengths.quantiles import KNOTS, Percent


class CachedShareQuantiles(Law):
    """Quantiles of the share, linear between knots; drawn independently of the prompt. Moments are those of the share."""

    kind: Literal["share_quantiles"] = "share_quantiles"
    of_prompt: Annotated[tuple[Percent, ...], Field(strict=False)]
    """Percent of the prompt at each knot, never falling."""
    percent: Annotated[tuple[Percent, ...], Field(strict=False)] = KNOTS
    """The knots in percent, rising from 0 to 100; the 57 standard ones if not given."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        ends = (self.percent[0], self.percent[-1]) if self.percent else ()
        if ends != (0, 100) or np.any(np.diff(self.percent) <= 0):
            raise _wrong("`percent` must rise from 0 to 100", "percent")
        if len(self.of_prompt) != len(self.percent):
            raise _wrong(f"{len(self.of_prompt)} shares found for {len(self.percent)} knots", "of_prompt")
        if np.any(np.diff(self.of_prompt) < 0):
            raise _wrong("shares must not fall", "of_prompt")
        return self

    def values(self, u: Floats) -> Floats:
        """The table interpolated at u, as shares in [0, 1]."""
        return np.interp(u[:, 0], *self._table())

    @property
    def mean(self) -> float:
        """Sum over the stretches between knots of chance (a + b) / 2, a and b the shares at their ends."""
        chance, a, b = self._stretches()
        return float(chance @ (a + b)) / 2

    @property
    def variance(self) -> float:
        """Sum of chance (a^2 + a b + b^2) / 3, less the squared mean."""
        chance, a, b = self._stretches()
        return float(chance @ (a * a + a * b + b * b)) / 3 - self.mean**2

    def _table(self) -> tuple[Floats, Floats]:
        return np.array(self.percent) / 100, np.array(self.of_prompt) / 100

    def _stretches(self) -> tuple[Floats, Floats, Floats]:
        knots, shares = self._table()
        return np.diff(knots), shares[:-1], shares[1:]


def _wrong(message: str, at: str) -> PydanticCustomError:
    return PydanticCustomError("share_quantiles", "{message}", {"message": message, "hint": "", "at": at})
