"""What a network's fleets did in an epoch: measured, scaled to all its requests, or computed from capacity.

A `Served` is the epoch's account of service: exact counts by class and fate whose sum is what arrived, tokens billed, and
each node slot's part of the work.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from sim.errors import InvariantError
from sim.serving.contract import Fate
from sim.world.tally import Tally

_ABANDONED = int(Fate.ABANDONED)
_SCALED = ("prompt", "output", "cached", "slo", "slo_tokens", "slo_output", "network_us")


@dataclasses.dataclass
class Served:
    """One network's service in one epoch. Arrays by class; `fates` int64[classes, fates]; tokens are Python-size int64."""

    fates: np.ndarray
    prompt: np.ndarray
    output: np.ndarray
    slo: np.ndarray
    slo_tokens: np.ndarray
    slo_output: np.ndarray
    network_us: np.ndarray
    """Time in the network of completed requests, microseconds by class."""
    utilization: float | None
    energy_j: float
    seconds: float
    job_tokens: int = 0
    """Tokens of parts of training jobs that were done, no users' requests, and in `job_parts` the parts."""
    job_parts: int = 0
    cached: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(1, np.int64))
    """Prompt tokens among `prompt` that were cached, by class."""
    counted: bool = False
    """Whether every request was served and counted."""

    @property
    def arrived(self) -> int:
        """Requests of the epoch."""
        return int(self.fates.sum())

    @property
    def completed(self) -> int:
        """Those that completed."""
        return int(self.fates[:, Fate.COMPLETED].sum())

    def check(self, label: str) -> None:
        """The laws of an epoch's service; a broken one stops the run."""
        if (self.fates < 0).any() or (self.slo > self.fates[:, Fate.COMPLETED]).any():
            raise InvariantError(
                f"{label}: fates {self.fates.tolist()} with {self.slo.tolist()} within SLO; requests in must equal the sum of fates"
            )


def share_out(total: int, weights: np.ndarray) -> np.ndarray:
    """`total` >= 0 in integers by weights >= 0: rounded down, the rest one by one to the largest remainders (ties: first).

    int64 of the weights' shape, its sum exactly `total`. Weights that are all 0 give everything to the first.
    """
    below = float(weights.sum())
    parts = np.zeros(len(weights), np.int64)
    if below <= 0:
        parts[0] = total
        return parts
    exact = total * (weights / below)
    parts = np.floor(exact).astype(np.int64)
    rest = total - int(parts.sum())
    if rest > 0:
        parts[np.argsort(parts - exact, kind="stable")[:rest]] += 1
    elif rest < 0:
        parts[np.argsort(exact - parts, kind="stable")[:-rest]] -= 1
    return parts


class Scaler:
    """Turns expected requests into whole ones: what is left of each class is carried to its next epoch."""

    def __init__(self, classes: int) -> None:
        self.carry = np.zeros(classes)

    def whole(self, expected: np.ndarray) -> np.ndarray:
        """Requests of the epoch by class, int64; the named remainder stays in `carry`."""
        exact = expected + self.carry
        count = np.floor(exact)
        self.carry = exact - count
        return count.astype(np.int64)


def scaled(tally: Tally, arrived: np.ndarray, seconds: float) -> Served:
    """The epoch's service if all `arrived` requests fared like the measured ones of their class.

    A class with nothing measured fares like all classes together; with nothing measured at all, everything is abandoned.
    """
    classes = len(arrived)
    fates = np.zeros_like(tally.fates)
    sums: dict[str, Any] = {name: np.zeros(classes, np.int64) for name in _SCALED}
    for k in range(classes):
        rows = [k] if tally.arrived[k] else list(range(classes))
        seen = int(tally.arrived[rows].sum())
        if seen == 0:
            fates[k, _ABANDONED] = arrived[k]
            continue
        fates[k] = share_out(int(arrived[k]), tally.fates[rows].sum(axis=0).astype(float))
        for name, target in sums.items():
            target[k] = int(arrived[k]) * int(getattr(tally, name)[rows].sum()) // seen
        sums["slo"][k] = min(int(sums["slo"][k]), int(fates[k, Fate.COMPLETED]))
    busy, live = tally.busy_ps, tally.live_ps
    energy = tally.energy_j * seconds / tally.seconds if tally.seconds else 0.0
    return Served(fates, **sums, utilization=busy / live if live else None, energy_j=energy, seconds=seconds)


def exact(tally: Tally, seconds: float) -> Served:
    """The epoch's service as it was counted, every request (`requests.mode: all`)."""
    live = tally.live_ps
    return Served(
        tally.fates.copy(), tally.prompt.copy(), tally.output.copy(), tally.slo.copy(), tally.slo_tokens.copy(),
        tally.slo_output.copy(), tally.network_us.copy(), tally.busy_ps / live if live else None, tally.energy_j, seconds,
        cached=tally.cached.copy(), counted=True,
    )  # fmt: skip


def from_capacity(
    arrived: np.ndarray,
    means: np.ndarray,
    standing: list[tuple[float, float]],
    used: float | None,
    watts: tuple[float, float],
    seconds: float,
    cached: np.ndarray,
) -> Served:
    """Service without requests: served = min(demand, capacity at the mean request); the rest is abandoned.

    `means[k]` are (prompt, output) tokens, `cached[k]` those of the prompt that are cached; `standing` are parts of the epoch with the capacity that stood in each, requests a
    second; `used` is the share of time in which replicas compute, None where there are none; `watts` of the whole fleet busy and idle. Those served count as within SLO.
    """
    classes = len(arrived)
    wanted = float(arrived.sum()) / seconds
    part = sum(share * min(1.0, rps / wanted) for share, rps in standing) if wanted > 0 else 0.0
    done = np.floor(arrived * part).astype(np.int64)
    fates = np.zeros((classes, len(Fate)), np.int64)
    fates[:, Fate.COMPLETED] = done
    fates[:, _ABANDONED] = arrived - done
    tokens = np.rint(done[:, None] * means).astype(np.int64)
    energy = ((used or 0.0) * watts[0] + (1 - (used or 0.0)) * watts[1]) * seconds
    return Served(
        fates, tokens[:, 0], tokens[:, 1], done.copy(), tokens.sum(axis=1), tokens[:, 1].copy(), np.zeros_like(done), used,
        energy, seconds, cached=np.minimum(np.rint(done * cached).astype(np.int64), tokens[:, 0]),
    )  # fmt: skip
