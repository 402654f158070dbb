"""A sensitivity analysis for people and machines: a table, CSV, one document, and a figure with a panel for each thing asked."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from sim.records.columns import SENSITIVITY, file_unit
from sim.records.files import csv_text
from sim.records.run import Number
from sim.records.sensitivity import Asked, Index, SensitivityRecord, Swing
from sim.report import style, svg, words
from sim.report.terminal import aligned

MOST_PANELS = 12
"""A figure of more would be read by nobody: the CSV holds all."""
_ROW_PT, _TWO_LINES_PT = 22.0, 30.0
_NAMES_PT = 132.0
_LEAST = 1e-7  # what moves less than this part of its size moves by the rounding of accounts alone


def asked(record: SensitivityRecord) -> list[Asked]:
    """What was looked at, in order."""
    rows: list[Index] | list[Swing] = record.indices if record.method == "sobol" else record.swings
    return list(dict.fromkeys(row.asked for row in rows))


def title(one: Asked) -> str:
    """`tao: nodes at the end, two_years against four_years (price from a pool)`."""
    against = f" against {words.clip(one.baseline, 24)}" if one.baseline else ""
    kind = "" if one.coin_price in ("none", "given") else f" ({words.coin_price_words(one.coin_price)})"
    return f"{words.full_label(one.outcome)}, {words.clip(one.policy, 24)}{against}{kind}"


def format_sensitivity(record: SensitivityRecord) -> str:
    """The tables as plain text, one for each thing asked, the parameter that moves it most first."""
    sets = f"{record.points:,} points" if record.method == "sobol" else f"{record.points} sets"
    blocks = [
        f"{words.clip(record.name, 100)}\n{record.method}: {sets}, {record.replications} replications in each, {record.runs:,} runs"
    ]
    for one in asked(record):
        rows = _sobol_rows(record, one) if record.method == "sobol" else _tornado_rows(record, one)
        blocks.append("\n".join([title(one), *aligned(rows)]))
    blocks += [f"not told: {what}: {why}" for what, why in record.unsupported]
    blocks += [f"warning: {warning}" for warning in record.warnings]
    return "\n\n".join(blocks)


def _sobol_rows(record: SensitivityRecord, one: Asked) -> list[list[str]]:
    level = f"{100 * record.confidence:g} %"
    rows = [["  share of the variance", "alone", f"{level} (bootstrap)", "with all others", f"{level} (bootstrap)"]]
    for row in _by_total(record, one):
        name = f"  {words.parameter_name(row.parameter)}"
        if row.total is None:
            rows.append([name, "nothing moves it", "", "", ""])
            continue
        rows.append(
            [
                name,
                _share(row.first),
                _shares(row.first_low, row.first_high),
                _share(row.total),
                _shares(row.total_low, row.total_high),
            ]
        )
    return rows


def _by_total(record: SensitivityRecord, one: Asked) -> list[Index]:
    mine = [row for row in record.indices if row.asked == one]
    return sorted(mine, key=lambda row: -(row.total or 0.0))


def _share(value: Number) -> str:
    return words.NONE if value is None else f"{round(value, 2) + 0.0:.2f}"


def _shares(low: Number, high: Number) -> str:
    return f"[{_share(low)}, {_share(high)}]"


def _tornado_rows(record: SensitivityRecord, one: Asked) -> list[list[str]]:
    mine = [row for row in record.swings if row.asked == one]
    rows = [[f"  as in the file: {_value(mine[0].base, one)}", "from", "gives", "to", "gives"]]
    for row in mine:
        ends = [_value(value, one) for value in (row.at_low, row.at_high)]
        rows.append([f"  {words.parameter_name(row.parameter)}", row.low_text, ends[0], row.high_text, ends[1]])
    return rows


def _value(number: float, one: Asked) -> str:
    """A level with its unit; a difference with its sign too (shares in pp)."""
    return words.signed(number, one.unit) if one.baseline else words.amount(number, one.unit)


def document(record: SensitivityRecord) -> dict[str, Any]:
    """The record as plain data, for `--json`."""
    return dataclasses.asdict(record)


def csv(record: SensitivityRecord) -> str:
    """One row a thing asked and parameter, in the order of the record; shares of demand and the like as fractions."""
    return csv_text(SENSITIVITY[record.method], csv_rows(record, asked(record)))


def csv_rows(record: SensitivityRecord, shown: Sequence[Asked]) -> list[list[Any]]:
    """The rows of some of what was asked."""
    status = {one.path: one.status for one in record.parameters}
    rows: list[list[Any]] = []
    for row in record.indices if record.method == "sobol" else record.swings:
        one = row.asked
        if one not in shown:
            continue
        head = [
            one.outcome,
            file_unit(one.unit),
            one.policy,
            one.baseline,
            one.coin_price,
            row.parameter,
            status[row.parameter],
        ]
        rest = (
            [row.first, row.first_low, row.first_high, row.total, row.total_low, row.total_high]
            if isinstance(row, Index)
            else [row.low_text, row.high_text, row.base, row.at_low, row.at_high]
        )
        rows.append([*head, *rest])
    return rows


def description(record: SensitivityRecord, one: Asked) -> str:
    """What a panel shows, in full sentences made of the record's own numbers."""
    if record.method == "sobol":
        said = [
            f"Bars are {100 * record.confidence:g} % bootstrap intervals of the share of the variance that a parameter moves alone, and with all others."
        ]
        for row in _by_total(record, one):
            name = words.parameter_name(row.parameter)
            said.append(
                f"{name} moves nothing."
                if row.total is None
                else f"{name}: {_share(row.first)} {_shares(row.first_low, row.first_high)} alone, {_share(row.total)} {_shares(row.total_low, row.total_high)} with all others."
            )
        return " ".join(said)
    swings = [row for row in record.swings if row.asked == one]
    said = [
        f"With all values as in the file: {_value(swings[0].base, one)}. Bars are one parameter at its lowest and at its highest."
    ]
    for swing in swings:
        low, high = (_value(value, one) for value in (swing.at_low, swing.at_high))
        said.append(
            f"{words.parameter_name(swing.parameter)} at {swing.low_text}: {low}; at {swing.high_text}: {high}."
        )
    return " ".join(said)


