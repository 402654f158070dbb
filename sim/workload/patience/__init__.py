"""Laws of patience: how long a user waits for the first token. A new one: one file here, one entry below."""

from sim.blocks import Table
from sim.workload.patience.constant import ConstantPatience
from sim.workload.patience.exponential import ExponentialPatience

PATIENCE = Table("patience")
for _kind in (ConstantPatience, ExponentialPatience):
    PATIENCE.register(_kind)

__all__ = ["PATIENCE", "ConstantPatience", "ExponentialPatience"]
