"""Probabilistic tickets: few of many pay, out of a deposit and a reserve of which each payee may have a part (Livepeer).

A ticket is worth its face value x the chance that it wins. A winner is paid from the deposit; where that is empty, from the
reserve, of which one payee may take (reserve + taken in this round) / payees less what it took. Source: livepeer/protocol
contracts/pm/mixins/MixinReserve.sol @f225b10 (read 2026-11-22).
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from sim.blocks import sourced
from sim.tokenomics.ledger import exact_sum
from sim.tokenomics.payment.stream import Cover
from sim.tokenomics.payment.way import Held, Moment, Payment, Plan
from sim.units import Quantity, share_parts


def rule(due: np.ndarray, pots: np.ndarray, row: np.ndarray, claimed: np.ndarray, paid: np.ndarray) -> int:
    """`due` are face values of tickets that won; row[0] is how many payees share the reserve (0: those that are there)."""
    payees = row[0] if row[0] > 0 else max(1, len(due))
    unpaid = 0
    for i in range(len(due)):
        first = min(due[i], pots[0])
        pots[0] -= first
        let = max(0, (pots[1] + pots[2]) // payees - claimed[i])
        second = min(due[i] - first, let, pots[1])
        pots[1] -= second
        pots[2] += second
        claimed[i] += second
        paid[i] = first + second
        unpaid += due[i] - paid[i]
    return unpaid


class Ticket(Payment):
    """Payees get lottery tickets instead of payments: less gas, uneven income, and a default that is bounded."""

    rule = staticmethod(rule)

    kind: Literal["ticket"] = "ticket"
    face: Annotated[float, Quantity("share", above=0, high=1000)] = sourced(
        1.0, "no published figure; Livepeer's senders set it", "assumed", "evenness of payees' income"
    )
    """Face value of a ticket, over what a payee earns in an epoch on average."""
    chance: Annotated[float, Quantity("share", above=0, high=1, dated=False)] = sourced(
        0.1, "no published figure; Livepeer's senders set it", "assumed", "evenness of payees' income"
    )
    """Chance that a ticket wins."""
    deposit: Cover = sourced(1.5, "no published figure", "assumed", "coins locked, and how often the reserve is needed")
    """What users keep in the deposit at the end of an epoch, over what that epoch cost."""
    reserve: Cover = sourced(1.0, "no published figure", "assumed", "coins locked, and what defaults cost")
    """What users keep in the reserve, over what the epoch cost."""
    pool_size: int | None = None
    """How many payees share the reserve (default: those that serve)."""

    def row(self) -> np.ndarray:
        """How many payees share the reserve; 0 for those that serve."""
        return np.array([self.pool_size or 0], np.int64)

    def plan(self, held: Held, due: np.ndarray, moment: Moment) -> tuple[Plan, Held]:
        """Tickets for what is owed, those that win paid; then deposit and reserve are filled up."""
        after, owed = held.copy(), exact_sum(due)
        count = max(1, int((moment.live | (due > 0)).sum()))
        face = max(1, int(owed / count * self.face))
        won = self._won(after, due, face, moment)
        if not held.begun:
            after.pots[0] = int(owed * self.deposit)
            after.pots[1] = int(owed * self.reserve)
        before = after.pots.copy()
        paid, lost = self.paid_by_rule(after, won, moment.live)
        # A round ends with the epoch: what was taken out of the reserve counts no more.
        after.pots[2] = 0
        after.pots[0] = max(int(after.pots[0]), int(owed * self.deposit))
        after.pots[1] = max(int(after.pots[1]), int(owed * self.reserve))
        after.begun = True
        first = int(before[0] + before[1]) - int(held.pots[0] + held.pots[1])
        more = after.locked - (int(before[0] + before[1]) - exact_sum(paid))
        return Plan(first + more, paid, lost), after

    def _won(self, held: Held, due: np.ndarray, face: int, moment: Moment) -> np.ndarray:
        """Face values that each payee won: tickets for what it is owed, the rest of one carried to the next epoch."""
        from scipy.stats import binom

        # A ticket's worth: face x chance, at least a base unit; shares are exact parts of 10^12.
        worth = max(1, face * share_parts(self.chance) // share_parts(1.0))
        owed = held.rest + due
        tickets = owed // worth
        held.rest = owed - tickets * worth
        winners = binom.ppf(moment.uniforms(len(due)), tickets, self.chance)
        return np.where(tickets > 0, np.nan_to_num(winners), 0).astype(np.int64) * face
