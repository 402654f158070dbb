"""The ECDF of a latency: which share of requests was served within a time, policy by policy, with the target's line."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator

from sim.records.study import Histogram, StudyRecord
from sim.report import style, words

METRICS = {"ttft": "time to first token (TTFT)", "e2e": "time from arrival to the last token (E2E)"}
MARKED = (0.50, 0.95, 0.99)
MOST_POINTS = 140
_PANEL_PT = 150.0
_LABEL_PT = 38.0
"""Room of the longest label of the time axis, `500 ms`."""


def pairs(record: StudyRecord, point: int = 0) -> list[tuple[str, str]]:
    """The (network, metric) that get a figure."""
    there = list(dict.fromkeys((h.network, h.metric) for h in record.histograms if h.point == point and h.bins))
    return [pair for pair in there if pair[1] in METRICS]


def chosen(record: StudyRecord, network: str, metric: str, coin_price: str, point: int = 0) -> list[Histogram]:
    """The histograms of one panel, in the order of the policies."""
    here = [
        h
        for h in record.histograms
        if (h.network, h.metric, h.coin_price, h.point) == (network, metric, coin_price, point) and h.bins
    ]
    return sorted(
        here, key=lambda h: record.policies.index(h.policy) if h.policy in record.policies else len(record.policies)
    )


def curve(histogram: Histogram) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Time (s) at the end of each bin, and the share of requests up to there."""
    bins = np.asarray(histogram.bins, dtype=float)
    counts = np.cumsum(bins[:, 2])
    return bins[:, 1], counts / counts[-1]


def at_share(histogram: Histogram, share: float) -> float:
    """The end of the first bin (s) that reaches the share: a reading of the drawn curve, exact to a bin (0.8 %)."""
    times, shares = curve(histogram)
    return float(times[min(int(np.searchsorted(shares, share - 1e-12)), len(times) - 1)])


def ecdf(
    record: StudyRecord,
    network: str,
    metric: str = "ttft",
    coin_price: str | None = None,
    point: int = 0,
    ax: Axes | None = None,
) -> Axes:
    """The curves of all policies under one kind of coin price; marks at p50, p95 and p99, a line at the target.

    Requests of all replications are pooled, so that a mark may differ a little from the table's quantile, which is a
    mean over replications. Raises `ValueError` where the record has no such histogram.
    """
    kind = coin_price or record.coin_prices[0]
    curves = chosen(record, network, metric, kind, point)
    if not curves:
        raise ValueError(f"no histogram of {metric!r} for network {network!r}, coin price {kind!r}, point {point}")
    with style.styled():
        ax = ax if ax is not None else style.new_axes()
        for histogram in curves:
            _draw(ax, histogram, record.policies.index(histogram.policy) if histogram.policy in record.policies else 0)
        _target(ax, curves)
        seconds_axis(ax, *extent(curves))
        ax.set_xlabel(METRICS.get(metric, metric))
        ax.set_ylabel("requests (%)")
        ax.legend(loc="upper left", handlelength=3.2)
    return ax


def _draw(ax: Axes, histogram: Histogram, index: int) -> None:
    times, shares = curve(histogram)
    start = max(histogram.bins[0][0], histogram.bins[0][1] / 2, 1e-9)
    times, shares = np.concatenate(([start], times)), np.concatenate(([0.0], shares))
    keep = _thinned(shares, MOST_POINTS)
    drawn = ax.plot(
        times[keep],
        100 * shares[keep],
        label=words.clip(histogram.policy, 22),
        drawstyle="steps-post" if len(histogram.bins) < 60 else "default",
        linewidth=max(1.2, 2.8 - 0.6 * index),
        **style.look(index),
    )
    for share, mark in zip(MARKED, style.MARKS, strict=False):
        drawn += ax.plot(
            [at_share(histogram, share)],
            [100 * share],
            marker=mark,
            color=style.look(index)["color"],
            linestyle="none",
            markersize=4.5,
        )
    for artist in drawn:
        style.belongs(artist, index)


