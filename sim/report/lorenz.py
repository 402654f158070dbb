"""The Lorenz curve: which part of a network's income its poorest operators earn, beside its Gini and Nakamoto coefficients."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sim.records.study import Lorenz, StudyRecord
from sim.report import style, words

MOST_TOLD = 6
"""Policies whose coefficients stand in a panel: more would lie on the curves."""
_PANEL_PT = 150.0
_EQUAL = 0.005
"""A curve nowhere farther than this from the line of equality is that line."""


def networks(record: StudyRecord, point: int = 0) -> list[str]:
    """The networks whose operators do not all earn the same under every policy, in the record's order."""
    found = [one.network for one in record.lorenz if one.point == point and _unequal(one)]
    return list(dict.fromkeys(found))


def _unequal(one: Lorenz) -> bool:
    return bool(np.max(np.abs(places(one) - np.array(one.share_frac))) > _EQUAL)


def places(one: Lorenz) -> np.ndarray[Any, Any]:
    """The shares of operators at which a curve is told, the poorest first."""
    return np.linspace(0, 1, len(one.share_frac))


def curves(record: StudyRecord, network: str, coin_price: str, point: int = 0) -> list[Lorenz]:
    """The curves of one panel, in the order of the policies."""
    here = [one for one in record.lorenz if (one.network, one.coin_price, one.point) == (network, coin_price, point)]
    return sorted(here, key=lambda one: _index(record, one.policy))


def _index(record: StudyRecord, policy: str) -> int:
    return record.policies.index(policy) if policy in record.policies else len(record.policies)


def lorenz(
    record: StudyRecord, network: str, coin_price: str | None = None, point: int = 0, ax: Axes | None = None
) -> Axes:
    """The curves of all policies under one kind of coin price; the straight line is where all earn the same.

    Raises `ValueError` where the record has no such curve.
    """
    kind = coin_price or record.coin_prices[0]
    found = curves(record, network, kind, point)
    if not found:
        raise ValueError(f"no Lorenz curve of network {network!r}, coin price {kind!r}, point {point}")
    with style.styled():
        ax = ax if ax is not None else style.new_axes()
        ax.plot([0, 100], [0, 100], color=style.INK, linewidth=0.8, alpha=0.5)
        for one in found:
            (line,) = ax.plot(100 * places(one), 100 * np.array(one.share_frac), **_look(record, one))
            style.belongs(line, _index(record, one.policy))
        _coefficients(ax, record, found[:MOST_TOLD])
        ax.set_xlim(0, 100)
        ax.set_ylim(0, 100)
        ax.set_xticks([0, 25, 50, 75, 100])
        ax.set_yticks([0, 25, 50, 75, 100])
        ax.set_xlabel("operators, the poorest first (%)")
        ax.set_ylabel("share of income (%)")
    return ax


def _look(record: StudyRecord, one: Lorenz) -> dict[str, Any]:
    return style.look(_index(record, one.policy))


def _coefficients(ax: Axes, record: StudyRecord, found: list[Lorenz]) -> None:
    """Gini and Nakamoto coefficients where no curve can lie: above the line of equality."""
    marks = [Line2D([], [], label=coefficients(record, one), **_look(record, one)) for one in found]
    legend = ax.legend(handles=marks, title="Gini; Nakamoto", loc="upper left", handlelength=1.8, borderaxespad=0.2)
    legend.set_alignment("left")
    style.of_policies(legend, [_index(record, one.policy) for one in found])


def coefficients(record: StudyRecord, one: Lorenz) -> str:
    """`0.31; 12`: the means of the outcomes `gini` and `nakamoto` of the same runs."""
    told = []
    for name in ("gini", "nakamoto"):
        case = (f"{one.network}.{name}", one.policy, one.coin_price, one.point)
        means = [s.mean for s in record.outcomes if (s.outcome, s.policy, s.coin_price, s.point) == case]
        told.append(words.amount(means[0] if means else None, ""))
    return "; ".join(told)


def figure(record: StudyRecord, network: str, point: int = 0) -> Figure:
    """A column a kind of coin price, on the same axes."""
    kinds = [kind for kind in record.coin_prices if curves(record, network, kind, point)]
    policies = [
        p for p in record.policies if any(one.policy == p for k in kinds for one in curves(record, network, k, point))
    ]
    key = 15.0 * -(-len(policies) // 3) + 6
    left, gap, bottom = 50.0, 18.0, 36.0
    top = key + (18.0 if len(kinds) > 1 else 4.0)
    width = min((style.WIDTH_PT - left - 14 - gap * (len(kinds) - 1)) / len(kinds), 190.0)
    with style.styled():
        sheet = style.sheet(top + _PANEL_PT + bottom)
        for column, kind in enumerate(kinds):
            ax = style.panel(sheet, left + column * (width + gap), top, width, _PANEL_PT)
            lorenz(record, network, kind, point, ax)
            ax.set_title(words.coin_price_words(kind) if len(kinds) > 1 else "")
            ax.tick_params(labelleft=column == 0)
            ax.set_ylabel("" if column else ax.get_ylabel())
            ax.set_xlabel("" if column else ax.get_xlabel(), x=0, ha="left")
        lines = [Line2D([], [], label=words.clip(p, 18), **style.look(record.policies.index(p))) for p in policies]
        style.key(sheet, lines, [record.policies.index(policy) for policy in policies])
    return sheet


def csv_rows(record: StudyRecord, network: str) -> list[list[Any]]:
    """Every point of the curves at all points of a sweep."""
    return [
        [one.network, one.policy, one.coin_price, one.point, float(place), share]
        for one in record.lorenz
        if one.network == network
        for place, share in zip(places(one), one.share_frac, strict=True)
    ]


def description(record: StudyRecord, network: str, point: int = 0) -> str:
    """What the figure shows, in full sentences made of the record's own numbers."""
    parts = [
        f"Share of {words.clip(network)}'s income, fees and coins, that goes to its poorest operators as the network sees them; means over epochs and replications."
    ]
    for kind in record.coin_prices:
        for one in curves(record, network, kind, point):
            half = float(np.interp(0.5, places(one), one.share_frac))
            gini, _, nakamoto = coefficients(record, one).partition("; ")
            who = words.clip(one.policy) + (f", {words.coin_price_words(kind)}" if len(record.coin_prices) > 1 else "")
            parts.append(
                f"{who}: the poorer half earns {words.amount(half, '%')}, Gini {gini}, Nakamoto coefficient {nakamoto}."
            )
    return " ".join(parts)
