"""Routers: which replica a request goes to. One file a router, its YAML block; the rule stands in each engine.

To add one: a file here, its line below, and its branch in the engines (`docs/serving-rules.md`, section 7).
"""

from __future__ import annotations

from sim.blocks import Table
from sim.serving.routers.least_outstanding import LeastOutstanding
from sim.serving.routers.least_work import LeastWork
from sim.serving.routers.power_of_two import PowerOfTwo
from sim.serving.routers.price_weighted import PriceWeighted
from sim.serving.routers.random import Random
from sim.serving.routers.region_nearest import RegionNearest
from sim.serving.routers.reputation_weighted import ReputationWeighted
from sim.serving.routers.round_robin import RoundRobin

ROUTERS = Table("router")
for _router in (
    PowerOfTwo,
    LeastOutstanding,
    LeastWork,
    RegionNearest,
    PriceWeighted,
    ReputationWeighted,
    RoundRobin,
    Random,
):
    ROUTERS.register(_router)

__all__ = [
    "ROUTERS",
    "LeastOutstanding",
    "LeastWork",
    "PowerOfTwo",
    "PriceWeighted",
    "Random",
    "RegionNearest",
    "ReputationWeighted",
    "RoundRobin",
]
