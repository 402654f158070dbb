"""What users are asked for: one kind a file; each gives the price of an input and of an output token as integers."""

from sim.blocks import Table
from sim.tokenomics.price.posted import Posted
from sim.tokenomics.price.quote import OBSERVED, SIGNATURE, PerToken, Price

PRICE = Table("price")
PRICE.register(Posted)

__all__ = ["OBSERVED", "PRICE", "SIGNATURE", "PerToken", "Posted", "Price"]
