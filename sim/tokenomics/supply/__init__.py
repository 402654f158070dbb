"""How coins come into being: one kind a schedule, one rule over integers each.

`SUPPLY` is the table; `SIGNATURE` is what every rule takes and gives. Bittensor's subnets and other chains' schedules
get their own files here, and nothing else changes.
"""

from sim.blocks import Table
from sim.tokenomics.supply.fixed import Fixed
from sim.tokenomics.supply.halving import Halving
from sim.tokenomics.supply.halving_by_supply import HalvingBySupply
from sim.tokenomics.supply.inflation import Inflation
from sim.tokenomics.supply.schedule import SIGNATURE, Supply

SUPPLY = Table("supply")
for _kind in (Fixed, Halving, HalvingBySupply, Inflation):
    SUPPLY.register(_kind)

__all__ = ["SIGNATURE", "SUPPLY", "Fixed", "Halving", "HalvingBySupply", "Inflation", "Supply"]
