"""An escrow for the longest answer, of which the unused part is given back, and pay shared with those who check (Gonka)."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from sim.blocks import sourced
from sim.tokenomics.ledger import exact_sum
from sim.tokenomics.payment.way import Held, Moment, Payment, Plan
from sim.units import Quantity

_GONKA = "gonka-ai/gonka inference-chain/x/inference/calculations @312044d (Aug 2025), read 2026-11-22"


def rule(due: np.ndarray, pots: np.ndarray, row: np.ndarray, claimed: np.ndarray, paid: np.ndarray) -> int:
    """What is due, out of the escrow; each payee shares it in equal parts, rounded down, with the row[0] payees after it
    (the first follows the last) and keeps what is left. Nothing is unpaid unless the escrow is too small.
    """
    count, unpaid = len(due), 0
    checks = min(row[0], count - 1)
    for i in range(count):
        cost = min(due[i], pots[0])
        pots[0] -= cost
        unpaid += due[i] - cost
        part = cost // (checks + 1)
        paid[i] += cost - checks * part
        for j in range(1, checks + 1):
            paid[(i + j) % count] += part
    return unpaid


class Escrow(Payment):
    """Users lock `reserve` times what an epoch uses, as a request locks its longest answer, and get the rest back: no default."""

    rule = staticmethod(rule)

    kind: Literal["escrow"] = "escrow"
    reserve: Annotated[float, Quantity("share", low=1)] = sourced(
        2.0, "no published figure: (prompt + max_tokens) over tokens served", "assumed", "coins locked during an epoch"
    )
    """What is locked over what is used."""
    validators: int = sourced(0, _GONKA + ": work is shared with validators", "assumed", "who earns", ge=0, le=100)
    """Other payees with whom a payee shares what a request pays, for checking it."""

    def row(self) -> np.ndarray:
        """How many others share."""
        return np.array([self.validators], np.int64)

    def plan(self, held: Held, due: np.ndarray, moment: Moment) -> tuple[Plan, Held]:
        """Lock, pay, give back: nothing stays locked between epochs, as a request's escrow lives as long as it."""
        after, owed = held.copy(), exact_sum(due)
        locked = max(owed, int(owed * self.reserve))
        after.pots[0] += locked
        paid, lost = self.paid_by_rule(after, due, moment.live)
        back = int(after.pots[0])
        after.pots[0] = 0
        return Plan(locked, paid, lost, back), after
