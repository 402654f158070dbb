"""What every way of collecting has: what users have locked, a rule that pays out of it, and a plan for an epoch.

::

    users -> deposit (escrow) -> payees            what is owed and not paid is a loss with a name
                  |-> users (what is given back)

A plan is pure: it takes what is held, what each payee is owed and the moment, and gives what is paid, lost and brought in,
with what is held afterwards. The world posts it.
"""

from __future__ import annotations

import copy
import dataclasses
from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from sim.blocks import Block
from sim.tokenomics.ledger import exact_sum

SIGNATURE = "int64(int64[::1], int64[::1], int64[::1], int64[::1], int64[::1])"
"""rule(due, pots, row, claimed, paid): `due` base units owed to each payee; `pots` POTS amounts that are locked, changed in
place; `row` the kind's parameters; `claimed` what each payee took out of the reserve in this round, changed in place; `paid`
what each payee gets, written. Returns what stays unpaid: sum(due) = sum(paid) + unpaid, and pots 0 and 1 fall by sum(paid)."""

POTS = 3
"""Deposit, reserve, and (no money) what was taken out of the reserve in this round."""


@dataclasses.dataclass
class Held:
    """What a network's users have locked for its payees, between epochs. Arrays have one entry a payee, base units."""

    pots: np.ndarray
    rest: np.ndarray
    """Owed, but not a whole ticket yet, or on vouchers that are not claimed."""
    begun: bool = False
    contract: Any = None
    """The state of a channel contract (kinds that have one)."""

    @classmethod
    def nothing(cls, payees: int) -> Held:
        """Before anybody has paid anything."""
        return cls(np.zeros(POTS, np.int64), np.zeros(payees, np.int64))

    def copy(self) -> Held:
        """A state of its own."""
        return Held(self.pots.copy(), self.rest.copy(), self.begun, copy.deepcopy(self.contract))

    @property
    def locked(self) -> int:
        """Base units that users have locked: what the escrow's account holds."""
        inside = self.contract.total if self.contract is not None else 0
        return int(self.pots[0]) + int(self.pots[1]) + inside


@dataclasses.dataclass(frozen=True)
class Moment:
    """When a plan is made: the epoch in seconds since the start, the price of the paying currency's base unit, and draws.

    `unit_usd` is what a base unit is worth in USD; `uniforms(n)` gives n numbers in [0, 1) of this epoch, the same whenever
    it is asked. `live` says which payees serve.
    """

    start_s: float
    end_s: float
    unit_usd: float
    uniforms: Callable[[int], np.ndarray]
    live: np.ndarray


@dataclasses.dataclass(frozen=True)
class Plan:
    """What an epoch's settlement does: users bring `brought` in, each payee gets `paid`, users get `back`.

    `lost` was owed and will never be paid; `gas_usd` is what payees' transactions cost, `user_gas_usd` users'. What is
    neither paid nor lost stays owed (vouchers that are not claimed yet).
    """

    brought: int
    paid: np.ndarray
    lost: int = 0
    back: int = 0
    gas_usd: float = 0.0
    user_gas_usd: float = 0.0

    @property
    def total(self) -> int:
        """Base units that leave the escrow for payees."""
        return exact_sum(self.paid)


class Payment(Block):
    """Base of the ways in which what is owed becomes payment."""

    rule: ClassVar[Callable[..., int]]
    compiled: ClassVar[bool] = True

    @abstractmethod
    def row(self) -> np.ndarray:
        """The kind's parameters as int64."""

    @abstractmethod
    def plan(self, held: Held, due: np.ndarray, moment: Moment) -> tuple[Plan, Held]:
        """What an epoch's settlement does with `due` base units owed to each payee, and what is held afterwards.

        `held` is not changed. Sum of `held.locked`, what is brought, less what is paid and given back, is what is locked
        afterwards; a broken law stops the run there.
        """

    def paid_by_rule(self, held: Held, due: np.ndarray, live: np.ndarray | None = None) -> tuple[np.ndarray, int]:
        """Run the rule on a state, which it changes: what each payee gets, and what stays unpaid. Payees that neither serve
        nor are owed anything are not there.
        """
        there = (due > 0) if live is None else (due > 0) | live
        paid, part = np.zeros_like(due), np.zeros(int(there.sum()), np.int64)
        unpaid = int(type(self).rule(due[there], held.pots, self.row(), np.zeros_like(part), part))
        paid[there] = part
        return paid, unpaid