def _thinned(shares: np.ndarray[Any, Any], most: int) -> np.ndarray[Any, Any]:
    """Indices to draw: even steps in the share served, and even steps along the tail."""
    if len(shares) <= most:
        return np.arange(len(shares))
    body = np.searchsorted(shares, np.linspace(0, 1, most // 2))
    tail = np.round(np.linspace(0, len(shares) - 1, most // 2))
    return np.unique(np.clip(np.concatenate((body, tail)), 0, len(shares) - 1).astype(np.int64))


def _target(ax: Axes, curves: list[Histogram]) -> None:
    targets = sorted({h.slo_s for h in curves if h.slo_s is not None})
    for target in targets:
        ax.axvline(target, color=style.INK, linestyle=(0, (4, 2)), linewidth=1.0)
        ax.annotate(
            f"target {seconds(target)}",
            (target, 4),
            xytext=(-3, 0),
            textcoords="offset points",
            rotation=90,
            ha="right",
            va="bottom",
            fontsize=style.SMALL_PT,
        )


def seconds(value: float) -> str:
    """A time as people say it: `60 ms`, `2 s`, `5 min`."""
    for size, unit in ((60.0, "min"), (1.0, "s"), (1e-3, "ms"), (1e-6, "us")):
        if value >= size * (1 - 1e-9) and (unit != "min" or value >= 120):
            return f"{value / size:.3g} {unit}"
    return f"{value:.3g} s"


def extent(curves: list[Histogram]) -> tuple[float, float]:
    """The common time axis: from where a thousandth is served to the slowest request or the target, in whole 1-2-5 steps."""
    lows = [at_share(h, 0.001) for h in curves]
    highs = [float(curve(h)[0][-1]) for h in curves] + [h.slo_s for h in curves if h.slo_s is not None]
    return 0.8 * max(min(lows), 1e-6), 1.25 * max(highs)


def _apart(steps: list[float], low: float, high: float) -> bool:
    """Whether labels at these places of a log axis leave each other room."""
    width = math.log(high / low) * _LABEL_PT / (style.WIDTH_PT - 62)
    return all(math.log(after / before) > width for before, after in itertools.pairwise(steps))


def seconds_axis(ax: Axes, low: float, high: float) -> None:
    """Time on a log axis from low to high (s) in whole 1-2-5 steps with units, shares of 0 to 100 % above it."""
    ax.set_xscale("log")
    ax.set_xlim(low, high)
    for digits in ((1, 2, 5), (1, 3), (1,)):
        inside = [s for e in range(-7, 8) for m in digits if low <= (s := m * 10.0**e) <= high]
        if _apart(inside, low, high):
            break
    ax.xaxis.set_major_locator(FixedLocator(inside))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xticks(inside, [seconds(s) for s in inside])
    ax.set_ylim(0, 101)
    ax.set_yticks([0, 25, 50, 75, 95])


def figure(record: StudyRecord, network: str, metric: str, point: int = 0) -> Figure:
    """A panel a kind of coin price, one under the other, on one common axis."""
    kinds = [kind for kind in record.coin_prices if chosen(record, network, metric, kind, point)]
    everything = [h for kind in kinds for h in chosen(record, network, metric, kind, point)]
    policies = [p for p in record.policies if any(h.policy == p for h in everything)]
    key = 15.0 * -(-len(policies) // 3) + 6
    top, gap, bottom = key + (20.0 if len(kinds) > 1 else 6.0), 24.0, 38.0
    with style.styled():
        sheet = style.sheet(top + len(kinds) * _PANEL_PT + gap * (len(kinds) - 1) + bottom)
        for row, kind in enumerate(kinds):
            ax = style.panel(sheet, 50, top + row * (_PANEL_PT + gap), style.WIDTH_PT - 62, _PANEL_PT)
            ecdf(record, network, metric, kind, point, ax)
            seconds_axis(ax, *extent(everything))
            ax.set_title(words.coin_price_words(kind) if len(kinds) > 1 else "")
            ax.tick_params(labelbottom=row == len(kinds) - 1)
            ax.set_xlabel(ax.get_xlabel() if row == len(kinds) - 1 else "")
            if (legend := ax.get_legend()) is not None:
                legend.remove()
        _key(sheet, record, policies)
    return sheet


def _key(sheet: Figure, record: StudyRecord, policies: list[str]) -> None:
    lines = [
        Line2D([], [], label=words.clip(policy, 18), linewidth=2.0, **style.look(record.policies.index(policy)))
        for policy in policies
    ]
    style.key(sheet, lines, [record.policies.index(policy) for policy in policies], handlelength=3.2)


def csv_rows(record: StudyRecord, network: str, metric: str) -> list[list[Any]]:
    """Every bin of the merged histograms, with the share of requests up to its end."""
    return [
        [h.network, h.metric, h.policy, h.coin_price, h.point, low, high, int(count), float(share), h.slo_s]
        for h in record.histograms
        if (h.network, h.metric) == (network, metric) and h.bins
        for (low, high, count), share in zip(h.bins, curve(h)[1], strict=True)
    ]


def description(record: StudyRecord, network: str, metric: str, point: int = 0) -> str:
    """What the figure shows, in full sentences made of the record's own numbers."""
    kinds = [kind for kind in record.coin_prices if chosen(record, network, metric, kind, point)]
    parts = [
        f"Share of {words.clip(network)}'s completed requests by {METRICS.get(metric, metric)}, requests of all replications pooled; marks at p50, p95 and p99."
    ]
    for kind in kinds:
        for h in chosen(record, network, metric, kind, point):
            who = words.clip(h.policy) + (f", {words.coin_price_words(kind)}" if len(kinds) > 1 else "")
            marks = ", ".join(f"p{100 * share:.0f} {seconds(at_share(h, share))}" for share in MARKED)
            parts.append(f"{who}: {marks}{_within(h)}.")
    return " ".join(parts)


def _within(histogram: Histogram) -> str:
    if histogram.slo_s is None:
        return ""
    times, shares = curve(histogram)
    position = int(np.searchsorted(times, histogram.slo_s, side="right"))
    share = float(shares[position - 1]) if position else 0.0
    return f"; {words.amount(share, '%')} within the target of {seconds(histogram.slo_s)}"
