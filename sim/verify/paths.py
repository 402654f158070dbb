"""What paths of customers say: means over arrivals of a window, averages over its time, shares of time at each level.

Times are floats in units of the mean service. A window is [begin, end): customers count who arrive in it; time counts that
lies in it. A customer who is refused has no stay.
"""

from __future__ import annotations

import dataclasses

import numpy as np

Ratio = tuple[float, float]


@dataclasses.dataclass(frozen=True)
class Window:
    """The span that is looked at, behind the warm-up."""

    begin: float
    end: float

    @property
    def length(self) -> float:
        """Units of time."""
        return self.end - self.begin

    def holds(self, times: np.ndarray) -> np.ndarray:
        """Which instants lie in it."""
        return (times >= self.begin) & (times < self.end)

    def spent(self, begin: np.ndarray, end: np.ndarray) -> float:
        """Total time of the spans [begin, end) inside the window."""
        return float((np.clip(end, self.begin, self.end) - np.clip(begin, self.begin, self.end)).sum())

    def average(self, begin: np.ndarray, end: np.ndarray) -> Ratio:
        """How many of the spans are open, averaged over the window's time."""
        return self.spent(begin, end), self.length


def mean(values: np.ndarray) -> Ratio:
    """Sum and count."""
    return float(values.sum()), float(len(values))


DENSITY = 0.1
"""Half width, beside the quantile itself, of the window in which its density is measured."""


def quantile(values: np.ndarray, share: float, near: float) -> Ratio:
    """The quantile by one step of Newton's from a value near it: near + (share - F(near)) / density, over all replications.

    Shares below a fixed value are means, so that neither the dependence of customers nor the shortness of a replication biases
    them; the step is right to first order (Bahadur 1966). An atom at 0 that holds the share gives 0 and no error.
    """
    if near == 0.0:
        return (0.0 if (values <= 0).mean() >= share else float(np.quantile(values, share))), 1.0
    width = DENSITY * near
    density = (np.abs(values - near) <= width).sum() / (2 * width)
    return float(near * density + (share - (values <= near)).sum()), float(density)


def variance(values: np.ndarray, near: float) -> Ratio:
    """The mean square around a value near the mean: too large by the square of how far that is off, which is far below an error."""
    return float(((values - near) ** 2).sum()), float(len(values))


def levels(begin: np.ndarray, end: np.ndarray, window: Window) -> np.ndarray:
    """Time of the window at which 0, 1, 2 ... of the spans are open."""
    times = np.clip(np.concatenate([begin, end, [window.begin, window.end]]), window.begin, window.end)
    steps = np.concatenate([np.ones(len(begin), np.int64), -np.ones(len(end), np.int64), [0, 0]])
    # At one instant spans open before others close: no level is ever below 0, and no time passes at it.
    order = np.lexsort((-steps, times))
    open_now = np.cumsum(steps[order])[:-1]
    return np.bincount(open_now, np.diff(times[order]))


def queue_ratios(arrival: np.ndarray, start: np.ndarray, end: np.ndarray, window: Window) -> dict[str, Ratio]:
    """The quantities every queue has: waits, stays, how many are there, whether one waits at all."""
    inside = window.holds(arrival)
    wait, stay = (start - arrival)[inside], (end - arrival)[inside]
    return {
        "W": mean(stay),
        "Wq": mean(wait),
        "P_wait": mean(wait > 0),
        "L": window.average(arrival, end),
        "Lq": window.average(arrival, start),
    }
