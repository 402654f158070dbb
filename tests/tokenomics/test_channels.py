"""Payment channels: the contract's traps by name, and ten thousand storms in which no unit is lost and no voucher paid twice."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from typing import Any

import numpy as np
import pytest

from sim.tokenomics.payment.multiparty import Channel, MultiPartyEscrow, Voucher

STORMS = 10_000
STEPS = 30


def opened(value: int = 1000, expiration: int = 100) -> MultiPartyEscrow:
    """A contract with one channel from `s` to `r`."""
    contract = MultiPartyEscrow()
    contract.deposit("s", value)
    assert contract.open("s", "r", value, expiration, "s")
    return contract


def voucher(nonce: int, planned: int, by: str = "s", channel: int = 0) -> Voucher:
    return Voucher(channel, nonce, planned, by)


def test_any_claim_raises_the_nonce_so_a_larger_older_voucher_is_dead() -> None:
    contract = opened()
    small, large = voucher(0, 100), voucher(0, 900)
    assert contract.claim("r", 40, 100, small, sendback=False)  # also a partial claim
    assert contract.channels[0].nonce == 1
    assert not contract.claim("r", 900, 900, large, sendback=False)
    assert not contract.claim("r", 60, 100, small, sendback=False)  # nor what is left of the same one
    assert contract.claim("r", 900, 900, voucher(1, 900), sendback=False)


def test_a_claim_after_the_expiration_is_good_until_the_sender_takes_his_refund() -> None:
    contract = opened(expiration=100)
    # Block 500 is long past: the contract does not look at the expiration of a claim.
    assert contract.claim("r", 100, 100, voucher(0, 100), sendback=False)
    assert contract.timeout(0, "s", block=500)
    assert not contract.claim("r", 100, 100, voucher(1, 100), sendback=False)
    assert contract.balances == {"s": 900, "r": 100}


def test_who_is_first_in_the_block_of_expiration_gets_the_coins() -> None:
    claims, refund = opened(), opened()
    assert claims.claim("r", 700, 700, voucher(0, 700), sendback=False)
    assert claims.timeout(0, "s", block=100)
    assert refund.timeout(0, "s", block=100)
    assert not refund.claim("r", 700, 700, voucher(0, 700), sendback=False)
    assert (claims.balances["r"], refund.balances.get("r", 0)) == (700, 0)


def test_a_refund_before_the_expiration_is_refused_and_changes_nothing() -> None:
    contract = opened(expiration=100)
    before = copy.deepcopy(contract)
    assert not contract.timeout(0, "s", block=99)
    assert not contract.timeout(0, "r", block=500)
    assert contract == before


def test_a_channel_that_was_sent_back_can_be_used_again() -> None:
    contract = opened()
    assert contract.claim("r", 300, 300, voucher(0, 300), sendback=True)
    assert contract.channels[0] == Channel("s", "s", "r", 0, 0, 1)
    assert contract.add_funds(0, "s", 200)
    assert contract.extend(0, "s", 400)
    assert not contract.extend(0, "s", 399)
    assert not contract.extend(0, "r", 900)
    assert contract.claim("r", 200, 200, voucher(1, 200), sendback=False)


@pytest.mark.parametrize("amount", [-1, 1001])
def test_nobody_takes_what_he_does_not_have(amount: int) -> None:
    contract = opened()
    assert not contract.withdraw("s", amount)
    assert not contract.add_funds(0, "s", amount)
    assert not contract.claim("r", amount, amount, voucher(0, amount), sendback=False)
    assert not contract.open("s", "r", amount, 9, "s")
    assert contract.total == 1000


PARTIES = ("s", "t", "r", "q")
CALLS = ("deposit", "withdraw", "open", "add_funds", "extend", "claim", "replay", "partial", "timeout", "late")


@dataclasses.dataclass
class Storm:
    """One storm: calls in a random order, many of them faults, and what they add up to from outside."""

    contract: MultiPartyEscrow
    draws: np.random.Generator
    block: int = 0
    inside: int = 0
    paid: list[tuple[int, int]] = dataclasses.field(default_factory=list)
    vouchers: list[Voucher] = dataclasses.field(default_factory=list)
    refunded: dict[int, int] = dataclasses.field(default_factory=dict)
    seen: set[str] = dataclasses.field(default_factory=set)

    def amount(self, most: int = 60) -> int:
        return int(self.draws.integers(-1, most))

    def anybody(self) -> str:
        return str(self.draws.choice(PARTIES))

    def step(self) -> None:
        # Half of the calls fall into the block of the call before: races within a block.
        self.block += int(self.draws.integers(0, 2)) * int(self.draws.integers(1, 5))
        call = str(self.draws.choice(CALLS))
        before = pickle.dumps(self.contract)
        accepted = getattr(self, call)()
        if not accepted:
            assert pickle.dumps(self.contract) == before, f"{call} was refused and changed something"
        else:
            self.seen.add(call)
        self.check()

    def deposit(self) -> bool:
        amount = self.amount(200)
        accepted = self.contract.deposit(self.anybody(), amount)
        self.inside += amount if accepted else 0
        return accepted

    def withdraw(self) -> bool:
        amount = self.amount()
        accepted = self.contract.withdraw(self.anybody(), amount)
        self.inside -= amount if accepted else 0
        return accepted

    def open(self) -> bool:
        sender = self.anybody()
        expires = self.block + int(self.draws.integers(-2, 12))
        return self.contract.open(sender, self.anybody(), self.amount(), expires, self.anybody())

    def add_funds(self) -> bool:
        return self.contract.add_funds(self.channel(), self.anybody(), self.amount())

    def extend(self) -> bool:
        return self.contract.extend(self.channel(), self.anybody(), self.block + self.amount(10))

    def channel(self) -> int:
        return int(self.draws.integers(-1, len(self.contract.channels) + 1))

    def claim(self) -> bool:
        """A voucher of the present nonce, in full; now and then signed by the wrong one or claimed by the wrong one."""
        place = self.channel()
        if not 0 <= place < len(self.contract.channels):
            return self._claim("r", 1, Voucher(place, 0, 1, "s"))
        channel = self.contract.channels[place]
        signer = channel.signer if self.draws.random() < 0.8 else self.anybody()
        by = channel.recipient if self.draws.random() < 0.8 else self.anybody()
        planned = int(self.draws.integers(0, channel.value // 2 + 3))
        self.vouchers.append(Voucher(place, channel.nonce, planned, signer))
        return self._claim(by, self.vouchers[-1].planned, self.vouchers[-1])

    def partial(self) -> bool:
        return self._old(0.5)

    def replay(self) -> bool:
        return self._old(1.0)

    def late(self) -> bool:
        """A claim after the channel's expiration."""
        over = [v for v in self.vouchers if self.contract.channels[v.channel].expiration <= self.block]
        return self._again(over[int(self.draws.integers(len(over)))], 1.0) if over else False

    def timeout(self) -> bool:
        place = self.channel()
        known = 0 <= place < len(self.contract.channels)
        by = self.contract.channels[place].sender if known and self.draws.random() < 0.8 else self.anybody()
        nonce = self.contract.channels[place].nonce if known else 0
        accepted = self.contract.timeout(place, by, self.block)
        if accepted:
            self.refunded[place] = nonce + 1
        return accepted

    def _old(self, part: float) -> bool:
        return (
            self._again(self.vouchers[int(self.draws.integers(len(self.vouchers)))], part) if self.vouchers else False
        )

    def _again(self, voucher: Voucher, part: float) -> bool:
        by = self.contract.channels[voucher.channel].recipient
        return self._claim(str(by), int(voucher.planned * part), voucher)

    def _claim(self, by: str, actual: int, voucher: Voucher) -> bool:
        held = self.contract.balances.get(by, 0)
        accepted = self.contract.claim(by, actual, voucher.planned, voucher, bool(self.draws.integers(2)))
        if accepted:
            assert voucher.nonce >= self.refunded.get(voucher.channel, 0), "a voucher outlived the sender's refund"
            assert self.contract.balances[by] >= held + actual
            self.paid.append((voucher.channel, voucher.nonce))
        return accepted

    def check(self) -> None:
        assert self.contract.total == self.inside, "a unit was created or lost"
        assert min([0, *self.contract.balances.values(), *(c.value for c in self.contract.channels)]) == 0
        assert len(set(self.paid)) == len(self.paid), "a voucher was paid twice"


