"""The block of a client class in a scenario: the workload's own, and how its users answer to price and quality."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from sim.blocks import OneOf, newer
from sim.tokenomics.demand import DEMAND
from sim.units import Money, Quantity
from sim.workload.classes import ClientClass


class WorkloadClass(ClientClass):
    """A client class with its demand."""

    demand: Annotated[Any, OneOf(DEMAND)]
    """How much the class buys at which price and quality."""
    budget: Annotated[Money, Quantity("flow", above=0, dated=False)] | None = newer(None)
    """The most that the class spends, USD a day; what it would buy beyond is left out, the same part everywhere."""

    @model_validator(mode="after")
    def _in_dollars(self) -> Self:
        if self.budget is not None and self.budget.currency != "USD":
            told = {
                "message": f"`budget` is in {self.budget.currency}; must be in USD",
                "hint": "for example `500 USD/day`",
                "at": "budget",
            }
            raise PydanticCustomError("currency", "{message}", told)
        return self
