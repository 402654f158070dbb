"""The warm-up: the mean over replications of an outcome from epoch to epoch, and how much of it MSER-5 cuts."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sim.records.columns import file_unit
from sim.records.study import StudyRecord, Warmup
from sim.report import fan, style, words

MOST_POINTS = 240
_ROW_PT, _LEFT, _GAP, _TOP, _BOTTOM = 84.0, 50.0, 26.0, 18.0, 36.0


def outcomes(record: StudyRecord, point: int = 0) -> list[str]:
    """The outcomes that have a curve, in the record's order."""
    return list(dict.fromkeys(one.outcome for one in record.warmups if one.point == point))


def _of(record: StudyRecord, outcome: str, point: int) -> list[Warmup]:
    return [one for one in record.warmups if one.outcome == outcome and one.point == point]


def figure(record: StudyRecord, outcome: str, point: int = 0) -> Figure:
    """A panel a policy and kind of coin price: the curve, what is judged from the dotted line on, and in grey what MSER-5 cuts of it."""
    curves = _of(record, outcome, point)
    with style.styled():
        sheet = style.sheet(_TOP + len(curves) * _ROW_PT + _GAP * (len(curves) - 1) + _BOTTOM)
        for row, one in enumerate(curves):
            ax = style.panel(sheet, _LEFT, _TOP + row * (_ROW_PT + _GAP), style.WIDTH_PT - _LEFT - 8, _ROW_PT)
            _draw(ax, record, one)
            ax.set_xlabel(ax.get_xlabel() if row == len(curves) - 1 else "")
            ax.tick_params(labelbottom=row == len(curves) - 1)
        style.side_label(sheet, fan.axis_label(outcome, curves[0].unit))
    return sheet


def _draw(ax: Axes, record: StudyRecord, one: Warmup) -> None:
    unit, unit_s = fan.time_unit(record.horizon_s)
    keep = np.unique(np.round(np.linspace(0, len(one.time_s) - 1, MOST_POINTS)).astype(int))
    time = np.array(one.time_s)[keep] / unit_s
    level = np.array([words.in_reading_unit(value, one.unit) for value in one.mean])[keep]
    index = record.policies.index(one.policy) if one.policy in record.policies else 0
    (line,) = ax.plot(time, level, **style.look(index))
    style.belongs(line, index)
    if one.cut_s > record.policies_from_s:
        ax.axvspan(record.policies_from_s / unit_s, one.cut_s / unit_s, color=style.INK, alpha=0.12, linewidth=0)
    if record.policies_from_s > 0:
        ax.axvline(record.policies_from_s / unit_s, color=style.INK, linestyle=(0, (1, 2)), linewidth=0.9)
    ax.set_xlim(0, record.horizon_s / unit_s)
    ax.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    ax.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: words.tick(value)))
    ax.set_title(words.clip(_who(record, one), 40))
    ax.set_xlabel(f"{unit} from {words.clip(record.start, 12)}")


def _who(record: StudyRecord, one: Warmup) -> str:
    return one.policy + (f", {words.coin_price_words(one.coin_price)}" if len(record.coin_prices) > 1 else "")


def csv_rows(record: StudyRecord, outcome: str) -> list[list[Any]]:
    """Every epoch of the curves; `counted` is 1 for those that MSER-5 would keep."""
    return [
        [one.outcome, file_unit(one.unit), one.policy, one.coin_price, one.point, time_s, mean, int(time_s > one.cut_s)]
        for one in record.warmups
        if one.outcome == outcome
        for time_s, mean in zip(one.time_s, one.mean, strict=True)
    ]


def description(record: StudyRecord, outcome: str, point: int = 0) -> str:
    """What the figure shows, in full sentences made of the record's own numbers."""
    parts = [f"{words.full_label(outcome)}: mean over {record.replications} replications from epoch to epoch."]
    for one in _of(record, outcome, point):
        cut = words.duration(one.cut_s - record.policies_from_s)
        judged = f"{words.percent(one.cut_share).lstrip('+')} % of what is judged"
        said = f"MSER-5 cuts {cut} ({judged}); " if one.cut_share > 0 else ""
        parts.append(
            f"{words.clip(_who(record, one))}: {said}relaxation time about {words.plain(one.relaxation_s / 86_400)} days."
        )
    return " ".join([parts[0][0].upper() + parts[0][1:], *parts[1:]])
