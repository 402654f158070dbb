"""The fan: how an outcome runs over time, as bands that hold 50 % and 90 % of the replications, and their median."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sim.records.columns import file_unit
from sim.records.outcomes import split_name
from sim.records.study import Band, StudyRecord
from sim.report import style, words

SHOWN = ("nodes", "coin_usd", "emission_coin", "utilization_frac")
MOST_POINTS = 120
UNITS_S = {"years": 31_557_600, "days": 86_400, "hours": 3_600}
"""Units of the time axis."""
_ROW_PT = 92.0


def outcomes(record: StudyRecord, point: int = 0) -> list[str]:
    """The series that get a figure, by outcome in the order of `SHOWN`, then by network as the record has them.

    What is one number all the time under every policy gets none: the table of outcomes has it.
    """
    there = list(dict.fromkeys(b.outcome for b in record.bands if b.point == point and _measured(b).any()))
    there = [name for name in there if _moves([b for b in record.bands if (b.outcome, b.point) == (name, point)])]
    return [name for shown in SHOWN for name in there if split_name(name)[1] == shown]


def _measured(band: Band) -> np.ndarray[Any, np.dtype[np.bool_]]:
    return np.array([value is not None for value in band.q50], dtype=bool)


def _moves(bands: list[Band]) -> bool:
    seen = {value for band in bands for value in (*band.q05, *band.q95) if value is not None}
    return len(seen) > 1


def find(record: StudyRecord, outcome: str, policy: str, coin_price: str, point: int = 0) -> Band | None:
    """The band of one case, or None."""
    for band in record.bands:
        if (band.outcome, band.policy, band.coin_price, band.point) == (outcome, policy, coin_price, point):
            return band if _measured(band).any() else None
    return None


def thinned(band: Band, most: int = MOST_POINTS) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Indices of the epochs to draw: measured ones only; of more than `most`, even steps and both ends of the largest jumps."""
    there = np.flatnonzero(_measured(band))
    if len(there) <= most:
        return there
    even = np.round(np.linspace(0, len(there) - 1, most // 2)).astype(np.int64)
    median = np.array([band.q50[i] for i in there], dtype=float)
    # A halving is one step between two epochs: even steps alone would draw it as a slope.
    jumps = np.argsort(-np.abs(np.diff(median)), kind="stable")[: most // 4]
    return there[np.unique(np.concatenate((even, jumps, jumps + 1)))]


def fan(
    record: StudyRecord,
    outcome: str,
    policy: str | None = None,
    coin_price: str | None = None,
    point: int = 0,
    ax: Axes | None = None,
) -> Axes:
    """One outcome under one policy and kind of coin price; the dotted line marks where policies begin to differ.

    Time runs from the start in years, days or hours (see `time_unit`). Raises `ValueError` where the record has no such series.
    """
    chosen = policy or record.policies[0]
    kind = coin_price or record.coin_prices[0]
    band = find(record, outcome, chosen, kind, point)
    if band is None:
        raise ValueError(f"no series of {outcome!r} under policy {chosen!r}, coin price {kind!r}, point {point}")
    unit, unit_s = time_unit(record.horizon_s)
    with style.styled():
        ax = ax if ax is not None else style.new_axes()
        _draw(ax, band, record.policies.index(chosen) if chosen in record.policies else 0, unit_s)
        if 0 < record.policies_from_s < record.horizon_s:
            ax.axvline(record.policies_from_s / unit_s, color=style.INK, linestyle=(0, (1, 2)), linewidth=0.9)
        ax.set_xlim(0, record.horizon_s / unit_s)
        ax.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: words.tick(value)))
        ax.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: words.tick(value)))
        ax.set_title(words.clip(chosen, 26))
        ax.set_xlabel(f"{unit} from {words.clip(record.start, 12)}")
        ax.set_ylabel(axis_label(outcome, band.unit))
    return ax


def time_unit(horizon_s: float) -> tuple[str, int]:
    """The unit of a time axis and its seconds: years from one year on, days from two days on, else hours."""
    name = "years" if horizon_s >= UNITS_S["years"] else "days" if horizon_s >= 2 * UNITS_S["days"] else "hours"
    return name, UNITS_S[name]


def axis_label(outcome: str, unit: str) -> str:
    """The outcome's label with its unit, as an axis says it; a count of its own name says it once."""
    name = words.label(outcome)
    return words.clip(name if unit in (name, "") else f"{name} ({unit})", 34)


