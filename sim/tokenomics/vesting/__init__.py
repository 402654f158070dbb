"""When what was granted may be spent: one kind a file, one rule that counts what is free so far."""

from sim.tokenomics.vesting.cliff import Cliff
from sim.tokenomics.vesting.epochs import Epochs
from sim.tokenomics.vesting.linear import Linear
from sim.tokenomics.vesting.terms import SIGNATURE, VESTING, Vesting

for _kind in (Linear, Cliff, Epochs):
    VESTING.register(_kind)

__all__ = ["SIGNATURE", "VESTING", "Cliff", "Epochs", "Linear", "Vesting"]
