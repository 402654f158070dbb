"""Intervals, paired differences, verdicts: the only place where infermint computes statistics.

The unit of everything here is the replication: one number a run, never a request. Policies meet the same users in the
same replication, so differences are taken inside each replication before they are averaged.

The words, for one outcome, policy against baseline, under one kind of coin price (`zone` = the half-width of the zone
inside which a difference does not matter):

====================  ==========================================================================================
not supported         a run has no number for it
better / worse        the interval of the difference lies wholly outside the zone, on one side, and Holm's p is below
(higher / lower)      1 - confidence; `higher` and `lower` where the outcome table knows no better
no difference         the interval lies wholly inside the zone (its edges belong to it)
undecided             anything else: not enough runs
====================  ==========================================================================================

Sums are exact (`math.fsum`), so no order of adding moves a digit. Law, A. M. & Kelton, W. D., *Simulation Modeling and
Analysis*, sections 9.4 and 10.2 (replications, paired t); Holm, S. (1979), Scand. J. Statist. 6, 65-70; Wilson, E. B.
(1927), JASA 22, 209-212.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Sequence

from sim.errors import InvariantError
from sim.records.study import Word

MOST_REPLICATIONS = 100_000
"""Beyond this many the estimate of replications needed is not worth a number."""


@dataclasses.dataclass(frozen=True)
class Interval:
    """Mean of n replications with its t interval; `low`, `high`, `sd` are None for n = 1, all for n = 0."""

    n: int
    mean: float | None
    low: float | None
    high: float | None
    sd: float | None


@dataclasses.dataclass(frozen=True)
class Paired:
    """Policy less baseline over n pairs: means, difference with its t interval, two-sided p, gain of pairing.

    `low`, `high`, `sd`, `p` are None for n = 1. Differences that are all equal have the exact interval [d, d] and p = 1
    (d = 0) or 0. `gain` = (var policy + var baseline) / var difference, None where that variance is 0.
    """

    n: int
    baseline_mean: float
    policy_mean: float
    difference: float
    low: float | None
    high: float | None
    sd: float | None
    p: float | None
    gain: float | None


@dataclasses.dataclass(frozen=True)
class Judged:
    """A word with its reason, and for `undecided` the replications in all that would decide."""

    word: Word
    why: str = ""
    needed: int | None = None


def finite(values: Sequence[float], what: str = "outcome") -> list[float]:
    """The values as floats; raises `InvariantError` for one that is no finite number: nothing is dropped in silence."""
    numbers = [float(value) for value in values]
    for index, number in enumerate(numbers):
        if not math.isfinite(number):
            raise InvariantError(
                f"{what}: {number} found in replication {index}; every outcome is a finite number or none at all"
            )
    return numbers


def mean_interval(values: Sequence[float], confidence: float = 0.95) -> Interval:
    """Mean with its two-sided t interval at `confidence` in (0, 1)."""
    numbers = finite(values)
    if not numbers:
        return Interval(0, None, None, None, None)
    middle, spread = mean(numbers), sd(numbers)
    if spread is None:
        return Interval(1, middle, None, None, None)
    half = half_width(spread, len(numbers), confidence)
    return Interval(len(numbers), middle, middle - half, middle + half, spread)


def paired(policy: Sequence[float], baseline: Sequence[float], confidence: float = 0.95) -> Paired:
    """The paired difference; both sequences in order of replication, equally long and not empty (else ValueError)."""
    ours, theirs = finite(policy), finite(baseline)
    if len(ours) != len(theirs) or not ours:
        raise ValueError(f"{len(ours)} and {len(theirs)} values found; pairs need equally many, at least one")
    each = [a - b for a, b in zip(ours, theirs, strict=True)]
    n, d, spread = len(each), mean(each), sd(each)
    means = mean(theirs), mean(ours)
    if spread is None:
        return Paired(n, *means, d, None, None, None, None, None)
    if spread == 0:
        return Paired(n, *means, d, d, d, 0.0, 1.0 if d == 0 else 0.0, None)
    half = half_width(spread, n, confidence)
    gain = ((sd(ours) or 0.0) ** 2 + (sd(theirs) or 0.0) ** 2) / spread**2
    return Paired(n, *means, d, d - half, d + half, spread, two_sided_p(d, spread, n), gain)


def unpaired(policy: Sequence[float], baseline: Sequence[float], confidence: float = 0.95) -> Paired:
    """The difference of two samples that share no draws, of any sizes above 0: Welch's interval (1947, Biometrika 34, 28-35).

    `n` is the smaller size, and `sd` what the difference of single pairs would have: half-widths go by it as with pairs.
    """
    ours, theirs = finite(policy), finite(baseline)
    if not ours or not theirs:
        raise ValueError(f"{len(ours)} and {len(theirs)} values found; must be at least one each")
    n, means = min(len(ours), len(theirs)), (mean(theirs), mean(ours))
    d, sds = means[1] - means[0], (sd(ours), sd(theirs))
    if sds[0] is None or sds[1] is None:
        return Paired(n, *means, d, None, None, None, None, None)
    parts = sds[0] ** 2 / len(ours), sds[1] ** 2 / len(theirs)
    error = math.sqrt(sum(parts))
    if error == 0:
        return Paired(n, *means, d, d, d, 0.0, 1.0 if d == 0 else 0.0, None)
    from scipy.special import stdtr, stdtrit

    freedom = sum(parts) ** 2 / (parts[0] ** 2 / (len(ours) - 1) + parts[1] ** 2 / (len(theirs) - 1))
    half = float(stdtrit(freedom, 0.5 + confidence / 2)) * error
    p = float(2 * stdtr(freedom, -abs(d) / error))
    return Paired(n, *means, d, d - half, d + half, error * math.sqrt(n), p, None)


def half_width(sd: float, n: int, confidence: float) -> float:
    """Half-width of the t interval of a mean of n >= 2 values with standard deviation `sd`."""
    return 0.0 if sd == 0 else t_quantile(0.5 + confidence / 2, n - 1) * sd / math.sqrt(n)


def one_sided_bounds(found: Paired, confidence: float) -> tuple[float, float] | None:
    """Lower and upper bound of the difference, each holding alone at `confidence`; None for one pair."""
    if found.sd is None:
        return None
    half = half_width(found.sd, found.n, 2 * confidence - 1)
    return found.difference - half, found.difference + half


def two_sided_p(mean: float, sd: float, n: int) -> float:
    """P of the t test of mean 0."""
    from scipy.special import stdtr

    return float(2 * stdtr(n - 1, -abs(mean) / (sd / math.sqrt(n))))


@functools.cache
def t_quantile(probability: float, freedom: int) -> float:
    """Quantile of Student's t."""
    # scipy.special alone: scipy.stats takes six times as long to import.
    from scipy.special import stdtrit

    return float(stdtrit(freedom, probability))


