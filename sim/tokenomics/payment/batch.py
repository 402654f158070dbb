"""One invoice an epoch, paid at its end."""

from __future__ import annotations

from typing import Literal

import numpy as np

from sim import units
from sim.tokenomics.ledger import exact_sum
from sim.tokenomics.payment.way import Held, Moment, Payment, Plan
from sim.units import Share, share_parts


def rule(due: np.ndarray, pots: np.ndarray, row: np.ndarray, claimed: np.ndarray, paid: np.ndarray) -> int:
    """Each payee gets what is due less the share row[0] (of 10^12) that is never paid, rounded up in favour of the payee."""
    unpaid = 0
    for i in range(len(due)):
        left = units.muldiv(due[i], row[0], 1_000_000_000_000)
        paid[i] = due[i] - left
        pots[0] -= paid[i]
        unpaid += left
    return unpaid


class Batch(Payment):
    """Users pay each epoch's invoice at its end; a part of them may never pay."""

    rule = staticmethod(rule)

    kind: Literal["batch"] = "batch"
    unpaid: Share = 0.0
    """Part of what is owed that is never paid."""

    def row(self) -> np.ndarray:
        """The unpaid share of 10^12."""
        return np.array([share_parts(self.unpaid)], np.int64)

    def plan(self, held: Held, due: np.ndarray, moment: Moment) -> tuple[Plan, Held]:
        """Users bring just what is paid."""
        after = held.copy()
        paid, lost = self.paid_by_rule(after, due)
        after.pots[0] += exact_sum(paid)
        return Plan(exact_sum(paid), paid, lost), after
