"""A stream out of a deposit, block by block, which may be overdrawn (Akash)."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from sim import units
from sim.blocks import sourced
from sim.tokenomics.ledger import exact_sum
from sim.tokenomics.payment.way import Held, Moment, Payment, Plan
from sim.units import Quantity

Cover = Annotated[float, Quantity("share", low=0)]
"""A share that may exceed 100 %."""


def rule(due: np.ndarray, pots: np.ndarray, row: np.ndarray, claimed: np.ndarray, paid: np.ndarray) -> int:
    """Payees in order until the deposit is gone, so that the last ones bear what is missing; where row[0] is 1, each gets
    the same part of what is due, rounded down, and the first ones, a base unit each, what that leaves.
    """
    total = 0
    for i in range(len(due)):
        total += due[i]
    have = min(total, pots[0])
    left = have
    for i in range(len(due)):
        paid[i] = units.muldiv(due[i], have, total) if row[0] == 1 and total > 0 else min(due[i], left)
        left -= paid[i]
    for i in range(len(due)):
        if left > 0 and paid[i] < due[i]:
            paid[i] += 1
            left -= 1
    pots[0] -= have
    return total - have


class Stream(Payment):
    """Payees are paid block by block out of a deposit; what is served beyond it is lost.

    A payee's due is its rate x blocks; source of the order: akash-network/node x/escrow/keeper/keeper_settle_test.go
    (read 2026-11-22).
    """

    rule = staticmethod(rule)

    kind: Literal["stream"] = "stream"
    cover: Cover = sourced(2.0, "no published figure", "assumed", "coins locked, and how much growth the deposit bears")
    """What users keep in the deposit at the end of an epoch, over what that epoch cost."""
    short: Literal["last", "all"] = "last"
    """Who bears an overdraft: the last payees (as on Akash, for leases of one account), or all in proportion."""

    def row(self) -> np.ndarray:
        """1 where all bear an overdraft."""
        return np.array([int(self.short == "all")], np.int64)

    def plan(self, held: Held, due: np.ndarray, moment: Moment) -> tuple[Plan, Held]:
        """Pay out of what was there, then fill the deposit up for the coming epoch; the first one is known beforehand."""
        after, owed = held.copy(), exact_sum(due)
        first = 0 if held.begun else owed
        after.pots[0] += first
        paid, lost = self.paid_by_rule(after, due)
        more = max(0, int(owed * self.cover) - int(after.pots[0]))
        after.pots[0] += more
        after.begun = True
        return Plan(first + more, paid, lost), after
