"""Credits bought ahead of use; an empty account is filled up at once."""

from __future__ import annotations

from typing import Literal

import numpy as np

from sim.blocks import sourced
from sim.tokenomics.ledger import exact_sum
from sim.tokenomics.payment.stream import Cover
from sim.tokenomics.payment.way import Held, Moment, Payment, Plan


def rule(due: np.ndarray, pots: np.ndarray, row: np.ndarray, claimed: np.ndarray, paid: np.ndarray) -> int:
    """Payees in order out of the credits, as far as they reach."""
    unpaid = 0
    for i in range(len(due)):
        paid[i] = min(due[i], pots[0])
        pots[0] -= paid[i]
        unpaid += due[i] - paid[i]
    return unpaid


class Prepaid(Payment):
    """Users buy credits ahead and use them up; nobody serves on trust."""

    rule = staticmethod(rule)

    kind: Literal["prepaid"] = "prepaid"
    low: Cover = sourced(0.5, "no published figure", "assumed", "how often credits are bought")
    """Credits are bought where fewer are left than this, over what the epoch cost."""
    fill: Cover = sourced(2.0, "no published figure", "assumed", "coins locked ahead of use")
    """What is there after credits were bought, over what the epoch cost."""

    def row(self) -> np.ndarray:
        """Nothing."""
        return np.zeros(0, np.int64)

    def plan(self, held: Held, due: np.ndarray, moment: Moment) -> tuple[Plan, Held]:
        """What credits do not cover is bought before it is used; then the account is filled up where it is low."""
        after, owed = held.copy(), exact_sum(due)
        first = max(0, owed - int(after.pots[0]))
        after.pots[0] += first
        paid, lost = self.paid_by_rule(after, due)
        left = int(after.pots[0])
        more = max(0, int(owed * self.fill) - left) if left < owed * self.low else 0
        after.pots[0] += more
        after.begun = True
        return Plan(first + more, paid, lost), after
