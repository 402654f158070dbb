"""A promise of availability and what breaking it costs: a part of the epoch's invoice is given back."""

from __future__ import annotations

from sim.blocks import Block
from sim.units import SHARE_ONE, Share, share_parts


class Sla(Block):
    """Where fewer than `below` of an epoch's requests complete, `credit` of its invoice is given back."""

    below: Share
    """Completed over arrived requests of an epoch below which the promise is broken."""
    credit: Share
    """Part of the epoch's invoice that users get back then."""

    def credit_of(self, invoice: int, completed: int, arrived: int) -> int:
        """Base units of an invoice that are given back, rounded down; nothing where nobody asked, or at `below` itself."""
        if completed * SHARE_ONE >= arrived * share_parts(self.below):
            return 0
        return invoice * share_parts(self.credit) // SHARE_ONE
