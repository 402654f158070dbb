"""Laws of spells: how long nodes run between failures, and how long repairs and outages last.

A key such as `up_time` states how long in the mean, the law beside it (`up_law`) how lengths scatter about that. A new
one: one file here, one entry below.
"""

from sim.blocks import Table
from sim.tokenomics.spells.constant import ConstantSpell
from sim.tokenomics.spells.exponential import ExponentialSpell
from sim.tokenomics.spells.law import SpellLaw
from sim.tokenomics.spells.lognormal import LognormalSpell

SPELLS = Table("spells")
for _kind in (ExponentialSpell, LognormalSpell, ConstantSpell):
    SPELLS.register(_kind)

__all__ = ["SPELLS", "ConstantSpell", "ExponentialSpell", "LognormalSpell", "SpellLaw"]
