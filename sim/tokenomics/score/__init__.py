"""By what a network's share of a coin's emission is decided: one kind a file, one rule over what members did."""

from sim.tokenomics.score.member import METRICS, SCORE, SIGNATURE, Member, Score
from sim.tokenomics.score.pro_rata import ProRata
from sim.tokenomics.score.rank import Rank
from sim.tokenomics.score.utility import Utility

for _kind in (ProRata, Utility, Rank):
    SCORE.register(_kind)

__all__ = ["METRICS", "SCORE", "SIGNATURE", "Member", "ProRata", "Rank", "Score", "Utility"]
