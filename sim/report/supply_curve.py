"""The supply curve of operators: how many nodes still pay for themselves at a coin price, class by class; who stops first if it falls."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from sim.records.study import BreakEven, StudyRecord
from sim.report import fan, style, words

_ROW_PT = 88.0


def networks(record: StudyRecord, point: int = 0) -> list[str]:
    """The networks in which some node's break-even price lies above 0."""
    there = [row for row in record.break_evens if row.point == point and any(usd for usd, _ in row.steps)]
    return list(dict.fromkeys(row.network for row in there))


def rows_of(record: StudyRecord, network: str, policy: str, coin_price: str, point: int = 0) -> list[BreakEven]:
    """The classes of one panel, in the order of all panels."""
    case = (network, policy, coin_price, point)
    found = [row for row in record.break_evens if (row.network, row.policy, row.coin_price, row.point) == case]
    order = classes(record, network)
    return sorted(found, key=lambda row: order.index(row.operators))


def classes(record: StudyRecord, network: str) -> list[str]:
    """The network's classes of operators, in the record's order."""
    return list(dict.fromkeys(row.operators for row in record.break_evens if row.network == network))


def nodes_at(row: BreakEven, usd: float) -> float:
    """Nodes of a class that pay for themselves at a coin price (USD)."""
    return sum(nodes or 0.0 for price, nodes in row.steps if price is not None and price <= usd)


def price_at_end(record: StudyRecord, network: str, policy: str, coin_price: str, point: int = 0) -> float | None:
    """Median coin price (USD) of the last epoch; None where the record has no such series."""
    band = fan.find(record, f"{network}.coin_usd", policy, coin_price, point)
    return None if band is None else band.q50[-1]


def supply_curve(
    record: StudyRecord,
    network: str,
    policy: str | None = None,
    coin_price: str | None = None,
    point: int = 0,
    ax: Axes | None = None,
) -> Axes:
    """One case: nodes that pay for themselves, stacked by class, over the coin price (log axis, USD); the line is the price at the end.

    Raises `ValueError` where the record has no break-even prices of it.
    """
    chosen, kind = policy or record.policies[0], coin_price or record.coin_prices[0]
    found = rows_of(record, network, chosen, kind, point)
    if not found:
        raise ValueError(
            f"no break-even price of {network!r} under policy {chosen!r}, coin price {kind!r}, point {point}"
        )
    with style.styled():
        ax = ax if ax is not None else style.new_axes()
        low, high = extent(record, network, point)
        steps = {usd for row in found for usd, _ in row.steps if usd}
        _draw(ax, record, found, np.array([low, *sorted(steps), high]))
        if (price := price_at_end(record, network, chosen, kind, point)) is not None:
            line = ax.axvline(price, color=style.INK, linestyle=(0, (4, 2)), linewidth=1.0)
            style.belongs(line, _index(record, chosen))
        ax.set_xscale("log")
        ax.set_xlim(low, high)
        ax.xaxis.set_major_locator(LogLocator(10, subs=(1.0, 2.0, 5.0) if high < 30 * low else (1.0,), numticks=5))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: words.tick(value)))
        ax.xaxis.set_minor_formatter(NullFormatter())
        ax.yaxis.set_major_locator(MaxNLocator(4, integer=True, steps=[1, 2, 2.5, 5, 10]))
        ax.set_title(words.clip(chosen, 26))
        ax.set_xlabel("coin price (USD)")
        ax.set_ylabel("nodes that pay for themselves")
    return ax


def _index(record: StudyRecord, policy: str) -> int:
    return record.policies.index(policy) if policy in record.policies else 0


def extent(record: StudyRecord, network: str, point: int = 0) -> tuple[float, float]:
    """The common price axis of a network's panels (USD): from below the least to above the greatest break-even or market price."""
    here = [row for row in record.break_evens if (row.network, row.point) == (network, point)]
    prices = [usd for row in here for usd, _ in row.steps if usd]
    for row in here:
        price = price_at_end(record, network, row.policy, row.coin_price, point)
        prices += [price] if price else []
    return min(prices) / 1.4, max(prices) * 1.4


