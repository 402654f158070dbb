"""Owners of hardware: who enters, who stops, who comes back. Columns of node slots, never objects.

`OperatorClass` is the block of a class; `Columns` its node slots; `rules` what they decide in an epoch.
"""

from sim.tokenomics.operators.block import OperatorClass
from sim.tokenomics.operators.columns import IDLE, LIVE, ORDERED, OUT, Columns
from sim.tokenomics.operators.rules import Decisions, View, decide

__all__ = ["IDLE", "LIVE", "ORDERED", "OUT", "Columns", "Decisions", "OperatorClass", "View", "decide"]
