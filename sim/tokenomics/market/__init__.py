"""What the coin costs: one kind a file, each a block with an explicit state and no memory of its own.

Markets trade in Python integers (`compiled = False` throughout): they act once an epoch.
"""

from sim.tokenomics.market.holders import Holders
from sim.tokenomics.market.mix import Mix
from sim.tokenomics.market.noise import innovation, innovations
from sim.tokenomics.market.path import Path
from sim.tokenomics.market.pool import Pool, solve_drift
from sim.tokenomics.market.quantity import QuantityEquation
from sim.tokenomics.market.replay import Replay
from sim.tokenomics.market.trade import MARKET, Clearing, Market, State

for _kind in (Path, Pool, QuantityEquation, Replay, Mix):
    MARKET.register(_kind)

__all__ = [
    "MARKET",
    "Clearing",
    "Holders",
    "Market",
    "Path",
    "Pool",
    "State",
    "innovation",
    "innovations",
    "solve_drift",
]