def _draw(ax: Axes, record: StudyRecord, found: list[BreakEven], prices: np.ndarray[Any, Any]) -> None:
    below, order = np.zeros(len(prices)), classes(record, found[0].network)
    for row in found:
        top = below + np.array([nodes_at(row, price) for price in prices])
        area = ax.fill_between(
            prices, below, top, step="post", linewidth=0.6, edgecolor=style.INK, **_look(order, row.operators)
        )
        style.belongs(area, _index(record, row.policy))
        below = top
    ax.set_ylim(0, 1.08 * max(float(below[-1]), 1.0))


def _look(order: list[str], name: str) -> dict[str, Any]:
    place = order.index(name)
    colour, hatch = style.COLOURS[place % len(style.COLOURS)], style.HATCHES[place % len(style.HATCHES)]
    return {"facecolor": colour, "hatch": hatch, "alpha": 0.75}


def figure(record: StudyRecord, network: str, point: int = 0) -> Figure:
    """A row of panels a policy, a column a kind of coin price, all on the same axes; the key of classes on top."""
    here = [row for row in record.break_evens if (row.network, row.point) == (network, point)]
    kinds = [kind for kind in record.coin_prices if any(row.coin_price == kind for row in here)]
    policies = [policy for policy in record.policies if any(row.policy == policy for row in here)]
    order = classes(record, network)
    most = max(
        sum(nodes_at(row, np.inf) for row in rows_of(record, network, p, k, point)) for p in policies for k in kinds
    )
    key = 15.0 * -(-len(order) // 3)
    left, gap, bottom = 50.0, 24.0, 36.0
    top = key + 8 + (32 if len(kinds) > 1 else 18)
    width = (style.WIDTH_PT - left - 8 - 14 * (len(kinds) - 1)) / len(kinds)
    with style.styled():
        sheet = style.sheet(top + len(policies) * _ROW_PT + gap * (len(policies) - 1) + bottom)
        for row, policy in enumerate(policies):
            for column, kind in enumerate(kinds):
                ax = style.panel(sheet, left + column * (width + 14), top + row * (_ROW_PT + gap), width, _ROW_PT)
                if not rows_of(record, network, policy, kind, point):
                    ax.set_axis_off()
                    continue
                supply_curve(record, network, policy, kind, point, ax)
                ax.set_ylim(0, 1.08 * max(most, 1.0))
                ax.set_ylabel("")
                ax.set_title("" if column else ax.get_title(loc="left"))
                ax.tick_params(labelleft=column == 0, labelbottom=row == len(policies) - 1)
                ax.set_xlabel(ax.get_xlabel() if row == len(policies) - 1 else "")
        style.column_heads(
            sheet, {words.coin_price_words(kind): left + i * (width + 14) for i, kind in enumerate(kinds)}, key + 6
        )
        style.side_label(sheet, "nodes that pay for themselves")
        marks = [
            Patch(edgecolor=style.INK, linewidth=0.6, label=words.clip(name, 18), **_look(order, name))
            for name in order
        ]
        style.key(sheet, marks)
    return sheet


def csv_rows(record: StudyRecord, network: str) -> list[list[Any]]:
    """Every step at all points of a sweep; an empty price: none is enough."""
    return [
        [row.network, row.operators, row.policy, row.coin_price, row.point, usd, nodes]
        for row in record.break_evens
        if row.network == network
        for usd, nodes in row.steps
    ]


def description(record: StudyRecord, network: str, point: int = 0) -> str:
    """What the figure shows, in full sentences made of the record's own numbers."""
    parts = [
        f"Nodes of {words.clip(network)} at the horizon whose expected income covers their avoidable cost, by coin price, all else the same; the dashed line is the median price of the last epoch."
    ]
    several = len(record.coin_prices) > 1
    for policy in record.policies:
        for kind in record.coin_prices:
            found = rows_of(record, network, policy, kind, point)
            if found:
                who = words.clip(policy) + (f", {words.coin_price_words(kind)}" if several else "")
                price = price_at_end(record, network, policy, kind, point)
                parts.append(f"{who}: {words.listing(_said(row, price) for row in found)}.")
    return " ".join(parts)


def _said(row: BreakEven, price: float | None) -> str:
    every = sum(nodes or 0.0 for _, nodes in row.steps)
    said = f"{words.clip(row.operators)} {words.plain(every)} nodes"
    if price is None:
        return said
    at, half = nodes_at(row, price), nodes_at(row, price / 2)
    return f"{said}, {words.plain(at)} pay at {words.amount(price, 'USD')} and {words.plain(half)} at half of it"