def figure(record: SensitivityRecord, shown: Sequence[Asked] | None = None) -> Figure:
    """A panel for each thing asked, the first `MOST_PANELS` under their titles, or `shown` without: a bar or two of each parameter.

    The parameter that moves it most is on top.
    """
    titled, shown = shown is None, asked(record)[:MOST_PANELS] if shown is None else shown
    sobol = record.method == "sobol"
    height, over = len(record.parameters) * (_ROW_PT if sobol else _TWO_LINES_PT), 20.0 if titled else 0.0
    with style.styled():
        sheet = style.sheet(24 + len(shown) * (height + over + 44))
        for place, one in enumerate(shown):
            top = 24 + over + place * (height + over + 44)
            ax = style.panel(sheet, _NAMES_PT, top, style.WIDTH_PT - _NAMES_PT - 16, height)
            (_draw_indices if sobol else _draw_swings)(ax, record, one)
            if titled:
                ax.set_title(
                    words.clip(title(one), 58),
                    x=-_NAMES_PT / (style.WIDTH_PT - _NAMES_PT - 16),
                    fontsize=style.SMALL_PT,
                )
        style.key(sheet, _order_marks() if sobol else _end_marks())
    return sheet


def _order_marks() -> list[Line2D]:
    return [
        Line2D([], [], color=style.COLOURS[i], marker=style.MARKS[i], linestyle=style.LINES[i], label=name)
        for i, name in enumerate(("alone (first order)", "with all others (total)"))
    ]


def _end_marks() -> list[Patch]:
    return [Patch(**_bar(i), label=name) for i, name in enumerate(("at its lowest", "at its highest"))]