def _draw(ax: Axes, band: Band, index: int, unit_s: int) -> None:
    keep = thinned(band)
    time = np.array([band.time_s[i] for i in keep]) / unit_s
    lines = {
        q: np.array([words.in_reading_unit(_number(getattr(band, q)[i]), band.unit) for i in keep])
        for q in ("q05", "q25", "q50", "q75", "q95")
    }
    colour = style.COLOURS[index % len(style.COLOURS)]
    drawn: list[Any] = [
        ax.fill_between(time, lines["q05"], lines["q95"], color=colour, alpha=0.22, linewidth=0),
        ax.fill_between(time, lines["q25"], lines["q75"], color=colour, alpha=0.38, linewidth=0),
    ]
    few: dict[str, Any] = {"marker": style.MARKS[index % len(style.MARKS)], "markersize": 2.5} if len(keep) < 24 else {}
    drawn += ax.plot(time, lines["q50"], **style.look(index), **few)
    for artist in drawn:
        style.belongs(artist, index)


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


def limits(bands: list[Band]) -> tuple[float, float]:
    """The common axis of all panels: from 0 where everything is positive, else from the lowest to the highest value."""
    lows = [words.in_reading_unit(v, b.unit) for b in bands for v in b.q05 if v is not None]
    highs = [words.in_reading_unit(v, b.unit) for b in bands for v in b.q95 if v is not None]
    low, high = min(0.0, min(lows)), max(0.0, max(highs))
    room = 0.06 * ((high - low) or 1.0)
    return (low - room if low < 0 else 0.0), high + room


def kinds_of(record: StudyRecord, outcome: str, point: int = 0) -> list[str]:
    """The kinds of coin price that have this series."""
    return [
        kind
        for kind in record.coin_prices
        if any(find(record, outcome, policy, kind, point) for policy in record.policies)
    ]


def figure(record: StudyRecord, outcome: str, point: int = 0) -> Figure:
    """A row of panels a policy, a column a kind of coin price, all on the same axes."""
    kinds = kinds_of(record, outcome, point)
    bands = [band for p in record.policies for k in kinds if (band := find(record, outcome, p, k, point)) is not None]
    policies = [p for p in record.policies if any(b.policy == p for b in bands)]
    low, high = limits(bands)
    left, top, gap, bottom = 50.0, 34.0 if len(kinds) > 1 else 18.0, 22.0, 36.0
    width = (style.WIDTH_PT - left - 8 - 14 * (len(kinds) - 1)) / len(kinds)
    with style.styled():
        sheet = style.sheet(top + len(policies) * _ROW_PT + gap * (len(policies) - 1) + bottom)
        for row, policy in enumerate(policies):
            for column, kind in enumerate(kinds):
                ax = style.panel(sheet, left + column * (width + 14), top + row * (_ROW_PT + gap), width, _ROW_PT)
                if find(record, outcome, policy, kind, point) is None:
                    ax.set_axis_off()
                    continue
                fan(record, outcome, policy, kind, point, ax)
                ax.set_ylim(low, high)
                ax.set_ylabel("")
                ax.set_title("" if column else ax.get_title(loc="left"))
                ax.tick_params(labelleft=column == 0, labelbottom=row == len(policies) - 1)
                ax.set_xlabel(ax.get_xlabel() if row == len(policies) - 1 else "")
        heads = {words.coin_price_words(kind): left + column * (width + 14) for column, kind in enumerate(kinds)}
        style.column_heads(sheet, heads, 2)
        style.side_label(sheet, axis_label(outcome, bands[0].unit))
    return sheet


def csv_rows(record: StudyRecord, outcome: str) -> list[list[Any]]:
    """Every epoch of the series under all policies, kinds of coin price and points, unthinned."""
    return [
        [b.outcome, file_unit(b.unit), b.policy, b.coin_price, b.point, time_s, *quantiles]
        for b in record.bands
        if b.outcome == outcome
        for time_s, *quantiles in zip(b.time_s, b.q05, b.q25, b.q50, b.q75, b.q95, strict=True)
    ]


def description(record: StudyRecord, outcome: str, point: int = 0) -> str:
    """What the figure shows, in full sentences made of the record's own numbers."""
    kinds = kinds_of(record, outcome, point)
    parts = []
    for policy in record.policies:
        for kind in kinds:
            band = find(record, outcome, policy, kind, point)
            if band is not None:
                parts.append(
                    _course(band, words.clip(policy) + (f", {words.coin_price_words(kind)}" if len(kinds) > 1 else ""))
                )
    first = f"{words.full_label(outcome)} over {words.duration(record.horizon_s)} from {words.clip(record.start, 12)}, median with the bands of 50 % and 90 % of {record.replications} replications."
    return " ".join([first[0].upper() + first[1:], *parts])


def _course(band: Band, who: str) -> str:
    there = np.flatnonzero(_measured(band))
    first, last = int(there[0]), int(there[-1])
    end = f"{who}: the median goes from {words.amount(band.q50[first], band.unit)} to {words.amount(band.q50[last], band.unit)}"
    return f"{end} (5 to 95 % at the end: {words.amount(band.q05[last], band.unit)} to {words.amount(band.q95[last], band.unit)})."
