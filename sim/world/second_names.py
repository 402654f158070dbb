"""Owners who show a card in other networks as well, where it works in one alone: double registration.

A strategy of a class that is registered elsewhere (`kind: double`). While a node of such an owner serves at home, its slot in each network
of `register_in` has a name there too: a node that answers nothing, and is paid for the time it seems to be there. It costs the fee of
registering and nothing else: power, hosting and capital are paid for where the card works. No stake backs it, so where one is asked for only the
free part of its time counts.

A name is taken where what a node of that network earned of late, for as long as `over` says or the name lasts in the mean, exceeds the fee. On
every day a name is found out with the chance `found`: then it gets nothing for the epoch, and is gone until the cooldown of `slash.invalid`
there is over. Ties: an owner who would gain 0 takes none.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np

from sim.streams import Streams
from sim.tokenomics.operators import LIVE
from sim.tokenomics.operators.registration import Registration
from sim.tokenomics.operators.strategies import Strategy
from sim.tokenomics.verify import at_least_once
from sim.units import DAY_S, ps
from sim.world.calendar import Epoch
from sim.world.dealing import by_work, disposed
from sim.world.locked import PS_PER_US

if TYPE_CHECKING:
    from sim.world.network import NetworkState
    from sim.world.people import Owners


@dataclasses.dataclass(eq=False)
class Claim:
    """Names that owners of one class have in one other network: `mine` and `named` are bool[slots of the class], at `span` there.

    Draws of being found out belong to `stream`, an entry a slot and epoch.
    """

    home: NetworkState
    owners: Owners
    strategy: Strategy
    terms: Registration
    stream: str
    span: slice
    mine: np.ndarray
    named: np.ndarray
    until_us: np.ndarray
    """int64[slots]: microseconds from the start until which who was found out may not come back."""

    @property
    def lasts_days(self) -> float:
        """How long an owner counts on a name: `over`, and no longer than it lasts in the mean."""
        found = self.strategy.found
        return min(self.terms.over / DAY_S, 1 / found if found > 0 else math.inf)


class SecondNames:
    """Of one network: who is shown in it, and works elsewhere. Empty where no strategy says so."""

    def __init__(self, network: NetworkState, streams: Streams) -> None:
        self.network, self.streams = network, streams
        self.claims: list[Claim] = []
        self.time_us = np.zeros(network.slots, np.int64)
        """Time for which each slot's name was there in the epoch that is over, as far as it counts."""

    def claim(self, home: NetworkState, owners: Owners) -> None:
        """Owners of a class of another network may show their nodes here."""
        place = next(i for i, here in enumerate(self.network.owners) if here.name == owners.name)
        block = home.block.operators[owners.name]
        strategies, terms = block.strategies, block.register_in[self.network.name]
        for name, mine in disposed(home, owners, self.streams).items():
            if strategies[name].kind == "double" and mine.any():
                none = np.zeros(len(mine), bool)
                stream = f"double.{home.name}.{owners.name}.{name}.{self.network.name}"
                self.claims.append(
                    Claim(home, owners, strategies[name], terms, stream, self.network.spans[place], mine, none, np.zeros(len(mine), np.int64))
                )  # fmt: skip

    @property
    def slots(self) -> np.ndarray:
        """Bool[slots]: those that are a name here."""
        mask = np.zeros(self.network.slots, bool)
        for claim in self.claims:
            mask[claim.span] |= claim.named
        return mask

    def register(self, epoch: Epoch) -> None:
        """Take names and give them up at the start of an epoch, once owners have decided where their nodes work."""
        if not self.claims:
            return
        earns = self._usd_per_day()
        for claim in self.claims:
            able = claim.mine & (claim.owners.columns.state == LIVE) & (claim.until_us <= epoch.start_ps // PS_PER_US)
            pays = earns * claim.lasts_days > claim.terms.fee.amount
            taken = able & ~claim.named & pays
            claim.named = (claim.named & able) | taken
            self.network.moving_nano += int(taken.sum()) * round(claim.terms.fee.amount * 1e9)

    def _usd_per_day(self) -> float:
        """What a name is expected to earn: the part of a mean node's coins of late that is paid for time, as far as it counts without stake."""
        owners = self.network.owners
        nodes = sum(o.live for o in owners)
        mean = sum(o.coin_usd_per_node_day * o.live for o in owners) / nodes if nodes else 0.0
        return mean * (1 - by_work(self.network)) * self.network.stakes.free_frac

    def close(self, epoch: Epoch) -> None:
        """What names were there in the epoch; some are found out, each by its own draw, and count for nothing."""
        self.time_us[:] = 0
        rule = self.network.block.slash.invalid if self.network.coin is not None else None
        for claim in self.claims:
            size, schemes = len(claim.named), claim.home.schemes
            draws = self.streams[claim.stream].uniforms(epoch.number * size, size)
            caught = claim.named & (draws < at_least_once(claim.strategy.found, epoch.days))
            schemes.done += int(claim.named.sum())
            schemes.found += int(caught.sum())
            there = np.floor(claim.owners.live_ps(epoch) // PS_PER_US * self.network.stakes.free_frac).astype(np.int64)
            claim.named &= ~caught
            self.time_us[claim.span] += there * claim.named
            if rule is not None:
                claim.until_us[caught] = (epoch.end_ps + ps(rule.cooldown)) // PS_PER_US
