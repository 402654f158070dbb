"""Owners who are registered in several networks, and take their nodes where they expect the most.

Classes of one name in networks that `register_in` joins are the same machines: slot i here is slot i there, its owner has the same
draw of costs, and it works in one network at a time. A move costs a fee, the time to fetch and load what is served there, and what
leaving costs of the stake. Speed: `switch_speed`, a rate (docs/operators.md, 24 % a week).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from sim.scenario.registered import Key, doubles_of, pairs_of
from sim.streams import Streams
from sim.tokenomics.operators import IDLE, LIVE
from sim.tokenomics.operators.registration import Registration
from sim.units import DAY_S
from sim.world.calendar import Epoch
from sim.world.network import NetworkState
from sim.world.people import Beliefs, Owners, views


@dataclasses.dataclass
class Place:
    """One network's class in the step in which owners move.

    `pot` is what all the network's capacity would earn, in USD a day, at what a node of this class earns for its own; `crowd_rps` is
    that capacity, with what is on its way and who moved before in this step; `cost` what each slot's owner saves by not serving.
    """

    network: NetworkState
    owners: Owners
    pot: float
    crowd_rps: float
    cost: np.ndarray
    at_ps: int

    def income(self, own_rps: float) -> float:
        """USD a day of a node; `own_rps` is its capacity where the crowd does not hold it."""
        crowd = self.crowd_rps + own_rps
        return self.pot / crowd if crowd > 0 else 0.0

    def works(self, slot: int) -> bool:
        """Whether the slot's node serves."""
        return bool(self.owners.columns.state[slot] == LIVE)


class Moving:
    """The step of a whole world: nothing is drawn, and nothing changes, where no class is registered elsewhere.

    `specs` are the scenario before and after `policies_from`: machines are the same ones for the whole run.
    """

    def __init__(self, networks: list[NetworkState], streams: Streams, *specs: Any) -> None:
        self.networks, self.streams = networks, streams
        pairs = {pair for spec in specs for pair in pairs_of(spec)}
        self.active = bool(pairs)
        if not self.active:
            return
        by_key = {(network.name, owners.name): owners for network in networks for owners in network.owners}
        for first, owners in by_key.items():
            for other in by_key:
                if (first, other) in pairs:
                    owners.columns.twins.append(by_key[other].columns)
        named = {network.name: network for network in networks}
        for home, label, elsewhere in doubles_of(specs[0]):
            named[elsewhere].names.claim(named[home], by_key[home, label])
        for group in groups_of(list(by_key), pairs):
            for other in group[1:]:
                by_key[other].costs_as(by_key[group[0]])

    def act(self, env: Any, beliefs: Callable[[NetworkState], Beliefs], epoch: Epoch) -> None:
        """Move what is to move at the start of an epoch.

        Whoever gains most moves first, and each reckons with all who moved before. Ties: the network earlier in the file, then the
        lower slot; among places to go, the one that `register_in` names first. Nobody moves for a gain of 0.
        """
        if not self.active:
            return
        places = {(p.network.name, p.owners.name): p for p in self._places(beliefs, epoch)}
        wishes = []
        for number, (key, here) in enumerate(places.items()):
            for slot in self._awake(here, epoch):
                if (best := _best(places, here, slot)) is not None:
                    wishes.append((-best[0], number, slot, key))
        went: dict[Key, list[int]] = {}
        for _, _, slot, key in sorted(wishes):
            here = places[key]
            if (best := _best(places, here, slot)) is None:
                continue
            _, there, terms = best
            if here.works(slot):
                _crowd(places, here.network, -here.owners.machine.capacity_rps)
            _crowd(places, there.network, there.owners.machine.capacity_rps)
            here.owners.quit(slot)
            there.network.moving_nano += round(terms.fee.amount * 1e9)
            went.setdefault((there.network.name, there.owners.name), []).append(slot)
        for key, slots in went.items():
            places[key].owners.join(env, np.array(sorted(slots), np.int64))

    def _places(self, beliefs: Callable[[NetworkState], Beliefs], epoch: Epoch) -> Iterator[Place]:
        """Classes with machines that may work elsewhere, in the order of the file."""
        for network in self.networks:
            network.stakes.appraise(epoch)
            crowd = network.capacity_rps + sum(owners.pipeline for owners in network.owners)
            for owners, view in zip(network.owners, views(network.owners, beliefs(network)), strict=True):
                if owners.columns.twins:
                    # What an entrant expects counts the own node; so does the pot.
                    pot = view.income_entrant * (crowd + owners.machine.capacity_rps)
                    cost = owners.avoidable_usd_per_day() + owners.columns.losses
                    yield Place(network, owners, pot, crowd, cost, epoch.start_ps)

    def _awake(self, here: Place, epoch: Epoch) -> list[int]:
        """Slots whose owners look around in this epoch: of nodes that serve or stand idle, ascending."""
        owners, size = here.owners, here.owners.block.slots
        if not owners.block.register_in:
            return []
        draws = self.streams[f"moves.{here.network.name}.{owners.name}"].uniforms(epoch.number * size, size)
        looks = draws < -np.expm1(-owners.block.switch_speed * epoch.seconds)
        slots: list[int] = np.flatnonzero(looks & np.isin(owners.columns.state, (LIVE, IDLE))).tolist()
        return slots


def _best(places: dict[Key, Place], here: Place, slot: int) -> tuple[float, Place, Registration] | None:
    """The most that a slot's node gains by moving, USD, where, and on which terms; None where it gains nothing."""
    best: tuple[float, Place, Registration] | None = None
    works, owners = here.works(slot), here.owners
    stays = here.income(0.0) - float(here.cost[slot]) if works else 0.0
    leaving = here.network.stakes.leaving_usd(owners, slot, here.at_ps) if works else 0.0
    for name, terms in (owners.block.register_in or {}).items():
        there = places[name, owners.name]
        machine, cost = there.owners.machine, float(there.cost[slot])
        income = there.income(machine.capacity_rps)
        # Whoever stopped starts again elsewhere for no less than at home.
        if not works and income < there.owners.block.restart * cost:
            continue
        gain = terms.gain_usd(income - cost, stays, (machine.pull_s + machine.load_s) / DAY_S, leaving)
        if gain > (best[0] if best else 0.0):
            best = gain, there, terms
    return best


def _crowd(places: dict[Key, Place], network: NetworkState, rps: float) -> None:
    for place in places.values():
        if place.network is network:
            place.crowd_rps += rps


def groups_of(keys: list[Key], pairs: set[tuple[Key, Key]]) -> Iterator[list[Key]]:
    """Keys that pairs join, directly or through others, in the order of `keys`."""
    left = [key for key in keys if any(key == first for first, _ in pairs)]
    while left:
        group = {left[0]}
        while more := {other for first, other in pairs if first in group} - group:
            group |= more
        yield [key for key in left if key in group]
        left = [key for key in left if key not in group]
