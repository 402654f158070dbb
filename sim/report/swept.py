"""The line of a sweep over one key: a policy's difference from the baseline at each value, with its interval, and the line of no difference."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sim.records.columns import file_unit
from sim.records.study import StudyRecord, Verdict
from sim.report import style, words
from sim.report.heat import compared, drawable, kinds_of, labels, policies_of, tilted, unit_of

_PANEL_PT = 118.0
_CLOSEST = 1 / 12  # of the axis: values that lie closer would overprint each other


@dataclasses.dataclass(frozen=True)
class Axis:
    """The key, its values in the order of the points, and where each lies: at its number, or at equal distances."""

    key: str
    values: list[str]
    at: list[float]
    even: bool


def axis(record: StudyRecord) -> Axis | None:
    """The axis that the record's points make; None unless exactly one key takes two or more values, each once.

    Values lie at their numbers where all have one, in one unit, none closer to another than a twelfth of the axis; else at equal
    distances, numbers by size and words in the order of the file.
    """
    points = record.points
    keys = [key for key in (points[0] if points else {}) if len({point[key] for point in points}) > 1]
    if len(keys) != 1:
        return None
    values = [point[keys[0]] for point in points]
    if len(set(values)) < len(values):
        return None
    numbers = _numbers(values)
    order = sorted(numbers) if numbers else []
    span = order[-1] - order[0] if order else 0.0
    if order and min(b - a for a, b in itertools.pairwise(order)) >= _CLOSEST * span > 0:
        return Axis(keys[0], values, numbers, even=False)
    ranks = [float(order.index(number)) for number in numbers] if len(set(order)) == len(values) else []
    return Axis(keys[0], values, ranks or [float(place) for place in range(len(values))], even=True)


def _numbers(values: list[str]) -> list[float]:
    """The values as numbers of their one unit; nothing where some have none, or units differ."""
    if len({value.partition(" ")[2] for value in values}) > 1:
        return []
    try:
        return [float(value.partition(" ")[0].replace(",", "")) for value in values]
    except ValueError:
        return []


def outcomes(record: StudyRecord) -> list[str]:
    """The compared outcomes that get a figure, in the order of the verdicts; none without such a sweep."""
    return compared(record) if axis(record) else []


def line(record: StudyRecord, outcome: str, policy: str, coin_price: str) -> list[tuple[float, Verdict]]:
    """The (place on the axis, verdict) of one policy under one kind of coin price, from left to right."""
    along = axis(record)
    found = [
        (along.at[v.point], v)
        for v in record.verdicts
        if along and drawable(v) and (v.outcome, v.policy, v.coin_price) == (outcome, policy, coin_price)
    ]
    return sorted(found, key=lambda pair: pair[0])


def swept(record: StudyRecord, outcome: str, coin_price: str | None = None, ax: Axes | None = None) -> Axes:
    """All policies under one kind of coin price: a mark a value, its interval as a band; grey is where a difference does not matter.

    Between values the line is straight: what lies there was not run. Raises `ValueError` where the points are no sweep over one key,
    or the outcome has no difference.
    """
    along, kinds = axis(record), kinds_of(record, outcome)
    kind = coin_price or next(iter(kinds), "")
    if along is None or kind not in kinds:
        raise ValueError(f"no differences of {outcome!r} over the values of one key, coin price {kind!r}")
    with style.styled():
        ax = ax if ax is not None else style.new_axes()
        _zone(ax, record, outcome, kind)
        ax.axhline(0, color=style.INK, linewidth=1.0)
        for number, policy in enumerate(record.policies):
            _draw(ax, line(record, outcome, policy, kind), number)
        shown, x_label = labels(along.key, along.values)
        ax.set_xticks(along.at, shown, rotation=30 if tilted(shown) else 0)
        ax.set_xlabel(x_label)
        ax.set_ylabel(f"difference ({unit_of(record, outcome) or '1'})")
        ax.set_title(words.clip(words.full_label(outcome), 44))
    return ax


def _draw(ax: Axes, points: list[tuple[float, Verdict]], number: int) -> None:
    if not points:
        return
    look, xs = style.look(number), [x for x, _ in points]
    middle = [words.in_reading_unit(v.difference or 0.0, v.unit) for _, v in points]
    (drawn,) = ax.plot(xs, middle, marker=style.MARKS[number % len(style.MARKS)], **look)
    style.belongs(drawn, number)
    sure = [(x, v.low, v.high, v.unit) for x, v in points if v.low is not None and v.high is not None]
    if sure:
        low = [words.in_reading_unit(low, unit) for _, low, _, unit in sure]
        high = [words.in_reading_unit(high, unit) for _, _, high, unit in sure]
        band = ax.fill_between([x for x, *_ in sure], low, high, color=look["color"], alpha=0.22, linewidth=0)
        style.belongs(band, number)


def _zone(ax: Axes, record: StudyRecord, outcome: str, kind: str) -> None:
    """The widest zone of any policy at each value: it is a part of the baseline's mean there."""
    widest: dict[float, float] = {}
    for policy in record.policies:
        for x, v in line(record, outcome, policy, kind):
            widest[x] = max(widest.get(x, 0.0), words.in_reading_unit(v.indifferent, v.unit))
    xs = sorted(widest)
    half = [widest[x] for x in xs]
    if any(half):
        ax.fill_between(xs, [-h for h in half], half, color=style.INK, alpha=0.07, linewidth=0)


