"""How use destroys coins: one kind a file; a network may have several, by name, each seeing the same payment."""

from sim.blocks import Table
from sim.tokenomics.burnmint.share import SIGNATURE, Share

BURNMINT = Table("burnmint")
BURNMINT.register(Share)

__all__ = ["BURNMINT", "SIGNATURE", "Share"]
