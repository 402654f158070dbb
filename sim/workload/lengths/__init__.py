"""Laws of prompt and output lengths in tokens (integers >= 1). A new one: one file here, one entry below."""

from sim.blocks import Table
from sim.workload.lengths.constant import ConstantLength
from sim.workload.lengths.lognormal_mixture import LognormalMixture
from sim.workload.lengths.quantiles import Quantiles
from sim.workload.lengths.trace import TraceLength

LENGTHS = Table("lengths")
for _kind in (Quantiles, LognormalMixture, ConstantLength, TraceLength):
    LENGTHS.register(_kind)

__all__ = ["LENGTHS", "ConstantLength", "LognormalMixture", "Quantiles", "TraceLength"]
