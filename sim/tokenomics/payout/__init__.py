"""How the operators' part of emission is divided among them: one kind a file, one rule over integer weights each."""

from sim.blocks import Table
from sim.tokenomics.payout.availability import Availability
from sim.tokenomics.payout.mix import Mix
from sim.tokenomics.payout.weights import SIGNATURE, Payout
from sim.tokenomics.payout.work import Work

PAYOUT = Table("payout")
for _kind in (Work, Availability, Mix):
    PAYOUT.register(_kind)

__all__ = ["PAYOUT", "SIGNATURE", "Availability", "Mix", "Payout", "Work"]
