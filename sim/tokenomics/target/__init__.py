"""What operators are to get, whatever the schedule gives: controllers with a state, vaults and bounds."""

from sim.tokenomics.target.band import Band
from sim.tokenomics.target.terms import OUT, SEEN, SIGNATURE, TARGET, Steered, Target
from sim.tokenomics.target.usd import Usd

for _kind in (Band, Usd):
    TARGET.register(_kind)

__all__ = ["OUT", "SEEN", "SIGNATURE", "TARGET", "Band", "Steered", "Target", "Usd"]
