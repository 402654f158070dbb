"""A router that compares all replicas and takes the one with the fewest requests ("join the shortest queue")."""

from __future__ import annotations

from typing import Literal

from sim.blocks import Block
from sim.serving.contract import Routing
from sim.serving.routers.staleness import Staleness
from sim.units import ps


class LeastOutstanding(Block):
    """Of all live replicas the one with the fewest requests, waiting and running; ties to the lowest id."""

    kind: Literal["least_outstanding"] = "least_outstanding"
    staleness: Staleness = 0.0
    """Age of what the router sees: one snapshot of all replicas at every multiple of it; 0 s = live."""

    def routing(self) -> Routing:
        """What engines take."""
        return Routing(kind="least_outstanding", staleness_ps=ps(self.staleness))
