"""What hits a world from outside: demand, coin prices, prices per token and costs, by epochs; nodes, to the instant.

A level moves with the first epoch that begins at the shock's instant or later and goes back with the first that begins at
its end or later. `step` holds it in full; `decay` lets it fall evenly to nothing. Shocks on one thing multiply; amounts
(`adds`) come on top. Nodes are down by `strikes`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sim.scenario.shocks import Hit, hits
from sim.units import Money, ps
from sim.world import money
from sim.world.calendar import Calendar, Epoch
from sim.world.network import NetworkState


class Shocks:
    """All shocks of a run."""

    def __init__(self, spec: Any, calendar: Calendar) -> None:
        self.calendar = calendar
        self.blocks = list(spec.shocks)
        self.hit = [hits(shock.target, spec) for shock in self.blocks]
        self.classes = tuple(spec.workload)
        self._made: dict[str, tuple[Any, Any, Any]] = {}
        self._coin_levels: dict[str, float] = {}

    def part(self, number: int, epoch: Epoch) -> float:
        """What of shock `number` is there in an epoch: 1 in full, 0 nothing."""
        shock = self.blocks[number]
        first_ps = self.calendar.first_from(ps(shock.begins))
        over_ps = self.calendar.first_from(ps(shock.begins) + ps(shock.lasts))
        if not first_ps <= epoch.start_ps < over_ps:
            return 0.0
        return 1.0 if shock.shape == "step" else 1.0 - (epoch.start_ps - first_ps) / (over_ps - first_ps)

    def level(self, hit: Hit, epoch: Epoch) -> tuple[float, float]:
        """Factor and added amount of all shocks together on one thing; (1, 0) where none is at work."""
        factor, added = 1.0, 0.0
        for number, struck in enumerate(self.hit):
            if hit in struck and (part := self.part(number, epoch)):
                shock = self.blocks[number]
                factor *= 1.0 + part * (shock.by or 0.0)
                added += part * (shock.adds or 0.0)
        return factor, added

    def demand(self, epoch: Epoch) -> np.ndarray:
        """Factor on the base demand of each class."""
        if not self.blocks:
            return np.ones(len(self.classes))
        return np.array([self.level(Hit("demand", klass=name), epoch)[0] for name in self.classes])

    def block(self, name: str, block: Any, epoch: Epoch) -> Any:
        """A network's block with the epoch's prices and costs; itself where no shock is at work."""
        if not self.blocks:
            return block
        levels = {
            hit: self.level(hit, epoch)
            for struck in self.hit
            for hit in struck
            if hit.network == name and hit.what in ("price", "cost")
        }
        levels = {hit: level for hit, level in levels.items() if level != (1.0, 0.0)}
        if not levels:
            return block
        before = self._made.get(name)
        if before is None or before[0] is not block or before[1] != levels:
            self._made[name] = (block, levels, _changed(block, levels))
        return self._made[name][2]

    def coins(self, network: NetworkState, epoch: Epoch) -> None:
        """Move the coin's price to the epoch's level, before anybody decides."""
        if network.coin is None or not self.blocks:
            return
        hit = Hit("coin", network.name)
        level, before = self.level(hit, epoch)[0], self._coin_levels.get(network.name, 1.0)
        if level != before:
            self._coin_levels[network.name] = level
            money.strike(network, epoch, (level, level / before, self._beginning(hit, epoch)))

    def _beginning(self, hit: Hit, epoch: Epoch) -> float:
        """Factor of the shocks on one thing that begin with an epoch."""
        factor = 1.0
        for shock, struck in zip(self.blocks, self.hit, strict=True):
            if hit in struck and self.calendar.first_from(ps(shock.begins)) == epoch.start_ps:
                factor *= 1.0 + (shock.by or 0.0)
        return factor


def _changed(block: Any, levels: dict[Hit, tuple[float, float]]) -> Any:
    """The block with prices and costs at their levels."""
    operators, price = dict(block.operators), block.price
    for hit, (factor, added) in levels.items():
        if hit.what == "price":
            price = _dearer(price, factor)
        else:
            owner = operators[hit.operators]
            value = _times(getattr(owner, hit.key), factor)
            operators[hit.operators] = owner.model_copy(update={hit.key: value + added if added else value})
    return block.model_copy(update={"operators": operators, "price": price})


def _dearer(price: Any, factor: float) -> Any:
    """The price with every amount of money at its level, those of providers' lists too."""
    found: dict[str, Any] = {}
    for key in type(price).model_fields:
        value = getattr(price, key)
        if isinstance(value, Money):
            found[key] = _times(value, factor)
        elif isinstance(value, Mapping):
            found[key] = {name: _dearer(one, factor) for name, one in value.items()}
    return price.model_copy(update=found)


def _times(value: Any, factor: float) -> Any:
    if isinstance(value, Money):
        return Money(value.amount * factor, value.currency)
    return value * factor if isinstance(value, float) else value
