"""A router that compares a few replicas drawn at random and takes the least loaded (Mitzenmacher 2001)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sim.blocks import Block
from sim.serving.contract import Routing
from sim.serving.routers.staleness import Staleness
from sim.units import ps


class PowerOfTwo(Block):
    """Of `d` live replicas drawn evenly, with repetition, the one with the fewest requests; ties to the lowest id."""

    kind: Literal["power_of_two"] = "power_of_two"
    d: int = Field(2, ge=1, le=16)
    """Replicas compared for each request."""
    staleness: Staleness = 0.0
    """Age of what the router sees: one snapshot of all replicas at every multiple of it; 0 s = live."""

    def routing(self) -> Routing:
        """What engines take."""
        return Routing(kind="power_of_two", d=self.d, staleness_ps=ps(self.staleness))
