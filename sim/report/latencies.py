"""The distribution functions of a replay's latencies: the simulated replica beside the server of the log."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sim.records.replay import METRICS, Curve, ReplayRecord
from sim.report import style, svg
from sim.report.ecdf import seconds_axis

_PANEL_PT = 130.0
_WHO = ("measured", "simulated")


def latencies(record: ReplayRecord, metric: str = "ttft_s", ax: Axes | None = None) -> Axes:
    """One latency: the share of requests (%) served within a time (log axis, with units), a curve a side.

    Raises `ValueError` where the record has no such curve.
    """
    curves = [curve for who in _WHO for curve in record.curves if (curve.metric, curve.who) == (metric, who)]
    if not curves:
        raise ValueError(f"no curve of {metric!r} found; must be one of {', '.join(METRICS)} that any request has")
    with style.styled():
        ax = ax if ax is not None else style.new_axes()
        for curve in curves:
            _draw(ax, curve)
        positive = [s for curve in curves for s in curve.seconds if s > 0] or [1.0]
        seconds_axis(ax, 0.8 * min(positive), 1.25 * max(positive))
        ax.set_xlabel(METRICS[metric])
        ax.set_ylabel("requests (%)")
    return ax


def _draw(ax: Axes, curve: Curve) -> None:
    times = np.repeat(np.maximum(curve.seconds, 1e-9), 2)
    shares = np.repeat([0.0, *curve.share_frac], 2)[1:-1]
    ax.plot(times, 100 * shares, label=curve.who, **style.look(_WHO.index(curve.who)))


def figure(record: ReplayRecord) -> Figure:
    """A panel a latency, one under the other."""
    metrics = [metric for metric in METRICS if any(curve.metric == metric for curve in record.curves)]
    top, gap = 24.0, 44.0
    with style.styled():
        sheet = style.sheet(top + len(metrics) * (_PANEL_PT + gap))
        for row, metric in enumerate(metrics):
            ax = style.panel(sheet, 50, top + row * (_PANEL_PT + gap), style.WIDTH_PT - 62, _PANEL_PT)
            latencies(record, metric, ax)
        sides = [who for who in _WHO if any(curve.who == who for curve in record.curves)]
        style.key(sheet, [Line2D([], [], label=who, **style.look(_WHO.index(who))) for who in sides])
    return sheet


def svg_file(record: ReplayRecord) -> str:
    """The figure as an SVG file on white, the same bytes each time."""
    sheet = figure(record)
    sheet.set_facecolor("white")
    return svg.svg_text(sheet, transparent=False)
