"""Controls of systems that go up and down by one: arrivals and exponential ends, weighted by the level they meet.

An arrival of a Poisson process, and the end of an exponential span that was drawn when it began, come without regard to how
many are there. So for any weight of the level, the sum over arrivals less rate x the time integral has mean zero, and so has the
sum over ends less the integral over the spans as drawn: whatever the simulator does, for it may not look ahead. With the weights
that solve Poisson's equation of a birth-death process such sums say all that chance did to a mean of the level
(Henderson and Glynn 2002, Mathematics of Operations Research 27, p. 253). Theory chooses weights; it does not enter the means.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping

import numpy as np

from sim.verify.paths import Window


@dataclasses.dataclass(frozen=True)
class Path:
    """How many spans [come, gone) are open, at most `most`: higher levels count as that. In units, with the window looked at."""

    come: np.ndarray
    gone: np.ndarray
    most: int
    seen: Window

    @functools.cached_property
    def moves(self) -> tuple[np.ndarray, np.ndarray]:
        """Instants, ascending, and the level from each on."""
        instants = np.concatenate([self.come, self.gone])
        steps = np.concatenate([np.ones(len(self.come), np.int64), -np.ones(len(self.gone), np.int64)])
        order = np.lexsort((-steps, instants))
        return instants[order], np.minimum(np.cumsum(steps[order]), self.most)

    def before(self, times: np.ndarray) -> np.ndarray:
        """The level just before instants; what moves at the same one is not seen."""
        instants, level = self.moves
        at = np.searchsorted(instants, times, side="left") - 1
        return np.asarray(np.where(at >= 0, level[np.maximum(at, 0)], 0))

    def counts(self, times: np.ndarray) -> np.ndarray:
        """How many of the instants in the window met each level."""
        return np.bincount(self.before(times[self.seen.holds(times)]), minlength=self.most + 1)

    def time(self) -> np.ndarray:
        """Time of the window at each level."""
        instants, level = self.moves
        edges = np.clip(np.concatenate([[self.seen.begin], instants, [self.seen.end]]), self.seen.begin, self.seen.end)
        return np.bincount(np.concatenate([[0], level]), np.diff(edges), self.most + 1)

    def shared(self, begin: np.ndarray, end: np.ndarray, weight: np.ndarray | float = 1.0) -> np.ndarray:
        """Time of the window at each level, once for every span [begin, end) that is open, or as often as its weight says."""
        instants, level = self.moves
        times = np.concatenate([instants, begin, end, [self.seen.end]])
        order = np.argsort(times, kind="stable")
        none = np.zeros(len(begin), np.int64)
        moves = np.concatenate([np.diff(level, prepend=0), none, none, [0]])
        spans = np.concatenate([np.zeros(len(instants)), none + weight, none - weight, [0]])
        edges = np.clip(times[order], self.seen.begin, self.seen.end)
        lasts = np.diff(edges) * np.cumsum(spans[order])[:-1]
        return np.bincount(np.cumsum(moves[order])[:-1], lasts, self.most + 1)

    def arrivals(self, times: np.ndarray, rate: float) -> np.ndarray:
        """Arrivals by the level they meet, less what was to be expected at that rate."""
        return np.asarray(self.counts(times) - rate * self.time())

    def ends(self, begin: np.ndarray, end: np.ndarray, rate: float) -> np.ndarray:
        """Ends of spans as drawn by the level they meet, less what was to be expected; the one that ends is counted there."""
        return np.asarray(self.counts(end) - rate * self.shared(begin, end))


def returning(come: np.ndarray, gone: np.ndarray, level: int, seen: Window) -> Window:
    """A window a little later: from when the level is first met in it, to when it is first met behind it.

    Both are instants at which nobody has looked ahead, and the system is then as it was: no end of the window adds to an error.
    Raises RuntimeError if the level is not met again.
    """
    instants, there = Path(come, gone, 2**62, seen).moves
    met = instants[there == level]
    begin, end = np.searchsorted(met, (seen.begin, seen.end))
    if end == len(met):
        raise RuntimeError(f"level {level} is not met behind {seen.end:.0f}; simulate longer")
    # Behind the move that leads there.
    return Window(float(np.nextafter(met[begin], np.inf)), float(np.nextafter(met[end], np.inf)))


def stationary(up: np.ndarray, down: np.ndarray) -> np.ndarray:
    """Probabilities of levels 0 .. n: up[k] leads from k to k + 1, down[k] from k + 1 to k."""
    logs = np.concatenate(([0.0], np.cumsum(np.log(up) - np.log(down))))
    found = np.exp(logs - logs.max())
    return np.asarray(found / found.sum())


def weights(up: np.ndarray, down: np.ndarray, of_level: np.ndarray) -> np.ndarray:
    """g(k + 1) - g(k), where g solves Poisson's equation for a function of the level; 0 behind the last."""
    share = stationary(up, down)
    off = share * (of_level - share @ of_level)
    below, above = -np.cumsum(off)[:-1], np.cumsum(off[::-1])[::-1][1:]
    # The two are equal; the shorter sum has lost fewer digits.
    flow = np.where(np.arange(len(up)) < share.argmax(), below, above)
    return np.concatenate((flow / np.maximum(up * share[:-1], 1e-300), [0.0]))


def controls(
    functions: Mapping[str, np.ndarray], up: np.ndarray, down: np.ndarray, ups: np.ndarray, downs: np.ndarray
) -> dict[str, tuple[float, float]]:
    """For means of functions of the level: what arrivals and ends did that was not expected, with the weights of each.

    And arrivals with the function itself, for means over what arrivals meet.
    """
    told = {}
    for name, of_level in functions.items():
        found = weights(up, down, of_level)
        # An end leads down from the level it meets.
        told[name] = (float(ups @ found - downs[1:] @ found[:-1]), float(ups @ of_level))
    return told
