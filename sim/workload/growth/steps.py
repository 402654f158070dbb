"""Growth in steps at dates."""

from __future__ import annotations

import datetime
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from sim.blocks import Block
from sim.workload.law import Floats


def _dates(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {_date(day): factor for day, factor in value.items()}


def _date(day: Any) -> datetime.date:
    try:
        return day if isinstance(day, datetime.date) else datetime.date.fromisoformat(str(day))
    except ValueError:
        raise PydanticCustomError(
            "date", "{message}", {"message": f"'{day}' is not a date", "hint": "write for example `2028-01-01`"}
        ) from None


class StepGrowth(Block):
    """The rate is multiplied by a factor from each date on (not by the product of the factors); before the first by 1."""

    kind: Literal["steps"] = "steps"
    factors: Annotated[dict[datetime.date, Annotated[float, Field(ge=0)]], BeforeValidator(_dates), Field(min_length=1)]
    """Factor on the base rate in force from each date on."""

    def factor(self, time_s: Floats, start: datetime.date) -> Floats:
        """The factor in force; a step holds from midnight of its own date on."""
        days = sorted(self.factors)
        edges = np.array([(day - start).days * 86_400.0 for day in days])
        levels = np.array([1.0, *(self.factors[day] for day in days)])
        return levels[np.searchsorted(edges, time_s, side="right")]
