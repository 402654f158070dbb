"""A router that takes the live replicas in turn."""

from __future__ import annotations

from typing import Literal

from sim.blocks import Block
from sim.serving.contract import Routing


class RoundRobin(Block):
    """Each request goes to the next live replica in ascending id, after the last the first; a rejection counts as a turn."""

    kind: Literal["round_robin"] = "round_robin"

    def routing(self) -> Routing:
        """What engines take."""
        return Routing(kind="round_robin")
