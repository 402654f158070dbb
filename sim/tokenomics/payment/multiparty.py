"""SingularityNET's MultiPartyEscrow: unidirectional payment channels, exactly as the contract keeps them.

A channel holds `value` for one recipient. The sender (or a signer named at opening) signs vouchers for an amount under the
channel's present nonce; the recipient claims one. Every claim raises the nonce, so all older vouchers are dead, larger
unclaimed ones too. After the expiration the sender may take what is left; until he does, a claim is still good.

Source: singnet/platform-contracts contracts/MultiPartyEscrow.sol @48600b9 (read 2026-11-22). Amounts are Python integers of
any size. Every method gives whether the contract accepts it; one that is refused changes nothing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable


@dataclasses.dataclass
class Channel:
    """One channel; `expiration` is a block."""

    sender: Hashable
    signer: Hashable
    recipient: Hashable
    value: int
    expiration: int
    nonce: int = 0


@dataclasses.dataclass(frozen=True)
class Voucher:
    """A signed promise: `planned` base units of a channel under its nonce, signed by somebody."""

    channel: int
    nonce: int
    planned: int
    by: Hashable


@dataclasses.dataclass
class MultiPartyEscrow:
    """The contract: unescrowed balances by owner, and the channels in the order of opening."""

    balances: dict[Hashable, int] = dataclasses.field(default_factory=dict)
    channels: list[Channel] = dataclasses.field(default_factory=list)

    @property
    def total(self) -> int:
        """Base units in the contract."""
        return sum(self.balances.values()) + sum(channel.value for channel in self.channels)

    def deposit(self, owner: Hashable, amount: int) -> bool:
        """Bring coins in."""
        if amount < 0:
            return False
        self.balances[owner] = self.balances.get(owner, 0) + amount
        return True

    def withdraw(self, owner: Hashable, amount: int) -> bool:
        """Take unescrowed coins out."""
        return self._take(owner, amount)

    def open(self, sender: Hashable, recipient: Hashable, value: int, expiration: int, signer: Hashable) -> bool:
        """Lock `value` of the sender's balance in a new channel."""
        if not self._take(sender, value):
            return False
        self.channels.append(Channel(sender, signer, recipient, value, expiration))
        return True

    def add_funds(self, channel: int, by: Hashable, amount: int) -> bool:
        """Anybody may add to a channel from his balance."""
        found = self._find(channel)
        if found is None or not self._take(by, amount):
            return False
        found.value += amount
        return True

    def extend(self, channel: int, by: Hashable, expiration: int) -> bool:
        """The sender may set a later expiration, never an earlier one."""
        found = self._find(channel)
        if found is None or by != found.sender or expiration < found.expiration:
            return False
        found.expiration = expiration
        return True

    def claim(self, by: Hashable, actual: int, planned: int, voucher: Voucher, sendback: bool) -> bool:
        """The recipient takes `actual` <= `planned` on a voucher; with `sendback` the rest returns to the sender.

        There is no look at the expiration: a claim is good until the sender has taken his refund.
        """
        found = self._find(voucher.channel)
        if found is None or by != found.recipient or not 0 <= actual <= min(planned, found.value):
            return False
        signed = voucher.by in (found.signer, found.sender)
        if not signed or voucher.nonce != found.nonce or voucher.planned != planned:
            return False
        found.nonce += 1
        found.value -= actual
        self.deposit(found.recipient, actual)
        if sendback:
            self._return(found)
        return True

    def timeout(self, channel: int, by: Hashable, block: int) -> bool:
        """The sender takes what is left, from the block of expiration on; outstanding vouchers die."""
        found = self._find(channel)
        if found is None or by != found.sender or block < found.expiration:
            return False
        found.nonce += 1
        self._return(found)
        return True

    def _return(self, channel: Channel) -> None:
        self.deposit(channel.sender, channel.value)
        channel.value = channel.expiration = 0

    def _find(self, channel: int) -> Channel | None:
        return self.channels[channel] if 0 <= channel < len(self.channels) else None

    def _take(self, owner: Hashable, amount: int) -> bool:
        if not 0 <= amount <= self.balances.get(owner, 0):
            return False
        self.balances[owner] = self.balances.get(owner, 0) - amount
        return True