def holm(ps: Sequence[float | None]) -> list[float | None]:
    """Holm's step-down p values over the family of those given; None stays None and does not count."""
    order = sorted((p, index) for index, p in enumerate(ps) if p is not None)
    adjusted: list[float | None] = [None] * len(ps)
    highest = 0.0
    for rank, (p, index) in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - rank) * p))
        adjusted[index] = highest
    return adjusted


def wilson(reached: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of a share, `reached` of n >= 1; it holds 0 (or 1) exactly where none (or all) reached."""
    from scipy.special import ndtri

    if not 0 <= reached <= n or n < 1:
        raise ValueError(f"{reached} of {n} found; must be 0 <= reached <= n, n >= 1")
    z = float(ndtri(0.5 + confidence / 2))
    share, spread = reached / n, z * z / n
    centre = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * math.sqrt(share * (1 - share) / n + spread / (4 * n))
    return (0.0 if reached == 0 else centre - half), (1.0 if reached == n else centre + half)


def rule_of_three(n: int, confidence: float = 0.95) -> float:
    """Upper bound of the share of runs in which something happens that none of n >= 1 runs saw: 3 / n at 95 %, at most 1.

    Jovanovic, B. D. & Levy, P. S. (1997), The American Statistician 51, 137-139; -ln(0.05) = 2.996 is the 3.
    """
    return min(1.0, -math.log(1 - confidence) / n)


def restricted(times: Sequence[float | None], limit: float) -> list[float]:
    """Times that may never come, cut at `limit`: min(T, limit), and `limit` for None. Their mean is the restricted mean."""
    return [limit if time is None else min(float(time), limit) for time in times]


def judge(found: Paired, zone: float, direction: str, p_holm: float | None, family: int, confidence: float) -> Judged:
    """The word for one paired difference by the rules in the head of this module.

    `direction` is the outcome table's (`lower | higher | none`); `family` is the number of tests that Holm went over.
    """
    if found.low is None or found.high is None or p_holm is None:
        return Judged("undecided", "one replication gives no interval", needed=max(2, found.n + 1))
    if -zone <= found.low and found.high <= zone:
        return Judged("no difference")
    clear = found.low > zone or found.high < -zone
    if clear and p_holm < 1 - confidence:
        return Judged(_word(found.difference > 0, direction))
    needed = replications_needed(found, zone, family, confidence)
    amount = f"more than {MOST_REPLICATIONS:,}" if needed is None else f"about {needed:,}"
    cause = f"clear alone, not among {family} comparisons (Holm)" if clear else "the interval crosses the zone's edge"
    return Judged("undecided", f"{cause}; {amount} replications would decide (have {found.n})", needed)


def _word(up: bool, direction: str) -> Word:
    if direction == "none":
        return "higher" if up else "lower"
    return "better" if up == (direction == "higher") else "worse"


def replications_needed(found: Paired, zone: float, family: int, confidence: float) -> int | None:
    """Replications in all that would decide if mean and spread of the difference stay as seen.

    The half-width must fall below the distance of the difference from the nearer edge of the zone; where the difference lies
    outside, its p must also pass the first step of Holm over `family` tests. At least n + 1; None above `MOST_REPLICATIONS`.
    """
    gap = abs(abs(found.difference) - zone)
    outside = abs(found.difference) > zone
    spread = found.sd or 0.0

    def decides(n: int) -> bool:
        wide = half_width(spread, n, confidence) >= gap
        return not wide and (
            not outside or half_width(spread, n, 1 - (1 - confidence) / max(family, 1)) < abs(found.difference)
        )

    low, high = found.n, found.n + 1
    while not decides(high):
        low, high = high, 2 * high
        if low > MOST_REPLICATIONS:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if decides(middle) else (middle, high)
    return high if high <= MOST_REPLICATIONS else None


_RANK: tuple[Word, ...] = ("not supported", "not comparable", "undecided")


def joint(words: dict[str, Judged]) -> Judged:
    """The word over the kinds of coin price: what both agree on.

    One word under all kinds is the joint word. Otherwise, in this order: `not supported`, `not comparable` or
    `undecided` under any kind is the joint word too; clear words that differ, or one that moves where another does not,
    are "depends on how the coin is priced".
    """
    said = {judged.word for judged in words.values()}
    needed = [judged.needed for judged in words.values() if judged.needed is not None]
    each = "; ".join(
        f"{kind}: {judged.word}{f' ({judged.why})' if judged.why else ''}" for kind, judged in words.items()
    )
    for word in _RANK:
        if word in said:
            return Judged(word, each, max(needed) if word == "undecided" and needed else None)
    if len(said) == 1:
        return Judged(said.pop())
    return Judged("depends on how the coin is priced", each)


def mean(numbers: Sequence[float]) -> float:
    """Arithmetic mean of one or more numbers; of equal ones exactly their value."""
    first = numbers[0]
    # Equal values have themselves as mean, to the last digit; a rounded sum over n might not.
    return first if all(number == first for number in numbers) else math.fsum(numbers) / len(numbers)


def sd(numbers: Sequence[float]) -> float | None:
    """Standard deviation of a sample, n - 1 below; None for fewer than two numbers."""
    if len(numbers) < 2:
        return None
    middle = mean(numbers)
    return math.sqrt(math.fsum((number - middle) ** 2 for number in numbers) / (len(numbers) - 1))
