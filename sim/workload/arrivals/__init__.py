"""Laws of arrival: when the requests of a class come. A new one: one file here, one entry below."""

from sim.blocks import Table
from sim.workload.arrivals.bootstrap import BootstrapArrivals
from sim.workload.arrivals.clients import ClientArrivals
from sim.workload.arrivals.constant import ConstantArrivals
from sim.workload.arrivals.gamma import GammaArrivals
from sim.workload.arrivals.log_ou import LogOuArrivals
from sim.workload.arrivals.poisson import PoissonArrivals
from sim.workload.arrivals.trace import TraceArrivals

ARRIVALS = Table("arrivals")
for _kind in (
    PoissonArrivals,
    ConstantArrivals,
    GammaArrivals,
    LogOuArrivals,
    ClientArrivals,
    TraceArrivals,
    BootstrapArrivals,
):
    ARRIVALS.register(_kind)

__all__ = [
    "ARRIVALS",
    "BootstrapArrivals",
    "ClientArrivals",
    "ConstantArrivals",
    "GammaArrivals",
    "LogOuArrivals",
    "PoissonArrivals",
    "TraceArrivals",
]
