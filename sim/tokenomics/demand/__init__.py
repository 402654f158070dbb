"""What users want at a price: one kind a client class, in units of the class's base demand.

Every kind is a block whose `calibrate` fixes its tastes at the start (prices, qualities and wanted shares there) and
whose `Taste.quantities` gives, for later prices and qualities, how many base demands go to each network. 1 means the
class's rate at the start. The world compares these with the marks of potential requests.
"""

from sim.blocks import Table
from sim.tokenomics.demand.choice import SIGNATURE, Offers, Taste
from sim.tokenomics.demand.fixed import Fixed
from sim.tokenomics.demand.isoelastic import Isoelastic
from sim.tokenomics.demand.logit import Logit

DEMAND = Table("demand")
for _kind in (Logit, Isoelastic, Fixed):
    DEMAND.register(_kind)

__all__ = ["DEMAND", "SIGNATURE", "Fixed", "Isoelastic", "Logit", "Offers", "Taste"]
