"""Laws of growth: the factor by which a class's rate has grown since the start of the run."""

from sim.blocks import Table
from sim.workload.growth.exponential import ExponentialGrowth
from sim.workload.growth.none import NoGrowth
from sim.workload.growth.steps import StepGrowth

GROWTH = Table("growth")
for _kind in (NoGrowth, ExponentialGrowth, StepGrowth):
    GROWTH.register(_kind)

__all__ = ["GROWTH", "ExponentialGrowth", "NoGrowth", "StepGrowth"]
