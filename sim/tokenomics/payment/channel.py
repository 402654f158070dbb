"""Payment channels: one for each payee, vouchers as use goes on, claims by the payee's policy (SingularityNET).

::

    use -> voucher (planned = all that is unclaimed) -> claim: at `claim_at`, or `margin` before the expiration
                                                    +-> asleep: the sender's timeout comes first, the rest is lost

The contract is `multiparty.MultiPartyEscrow`. Users are one sender; they open a channel when a payee first earns, keep it
funded for the use to come, and extend it as long as the payee earns.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import model_validator
from pydantic_core import PydanticCustomError

from sim.blocks import sourced
from sim.tokenomics.payment.multiparty import MultiPartyEscrow, Voucher
from sim.tokenomics.payment.stream import Cover
from sim.tokenomics.payment.way import Held, Moment, Payment, Plan
from sim.units import Duration, FixedAmount, FixedDuration, Money, PositiveDuration, Quantity, Share

USERS = "users"
"""The sender of every channel."""


class Channels(MultiPartyEscrow):
    """The contract with the channel that each payee has now (`place`), by payee."""

    def __init__(self) -> None:
        super().__init__()
        self.place: dict[int, int] = {}


class Payments(Payment):
    """Users pay each operator by vouchers on a channel of its own, which operators claim."""

    compiled: ClassVar[bool] = False
    """Channels are objects with Python integers of any size."""

    kind: Literal["channel"] = "channel"
    expiry: PositiveDuration = sourced(
        30 * 86_400.0,
        "no published figure",
        "assumed",
        "how long vouchers may wait, and what a sleeping operator loses",
    )
    """Life of a channel; users extend it by as much when less than half is left and its payee earned in the epoch."""
    cover: Cover = sourced(1.0, "no published figure", "assumed", "coins locked in channels")
    """What users keep on a channel above its unclaimed vouchers, over what the payee earned in the epoch."""
    renew: bool = True
    """Whether users extend channels; without it a channel ends at its expiration and a new one is opened."""
    claim_at: Annotated[float, Quantity("share", above=0, high=1)] = sourced(
        0.5, "no published figure; the daemon's treasurer claims in batches", "assumed", "gas, and what is at risk"
    )
    """Operators claim when so much of a channel's value is on vouchers."""
    margin: Duration = sourced(86_400.0, "no published figure", "assumed", "what a late operator loses")
    """Operators claim at the latest so long before the expiration."""
    asleep: Share = sourced(0.0, "no published figure", "assumed", "payments that operators lose to timeouts")
    """Part of expirations that an operator sleeps through: the sender takes what is left first."""
    gas: FixedAmount = sourced(
        Money(0.0, "USD"), "no published figure: gas moves with the chain's load", "assumed", "operators' costs"
    )
    """What a transaction costs, in USD: an opening, a top-up or an extension the users, a claim the operator."""
    least_claim: float = sourced(
        10.0, "no published figure", "assumed", "gas: claims of less than so many times their gas wait", ge=0
    )
    """Vouchers worth less than so many times the gas of a claim wait until the channel is about to expire."""
    block: FixedDuration = sourced(
        12.0, "Ethereum's slot time: ethereum.org, read 2026-11-22", "borrowed", "rounding of times"
    )
    """Time between blocks."""

    @model_validator(mode="after")
    def _in_dollars(self) -> Payments:
        if self.gas.currency != "USD":
            raise PydanticCustomError(
                "currency",
                "{message}",
                {"message": f"`gas` is in {self.gas.currency}; must be in USD", "hint": "for example `0.4 USD`"},
            )
        return self

    def row(self) -> np.ndarray:
        """Nothing: there is no compiled rule."""
        return np.zeros(0, np.int64)

    def plan(self, held: Held, due: np.ndarray, moment: Moment) -> tuple[Plan, Held]:
        """Fund and extend, sign vouchers for the epoch's use, claim or lose what expires, claim by policy."""
        after = held.copy()
        if after.contract is None:
            after.contract = Channels()
        epoch = _Epoch(self, after, moment, moment.uniforms(len(due)))
        for payee in np.flatnonzero((due > 0) | (after.rest > 0) | (_values(after.contract, len(due)) > 0)).tolist():
            epoch.serve(payee, int(due[payee]))
        back = after.contract.balances.get(USERS, 0)
        after.contract.withdraw(USERS, back)
        after.begun = True
        return (
            Plan(
                epoch.brought,
                epoch.paid,
                epoch.lost,
                back,
                epoch.claims * self.gas.amount,
                epoch.calls * self.gas.amount,
            ),
            after,
        )


