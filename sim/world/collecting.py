"""Collecting what an epoch's use costs where it is not just paid by invoice: deposits, channels, tickets.

The kind of `settle.via` makes a plan out of what is held; this posts it. What users have locked lies in the network's
`escrow` account and is, to the base unit, what the kind's state says.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from sim.errors import InvariantError
from sim.tokenomics.ledger import exact_sum
from sim.tokenomics.payment import Held, Moment, Plan
from sim.units import PS_PER_S
from sim.world.calendar import Epoch
from sim.world.network import NetworkState


@dataclasses.dataclass(frozen=True)
class Collected:
    """What an epoch's collection gives: `total` base units leave `source` for payees, by the slots' `weights`; `lost` never
    will. `bought_pusd` is what a coin cost those who pay (pico-dollars; 0 for USD).
    """

    source: str
    total: int
    weights: np.ndarray
    lost: int = 0
    gas_usd: float = 0.0
    bought_pusd: int = 0


def plan_of(network: NetworkState, epoch: Epoch, due: np.ndarray) -> tuple[Plan, Held]:
    """The plan of the network's way of collecting for so many base units due to each slot; nothing is changed."""
    size, coin = network.slots, network.terms.pay == "coin"
    moment = Moment(
        epoch.start_ps / PS_PER_S,
        epoch.end_ps / PS_PER_S,
        network.coin_usd / 10**network.decimals if coin else 1e-9,
        lambda count: network.streams[f"payment.{network.name}"].uniforms(epoch.number * size, count),
        network.live_mask(),
    )
    plan, after = network.block.settle.via.plan(network.held, due, moment)
    lacks = network.held.locked + plan.brought - plan.total - plan.back - after.locked
    if lacks or plan.lost < 0 or (size and plan.paid.min() < 0):
        raise InvariantError(
            f"networks.{network.name}.settle.via: {network.block.settle.via.kind} leaves {lacks} base units of {exact_sum(due)} due without an owner"
        )
    return plan, after


def turn(network: NetworkState, currency: str) -> None:
    """Give users back what another way of collecting has locked, where a date or a policy has changed it."""
    via = network.block.settle.via
    kind = (via.kind if via is not None else "", currency)
    if kind == network.held_by:
        return
    network.ledger.transfer("deposits returned", network.held_by[1], network.held.locked, _escrow(network), "users")
    network.held, network.held_by = Held.nothing(network.slots), kind


def collect(network: NetworkState, currency: str, plan: tuple[Plan, Held], bought_pusd: int = 0) -> Collected:
    """Post a plan but for the payments themselves, which leave the escrow. Users hold what is brought already."""
    ledger, escrow = network.ledger, _escrow(network)
    made, after = plan
    locked = network.held.locked
    ledger.transfer("deposits", currency, made.brought, "users", escrow)
    ledger.transfer("deposits returned", currency, made.back, escrow, "users")
    gas = round(made.user_gas_usd * 1e9)
    ledger.transfer("users' funds", "USD", gas, "outside", "users")
    ledger.transfer("gas", "USD", gas, "users", "outside")
    if locked + made.brought:
        # What lay there was bought at earlier prices: coins of a deposit have no other order.
        spent = network.deposit_pusd * locked + bought_pusd * made.brought
        network.deposit_pusd = spent // (locked + made.brought)
    network.held = after
    return Collected(escrow, made.total, made.paid, made.lost, made.gas_usd, network.deposit_pusd)


def check(network: NetworkState, label: str) -> None:
    """The escrow's account holds what the state of collecting says."""
    currency = network.held_by[1]
    held: Any = network.ledger.balance(_escrow(network), currency)
    if held != network.held.locked:
        raise InvariantError(
            f"{label}: users of {network.name} locked {network.held.locked} {currency} base units, its escrow holds {held}"
        )


def _escrow(network: NetworkState) -> str:
    return network.account("escrow")
