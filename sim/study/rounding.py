"""Numbers as people read them: as many digits as the interval bears, fractions as percent, thousands apart."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence


def told(number: float | None, unit: str = "", decimals: int | None = None) -> str:
    """The number with its unit, to three significant digits or `decimals`; fractions (`%`) times 100."""
    if number is None:
        return "no number"
    shown = number * 100 if unit == "%" else number
    places = significant_decimals(shown) if decimals is None else decimals
    text = f"{shown:,.{places}f}"
    if decimals is None and "." in text:
        text = text.rstrip("0").rstrip(".")
    if not float(text.replace(",", "")):
        text = text.lstrip("-")
    return f"{text} {unit}".rstrip()


def significant_decimals(number: float, digits: int = 3) -> int:
    """Decimals that show `digits` significant digits, at least 0, at most 12."""
    if number == 0 or not math.isfinite(number):
        return 0
    return min(12, max(0, digits - 1 - math.floor(math.log10(abs(number)))))


def interval_decimals(middle: float, low: float, high: float) -> int:
    """Decimals that show the first digit of an interval's half-width, and no more than three digits of what it is about."""
    half = (high - low) / 2
    most = significant_decimals(middle or high)
    return min(most, significant_decimals(half, 1)) if half > 0 else most


def interval(low: float, high: float, decimals: int) -> str:
    """`[low, high]` with as many decimals, no unit: it stands behind a number that has one."""
    return f"[{told(low, decimals=decimals)}, {told(high, decimals=decimals)}]"


def with_interval(mean: float, low: float, high: float, unit: str) -> str:
    """`0.201 USD/Mtok [0.196, 0.206]`: all three with the decimals that the interval bears; fractions (`%`) times 100."""
    scale = 100 if unit == "%" else 1
    mean, low, high = scale * mean, scale * low, scale * high
    decimals = interval_decimals(mean, low, high)
    return f"{told(mean, decimals=decimals)} {unit}".rstrip() + f" {interval(low, high, decimals)}"


def listed(names: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def readable(name: str) -> str:
    """A name of a scenario file as a reader sees it: `two_years` is `Two years`."""
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]


def point_words(values: Mapping[str, str]) -> str:
    """A point of a sweep: `outside rent 0.1 USD/h, home nodes 12, farm nodes 0`; empty for the one point of no sweep.

    Of a path as many of its last keys are told as tell it from the others.
    """
    return ", ".join(f"{_own_end(path, values).replace('_', ' ')} {value}" for path, value in values.items())


def _own_end(path: str, paths: Collection[str]) -> str:
    keys = path.split(".")
    ends = (keys[-count:] for count in range(1, len(keys) + 1))
    end = next((end for end in ends if sum(other.split(".")[-len(end) :] == end for other in paths) == 1), keys)
    return " ".join(end)


def shortened(text: str) -> str:
    """A text with every number of more than five digits behind the point to four significant digits: `0.19168293 TAO` is `0.1917 TAO`."""
    return _LONG.sub(lambda found: told(float(found[0]), decimals=significant_decimals(float(found[0]), 4)), text)


_LONG = re.compile(r"\d+\.\d{6,}")


def first_of(points: Sequence[Mapping[str, str]]) -> str:
    """` (outside rent 0.1 USD/h, the first of 3 points)`, for what is told of a sweep's first point; empty without a sweep."""
    return f" ({point_words(points[0])}, the first of {len(points)} points)" if len(points) > 1 else ""
