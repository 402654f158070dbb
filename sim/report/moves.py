"""What a difference moves with: bars of its rank correlation with each uncertain parameter over the joint sets, the strongest on top."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.records.study import StudyRecord
from sim.report import style, words
from sim.report.influences import counted, ranked

MOST_BARS = 6
"""Parameters that a panel shows: the CSV holds all."""
_BAR_PT, _GAP_PT = 15.0, 26.0


def policies(record: StudyRecord, point: int = 0) -> list[str]:
    """The policies with a difference that moves with something, in the record's order."""
    return [policy for policy in record.policies if outcomes(record, policy, point)]


def outcomes(record: StudyRecord, policy: str, point: int = 0) -> list[str]:
    """The outcomes of a policy's panels, in the record's order."""
    kind = counted(record)
    here = [
        i
        for i in record.influences
        if (i.policy, i.point, i.coin_price) == (policy, point, kind) and i.rank_correlation
    ]
    return list(dict.fromkeys(i.outcome for i in here))


def moves(record: StudyRecord, outcome: str, policy: str | None = None, point: int = 0, ax: Axes | None = None) -> Axes:
    """One difference: a bar a parameter, from -1 to 1. Raises `ValueError` where the record has no joint sets of it."""
    chosen = policy or next(iter(policies(record, point)), "")
    bars = ranked(record, outcome, chosen, point)[:MOST_BARS]
    if not bars:
        raise ValueError(f"no rank correlation of {outcome!r} under policy {chosen!r} at point {point}")
    with style.styled():
        ax = ax if ax is not None else style.new_axes()
        ax.axvline(0, color=style.INK, linewidth=0.8)
        for place, one in enumerate(bars):
            value = one.rank_correlation or 0.0
            sign = int(value > 0)
            ax.barh(
                place,
                value,
                height=0.66,
                color=style.COLOURS[sign],
                alpha=0.75,
                hatch=style.HATCHES[sign],
                edgecolor=style.INK,
                linewidth=0.4,
            )
        ax.set_ylim(len(bars) - 0.5, -0.5)
        ax.set_yticks(range(len(bars)), [words.clip(words.parameter_name(one.parameter), 26) for one in bars])
        ax.set_xlim(-1, 1)
        ax.set_xticks([-1, -0.5, 0, 0.5, 1])
        ax.tick_params(axis="y", length=0)
        ax.grid(False, axis="y")
        ax.set_title(words.clip(words.full_label(outcome), 44))
        ax.set_xlabel("rank correlation with the difference")
    return ax


def figure(record: StudyRecord, policy: str, point: int = 0) -> Figure:
    """A panel an outcome, all on the same axis."""
    found = outcomes(record, policy, point)
    heights = [_BAR_PT * min(len(ranked(record, outcome, policy, point)), MOST_BARS) for outcome in found]
    with style.styled():
        sheet = style.sheet(sum(heights) + _GAP_PT * len(found) + 36)
        top = 18.0
        for outcome, height in zip(found, heights, strict=True):
            ax = style.panel(sheet, 132, top, style.WIDTH_PT - 146, height)
            moves(record, outcome, policy, point, ax)
            ax.tick_params(labelbottom=outcome == found[-1])
            ax.set_xlabel(ax.get_xlabel() if outcome == found[-1] else "")
            top += height + _GAP_PT
    return sheet


def csv_rows(record: StudyRecord, policy: str) -> list[list[Any]]:
    """Every correlation of the policy at all points, under each kind of coin price too."""
    return [
        [i.outcome, i.policy, i.coin_price, i.point, i.parameter, i.status, i.rank_correlation]
        for i in record.influences
        if i.policy == policy
    ]


def description(record: StudyRecord, policy: str, point: int = 0) -> str:
    """What the figure shows, in full sentences made of the record's own numbers."""
    said = []
    for outcome in outcomes(record, policy, point):
        first = ranked(record, outcome, policy, point)[:2]
        names = [f"{words.parameter_name(i.parameter)} ({i.rank_correlation or 0.0:+.2f})" for i in first]
        said.append(f"{words.full_label(outcome)} with {words.listing(names)}")
    return (
        f"Spearman's rank correlation of {words.clip(policy)}'s differences with each uncertain parameter over {len(record.sets)} joint sets; "
        f"the two that each moves with most: {'; '.join(said)}."
    )
