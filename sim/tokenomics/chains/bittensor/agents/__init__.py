"""Who acts on the chain beside operators and validators: one kind a file, each with its rule over a `Hand`. `AGENTS` is the table."""

from sim.blocks import Table
from sim.tokenomics.chains.bittensor.agents.agent import Agent, Hand
from sim.tokenomics.chains.bittensor.agents.alpha_treasury import AlphaTreasury
from sim.tokenomics.chains.bittensor.agents.owner import Owner
from sim.tokenomics.chains.bittensor.agents.pumper import Pumper
from sim.tokenomics.chains.bittensor.agents.root_treasury import RootTreasury
from sim.tokenomics.chains.bittensor.agents.sniper import Sniper

AGENTS = Table("agents")
for _kind in (Pumper, Sniper, RootTreasury, AlphaTreasury, Owner):
    AGENTS.register(_kind)

__all__ = ["AGENTS", "Agent", "AlphaTreasury", "Hand", "Owner", "Pumper", "RootTreasury", "Sniper"]
