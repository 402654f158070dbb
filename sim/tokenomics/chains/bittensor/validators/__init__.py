"""Who validates: one kind a file, each with what its validators write in an epoch. `VALIDATORS` is the table."""

from sim.blocks import Table
from sim.tokenomics.chains.bittensor.validators.cartel import Cartel
from sim.tokenomics.chains.bittensor.validators.copier import Copier
from sim.tokenomics.chains.bittensor.validators.group import Group, Seen
from sim.tokenomics.chains.bittensor.validators.honest import Honest

VALIDATORS = Table("validators")
for _kind in (Honest, Copier, Cartel):
    VALIDATORS.register(_kind)

__all__ = ["VALIDATORS", "Cartel", "Copier", "Group", "Honest", "Seen"]
