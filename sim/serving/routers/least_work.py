"""A router that compares all replicas and takes the one with the least work before it."""

from __future__ import annotations

from typing import Literal

from sim.blocks import Block
from sim.serving.contract import Routing
from sim.serving.routers.staleness import Staleness
from sim.units import ps


class LeastWork(Block):
    """Of all live replicas the one whose requests weigh least: prompts and mean outputs of their classes at the replica's own speed."""

    kind: Literal["least_work"] = "least_work"
    staleness: Staleness = 0.0
    """Age of what the router sees: one snapshot of all replicas at every multiple of it; 0 s = live."""

    def routing(self) -> Routing:
        """What engines take."""
        return Routing(kind="least_work", staleness_ps=ps(self.staleness))
