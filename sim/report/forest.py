"""The forest plot: each outcome's paired difference from the baseline, in percent, with its interval."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.records.columns import file_unit
from sim.records.study import StudyRecord, Verdict
from sim.report import style, words

# Beyond this a difference is drawn as an arrow at the edge with its number, so that one tenfold does not flatten the rest.
_EDGE = 1.1
_ROW_PT = 25.0


def drawable(verdict: Verdict) -> bool:
    """Whether the verdict has a relative difference with an interval, of one kind of coin price."""
    return verdict.coin_price != "both" and None not in (verdict.relative, verdict.relative_low, verdict.relative_high)


def of_policy(record: StudyRecord, policy: str, point: int = 0) -> list[Verdict]:
    """The verdicts that the panel of a policy can draw, in the record's order."""
    return [v for v in record.verdicts if v.policy == policy and v.point == point and drawable(v)]


def compared(record: StudyRecord, point: int = 0) -> list[str]:
    """The policies that have something to draw, in the record's order."""
    return [policy for policy in record.policies if of_policy(record, policy, point)]


def reach(verdicts: list[Verdict]) -> float:
    """Half-width of a panel's axis as a fraction: the farthest end of an interval, at least 5 %, at most 110 %."""
    ends = [abs(end or 0.0) for v in verdicts for end in (v.relative_low, v.relative_high)]
    return min(_EDGE, 1.08 * max(0.05, *ends))


def forest(record: StudyRecord, policy: str | None = None, point: int = 0, ax: Axes | None = None) -> Axes:
    """One policy's differences from the baseline: a row an outcome, a mark a kind of coin price.

    The grey band is the zone in which a difference does not matter. What lies beyond 110 % is an arrow at the edge with its
    number. Raises `ValueError` where the policy has no relative difference.
    """
    chosen = policy or next(iter(compared(record, point)), "")
    verdicts = of_policy(record, chosen, point)
    if not verdicts:
        raise ValueError(f"policy {chosen!r} has no relative difference to draw at point {point}")
    with style.styled():
        ax = ax if ax is not None else style.new_axes()
        _rows(ax, verdicts, list(record.coin_prices), reach(verdicts))
        ax.set_title(f"{words.clip(chosen, 24)} against {words.clip(verdicts[0].baseline, 24)}")
        ax.set_xlabel("difference from the baseline (%)")
    return ax


def _rows(ax: Axes, verdicts: list[Verdict], kinds: list[str], limit: float) -> None:
    names = list(dict.fromkeys(v.outcome for v in verdicts))
    shifts = {kind: 0.17 * (2 * i - len(kinds) + 1) for i, kind in enumerate(kinds)}
    ax.axvline(0, color=style.INK, linewidth=1.0, zorder=1.5)
    for v in verdicts:
        row = names.index(v.outcome)
        _zone(ax, v, row, limit)
        _mark(
            ax, v, row + shifts.get(v.coin_price, 0.0), kinds.index(v.coin_price) if v.coin_price in kinds else 0, limit
        )
    ax.set_xlim(-100 * limit, 100 * limit)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set_yticks(range(len(names)), [words.clip(words.full_label(name), 24) for name in names])
    ax.tick_params(axis="y", length=0)
    ax.grid(False, axis="y")
    ax.spines["left"].set_visible(False)


def _zone(ax: Axes, v: Verdict, row: int, limit: float) -> None:
    if not v.baseline_mean:
        return
    half = min(v.indifferent / abs(v.baseline_mean), limit)
    ax.fill_betweenx([row - 0.42, row + 0.42], -100 * half, 100 * half, color=style.INK, alpha=0.07, linewidth=0)


