"""What regions are for: outages that hit the nodes of one together, and round trips between users and nodes."""

from __future__ import annotations

from typing import Annotated, Any

from sim.blocks import Block, OneOf
from sim.tokenomics.spells import SPELLS, ExponentialSpell
from sim.units import Quantity

RoundTrip = Annotated[float, Quantity("duration", low=0, high=60, dated=False)]
"""Seconds from 0 to 60, the same for the whole run."""


class Outage(Block):
    """Outages of one region, at a constant rate: each takes down a part of its nodes for a time."""

    every: Annotated[float, Quantity("duration", low=60, dated=False)]
    """Mean time between two outages; at least 60 s. They come at a constant rate, also while another lasts."""
    hits: Annotated[float, Quantity("share", above=0, high=1, dated=False)]
    """Probability that a node of the region is hit, each by its own draw."""
    lasts: Annotated[float, Quantity("duration", low=1, dated=False)]
    """Mean length, the same for all nodes that one outage hits; at least 1 s. Under `law: {states: median}` the median."""
    law: Annotated[Any, OneOf(SPELLS, "exponential")] = ExponentialSpell()
    """How lengths scatter."""
