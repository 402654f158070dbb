"""How use becomes payment: what prices are quoted in, what is paid, at which rate, and who gains when the rate moves.

::

    usage -> invoice (quote) -> coins at the rate -> take -> burn -> operators, who sell a share

A coin's price is an integer of pico-dollars per coin here and in `market`; an invoice is in nano-dollars.
"""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any, Literal

from sim.blocks import Block, OneOf, newer, sourced
from sim.errors import Problem, ScenarioError
from sim.tokenomics.coin import unit
from sim.tokenomics.payment import PAYMENT
from sim.tokenomics.sla import Sla
from sim.units import SHARE_ONE, CoinPrice, Share, share_parts

PRICE_ONE = 10**12
"""Pico-dollars of a dollar: coin prices are integers of these per whole coin."""

_NO_FIGURE = "no published figure"


class Settle(Block):
    """Terms of payment. `price.pay` is a short form of `pay`; the oracle's lag and window stand in `oracle`.

    Use is settled once an epoch. Users buy the coins they need evenly over the epoch of use; recipients get them at its
    end and sell `sell` of them, and `sell_others` of what is minted, evenly over an epoch.
    """

    quote: Literal["usd", "coin"] | None = None
    """What prices are quoted in (default: the currency of the price list, which it may not contradict)."""
    pay: Literal["usd", "coin"] | None = None
    """What users pay in (default: the coin where there is one)."""
    rate: Literal["request", "settlement", "oracle", "fixed"] | None = None
    """Rate of payment: the market's as the epoch of use begins (`request`) or ends (`settlement`), `oracle`, `fixed`."""
    fixed: CoinPrice | None = None
    """The rate of `rate: fixed`."""
    take_rate: Share = sourced(0.0, _NO_FIGURE, "assumed", "operators' income and the treasury's")
    """Part of users' payments that the protocol keeps."""
    make_rate: Share = newer(0.0)
    """What users pay on top of what use costs, as a part of it; it goes where the take goes."""
    fee_discount: Share = newer(0.0)
    """Part by which `take_rate` and `make_rate` are both lowered."""
    take_to: Literal["treasury", "validators", "owner", "holders"] = "treasury"
    """Account that gets the take."""
    sla: Sla | None = newer(None)
    """What users get back where too few of their requests complete (networks paid in USD, by invoice; default: nothing)."""
    via: Annotated[Any, OneOf(PAYMENT)] | None = newer()
    """How payment is collected: deposits, channels, tickets (default: one invoice an epoch, always paid)."""
    sell: Share = sourced(
        1.0, _NO_FIGURE + "; costs are in USD", "assumed", "pressure on the coin's price; `pool` only"
    )
    """Part of the coins operators get that they sell at once; the rest they keep."""
    sell_others: Share = sourced(1.0, _NO_FIGURE, "assumed", "pressure on the coin's price; `pool` only")
    """The same for other recipients of emission (validators, owner, `others`); treasury and holders keep theirs."""


@dataclasses.dataclass(frozen=True)
class Terms:
    """Settle with every default in place: what the world acts on. `rate` is None where nothing is converted."""

    quote: Literal["usd", "coin"]
    pay: Literal["usd", "coin"]
    rate: Literal["request", "settlement", "oracle", "fixed"] | None
    fixed_pusd: int | None


def terms(settle: Settle, currency: str, price_pay: str | None, has_coin: bool, path: str = "settle") -> Terms:
    """The terms in force, from the block, the currency of the price list and `price.pay`.

    Raises `ScenarioError` where they contradict each other; `path` leads its messages.
    """

    def refuse(message: str, fix: str) -> ScenarioError:
        return ScenarioError([Problem("settle", path, message, fix)])

    quote: Literal["usd", "coin"] = "usd" if currency == "USD" else "coin"
    if settle.quote not in (None, quote):
        raise refuse(
            f"`quote: {settle.quote}` found, but the price list is in {currency}",
            "leave `quote` out or change the list",
        )
    if settle.pay and price_pay and settle.pay != price_pay:
        raise refuse(f"`pay: {settle.pay}` found, but `price.pay` is {price_pay}", "state it once")
    pay = settle.pay or price_pay or ("coin" if has_coin else "usd")
    if "coin" in (pay, quote) and not has_coin:
        raise refuse("payment in coins found, but the network has no coin", "write `pay: usd`")
    if pay == "usd" and quote == "coin":
        raise refuse(
            "a price in coins paid in USD is read but not simulated yet in this version",
            "write `pay: coin`, or prices in USD",
        )
    if settle.sla is not None and pay == "coin":
        raise refuse("`sla` found, but users pay in coins", "write `pay: usd`, or leave `sla` out")
    if settle.sla is not None and settle.via is not None:
        raise refuse(
            f"`sla` found beside `via: {settle.via.kind}`; credits are for use that is paid by invoice",
            "leave one of them out",
        )
    converts = quote == "usd" and pay == "coin"
    rate = (settle.rate or "oracle") if converts else None
    if settle.rate and not converts:
        raise refuse(
            f"`rate: {settle.rate}` found, but nothing is converted: quoted and paid in {currency}", "leave `rate` out"
        )
    if (settle.fixed is not None) != (rate == "fixed"):
        raise refuse("`fixed` and `rate: fixed` belong together", "for example `rate: fixed` with `fixed: 300 USD/TAO`")
    fixed = pusd(settle.fixed.amount) if settle.fixed is not None else None
    return Terms(quote, "usd" if pay == "usd" else "coin", rate, fixed)


