"""The one place that holds balances: double entry in integer base units, checked at every epoch.

::

    mint  ->  accounts  <->  accounts  ->  burn          sum of balances == minted - burned, per currency
                 ^  outside (signed): power bills, owners' funds, buyers of coins

Every change is a posting with a reason. Accounts are made by being posted to; `outside` (or a name that ends with
`.outside`) may be negative, no other account may at the end of an epoch. Operators are columns: an array of amounts
whose sum is the balance of one aggregate account, posted once an epoch.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from sim.errors import InvariantError
from sim.records.run import FlowRow

MINTED = "minted"
BURNED = "burned"
OUTSIDE = "outside"
GENESIS = "genesis"


@dataclasses.dataclass(frozen=True, slots=True)
class Posting:
    """One change: `amount` >= 0 base units of `currency` from `source` to `target`."""

    reason: str
    currency: str
    amount: int
    source: str
    target: str

    def __str__(self) -> str:
        return f"{self.reason}: {self.amount} {self.currency} base units from {self.source} to {self.target}"


class Column:
    """The members of an aggregate account: `amounts[i]` base units (int64) belong to member i."""

    def __init__(self, account: str, currency: str, size: int) -> None:
        self.account = account
        self.currency = currency
        self.amounts = np.zeros(size, dtype=np.int64)

    def grow(self, size: int) -> None:
        """Make room for `size` members; new ones hold nothing. A smaller size raises `ValueError`."""
        if size < len(self.amounts):
            raise ValueError(
                f"size {size} found; the column of {self.account} holds {len(self.amounts)} members already"
            )
        self.amounts = np.concatenate((self.amounts, np.zeros(size - len(self.amounts), dtype=np.int64)))


class Ledger:
    """All balances of a run.

    Parameters
    ----------
    decimals
        Decimals of each currency's base unit (`ledger_decimals` of a coin). USD is always kept in nano-dollars.

    """

    def __init__(self, decimals: Mapping[str, int]) -> None:
        self.decimals = {**decimals, "USD": 9}
        self._balances: dict[str, dict[str, int]] = {currency: {} for currency in self.decimals}
        self._minted = dict.fromkeys(self.decimals, 0)
        self._burned = dict.fromkeys(self.decimals, 0)
        self._epoch: dict[tuple[str, str, str, str], int] = {}
        self._run: dict[tuple[str, str, str, str], int] = {}
        self._overdrawn: dict[tuple[str, str], Posting] = {}
        self._columns: dict[tuple[str, str], Column] = {}
        self._last: Posting | None = None

    # -- postings ---------------------------------------------------------------------------------------------

    def open(self, currency: str, balances: Mapping[str, int]) -> None:
        """Genesis: the accounts' first balances, which count as minted."""
        for account, amount in balances.items():
            self.mint(GENESIS, currency, amount, account)

    def transfer(self, reason: str, currency: str, amount: int, source: str, target: str) -> None:
        """Move `amount` base units. Raises `ValueError` for a negative or non-integer amount or a reserved account."""
        self._post(Posting(reason, currency, _whole(amount), _account(source), _account(target)))

    def mint(self, reason: str, currency: str, amount: int, target: str) -> None:
        """Create `amount` base units in `target`: the only way in."""
        self._post(Posting(reason, currency, _whole(amount), MINTED, _account(target)))

    def burn(self, reason: str, currency: str, amount: int, source: str) -> None:
        """Destroy `amount` base units of `source`: the only way out."""
        self._post(Posting(reason, currency, _whole(amount), _account(source), BURNED))

    def _post(self, posting: Posting) -> None:
        if posting.currency not in self._balances:
            raise ValueError(f"currency {posting.currency!r} found; the ledger keeps {', '.join(self._balances)}")
        if posting.amount == 0:
            return
        self._last = posting
        if posting.source == MINTED:
            self._minted[posting.currency] += posting.amount
        else:
            self._change(posting, posting.source, -posting.amount)
        if posting.target == BURNED:
            self._burned[posting.currency] += posting.amount
        else:
            self._change(posting, posting.target, posting.amount)
        key = (posting.currency, posting.reason, posting.source, posting.target)
        self._epoch[key] = self._epoch.get(key, 0) + posting.amount

    def _change(self, posting: Posting, account: str, amount: int) -> None:
        balances = self._balances[posting.currency]
        balances[account] = balances.get(account, 0) + amount
        if balances[account] >= 0:
            self._overdrawn.pop((posting.currency, account), None)
        elif not _is_outside(account):
            # The first posting that overdraws is the one to name, not those that deepen the hole.
            self._overdrawn.setdefault((posting.currency, account), posting)

    # -- columns ----------------------------------------------------------------------------------------------

    def column(self, account: str, currency: str, size: int = 0) -> Column:
        """The column of an aggregate account, made (all zero) at first use and grown to `size` members."""
        key = (currency, _account(account))
        if key not in self._columns:
            if self.balance(account, currency):
                raise ValueError(f"{account} holds {currency} already; its column must be made before")
            self._columns[key] = Column(account, currency, size)
        column = self._columns[key]
        if size > len(column.amounts):
            column.grow(size)
        return column

    def post_column(self, reason: str, currency: str, source: str, amounts: np.ndarray, column: Column) -> int:
        """Pay `amounts[i]` >= 0 to each member of `column`: one posting of the sum, which is returned."""
        total = self._column_total(currency, amounts, column)
        self.transfer(reason, currency, total, source, column.account)
        column.amounts += amounts
        return total

    def mint_column(self, reason: str, currency: str, amounts: np.ndarray, column: Column) -> int:
        """Create `amounts[i]` >= 0 for each member of `column`: one posting of the sum, which is returned."""
        total = self._column_total(currency, amounts, column)
        self.mint(reason, currency, total, column.account)
        column.amounts += amounts
        return total

    def draw_column(self, reason: str, currency: str, target: str, amounts: np.ndarray, column: Column) -> int:
        """Take `amounts[i]` >= 0 from each member of `column`: one posting of the sum, which is returned."""
        total = self._column_total(currency, amounts, column)
        self.transfer(reason, currency, total, column.account, target)
        column.amounts -= amounts
        return total

    def burn_column(self, reason: str, currency: str, amounts: np.ndarray, column: Column) -> int:
        """Destroy `amounts[i]` >= 0 of each member of `column`."""
        total = self._column_total(currency, amounts, column)
        self.burn(reason, currency, total, column.account)
        column.amounts -= amounts
        return total

    def _column_total(self, currency: str, amounts: np.ndarray, column: Column) -> int:
        if currency != column.currency:
            raise ValueError(f"{currency} found; the column of {column.account} holds {column.currency}")
        if amounts.dtype != np.int64 or amounts.shape != column.amounts.shape:
            raise ValueError(f"{amounts.dtype}{amounts.shape} found; must be int64{column.amounts.shape}")
        if amounts.size and amounts.min() < 0:
            raise ValueError(f"amount {amounts.min()} found; must be >= 0")
        return exact_sum(amounts)

    # -- reading ----------------------------------------------------------------------------------------------

    def balance(self, account: str, currency: str) -> int:
        """Base units that `account` holds; 0 for one never posted to."""
        return self._balances[currency].get(account, 0)

    def accounts(self, currency: str) -> dict[str, int]:
        """All balances of a currency, by account in the order of first posting (a copy)."""
        return dict(self._balances[currency])

    def minted(self, currency: str) -> int:
        """Base units created so far, genesis included."""
        return self._minted[currency]

    def burned(self, currency: str) -> int:
        """Base units destroyed so far."""
        return self._burned[currency]

    def supply(self, currency: str) -> int:
        """Base units in existence: minted - burned."""
        return self._minted[currency] - self._burned[currency]

    def residuals(self) -> dict[str, int]:
        """By currency: sum of balances - (minted - burned). 0 unless a law is broken."""
        return {currency: sum(held.values()) - self.supply(currency) for currency, held in self._balances.items()}

    def flows(self) -> list[FlowRow]:
        """All postings so far, summed by (currency, reason, source, target), in the order of first posting."""
        total = dict(self._run)
        for key, amount in self._epoch.items():
            total[key] = total.get(key, 0) + amount
        return [self._row(key, amount) for key, amount in total.items()]

    def _row(self, key: tuple[str, str, str, str], amount: int) -> FlowRow:
        currency, reason, source, target = key
        return FlowRow(currency, self.decimals[currency], reason, source, target, amount)

    # -- the law ----------------------------------------------------------------------------------------------

    def close(self, label: str) -> list[FlowRow]:
        """Check the laws of an epoch and return its flows, summed like those of `flows`.

        Raises `InvariantError`, naming `label` and a posting, if the balances of a currency do not sum to minted -
        burned, an account other than `outside` is negative, or a column disagrees with its account.
        """
        for currency, residual in self.residuals().items():
            if residual:
                raise InvariantError(
                    f"{label}: balances of {currency} sum to {residual:+d} base units beside minted - burned; last posting: {self._last}"
                )
        for (currency, account), posting in self._overdrawn.items():
            raise InvariantError(
                f"{label}: {account} holds {self.balance(account, currency)} {currency} base units; first overdrawn by {posting}"
            )
        for column in self._columns.values():
            self._check_column(label, column)
        rows = [self._row(key, amount) for key, amount in self._epoch.items()]
        for key, amount in self._epoch.items():
            self._run[key] = self._run.get(key, 0) + amount
        self._epoch = {}
        return rows

    def _check_column(self, label: str, column: Column) -> None:
        held, members = self.balance(column.account, column.currency), exact_sum(column.amounts)
        if members != held:
            raise InvariantError(
                f"{label}: members of {column.account} hold {members} {column.currency} base units, the account {held}; last posting: {self._last}"
            )
        if column.amounts.size and column.amounts.min() < 0 and not _is_outside(column.account):
            member = int(column.amounts.argmin())
            raise InvariantError(
                f"{label}: member {member} of {column.account} holds {column.amounts[member]} {column.currency} base units; last posting: {self._last}"
            )


def exact_sum(amounts: np.ndarray) -> int:
    """The sum of an int64 array as a Python integer, exact where int64 would wrap."""
    size = len(amounts)
    if size == 0:
        return 0
    largest = max(abs(int(amounts.max())), abs(int(amounts.min())))
    return int(amounts.sum()) if largest * size < 2**63 else sum(amounts.tolist())


def _whole(amount: Any) -> int:
    if isinstance(amount, bool) or not isinstance(amount, (int, np.integer)):
        raise ValueError(f"amount {amount!r} found; must be an integer number of base units")
    if amount < 0:
        raise ValueError(f"amount {amount} found; must be >= 0")
    return int(amount)


def _account(name: str) -> str:
    if name in (MINTED, BURNED) or not name:
        raise ValueError(f"account {name!r} found; coins come in by `mint` and go out by `burn`")
    return name


def _is_outside(account: str) -> bool:
    return account == OUTSIDE or account.endswith(".outside")