def _values(contract: Channels, payees: int) -> np.ndarray:
    values = np.zeros(payees, object)
    for payee, place in contract.place.items():
        values[payee] = contract.channels[place].value
    return values


class _Epoch:
    """One epoch of all channels: counts what was brought, paid and lost."""

    def __init__(self, kind: Payments, held: Held, moment: Moment, marks: np.ndarray) -> None:
        self.kind, self.held, self.marks = kind, held, marks
        self.contract: Any = held.contract
        self.first, self.last = (math.floor(at / kind.block) for at in (moment.start_s, moment.end_s))
        self.life = max(1, math.ceil(kind.expiry / kind.block))
        self.margin = math.ceil(kind.margin / kind.block)
        self.least = kind.least_claim * kind.gas.amount / moment.unit_usd if moment.unit_usd > 0 else 0.0
        self.paid = np.zeros(len(marks), np.int64)
        self.brought = self.lost = self.claims = self.calls = 0

    def serve(self, payee: int, due: int) -> None:
        """A payee's epoch: use evenly over it, its channel's expiration inside it or not."""
        place = self.contract.place.get(payee)
        expires = self.contract.channels[place].expiration if place is not None else None
        used = 0
        if expires is not None and expires <= self.last:
            # Use until the expiration is on the old channel's vouchers, as far as its value reaches.
            passed = min(max(expires - self.first, 0), self.last - self.first)
            used = due * passed // max(1, self.last - self.first)
            self._fund(payee, used, 0)
            self.held.rest[payee] += used
            self._expire(payee, expires)
        if due > used:
            self._fund(payee, due - used, int(due * self.kind.cover))
            self.held.rest[payee] += due - used
        self._claim_by_policy(payee)

    def _fund(self, payee: int, due: int, more: int) -> None:
        """Users open or top up the payee's channel so that it bears all vouchers, and extend it when half its life is over."""
        need = int(self.held.rest[payee]) + due
        place = self.contract.place.get(payee)
        if place is None or self.contract.channels[place].expiration == 0:
            self._bring(need + more)
            self.contract.open(USERS, payee, need + more, self.last + self.life, USERS)
            self.contract.place[payee] = len(self.contract.channels) - 1
            self.calls += 1
            return
        channel = self.contract.channels[place]
        if channel.value < need:
            missing = need + more - channel.value
            self._bring(missing)
            self.contract.add_funds(place, USERS, missing)
            self.calls += 1
        if more and self.kind.renew and channel.expiration < self.last + self.life / 2:
            self.contract.extend(place, USERS, self.last + self.life)
            self.calls += 1

    def _bring(self, amount: int) -> None:
        self.contract.deposit(USERS, amount)
        self.brought += amount

    def _expire(self, payee: int, block: int) -> None:
        """The channel's last block: its payee claims `margin` before, or sleeps and the sender's timeout comes first."""
        place = self.contract.place[payee]
        if self.marks[payee] >= self.kind.asleep and self.held.rest[payee] > 0:
            self._claim(payee)
        if self.contract.timeout(place, USERS, block):
            self.lost += int(self.held.rest[payee])
            self.held.rest[payee] = 0
            self.calls += 1

    def _claim_by_policy(self, payee: int) -> None:
        """Claim where enough of the channel is on vouchers, or its end is near and the payee is awake."""
        rest, place = int(self.held.rest[payee]), self.contract.place.get(payee)
        if rest == 0 or place is None:
            return
        channel = self.contract.channels[place]
        near = channel.expiration - self.last <= self.margin and self.marks[payee] >= self.kind.asleep
        if near or (rest >= channel.value * self.kind.claim_at and rest >= self.least):
            self._claim(payee)

    def _claim(self, payee: int) -> None:
        """One claim of all vouchers, under the channel's present nonce."""
        place, rest = self.contract.place[payee], int(self.held.rest[payee])
        voucher = Voucher(place, self.contract.channels[place].nonce, rest, USERS)
        if self.contract.claim(payee, rest, rest, voucher, sendback=False):
            self.contract.withdraw(payee, rest)
            self.paid[payee] += rest
            self.held.rest[payee] = 0
            self.claims += 1
