"""A router that stays near the user, and compares a few replicas there."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sim.blocks import Block
from sim.serving.contract import Routing
from sim.serving.routers.staleness import Staleness
from sim.units import ps


class RegionNearest(Block):
    """In the region of least `latency` that has a live replica: of `d` drawn evenly the one with the fewest requests."""

    kind: Literal["region_nearest"] = "region_nearest"
    d: int = Field(2, ge=1, le=16)
    """Replicas compared for each request."""
    staleness: Staleness = 0.0
    """Age of what the router sees: one snapshot of all replicas at every multiple of it; 0 s = live."""

    def routing(self) -> Routing:
        """What engines take."""
        return Routing(kind="region_nearest", d=self.d, staleness_ps=ps(self.staleness))