def storm(number: int, contract: MultiPartyEscrow | None = None) -> Storm:
    """A whole storm by its number."""
    made = Storm(contract or MultiPartyEscrow(), np.random.default_rng([2026, number]))
    for party in PARTIES:
        made.contract.deposit(party, 300)
    made.inside = 300 * len(PARTIES)
    made.contract.open("s", "r", 90, 5, "t")
    made.contract.open("t", "q", 90, 20, "t")
    for _ in range(STEPS):
        made.step()
    return made


@pytest.mark.long
def test_ten_thousand_storms_lose_no_unit_and_pay_no_voucher_twice() -> None:
    seen: dict[str, int] = dict.fromkeys(CALLS, 0)
    claims = 0
    for number in range(STORMS):
        done = storm(number)
        claims += len(done.paid)
        for call in done.seen:
            seen[call] += 1
    # Every kind of call was accepted in many storms, so none of the laws is empty; a replay only where nothing was claimed
    # under its nonce before.
    assert claims > STORMS
    assert min(seen.values()) > STORMS / 100, seen


class Forgets(MultiPartyEscrow):
    """A contract that does not raise the nonce."""

    def claim(self, by: Any, actual: int, planned: int, voucher: Voucher, sendback: bool) -> bool:
        accepted = super().claim(by, actual, planned, voucher, sendback)
        if accepted:
            self.channels[voucher.channel].nonce -= 1
        return accepted


class Gives(MultiPartyEscrow):
    """A contract that pays a claim without taking it off the channel."""

    def claim(self, by: Any, actual: int, planned: int, voucher: Voucher, sendback: bool) -> bool:
        accepted = super().claim(by, actual, planned, voucher, sendback)
        if accepted:
            self.channels[voucher.channel].value += actual
        return accepted


class Remembers(MultiPartyEscrow):
    """A contract whose refund leaves vouchers alive."""

    def timeout(self, channel: int, by: Any, block: int) -> bool:
        accepted = super().timeout(channel, by, block)
        if accepted:
            self.channels[channel].nonce -= 1
        return accepted


@pytest.mark.parametrize(
    ("broken", "said"),
    [(Forgets, "paid twice"), (Gives, "created or lost"), (Remembers, "outlived")],
)
def test_a_storm_finds_a_contract_that_is_broken(broken: type[MultiPartyEscrow], said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        for number in range(300):
            storm(number, broken())
