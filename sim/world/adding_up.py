"""Whether an epoch's surpluses add up: what users and operators are told to have gained, against what the ledger posted.

::

    users + operators + stakers + treasury + holders + outside = value served - resource cost + change of market value

Every account of the ledger belongs to one party. A party's surplus is what its accounts are worth more at the epoch's end, at
closing prices, less what it brought from its own pocket. What use and emission brought users and operators, and what was used up for
it, is taken as the epoch's line tells it (price paid, exchange gains, operator surplus, resource cost): a figure that is told and not
posted, or posted and not told, breaks the sum. Users' surplus also holds the value of what was served, which demand alone
knows (`consumer_surplus_usd_per_day`): it stands on both sides and cancels. Interest on stakes is no resource that anybody used
up, so it stays with operators.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Mapping

from sim.errors import InvariantError
from sim.records.run import FlowRow
from sim.tokenomics.settle import PRICE_ONE
from sim.world import lines
from sim.world.book import Line
from sim.world.burning import credit_of
from sim.world.calendar import Epoch
from sim.world.network import NetworkState

USERS, OPERATORS, STAKERS, TREASURY, HOLDERS, OUTSIDE = (
    "users",
    "operators",
    "stakers",
    "treasury",
    "holders",
    "outside",
)
PARTY_OF = {
    "users": USERS, "escrow": USERS,
    "operators": OPERATORS, "stake": OPERATORS, "unbonding": OPERATORS, "vesting.operators": OPERATORS,
    "schemes": OPERATORS,
    "validators": STAKERS, "vesting.validators": STAKERS,
    "treasury": TREASURY, "vesting.treasury": TREASURY, "vault": TREASURY, "fees": TREASURY, "buyback": TREASURY,
    "owner": TREASURY, "vesting.owner": TREASURY,
    "holders": HOLDERS, "vesting.holders": HOLDERS,
    "root": STAKERS, "claims": STAKERS, "agents": STAKERS,
    "subnets": OUTSIDE, "protocol": OUTSIDE, "due": OUTSIDE, "burnt": OUTSIDE, "dust": OUTSIDE,
    "outside": OUTSIDE, "pool": OUTSIDE, "others": OUTSIDE, "executors": OUTSIDE,
}  # fmt: skip
"""By role of an account: whose it is. The owner of a service counts with its treasury; pools, executors and services that are not
simulated count with outside.
"""
POCKETS = {
    "users' funds": USERS, "owners' funds": OPERATORS, "owners' draw": OPERATORS, "bills written off": OPERATORS,
    "holders trade": HOLDERS,
    "holders trade (shock)": HOLDERS,
}  # fmt: skip
"""Reasons of dollars that come from, or go to, a party's own pocket. Whom insolvent operators owe lose as operators: they lent to them."""
BILLS = ("power and hosting", "gas", "moving")
"""Reasons of dollars that pay for what is used up."""
TRADES = (
    *POCKETS,
    "coins bought",
    "coins sold",
    "stake bought",
    "coins bought back",
    "credits",
    "burned for credits",
    "alpha bought",
    "alpha sold",
)
"""Reasons of postings that change one thing into another: no income, whatever prices then do."""
DIGITS = 30
"""Values are integers of 10^-30 USD: base units x pico-dollars are never rounded."""
NEAR_USD, NEAR_PART = 1e-6, 1e-9
"""What is told is in floats: it may differ by a millionth of a dollar and a billionth of itself."""


@dataclasses.dataclass(frozen=True)
class Told:
    """What the line of a network's epoch says that use and emission brought, and what was used up for it: USD."""

    users: float
    operators: float
    resources: float

    @classmethod
    def of(cls, line: Line, days: float, interest_usd: float) -> Told:
        """Out of an epoch's line; `interest_usd` is what its operator surplus counts for stakes."""
        moved = sum(_number(line.get(f"exchange_{party}_usd_per_day")) for party in ("operators", "protocol"))
        cost = line["resource_cost_usd_per_mtok"]
        resources = cost[0] if isinstance(cost, tuple) else 0.0
        earned = _number(line["operator_surplus_usd_per_day"]) * days + resources + interest_usd
        # What arbitrageurs keep of an invoice users pay on top of the coins that settle it.
        paid = _number(line["revenue_usd_per_day"]) + moved + _number(line.get("arbitraged_usd_per_day"))
        return cls(-paid * days, earned, resources)


