"""How the operators' part of emission is divided among them: one kind a file, one rule over integer weights each."""

from sim.tokenomics.payout.availability import Availability
from sim.tokenomics.payout.compute import Compute
from sim.tokenomics.payout.fees import Fees
from sim.tokenomics.payout.mix import Mix
from sim.tokenomics.payout.per_node import PerNode
from sim.tokenomics.payout.scored import Scored
from sim.tokenomics.payout.several import Several
from sim.tokenomics.payout.stake import Stake
from sim.tokenomics.payout.weights import PAYOUT, SIGNATURE, WEIGHTS, Payout
from sim.tokenomics.payout.work import Work

for _kind in (Work, Availability, Mix, Stake, Compute, Fees, PerNode, Scored, Several):
    PAYOUT.register(_kind)

__all__ = [
    "PAYOUT",
    "SIGNATURE",
    "WEIGHTS",
    "Availability",
    "Compute",
    "Fees",
    "Mix",
    "Payout",
    "PerNode",
    "Scored",
    "Several",
    "Stake",
    "Work",
]
