"""The heat map of a sweep over two keys: where a policy's difference from the baseline is above or below 0, and where it changes sign."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.records.columns import file_unit
from sim.records.study import StudyRecord, Verdict
from sim.report import style, words

MOST_NUMBERED = 6
"""Columns of cells up to which each cell holds its number."""
_CELL_PT = 24.0


@dataclasses.dataclass(frozen=True)
class Grid:
    """Two keys and their values in the order of the file; `place` is the (column, row) of each point."""

    x: str
    y: str
    xs: list[str]
    ys: list[str]
    place: list[tuple[int, int]]


def grid(record: StudyRecord) -> Grid | None:
    """The grid that the record's points make; None unless they cross two or more values of each of two keys."""
    keys = [
        key for key in (record.points[0] if record.points else {}) if len({point[key] for point in record.points}) > 1
    ]
    if len(keys) != 2:
        return None
    x, y = keys
    xs, ys = (list(dict.fromkeys(point[key] for point in record.points)) for key in keys)
    place = [(xs.index(point[x]), ys.index(point[y])) for point in record.points]
    return Grid(x, y, xs, ys, place) if len(set(place)) == len(place) == len(xs) * len(ys) else None


def outcomes(record: StudyRecord) -> list[str]:
    """The compared outcomes that get a figure, in the order of the verdicts; none without a grid."""
    return compared(record) if grid(record) else []


def compared(record: StudyRecord) -> list[str]:
    """The outcomes with a difference under some kind of coin price, in the order of the verdicts."""
    return list(dict.fromkeys(v.outcome for v in record.verdicts if drawable(v)))


def drawable(v: Verdict) -> bool:
    """Whether a verdict is of one kind of coin price, and has a difference."""
    return v.coin_price != "both" and v.difference is not None


def kinds_of(record: StudyRecord, outcome: str) -> list[str]:
    """The kinds of coin price under which some policy has a difference, in the record's order."""
    found = {kind for _, kind in cases_of(record, outcome)}
    return [kind for kind in record.coin_prices if kind in found]


def policies_of(record: StudyRecord, outcome: str) -> list[str]:
    """The policies that have a difference, in the record's order."""
    return list(dict.fromkeys(policy for policy, _ in cases_of(record, outcome)))


def cases_of(record: StudyRecord, outcome: str) -> list[tuple[str, str]]:
    """Policy and kind of coin price of each difference, in the record's order."""
    found = {(v.policy, v.coin_price) for v in record.verdicts if v.outcome == outcome and drawable(v)}
    return [(policy, kind) for policy in record.policies for kind in record.coin_prices if (policy, kind) in found]


def differences(record: StudyRecord, outcome: str, policy: str, coin_price: str) -> np.ndarray[Any, Any]:
    """Differences in the reading unit by row and column of the grid; NaN where there is none."""
    shape = grid(record)
    if shape is None:
        raise ValueError("the points of the record are no grid of two keys")
    found = np.full((len(shape.ys), len(shape.xs)), np.nan)
    for v in record.verdicts:
        if (v.outcome, v.policy, v.coin_price) == (outcome, policy, coin_price) and v.difference is not None:
            column, row = shape.place[v.point]
            found[row, column] = words.in_reading_unit(v.difference, v.unit)
    return found


def heat(
    record: StudyRecord, outcome: str, policy: str | None = None, coin_price: str | None = None, ax: Axes | None = None
) -> Axes:
    """One case: a cell a point, coloured by sign and size of the difference; the heavy line is where it is 0.

    Between points the line is straight: where it runs between two values is not known better. Raises `ValueError` where the points
    are no grid of two keys, or the policy has no difference.
    """
    cases = cases_of(record, outcome)
    chosen = next((case for case in cases if policy in (None, case[0]) and coin_price in (None, case[1])), None)
    shape = grid(record)
    if shape is None or chosen is None:
        raise ValueError(f"no grid of differences of {outcome!r} under policy {policy!r}, coin price {coin_price!r}")
    values = differences(record, outcome, *chosen)
    with style.styled():
        ax = ax if ax is not None else style.new_axes()
        _draw(ax, values, max(float(np.nanmax(np.abs(differences(record, outcome, *case)))) for case in cases))
        (xs, x_label), (ys, y_label) = labels(shape.x, shape.xs), labels(shape.y, shape.ys)
        ax.set_xticks(range(len(xs)), xs, rotation=30 if tilted(xs) else 0)
        ax.set_yticks(range(len(ys)), ys)
        ax.set_title(words.clip(chosen[0], 26))
        ax.set_xlabel(x_label)
        ax.set_ylabel(y_label)
    return ax


def labels(key: str, values: list[str]) -> tuple[list[str], str]:
    """What stands at a grid's values, and beside the axis: a unit that all values share stands there alone."""
    units = {value.partition(" ")[2] for value in values}
    unit = units.pop() if len(units) == 1 else ""
    name = words.clip(words.parameter_name(key), 34)
    shown = [words.clip(value.removesuffix(unit).strip(), 12) for value in values]
    return shown, f"{name} ({words.clip(unit, 12)})" if unit else name


def tilted(shown: list[str]) -> bool:
    """Whether values at an axis would touch each other if they stood level."""
    return sum(len(text) + 2 for text in shown) > 22


