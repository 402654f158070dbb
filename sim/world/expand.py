"""From a sample in space to the whole fleet: whole counts, and what is less than one carried on under its name."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from sim.serving.contract import Fate, Fleet, Reading
from sim.tokenomics.ledger import exact_sum
from sim.world.service import share_out
from sim.world.space import Part
from sim.world.tally import Tally, Targets

SUMS = ("prompt", "output", "cached", "computed", "slo_output", "slo_tokens", "e2e_us", "ttft_us", "network_us")
NOBODY = "no node"
"""The stratum of requests that no node ever had: they stand for those of the whole fleet."""


class Expander:
    """One fleet's remainders through a run. `carry` holds what each named count has not been given yet, in [0, 1)."""

    def __init__(self) -> None:
        self.carry: dict[tuple[Any, ...], Fraction] = {}

    def whole(self, name: tuple[Any, ...], count: int, weight: Fraction) -> int:
        """`count` x `weight` as a whole number; with `carry` nothing is lost: sums of both sides are equal, exactly."""
        exact = count * weight + self.carry.get(name, Fraction(0))
        given = math.floor(exact)
        self.carry[name] = exact - given
        return given

    def count(self, tally: Tally, part: Part, fleet: Fleet, rows: np.ndarray, targets: Targets) -> None:
        """Add finished rows of a sample to a tally of the whole fleet, stratum by stratum: that of the node that had them last."""
        given = rows["replica"] >= 0
        stratum = np.full(len(rows), -1, np.int64)
        stratum[given] = part.roster.member[fleet.node_of(rows["replica"][given])]
        classes = len(tally.prompt)
        beyond = [1 / Fraction(share) for share in part.shares(classes).tolist()]
        for m in np.unique(stratum).tolist():
            mine = rows[stratum == m]
            found = Tally(classes)
            found.count(mine, targets, part.roster.network_ps(mine, fleet))
            name = part.roster.plan.members[m].name if m >= 0 else NOBODY
            tally.add(self.tally(name, found, [part.weights[m]] * classes if m >= 0 else beyond))

    def tally(self, name: str, found: Tally, weights: Sequence[Fraction]) -> Tally:
        """The tally that a stratum's stands for; `weights` by class. Its fates sum to its requests, as everywhere."""
        made = Tally(len(weights))
        for k in np.flatnonzero(found.arrived).tolist():
            weight = weights[k]
            requests = self.whole((name, k, "requests"), int(found.arrived[k]), weight)
            made.fates[k], made.slo[k] = _fates(requests, found.fates[k], int(found.slo[k]))
            for column in SUMS:
                getattr(made, column)[k] = self.whole((name, k, column), int(getattr(found, column)[k]), weight)
        for metric, counts in found.latency.items():
            # Every class of a stratum of nodes has one weight, and no other request has a latency.
            made.latency[metric] = self.histogram((name, metric), counts, weights[0])
        return made

    def histogram(self, name: tuple[Any, ...], counts: np.ndarray, weight: Fraction) -> np.ndarray:
        """A histogram of `weight` times the entries: its running sum is rounded, so no quantile moves by more than one entry."""
        below = np.cumsum(counts)
        if len(below) == 0 or below[-1] == 0:
            return np.zeros_like(counts)
        total = self.whole(name, int(below[-1]), weight)
        return np.diff(below.astype(object) * total // int(below[-1]), prepend=0).astype(np.int64)

    def measure(self, tally: Tally, part: Part, fleet: Fleet, reading: Reading) -> None:
        """Make what was measured of serving replicas (`Tally.measure`) that of the whole fleet."""
        types = np.repeat(part.roster.member, fleet.replicas)
        names = [member.name for member in part.roster.plan.members]
        for column, measured in (("busy_ps", reading.busy_ps), ("live_ps", reading.live_ps)):
            sums = [exact_sum(measured[types == m]) for m in range(len(names))]
            whole = [self.whole((name, column), s, w) for name, s, w in zip(names, sums, part.weights, strict=True)]
            setattr(tally, column, sum(whole))
        behind = part.roster.members_of_types
        tally.energy_type_j = tally.energy_type_j * np.array([float(part.weights[m]) for m in behind])
        tally.energy_j = float(tally.energy_type_j.sum())
        shares = part.shares(len(reading.gaps)).tolist()
        gaps = [
            self.histogram((NOBODY, k, "gap"), counts, 1 / Fraction(shares[k])) for k, counts in enumerate(reading.gaps)
        ]
        tally.latency["gap"] = np.sum(gaps, axis=0, dtype=np.int64)


def _fates(requests: int, fates: np.ndarray, slo: int) -> tuple[np.ndarray, int]:
    """Requests by fate in proportion, and how many of the completed ones met their targets: never more than completed."""
    kinds = fates.astype(float)
    kinds[Fate.COMPLETED] -= slo
    parts = share_out(requests, np.append(kinds, slo))
    whole = parts[:-1].copy()
    whole[Fate.COMPLETED] += parts[-1]
    return whole, int(parts[-1])
