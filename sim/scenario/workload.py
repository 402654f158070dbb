"""The block of a client class in a scenario: the workload's own, and how its users answer to price and quality."""

from __future__ import annotations

from typing import Annotated, Any

from sim.blocks import OneOf
from sim.tokenomics.demand import DEMAND
from sim.workload.classes import ClientClass


class WorkloadClass(ClientClass):
    """A client class with its demand."""

    demand: Annotated[Any, OneOf(DEMAND)]
    """How much the class buys at which price and quality."""