def _draw(ax: Axes, values: np.ndarray[Any, Any], most: float) -> None:
    rows, columns = values.shape
    for (row, column), value in np.ndenumerate(values):
        if np.isnan(value):
            continue
        colour = style.COLOURS[1] if value > 0 else style.COLOURS[0]
        alpha = 0.75 * abs(value) / most if most else 0.0
        ax.fill_between([column - 0.5, column + 0.5], row - 0.5, row + 0.5, color=colour, alpha=alpha, linewidth=0)
        if columns <= MOST_NUMBERED:
            ax.text(column, row, _short(value), ha="center", va="center", fontsize=style.SMALL_PT)
    if rows > 1 and columns > 1 and np.nanmin(values) < 0 < np.nanmax(values) and not np.isnan(values).any():
        ax.contour(
            np.arange(columns), np.arange(rows), values, levels=[0.0], colors=style.INK, linewidths=2.0, alpha=0.7
        )
    ax.set_xlim(-0.5, columns - 0.5)
    ax.set_ylim(-0.5, rows - 0.5)
    ax.grid(False)
    ax.tick_params(length=0)


def _short(value: float) -> str:
    """A signed number of two digits, to fit a cell."""
    text = f"{float(f'{value:.2g}'):+,.10g}" if abs(value) < 1e5 else f"{value:+.1e}"
    return words.minus("0" if value == 0 else text)


def figure(record: StudyRecord, outcome: str) -> Figure:
    """A row of panels a policy, a column a kind of coin price, on one scale of colours."""
    shape, cases = grid(record), cases_of(record, outcome)
    assert shape is not None  # `outcomes` gives none without a grid
    kinds, policies = kinds_of(record, outcome), policies_of(record, outcome)
    leaning = tilted(labels(shape.x, shape.xs)[0])
    ys, y_label = labels(shape.y, shape.ys)
    left, gap, bottom, tall = 34.0 + 5.6 * max(map(len, ys)), 24.0, 64.0 if leaning else 38.0, _CELL_PT * len(shape.ys)
    top = 34.0 if len(kinds) > 1 else 18.0
    width = (style.WIDTH_PT - left - 10 - 12 * (len(kinds) - 1)) / len(kinds)
    with style.styled():
        sheet = style.sheet(top + len(policies) * tall + gap * (len(policies) - 1) + bottom)
        for policy, kind in cases:
            row, column = policies.index(policy), kinds.index(kind)
            ax = style.panel(sheet, left + column * (width + 12), top + row * (tall + gap), width, tall)
            heat(record, outcome, policy, kind, ax)
            for artist in (*ax.collections, *ax.texts):
                style.belongs(artist, record.policies.index(policy))
            ax.set_ylabel("")
            ax.set_title("" if column else ax.get_title(loc="left"))
            ax.tick_params(labelleft=column == 0, labelbottom=row == len(policies) - 1)
            ax.set_xlabel(ax.get_xlabel() if row == len(policies) - 1 and not column else "", x=0, ha="left")
        style.column_heads(
            sheet, {words.coin_price_words(kind): left + i * (width + 12) for i, kind in enumerate(kinds)}, 2
        )
        style.side_label(sheet, y_label)
    return sheet


def csv_rows(record: StudyRecord, outcome: str) -> list[list[Any]]:
    """The differences at all points, with the values of both keys, in the outcome's unit (shares as fractions)."""
    shape = grid(record)
    assert shape is not None  # `outcomes` gives none without a grid
    return [
        [v.outcome, file_unit(v.unit), v.policy, v.baseline, v.coin_price, v.point, shape.x, record.points[v.point][shape.x], shape.y,
         record.points[v.point][shape.y], v.difference, v.low, v.high]
        for v in record.verdicts
        if v.outcome == outcome and v.coin_price != "both"
    ]  # fmt: skip


def unit_of(record: StudyRecord, outcome: str) -> str:
    """The unit of the differences as people read them: shares in percentage points."""
    unit = next(v.unit for v in record.verdicts if v.outcome == outcome)
    return "pp" if unit == "%" else unit


def description(record: StudyRecord, outcome: str) -> str:
    """What the figure shows, in full sentences made of the record's own numbers."""
    shape, unit = grid(record), unit_of(record, outcome)
    assert shape is not None  # `outcomes` gives none without a grid
    baseline = next(v.baseline for v in record.verdicts if v.outcome == outcome)
    parts = [
        f"Differences of {words.full_label(outcome)} from {words.clip(baseline)} ({unit or '1'}) over {words.parameter_name(shape.x)} and {words.parameter_name(shape.y)}; orange is above 0, blue below, and the heavy line is where the sign changes."
    ]
    for policy, kind in cases_of(record, outcome):
        values = differences(record, outcome, policy, kind)
        who = words.clip(policy) + (f", {words.coin_price_words(kind)}" if len(record.coin_prices) > 1 else "")
        low, high = float(np.nanmin(values)), float(np.nanmax(values))
        parts.append(
            f"{who}: from {words.signed(low, '')} to {words.signed(high, '')}, above 0 at {int((values > 0).sum())} of {values.size} points."
        )
    return " ".join(parts)
