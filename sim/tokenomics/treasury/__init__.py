"""What a protocol does with coins that its treasury holds: one kind a file, several by name in a network."""

from sim.tokenomics.treasury.calendar import Calendar
from sim.tokenomics.treasury.controller import Controller
from sim.tokenomics.treasury.spend import SEEN, SIGNATURE, STATE, TREASURY, Spend

for _kind in (Calendar, Controller):
    TREASURY.register(_kind)

__all__ = ["SEEN", "SIGNATURE", "STATE", "TREASURY", "Spend"]
