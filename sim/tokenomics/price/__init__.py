"""What users are asked for: one kind a file; each gives the price of input, output and cached tokens and of a request."""

from sim.blocks import Table
from sim.tokenomics.price.auction import ReverseAuction
from sim.tokenomics.price.by_provider import ByProvider
from sim.tokenomics.price.cost_plus import CostPlus
from sim.tokenomics.price.linear import Linear
from sim.tokenomics.price.oracle_usd import OracleUsd
from sim.tokenomics.price.posted import Posted
from sim.tokenomics.price.quote import OBSERVED, SIGNATURE, STATE, PerToken, Price
from sim.tokenomics.price.utilization import Utilization

PRICE = Table("price")
for _kind in (Posted, CostPlus, ReverseAuction, Utilization, OracleUsd, Linear, ByProvider):
    PRICE.register(_kind)

__all__ = ["OBSERVED", "PRICE", "SIGNATURE", "STATE", "ByProvider", "PerToken", "Posted", "Price"]
