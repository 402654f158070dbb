"""Routers: which replica a request goes to. One file a router, its YAML block; the rule stands in each engine.

To add one: a file here, its line below, and its branch in the engines (`docs/serving-rules.md`, section 7).
"""

from __future__ import annotations

from sim.blocks import Table
from sim.serving.routers.least_outstanding import LeastOutstanding
from sim.serving.routers.power_of_two import PowerOfTwo
from sim.serving.routers.random import Random
from sim.serving.routers.round_robin import RoundRobin

LATER = ("least_work", "price_weighted", "reputation_weighted", "region_nearest")
ROUTERS = Table("router", LATER)
for _router in (PowerOfTwo, LeastOutstanding, RoundRobin, Random):
    ROUTERS.register(_router)

__all__ = ["ROUTERS", "LeastOutstanding", "PowerOfTwo", "Random", "RoundRobin"]