def _mark(ax: Axes, v: Verdict, y: float, kind: int, limit: float) -> None:
    look: dict[str, Any] = {"color": style.COLOURS[kind % len(style.COLOURS)]}
    middle, low, high = v.relative or 0.0, v.relative_low or 0.0, v.relative_high or 0.0
    ax.plot(
        [100 * max(low, -limit), 100 * min(high, limit)], [y, y], linestyle=style.LINES[kind % 2], linewidth=1.8, **look
    )
    if abs(middle) <= limit:
        ax.plot([100 * middle], [y], marker=style.MARKS[kind % len(style.MARKS)], linestyle="none", **look)
        return
    side = 1 if middle > 0 else -1
    ax.plot([100 * limit * side], [y], marker=">" if side > 0 else "<", linestyle="none", clip_on=False, **look)
    ax.annotate(f"{words.percent(middle)} %", (100 * limit * side, y), xytext=(-7 * side, 0), textcoords="offset points",
                ha="right" if side > 0 else "left", va="center", fontsize=style.SMALL_PT)  # fmt: skip


def figure(record: StudyRecord, policy: str, point: int = 0) -> Figure:
    """One policy's panel with the key of the kinds of coin price on top."""
    rows = len({v.outcome for v in of_policy(record, policy, point)})
    top = 26.0 if len(record.coin_prices) > 1 else 6.0
    with style.styled():
        sheet = style.sheet(top + rows * _ROW_PT + 36)
        ax = style.panel(sheet, 132, top, style.WIDTH_PT - 132 - 10, rows * _ROW_PT)
        forest(record, policy, point, ax)
        ax.set_title("")
        if len(record.coin_prices) > 1:
            _key(sheet, list(record.coin_prices))
    return sheet


def _key(sheet: Figure, kinds: list[str]) -> None:
    from matplotlib.lines import Line2D

    marks = [
        Line2D([], [], color=style.COLOURS[i % 6], linestyle=style.LINES[i % 2], marker=style.MARKS[i % 6], linewidth=1.8, label=words.coin_price_words(kind))
        for i, kind in enumerate(kinds)
    ]  # fmt: skip
    sheet.legend(
        handles=marks,
        loc="upper left",
        bbox_to_anchor=(0, 1),
        ncols=len(kinds),
        borderaxespad=0.1,
        columnspacing=1.6,
        handletextpad=0.6,
    )


def csv_rows(record: StudyRecord, policy: str) -> list[list[Any]]:
    """Every verdict of the policy at all points, those not drawn too."""
    return [
        [v.outcome, file_unit(v.unit), v.policy, v.baseline, v.coin_price, v.point, v.relative, v.relative_low, v.relative_high,
         v.difference, v.low, v.high, v.indifferent, v.word, "yes" if drawable(v) else "no"]
        for v in record.verdicts
        if v.policy == policy
    ]  # fmt: skip


def description(record: StudyRecord, policy: str, point: int = 0) -> str:
    """What the figure shows, in full sentences made of the record's own numbers."""
    level, verdicts = f"{100 * record.confidence:g} %", of_policy(record, policy, point)
    first = f"Differences of {words.clip(policy)} from {words.clip(verdicts[0].baseline)} in percent of its mean, with {level} intervals over {verdicts[0].n} paired replications"
    by_name: dict[str, list[Verdict]] = {}
    for v in verdicts:
        by_name.setdefault(v.outcome, []).append(v)
    said = [f"{words.full_label(name)} {_each(group, len(record.coin_prices) > 1)}" for name, group in by_name.items()]
    here = [v for v in record.verdicts if v.policy == policy and v.point == point and v.coin_price != "both"]
    missing = list(dict.fromkeys(words.full_label(v.outcome) for v in here if not drawable(v)))
    rest = f" Not drawn, because they have no relative difference: {words.listing(missing)}." if missing else ""
    return f"{first}: {'; '.join(said)}.{rest}"


def _each(group: list[Verdict], several: bool) -> str:
    said = []
    for v in group:
        kind = f" ({words.coin_price_words(v.coin_price)})" if several else ""
        said.append(words.relative(v.relative, v.relative_low, v.relative_high) + kind)
    return words.listing(said)
