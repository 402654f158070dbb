"""How use destroys coins, and makes them: one kind a file; a network may have several, by name, each seeing the same payment.

A kind either burns a share (`SIGNATURE`) or is a program with a state of its own that also mints or buys (`PROGRAM`).
"""

from sim.blocks import Table
from sim.tokenomics.burnmint.buyback import Buyback
from sim.tokenomics.burnmint.mint_back import MintBack
from sim.tokenomics.burnmint.program import OUT, PROGRAM, SEEN, STATE, Program
from sim.tokenomics.burnmint.share import SIGNATURE, Share
from sim.tokenomics.burnmint.vault import Vault

BURNMINT = Table("burnmint")
for _kind in (Share, Vault, Buyback, MintBack):
    BURNMINT.register(_kind)

__all__ = [
    "BURNMINT",
    "OUT",
    "PROGRAM",
    "SEEN",
    "SIGNATURE",
    "STATE",
    "Buyback",
    "MintBack",
    "Program",
    "Share",
    "Vault",
]