class AddingUp:
    """Looks at every epoch of a run; keeps what each account held, and each price, when the last one was over."""

    def __init__(self, networks: list[NetworkState]) -> None:
        self.networks, self.ledger = networks, networks[0].ledger
        self._units = self._now()
        self._worth, self._market = self._by_party("the start"), self._market_value()
        self.surplus_usd: dict[str, float] = {}
        """Of each party in the last epoch; of users without the value of what was served."""

    def check(self, label: str, epoch: Epoch, flows: list[FlowRow], written: Mapping[str, Line]) -> None:
        """Look at an epoch that is over, and note the surplus of each party.

        `flows` are the epoch's postings, `written` its lines. Raises `InvariantError` where the sum is not minus what was used up and
        plus what the market value changed by, or where an account belongs to nobody.
        """
        self._units = self._now()
        worth, market = self._by_party(label), self._market_value()
        gained = {party: worth[party] - self._worth[party] for party in worth}
        for row in flows:
            self._take_out_of_pocket(row, gained)
        if sum(gained.values()) != market - self._market:
            raise InvariantError(
                f"{label}: parties together gained {_usd(sum(gained.values())):.9f} USD, market values {_usd(market - self._market):.9f}"
            )
        self._worth, self._market = worth, market
        surplus = {party: _usd(value) for party, value in gained.items()}
        surplus[OUTSIDE] -= _usd(sum(self._value(row) for row in flows if row.reason in BILLS))
        for network in self.networks:
            self._as_told(label, network, epoch, flows, written[network.name], surplus)
        self.surplus_usd = surplus

    def _as_told(
        self,
        label: str,
        network: NetworkState,
        epoch: Epoch,
        flows: list[FlowRow],
        line: Line,
        surplus: dict[str, float],
    ) -> None:
        """Put what a line tells in place of what was posted; refuse it where it differs."""
        told = Told.of(line, epoch.days, lines.stake_cost(network, epoch))
        own = [row for row in flows if _is_of(row, network)]
        billed = _usd(sum(self._value(row) for row in own if row.reason in BILLS))
        posted = Told(
            self._brought(USERS, own), self._brought(OPERATORS, own), billed + lines.unbilled_usd(network, epoch)
        )
        for what in ("users", "operators", "resources"):
            said, found = getattr(told, what), getattr(posted, what)
            if abs(said - found) > NEAR_USD + NEAR_PART * max(abs(said), abs(found)):
                raise InvariantError(
                    f"{label}: surpluses do not add up: {network.name}'s line tells {said:.9f} USD for {what}, its postings {found:.9f}"
                )
        surplus[USERS] += told.users - posted.users
        surplus[OPERATORS] += told.operators - posted.operators - (told.resources - billed)

    def _brought(self, party: str, flows: Iterable[FlowRow]) -> float:
        """USD that use and emission brought a party, at closing prices: all that is neither trade nor bill nor pocket.

        Users are told what they pay: what an offence of others gives them is no use.
        """
        total = 0
        for row in flows:
            if row.reason in TRADES or row.reason in BILLS or (party == USERS and row.reason == "slash"):
                continue
            sign = (_party(row.target) == party) - (_party(row.source) == party)
            total += sign * self._value(row) if sign else 0
        return _usd(total)

    def _take_out_of_pocket(self, row: FlowRow, gained: dict[str, int]) -> None:
        party = POCKETS.get(row.reason)
        if party is None or row.currency != "USD":
            return
        sign = (row.source == "outside") - (row.target == "outside")
        gained[party] -= sign * self._value(row)
        gained[OUTSIDE] += sign * self._value(row)

    # -- values -------------------------------------------------------------------------------------------------

    def _now(self) -> dict[str, int]:
        """What a base unit of each currency is worth now, in 10^-30 USD; credits are dollars."""
        prices = {"USD": PRICE_ONE}
        for network in self.networks:
            if network.coin is not None:
                prices |= {network.ticker: network.market.price_pusd, credit_of(network.ticker): PRICE_ONE}
            if network.subnets is not None:
                prices |= network.subnets.prices_pusd()
        decimals = self.ledger.decimals
        return {
            currency: price * 10 ** (DIGITS - 12 - decimals[currency])
            for currency, price in prices.items()
            if currency in decimals
        }

    def _value(self, row: FlowRow) -> int:
        return row.amount * self._units[row.currency]

    def _by_party(self, label: str) -> dict[str, int]:
        worth = dict.fromkeys((USERS, OPERATORS, STAKERS, TREASURY, HOLDERS, OUTSIDE), 0)
        for currency, unit in self._units.items():
            for account, amount in self.ledger.accounts(currency).items():
                party = _party(account)
                if party not in worth:
                    raise InvariantError(
                        f"{label}: surpluses do not add up: account {account} of {amount} {currency} base units belongs to no party"
                    )
                worth[party] += amount * unit
        return worth

    def _market_value(self) -> int:
        """What all coins are worth now. Dollars only move: their source is `outside`."""
        return sum(self.ledger.supply(currency) * unit for currency, unit in self._units.items() if currency != "USD")


@functools.lru_cache(maxsize=1024)
def _party(account: str) -> str:
    """Whose an account is; empty for nobody: for coins that come into being or are burned."""
    owner, _, role = account.partition(".")
    role = role or owner
    return PARTY_OF.get("buyback" if role.startswith("buyback.") else role, "")


def _is_of(row: FlowRow, network: NetworkState) -> bool:
    """Whether a posting is a network's: its coin's, its credits', or between dollars of its accounts."""
    if row.currency != "USD":
        alphas = network.subnets.tickers if network.subnets is not None else ()
        return row.currency in (network.ticker, credit_of(network.ticker), *alphas)
    return any(account.startswith(f"{network.name}.") for account in (row.source, row.target))


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0


def _usd(value: int) -> float:
    return value / 10**DIGITS
