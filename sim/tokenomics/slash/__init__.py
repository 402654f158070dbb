"""What an offence costs of a stake: one kind a rule, over integers; a network names one for each offence."""

from sim.blocks import Table
from sim.tokenomics.slash.fraction import Fraction
from sim.tokenomics.slash.penalty import OFFENCES, SIGNATURE, Offence, Slash
from sim.tokenomics.slash.reward_days import RewardDays
from sim.tokenomics.slash.termination import Termination

SLASH = Table("slash")
for _kind in (Fraction, RewardDays, Termination):
    SLASH.register(_kind)

__all__ = ["OFFENCES", "SIGNATURE", "SLASH", "Fraction", "Offence", "RewardDays", "Slash", "Termination"]