def figure(record: StudyRecord, outcome: str) -> Figure:
    """A panel a kind of coin price, side by side on one scale, the key of policies on top."""
    kinds, policies = kinds_of(record, outcome), policies_of(record, outcome)
    numbers = [record.policies.index(policy) for policy in policies]
    rows = -(-len(policies) // 3)
    left, top = 52.0, 16.0 * rows + (22.0 if len(kinds) > 1 else 8.0)
    width = (style.WIDTH_PT - left - 12 - 14 * (len(kinds) - 1)) / len(kinds)
    with style.styled():
        sheet = style.sheet(top + _PANEL_PT + 58)
        panels = [style.panel(sheet, left + i * (width + 14), top, width, _PANEL_PT) for i in range(len(kinds))]
        for ax, kind in zip(panels, kinds, strict=True):
            swept(record, outcome, kind, ax)
            ax.set_title("")
            ax.set_ylabel("")
        limits = [ax.get_ylim() for ax in panels]
        for place, ax in enumerate(panels):
            ax.set_ylim(min(low for low, _ in limits), max(high for _, high in limits))
            ax.tick_params(labelleft=place == 0)
            ax.set_xlabel(ax.get_xlabel() if not place else "", x=0, ha="left")
        heads = {words.coin_price_words(kind): left + i * (width + 14) for i, kind in enumerate(kinds)}
        style.column_heads(sheet, heads, top - 16)
        style.side_label(sheet, f"difference ({unit_of(record, outcome) or '1'})")
        handles = [
            Line2D([], [], marker=style.MARKS[n % len(style.MARKS)], label=words.clip(record.policies[n], 16), **style.look(n))
            for n in numbers
        ]  # fmt: skip
        style.key(sheet, handles, numbers)
    return sheet


def csv_rows(record: StudyRecord, outcome: str) -> list[list[Any]]:
    """The differences at all values, in the outcome's unit (shares as fractions)."""
    along = axis(record)
    assert along is not None  # `outcomes` gives none without a sweep over one key
    return [
        [v.outcome, file_unit(v.unit), v.policy, v.baseline, v.coin_price, v.point, along.key, along.values[v.point], v.difference, v.low,
         v.high, v.indifferent, v.word]
        for v in record.verdicts
        if v.outcome == outcome and v.coin_price != "both"
    ]  # fmt: skip


def description(record: StudyRecord, outcome: str) -> str:
    """What the figure shows, in full sentences made of the record's own numbers."""
    along = axis(record)
    assert along is not None  # `outcomes` gives none without a sweep over one key
    baseline = next(v.baseline for v in record.verdicts if v.outcome == outcome)
    even = ", the values at equal distances" if along.even else ""
    parts = [
        f"Differences of {words.full_label(outcome)} from {words.clip(baseline)} over {words.parameter_name(along.key)}{even}, with {100 * record.confidence:g} % intervals; "
        "grey is where a difference does not matter."
    ]
    for policy in policies_of(record, outcome):
        for kind in kinds_of(record, outcome):
            found = line(record, outcome, policy, kind)
            if found:
                who = words.clip(policy) + (f", {words.coin_price_words(kind)}" if len(record.coin_prices) > 1 else "")
                parts.append(f"{who}: {words.listing([_said(along, v) for _, v in found])}.")
    return " ".join(parts)


def _said(along: Axis, v: Verdict) -> str:
    span = f" {words.signed_span(v.low, v.high, v.unit)}" if v.low is not None and v.high is not None else ""
    return f"{words.signed(v.difference, v.unit)}{span} at {words.clip(along.values[v.point], 24)}"
