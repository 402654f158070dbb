"""How the report says numbers and names: plain text, no markup, nothing computed but the unit people read.

Shares are fractions in records and percent here; a difference of two shares is told in percentage points (pp).
The minus sign is the ASCII hyphen; pages that can do better replace it (`minus`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from sim.records.outcomes import OUTCOMES, Outcome, split_name
from sim.records.run import Number

NONE = "n/a"
_NAME_CHARACTERS = 48
_AT = {"end": "{} at the end", "min": "lowest {}", "max": "highest {}"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]+")

SIGNS = {
    "better": "✓",
    "worse": "✗",
    "higher": "▲",
    "lower": "▼",
    "no difference": "=",
    "undecided": "?",
    "depends on how the coin is priced": "◇",
    "depends on parameters": "◇",
    "not comparable": "–",
    "not supported": "–",
}
"""The sign that stands beside each verdict's word, so that colour never carries it alone."""

COIN_PRICE_WORDS = {
    "pool": "price from a pool",
    "path": "price as a path",
    "both": "both kinds of price",
}


def clip(text: object, characters: int = _NAME_CHARACTERS) -> str:
    """A name as one line of at most `characters`; control and direction characters become a blank."""
    line = _CONTROL.sub(" ", str(text)).strip()
    return line if len(line) <= characters else line[: characters - 1].rstrip() + "…"


def plain(value: float) -> str:
    """A number with three significant digits; from 1,000 on whole, with commas; from ten million on in M or bn."""
    if not math.isfinite(value):
        return NONE
    size = abs(value)
    # By what three digits round to: 0.09996 is 0.100.
    size = float(f"{size:.3g}") if size < 1 else size
    if size == 0:
        return "0"
    if size >= 1e12:
        return f"{value:.3g}"
    if size >= 1e9:
        return f"{value / 1e9:.3f} bn"
    if size >= 1e7:
        return f"{value / 1e6:.2f} M"
    if size >= 999.5:
        return f"{value:,.0f}"
    if size < 1e-5:
        return f"{value:.2e}"
    return f"{value:.{max(0, 2 - math.floor(math.log10(size)))}f}"


def tick(value: float) -> str:
    """A short number for an axis: `12k`, `3M`, `450`, `0.05`."""
    for size, unit, suffix in ((1e12, 1e12, "T"), (1e9, 1e9, "B"), (1e6, 1e6, "M"), (1e4, 1e3, "k")):
        if abs(value) >= size:
            return minus(f"{value / unit:.4g}{suffix}")
    return minus(f"{value:.4g}")


def in_reading_unit(value: float, unit: str) -> float:
    """Percent where the record holds a fraction, else the value itself."""
    return 100 * value if unit == "%" else value


def amount(value: Number, unit: str) -> str:
    """A value with its unit: `388 nodes`, `42.0 %`; `n/a` where there is none."""
    if value is None:
        return NONE
    return f"{plain(in_reading_unit(value, unit))} {unit}".rstrip()


def span(low: Number, high: Number, unit: str) -> str:
    """An interval in reading units, without the unit: `[379, 397]`; empty where it is not known."""
    if low is None or high is None:
        return ""
    return f"[{plain(in_reading_unit(low, unit))}, {plain(in_reading_unit(high, unit))}]"


def signed_span(low: Number, high: Number, unit: str) -> str:
    """The interval of a difference, each end with its sign: `[-5.35, +3.66]`."""
    if low is None or high is None:
        return ""
    ends = [f"{'+' if end > 0 else ''}{plain(in_reading_unit(end, unit))}" for end in (low, high)]
    return f"[{', '.join(ends)}]"


def signed(value: Number, unit: str) -> str:
    """A difference with its sign and unit: `-90 nodes`, `+3.2 pp`."""
    if value is None:
        return NONE
    text = plain(in_reading_unit(value, unit))
    sign = "+" if value > 0 else ""
    return f"{sign}{text} {'pp' if unit == '%' else unit}".rstrip()


def percent(value: float, decimals: int | None = None) -> str:
    """A share or relative difference, signed, in percent without its sign: `-22.6`, `+0.04`, `+412`."""
    size = abs(100 * value)
    places = decimals if decimals is not None else 0 if size >= 99.95 else 1 if size >= 0.95 or size < 0.0005 else 2
    text = f"{100 * value:+,.{places}f}"
    return text[1:] if float(text.replace(",", "")) == 0 else text


def relative(value: Number, low: Number, high: Number, unit: str = "%") -> str:
    """A difference of shares or a relative one with its interval: `-22.6 % [-27.1, -18.9]`.

    All three have the same decimals, as many as the interval's width deserves. `unit` is `%` or `pp`.
    """
    if value is None:
        return NONE
    if low is None or high is None:
        return f"{percent(value)} {unit}"
    width = 100 * abs(high - low)
    decimals = 0 if width >= 20 else 1 if width >= 0.5 or width == 0 else 2
    return f"{percent(value, decimals)} {unit} [{percent(low, decimals)}, {percent(high, decimals)}]"


def outcome_of(reference: str) -> Outcome | None:
    """The row of the outcome table that `network.outcome@at` names; None for a name that is not in the table."""
    return OUTCOMES.get(split_name(reference)[1])


def label(reference: str) -> str:
    """`tao.nodes@end` as people say it: `nodes at the end`."""
    _, name, at = split_name(reference)
    row = OUTCOMES.get(name)
    said = row.label if row else name
    if not at:
        return clip(said)
    return clip(_AT.get(at, "{} on " + at.replace("{", "").replace("}", "")).format(said))


def network_of(reference: str) -> str:
    """The network an outcome belongs to; empty for an outcome of the whole world."""
    network = split_name(reference)[0]
    return "" if network == "world" else clip(network)


def full_label(reference: str) -> str:
    """`tao: nodes at the end`; the label alone for an outcome of the whole world."""
    network = network_of(reference)
    return f"{network}: {label(reference)}" if network else label(reference)


def parameter_name(path: str) -> str:
    """`networks.tao.operators.home.electricity` as `tao home electricity`."""
    return clip(" ".join(step for step in path.split(".")[1:] if step not in ("operators", "demand")).replace("_", " "))


def coin_price_words(kind: str) -> str:
    """`pool` as `price from a pool`; an unknown kind as itself."""
    return COIN_PRICE_WORDS.get(kind, clip(kind))


def point_words(point: dict[str, str]) -> str:
    """A point of a sweep: `tao.operators.home.electricity = 0.08 USD/kWh`; empty for the one point of no sweep."""
    return ", ".join(f"{clip(path)} = {clip(value)}" for path, value in sorted(point.items()))


def listing(words: Iterable[str]) -> str:
    """`a, b and c`."""
    items = list(words)
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}" if items else ""


def duration(seconds: float) -> str:
    """A duration in its largest whole unit of year (365.25 days), week, day, h, min, s."""
    for unit, size in (("year", 31_557_600), ("week", 604_800), ("day", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= size and math.isclose(seconds / size, round(seconds / size), abs_tol=1e-9):
            count = round(seconds / size)
            return f"{count:,} {unit}" + ("s" if count != 1 and unit in ("year", "week", "day") else "")
    return f"{seconds / 31_557_600:.3g} years" if seconds >= 31_557_600 else f"{plain(seconds)} s"


def minus(text: str) -> str:
    """The text with a true minus sign before each negative number, and no line break inside an interval or before `%`."""
    text = re.sub(r"(?<![\w.])-(?=\d)", "\u2212", text).replace(" %", "\u00a0%")
    return re.sub(r"\[[^\[\]]{1,40}\]", lambda match: match[0].replace(" ", "\u00a0"), text)
