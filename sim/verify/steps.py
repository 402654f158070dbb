"""Controls of a single server's path: what was drawn, less its mean, given what was there before it was drawn.

Sums, not means: how many customers a window has is chance too, and a quotient would have a mean of its own.

The next wait is W' = max(U - A, 0) with U = W + S, the service S and the gap A drawn without regard to W. So for any h both
h(U) - E[h(U) | W] and h(W') - E[h(W') | U] have mean zero, whatever the server has done to W: sums of them are controls
(Henderson and Glynn 2002, Mathematics of Operations Research 27, p. 253: approximating martingales). With the right h a sum
says all that chance did to a mean: for W and h = w^2 it is Pollaczek and Khinchine's formula, summand by summand.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from sim.verify.paths import Window

Gaps = Sequence[tuple[float, float]]
"""A mixture of exponentials: (share, rate) of each. Constant gaps are none: nothing is drawn."""


@dataclasses.dataclass(frozen=True)
class Steps:
    """Steps of a window: waits W, services S, U = W + S, the next waits W', and the laws of S (its moments) and A."""

    wait: np.ndarray
    service: np.ndarray
    then: np.ndarray
    moments: tuple[float, float, float]
    gaps: Gaps

    @property
    def held(self) -> np.ndarray:
        """The work that is there behind an arrival."""
        return np.asarray(self.wait + self.service)


def left(held: np.ndarray, power: int, gaps: Gaps) -> np.ndarray:
    """E[(u - A)^k; A < u], by parts: u^k - k / r times that of k - 1, and P(A < u) for k = 0."""
    total = np.zeros(len(held))
    for share, rate in gaps:
        found = -np.expm1(-rate * held)
        for k in range(1, power + 1):
            found = held**k - k / rate * found
        total += share * found
    return total


def waits(steps: Steps, powers: int) -> tuple[float, ...]:
    """Controls for moments of waits up to `powers`: services with weights W^j, and what gaps leave of U."""
    found = []
    for k, known in enumerate(steps.moments[: powers + 1], 1):
        off = steps.service**k - known
        found += [float((off * steps.wait**j).sum()) for j in range(powers + 2 - k)]
    if steps.gaps:
        for k in range(powers + 2):
            after = (steps.then > 0) if k == 0 else steps.then**k
            found.append(float((after - left(steps.held, k, steps.gaps)).sum()))
    return tuple(found)


def tail(steps: Steps, level: float, rate: float) -> tuple[float, ...]:
    """Controls for P(W > level) and P(U > level) of exponential services: h is 1{w > x}, (w - x)+ and e^(rate min(w, x)).

    `rate` is that at which the tail of W falls; between 0 and x the last two are what a queue in heavy traffic needs.
    """
    lack = np.maximum(level - steps.wait, 0)
    over, grown = np.maximum(steps.wait - level, 0), np.exp(rate * np.minimum(steps.wait, level))
    jump = np.exp(-lack)
    held = steps.held
    above = np.maximum(held - level, 0)
    # Up to the level e^(rate (w + S)) is integrated, beyond it the exponential is cut.
    raised = grown * np.where(lack > 0, -np.expm1(-(1 - rate) * lack) / (1 - rate), 0) + np.exp(rate * level) * jump
    capped = np.exp(rate * np.minimum(held, level))
    found = [(held > level) - jump, above - (over + jump), capped - raised]
    if steps.gaps:
        then = steps.then
        found += [
            (then > level) - left(above, 0, steps.gaps),
            np.maximum(then - level, 0) - left(above, 1, steps.gaps),
            np.exp(rate * np.minimum(then, level)) - _shrunk(held, level, rate, steps.gaps),
        ]
    return tuple(float(one.sum()) for one in found)


def _shrunk(held: np.ndarray, level: float, rate: float, gaps: Gaps) -> np.ndarray:
    """E[e^(rate min((u - A)+, x))]."""
    low, above = np.minimum(held, level), np.maximum(held - level, 0)
    total = np.zeros(len(held))
    for share, speed in gaps:
        fall = np.exp(-speed * low)
        inner = speed / (speed + rate) * (np.exp(rate * low) - fall) + fall
        stays = -np.expm1(-speed * above)
        total += share * (stays * np.exp(rate * level) + (1 - stays) * inner)
    return total


def waits_of(arrival: np.ndarray, service: np.ndarray) -> np.ndarray:
    """Work that each arrival finds, from the draws: Lindley's recursion as a sum less its least value so far."""
    total = np.concatenate(([0.0], np.cumsum(service[:-1] - np.diff(arrival))))
    return np.asarray(total - np.minimum.accumulate(total))


def of_work(
    arrival: np.ndarray,
    service: np.ndarray,
    moments: tuple[float, float, float],
    rate: float,
    seen: Window,
    powers: int,
) -> tuple[float, ...]:
    """Controls of the work that is there, which no order of service changes: computed from the draws alone."""
    work = waits_of(arrival, service)
    at = np.flatnonzero(seen.holds(arrival)[:-1])
    return waits(Steps(work[at], service[at], work[at + 1], moments, [(1.0, rate)]), powers)
