"""A router that compares a few replicas drawn at random and takes the least loaded (Mitzenmacher 2001)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sim.blocks import Block
from sim.serving.catalogue import NOT_YET
from sim.serving.contract import Routing
from sim.units import Quantity


class PowerOfTwo(Block):
    """Of `d` live replicas drawn evenly, with repetition, the one with the fewest requests; ties to the lowest id."""

    kind: Literal["power_of_two"] = "power_of_two"
    d: int = Field(2, ge=1, le=16)
    """Replicas compared for each request."""
    staleness: Annotated[float, Quantity("duration", low=0, dated=False)] = 0.0
    """Age of what the router sees: one snapshot of all replicas at every multiple of it; 0 s = live."""

    def routing(self) -> Routing:
        """What engines take; `staleness` is not part of it yet (`notice`)."""
        return Routing(kind="power_of_two", d=self.d)

    def notice(self) -> str:
        """What a run must say about settings that take effect in a later version; empty if there are none."""
        if self.staleness == 0:
            return ""
        return f"router.staleness: {self.staleness:g} s {NOT_YET}; the router sees the live state"
