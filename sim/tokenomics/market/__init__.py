"""What the coin costs: one kind a file, each a block with an explicit state and no memory of its own.

Markets trade in Python integers (`compiled = False` throughout): they act once an epoch.
"""

from sim.blocks import Table
from sim.tokenomics.market.holders import Holders
from sim.tokenomics.market.noise import innovation
from sim.tokenomics.market.path import Path
from sim.tokenomics.market.pool import Pool, solve_drift
from sim.tokenomics.market.trade import Clearing, Market, State

MARKET = Table("market")
for _kind in (Path, Pool):
    MARKET.register(_kind)

__all__ = ["MARKET", "Clearing", "Holders", "Market", "Path", "Pool", "State", "innovation", "solve_drift"]
