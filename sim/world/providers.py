"""Prices by provider in a network: who asks what, the mean that users see, and what routers and owners make of it.

Each slot's work is billed at the list of its own class. Before they are routed users see the mean of the lists, weighted by the
prompt and output tokens that each class did when work was last measured. A class of which nothing was measured counts by what its nodes draw under
the router's rule; where no requests are simulated all count by capacity, as work is shared out there.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from sim.serving.routers.price_weighted import PriceWeighted, inverse_squares
from sim.tokenomics.price import ByProvider, PerToken
from sim.world.fleet import Plan
from sim.world.space import pulls

if TYPE_CHECKING:
    from sim.world.network import NetworkState


def mean_quote(network: NetworkState, price: ByProvider) -> PerToken:
    """What users see before they choose."""
    weights = dict(zip((o.name for o in network.owners), work_by_class(network), strict=True))
    return price.mean(network.ledger.decimals, weights)


def work_by_class(network: NetworkState) -> np.ndarray:
    """Float[classes, 2], prompt and output: how tokens are expected to be divided among classes, in any scale."""
    draws, there = _draws(network), network.there()
    measured = [network.work[span] for span in network.spans]
    total, crowd = (
        network.work.sum(axis=0),
        sum(float(live.sum()) * draw for live, draw in zip(there, draws, strict=True)),
    )
    found = np.zeros((len(there), 2))
    for i, (live, work) in enumerate(zip(there, measured, strict=True)):
        seen = work.sum(axis=1) > 0
        mean = work[seen].mean(axis=0) if seen.any() else np.zeros(2)
        if not mean.any():
            mean = total * draws[i] / crowd if total.any() and crowd > 0 else np.full(2, draws[i])
        found[i] = work[seen & live].sum(axis=0) + mean * int((live & ~seen).sum())
    return found


def _draws(network: NetworkState) -> list[float]:
    """What a node of each class draws of the work before any is measured, in any scale."""
    if network.by_capacity:
        return [owners.machine.capacity_rps for owners in network.owners]
    by_name = {
        member.name: pull
        for plan in network.plans.values()
        for member, pull in zip(plan.members, pulls(plan), strict=True)
    }
    return [by_name[owners.name] for owners in network.owners]


def lists_of(network: NetworkState) -> Iterator[tuple[np.ndarray, PerToken]]:
    """Slots with what their work costs: all at the price in force, or class by class."""
    price, slots = network.block.price, np.arange(network.slots)
    if not isinstance(price, ByProvider):
        yield slots, network.per_token()
        return
    lists = price.quotes(network.ledger.decimals)
    for owners, span in zip(network.owners, network.spans, strict=True):
        yield slots[span], lists[owners.name]


def note_asks(network: NetworkState) -> None:
    """Tell each class what it asks over what users pay in the mean, for the mean request with nothing of it cached."""
    price = network.block.price
    if not isinstance(price, ByProvider):
        for owners in network.owners:
            owners.asks = 1.0
        return
    quote, lists = network.per_token(), price.quotes(network.ledger.decimals)
    for owners in network.owners:
        mean = _request(quote, owners.machine.mean_tokens)
        owners.asks = _request(lists[owners.name], owners.machine.mean_tokens) / mean if mean > 0 else 1.0


def _request(quote: PerToken, tokens: tuple[float, float]) -> float:
    return tokens[0] * quote.input + tokens[1] * quote.output + quote.request


def weighed(network: NetworkState, plan: Plan) -> Plan:
    """The plan with the weights that `price_weighted` takes from the lists in force; itself where the router goes by anything else."""
    price, router = network.block.price, network.router
    if not (isinstance(price, ByProvider) and isinstance(router, PriceWeighted) and router.prices is None):
        return plan
    lists = price.quotes(network.ledger.decimals)
    tokens = {owners.name: owners.machine.mean_tokens for owners in network.owners}
    shares = inverse_squares({m.name: _request(lists[m.name], tokens[m.name]) for m in plan.members})
    return dataclasses.replace(plan, shares=tuple(shares[member.name] for member in plan.members))
