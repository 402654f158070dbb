"""How coins come into being: one kind a schedule, one rule over integers each.

`SUPPLY` is the table; `SIGNATURE` is what every rule takes and gives. Other chains' schedules get their own files here, and
nothing else changes.
"""

from sim.tokenomics.supply.baseline import Baseline
from sim.tokenomics.supply.conversion import Conversion
from sim.tokenomics.supply.exp_decay import ExpDecay
from sim.tokenomics.supply.feedback import Feedback
from sim.tokenomics.supply.fixed import Fixed
from sim.tokenomics.supply.flow import Steady
from sim.tokenomics.supply.halving import Halving
from sim.tokenomics.supply.halving_by_supply import HalvingBySupply
from sim.tokenomics.supply.inflation import Inflation
from sim.tokenomics.supply.polynomial import Polynomial
from sim.tokenomics.supply.rebalance import Rebalance
from sim.tokenomics.supply.reemit import Reemit
from sim.tokenomics.supply.schedule import DAY_PS, GPU_ONE, NOTHING, SEEN, SIGNATURE, SUPPLY, Supply
from sim.tokenomics.supply.sum import Sum
from sim.tokenomics.supply.window import Window

for _kind in (
    Fixed,
    Halving,
    HalvingBySupply,
    Inflation,
    Steady,
    Window,
    ExpDecay,
    Polynomial,
    Feedback,
    Baseline,
    Reemit,
    Rebalance,
    Conversion,
    Sum,
):
    SUPPLY.register(_kind)

__all__ = [
    "DAY_PS",
    "GPU_ONE",
    "NOTHING",
    "SEEN",
    "SIGNATURE",
    "SUPPLY",
    "Baseline",
    "Conversion",
    "ExpDecay",
    "Feedback",
    "Fixed",
    "Halving",
    "HalvingBySupply",
    "Inflation",
    "Polynomial",
    "Rebalance",
    "Reemit",
    "Steady",
    "Sum",
    "Supply",
    "Window",
]
