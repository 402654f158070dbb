"""Prices that move within an epoch: users and price answer each other, tick by tick, until nothing moves.

Each network's price ticks at its own pace and sees use over capacity at that instant: what users want at the prices then in
force, over what its live nodes serve at most. Once no price moves and no tick is left that could move one, the rest of the
epoch is one stretch. The epoch's requests are all asked for the mean price, weighted by the tokens wanted at each; users
choose once more at it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from sim.tokenomics.price import PerToken
from sim.units import ps
from sim.world.calendar import Epoch
from sim.world.network import NetworkState


@dataclasses.dataclass
class _Paid:
    """What an epoch's stretches add up to: weights (requests wanted x time), and weight x price by part of the price."""

    weight: float = 0.0
    sums: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(4))

    def add(self, quote: PerToken, weight: float) -> None:
        self.weight += weight
        self.sums += weight * np.array(quote[1:], float)

    def mean(self, quote: PerToken) -> PerToken:
        """The weighted mean price, rounded down; `quote` where nobody wanted anything."""
        if self.weight <= 0:
            return quote
        return PerToken(quote.currency, *(int(part) for part in np.floor(self.sums / self.weight + 1e-9)))


def tick(networks: list[NetworkState], epoch: Epoch, choose: Callable[[], np.ndarray]) -> None:
    """Let every ticking price walk through the epoch and set each network's `quote` to the mean that users pay.

    `choose` lets users choose at the quotes in force and gives the requests a second that each network gets. Ties (two
    ticks at one instant) go in the order of the networks; both see what users wanted before.
    """
    moving = [network for network in networks if network.block.price.tick_s is not None]
    if not moving:
        return
    length = epoch.end_ps - epoch.start_ps
    steps = {network.name: ps(network.block.price.tick_s) for network in moving}
    due = dict(steps)
    paid = {network.name: _Paid() for network in moving}
    wanted, now = choose(), 0
    calm: set[str] = set()
    while now < length:
        # Networks whose price did not move since one last did: once all are among them nothing can move any more.
        upto = length if len(calm) == len(moving) else min(length, *due.values())
        for network in moving:
            paid[network.name].add(network.per_token(), float(wanted[network.index]) * (upto - now))
        now, moved = upto, False
        for network in moving:
            if now < length and due[network.name] == now:
                due[network.name] += steps[network.name]
                if _moves(network, float(wanted[network.index]), epoch):
                    calm, moved = set(), True
                else:
                    calm.add(network.name)
        if moved:
            wanted = choose()
    for network in moving:
        network.quote = paid[network.name].mean(network.per_token())


def _moves(network: NetworkState, wanted_rps: float, epoch: Epoch) -> bool:
    """One tick of a network's price at what users want; says whether the price moved."""
    before = network.per_token()
    # Without a live node whoever comes finds it full.
    load = wanted_rps / network.capacity_rps if network.capacity_rps > 0 else float(wanted_rps > 0)
    network.quote = network.look(epoch.start_ps, load, ticks=1)
    return network.quote != before
