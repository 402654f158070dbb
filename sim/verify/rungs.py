"""Levels that are never met: their chances from how often a level is left upwards and downwards, rung by rung.

What goes up from level n - 1 comes down from n: with rates u and d at which levels are left, p[n] / p[n - 1] = u[n - 1] / d[n] in the
long run (the cut equations of a birth-death process). A rate at a level does not depend on how the level was reached, so it
is measured where the level is frequent: in worlds that begin elsewhere, or meet fewer arrivals. Errors are those of the
jackknife over replications, which also takes out what logarithms of counts are biased by (Miller 1974, Biometrika 61, p. 1).
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence

import numpy as np

from sim.verify.levels import Path

RARE = 0.005
"""Chances below it are not waited for."""


@dataclasses.dataclass
class Rungs:
    """Moves and time at levels 0 .. m of one replication, and the function of the level whose mean is asked for.

    `up` counts moves from 0 .. m - 1, `down` from 1 .. m; `rates` are those up where they are settings, not measured. What was
    not expected of both (`levels.Path.ends`) is taken out of either's rate. `within` is the share of time that no higher level has:
    an estimate too, whose chance belongs to the error.
    """

    of_level: np.ndarray
    up: np.ndarray
    down: np.ndarray
    time: np.ndarray
    up_off: np.ndarray
    down_off: np.ndarray
    rates: np.ndarray | None = None
    within: float = 1.0

    @classmethod
    def nothing(cls, most: int, of_level: np.ndarray, rates: np.ndarray | None = None, within: float = 1.0) -> Rungs:
        """Before anything has moved."""
        moves = [np.zeros(most) for _ in range(4)]
        return cls(
            np.asarray(of_level, float), moves[0], moves[1], np.zeros(most + 1), moves[2], moves[3], rates, within
        )

    def add(self, walk: Path, came: np.ndarray, gone: np.ndarray, up_off: np.ndarray, down_off: np.ndarray) -> None:
        """Count a path: arrivals, departures, and what was not expected of them by level."""
        most = len(self.up)
        self.up += walk.counts(came)[:most]
        self.down += walk.counts(gone)[1 : most + 1]
        self.time += walk.time()[: most + 1]
        self.up_off += up_off[:most]
        self.down_off += down_off[1 : most + 1]


@dataclasses.dataclass(frozen=True)
class Sums:
    """The counts of a `Rungs`, of one replication or of many."""

    up: np.ndarray
    down: np.ndarray
    time: np.ndarray
    up_off: np.ndarray
    down_off: np.ndarray

    def plus(self, other: Sums) -> Sums:
        """Both together."""
        return self._with(other, 1)

    def minus(self, other: Sums) -> Sums:
        """What the others have."""
        return self._with(other, -1)

    def _with(self, other: Sums, sign: int) -> Sums:
        names = [field.name for field in dataclasses.fields(self)]
        return Sums(*(getattr(self, name) + sign * getattr(other, name) for name in names))

    def shares(self, rates: np.ndarray | None) -> np.ndarray:
        """Chances of levels 0 .. m, m being the highest there is."""
        rise = _log_rate(self.up, self.time[:-1], self.up_off) if rates is None else np.log(rates)
        logs = np.concatenate(([0.0], np.cumsum(rise - _log_rate(self.down, self.time[1:], self.down_off))))
        found = np.exp(logs - logs.max())
        return np.asarray(found / found.sum())


def _log_rate(moves: np.ndarray, time: np.ndarray, off: np.ndarray) -> np.ndarray:
    """The logarithm of moves a unit of time, less what chance did to their number beside what was expected of the draws."""
    return np.asarray(np.log(moves / time) - off / (moves - off))


def pseudo_values(found: Sequence[Rungs]) -> np.ndarray:
    """A value for each replication; their mean is the jackknife's estimate of the logarithm of what is asked for."""
    count, first = len(found), found[0]
    parts = [Sums(one.up, one.down, one.time, one.up_off, one.down_off) for one in found]
    whole = functools.reduce(lambda a, b: a.plus(b), parts)
    within = np.array([one.within for one in found])

    def value(sums: Sums, share: float) -> float:
        return float(np.log(share * (first.of_level @ sums.shares(first.rates))))

    others = (within.sum() - within) / (count - 1)
    without = np.array([value(whole.minus(part), share) for part, share in zip(parts, others, strict=True)])
    return np.asarray(count * value(whole, within.mean()) - (count - 1) * without)
