"""A router that looks at nothing: each request to any live replica, all equally likely."""

from __future__ import annotations

from typing import Literal

from sim.blocks import Block
from sim.serving.contract import Routing


class Random(Block):
    """Each request goes to a live replica drawn evenly from the run's routing stream."""

    kind: Literal["random"] = "random"

    def routing(self) -> Routing:
        """What engines take."""
        return Routing(kind="random")
