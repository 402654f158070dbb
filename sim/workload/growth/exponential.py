"""Growth by the same share in every period."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator

from sim.blocks import Block
from sim.units import DAY_S, DIMENSIONS, YEAR_S, Dated, Quantity, UnitError, parse
from sim.workload.law import Floats


def _compound(value: Any) -> Any:
    """The text of a growth per day or week as the one per year that compounds to it: 4.9 % a week is 12 x a year."""
    if isinstance(value, Mapping):
        return {day: _compound(step) for day, step in value.items()}
    if not isinstance(value, str):
        return value
    try:
        parse(value, "growth")
    except UnitError:
        return value  # told by the field itself, with the text as typed
    number, _, unit = "".join(value.split()).partition("%")
    if unit == "/year":
        return value
    periods = DIMENSIONS["growth"].units[f"%{unit}"] * 100  # a year has so many
    rate = (1 + float(Fraction(number)) / 100) ** float(periods) - 1
    return f"{rate * 100!r} %/year"


class ExponentialGrowth(Block):
    """The rate grows by `rate` in a year of 365.25 days, compounding all the time: factor (1 + rate)^years.

    A rate per week or day compounds over its own period: `1 %/week` is 1.01^52.18 a year.
    """

    kind: Literal["exponential"] = "exponential"
    rate: Annotated[float, Quantity("growth", above=-1), BeforeValidator(_compound)]
    """Growth per year (or week, or day); may be negative, above -100 %."""

    def factor(self, time_s: Floats, start: datetime.date) -> Floats:
        """(1 + rate)^(time / year); under dated rates the product over the stretches, each with its own rate."""
        if not isinstance(self.rate, Dated):
            return np.asarray(np.exp(np.log1p(self.rate) / YEAR_S * time_s))
        log = np.zeros(len(time_s))
        starts = [-np.inf, *(float((day - start).days * DAY_S) for day, _ in self.rate.steps[1:])]
        for begin, end, (_, rate) in zip(starts, [*starts[1:], np.inf], self.rate.steps, strict=True):
            stretch = np.clip(np.minimum(time_s, end) - max(begin, 0.0), 0.0, None)
            log += np.log1p(rate) / YEAR_S * stretch
        return np.exp(log)