def pusd(price_usd: float) -> int:
    """A price in USD per coin as whole pico-dollars, at least 1."""
    return max(1, round(price_usd * PRICE_ONE))


def coins_of(usd: int, price_pusd: int, decimals: int) -> int:
    """Base units of coin that `usd` nano-dollars buy at a price, rounded down."""
    return usd * unit(decimals + 3) // price_pusd


def usd_of(coins: int, price_pusd: int, decimals: int) -> int:
    """Nano-dollars that `coins` base units are worth at a price, rounded down."""
    return coins * price_pusd // unit(decimals + 3)


def take_of(paid: int, take_rate: float) -> int:
    """The protocol's part of a payment in base units, rounded down: operators keep the remainder."""
    return paid * share_parts(take_rate) // SHARE_ONE


def fees_of(due: int, settle: Settle) -> tuple[int, int]:
    """What the protocol takes off a payment and what users pay on top of it, each rounded down: due x rate x (1 - discount).

    Take and make fee of akash-network/AEP AEP-22 (read 2026-11-22): Ft = F Rt (1 - Rd), Fm = F Rm (1 - Rd).
    """
    kept = SHARE_ONE - share_parts(settle.fee_discount)
    take, make = share_parts(settle.take_rate) * kept, share_parts(settle.make_rate) * kept
    return due * take // SHARE_ONE**2, due * make // SHARE_ONE**2


@dataclasses.dataclass(frozen=True)
class Exchange:
    """Gains of a settlement from the coin's price, in 10^-(12 + decimals) USD, so that nothing is rounded.

    Each party's gain is what it has against what the invoice said: users paid `coins x price when bought` for the
    invoice; operators and protocol got coins and hold, sell or burn them at a later price. Their sum is the change of
    price times the coins held in between, to the last unit.
    """

    user: int
    operators: int
    protocol: int
    decimals: int

    @property
    def total(self) -> int:
        """Sum of the parties' gains."""
        return self.user + self.operators + self.protocol

    def usd(self, gain: int) -> float:
        """One of the gains in USD."""
        return gain / unit(12 + self.decimals)


@dataclasses.dataclass(frozen=True)
class Paid:
    """Coins of a settlement in base units: `operators` get, `taken` stays with the protocol, `burned` is destroyed."""

    operators: int
    taken: int
    burned: int

    @property
    def total(self) -> int:
        """What users paid."""
        return self.operators + self.taken + self.burned


def exchange(due_usd: int, paid: Paid, bought_pusd: int, settled_pusd: int, sold_pusd: int, decimals: int) -> Exchange:
    """Who gained from the coin's price in a settlement.

    Parameters
    ----------
    due_usd
        The invoice in nano-dollars.
    paid
        The coins that settled it.
    bought_pusd, settled_pusd, sold_pusd
        Price when users bought the coins, at settlement (burns happen there), and when the recipients sold (or the
        closing price, for what they keep).
    decimals
        Ledger decimals of the coin.

    The invoice is owed to operators and protocol in the ratio of their coins; to operators where there are none.
    Arrays of Python's integers (dtype object) are taken element by element.

    """
    due = due_usd * unit(decimals + 3)
    nothing = paid.total == 0
    due_operators = due * (paid.operators + nothing) // (paid.total + nothing)
    user = due - paid.total * bought_pusd
    operators = paid.operators * sold_pusd - due_operators
    protocol = paid.taken * sold_pusd + paid.burned * settled_pusd - (due - due_operators)
    return Exchange(user, operators, protocol, decimals)
