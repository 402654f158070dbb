"""How old what a router sees may be, as scenario files write it."""

from __future__ import annotations

from typing import Annotated

from sim.serving.contract import LIMIT_PS
from sim.units import PS_PER_S, Quantity

Staleness = Annotated[float, Quantity("duration", low=0, high=LIMIT_PS / PS_PER_S, dated=False)]
"""Seconds between two snapshots of all replicas, taken at whole multiples of it; 0 = the live state (serving rules, section 7)."""
