"""What nodes lock up to serve: one kind a requirement, one rule over integers each."""

from sim.blocks import Table
from sim.tokenomics.stake.fixed import Fixed
from sim.tokenomics.stake.per_weight import PerWeight
from sim.tokenomics.stake.pledge import Pledge
from sim.tokenomics.stake.requirement import OBSERVED, SIGNATURE, WEIGHT_ONE, Stake, backed
from sim.tokenomics.stake.reward_days import RewardDays

STAKE = Table("stake")
for _kind in (Fixed, PerWeight, RewardDays, Pledge):
    STAKE.register(_kind)

__all__ = [
    "OBSERVED",
    "SIGNATURE",
    "STAKE",
    "WEIGHT_ONE",
    "Fixed",
    "PerWeight",
    "Pledge",
    "RewardDays",
    "Stake",
    "backed",
]