def _bar(end: int) -> dict[str, Any]:
    """How the bar of the lowest (0) and of the highest value (1) looks."""
    return {
        "facecolor": style.COLOURS[end], "alpha": 0.75, "hatch": style.HATCHES[end], "edgecolor": style.INK, "linewidth": 0.4,
    }  # fmt: skip


def _names(ax: Axes, names: list[str]) -> None:
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set_yticks(range(len(names)), names)
    ax.tick_params(axis="y", length=0)
    ax.grid(False, axis="y")
    ax.spines["left"].set_visible(False)


def _draw_indices(ax: Axes, record: SensitivityRecord, one: Asked) -> None:
    rows = _by_total(record, one)
    ax.axvline(0, color=style.INK, linewidth=0.8)
    for place, row in enumerate(rows):
        for order, (middle, low, high) in enumerate(
            ((row.first, row.first_low, row.first_high), (row.total, row.total_low, row.total_high))
        ):
            if middle is None or low is None or high is None:
                continue
            y = place + (0.16 if order else -0.16)
            ax.plot([low, high], [y, y], color=style.COLOURS[order], linestyle=style.LINES[order], linewidth=1.6)
            ax.plot([middle], [y], color=style.COLOURS[order], marker=style.MARKS[order], linestyle="none")
    if all(row.total is None for row in rows):
        _nothing(ax, "nothing moves it")
    _names(ax, [_fitting(words.parameter_name(row.parameter)) for row in rows])
    ax.set_xlabel("share of the variance of the difference (1)" if one.baseline else "share of the variance (1)")


def _draw_swings(ax: Axes, record: SensitivityRecord, one: Asked) -> None:
    rows = [row for row in record.swings if row.asked == one]
    base = words.in_reading_unit(rows[0].base, one.unit)
    _names(
        ax,
        [f"{_fitting(words.parameter_name(row.parameter))}\n{_fitting(_ends(row))}" for row in rows],
    )
    unit = "pp" if one.unit == "%" and one.baseline else one.unit
    ax.set_xlabel(f"{'difference' if one.baseline else words.label(one.outcome)} ({unit or '1'})")
    ax.axvline(base, color=style.INK, linewidth=1.0)
    if max(row.width for row in rows) <= _LEAST * abs(rows[0].base):
        _nothing(ax, "nothing moves it")
        return
    for place, row in enumerate(rows):
        widths = [words.in_reading_unit(end, one.unit) - base for end in (row.at_low, row.at_high)]
        # The longer one first: on the same side it would hide the other.
        for end in sorted((0, 1), key=lambda end: -abs(widths[end])):
            ax.barh(place, widths[end], left=base, height=0.62, **_bar(end))
    ax.margins(x=0.06)


def _fitting(text: str) -> str:
    return style.fitting(words.clip(text), _NAMES_PT - 6)


def _ends(row: Swing) -> str:
    """`0.08 to 0.25 USD/kWh`: a unit that both values have stands once."""
    unit = row.high_text.partition(" ")[2]
    low = row.low_text.removesuffix(f" {unit}") if unit else row.low_text
    return f"{low} to {row.high_text}"


def _nothing(ax: Axes, said: str) -> None:
    ax.set_xticks([])
    ax.annotate(said, (0.5, 0.5), xycoords="axes fraction", ha="center", va="center")


def svg_file(record: SensitivityRecord) -> str:
    """The figure as an SVG file on white, the same bytes each time."""
    sheet = figure(record)
    sheet.set_facecolor("white")
    return svg.svg_text(sheet, transparent=False)


def png_file(record: SensitivityRecord) -> bytes:
    """The figure as a PNG file on white, 200 dots an inch."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    sheet = figure(record)
    sheet.set_facecolor("white")
    FigureCanvasAgg(sheet)
    buffer = io.BytesIO()
    with style.styled():
        sheet.savefig(buffer, format="png", dpi=200, metadata={"Software": None})
    return buffer.getvalue()
