"""One look for all figures: palette, line styles, marks, sizes. Colour is never the only difference.

A figure is 360 points wide: on a phone (390 px less margins) its text of 10 points stays at 10 px, and wider screens
scale it up. Foreground is pure black, which the page turns into the colour of its text.
"""

from __future__ import annotations

import contextlib
import functools
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import matplotlib
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.legend import Legend
from matplotlib.textpath import text_to_path

WIDTH_PT = 360
TEXT_PT = 10.0
SMALL_PT = 9.2

# Okabe and Ito's colour-blind safe set (Color Universal Design, 2008), without those that vanish on white or on
# near-black: each keeps a contrast of 3 to both.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#9A7D0A", "#6A7BD0")
LINES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (6, 1.5, 1, 1.5, 1, 1.5)), (0, (1, 1)))
MARKS = ("o", "s", "D", "^", "v", "P")
HATCHES = ("", "///", "\\\\\\", "xxx", "---", "|||")
INK = "#000000"
OF_POLICY = "of-policy-"
"""What an artist's id begins with where it shows one policy; the policy's number in the record follows."""

_RC: dict[str, Any] = {
    "font.size": TEXT_PT,
    "axes.titlesize": TEXT_PT,
    "axes.labelsize": TEXT_PT,
    "xtick.labelsize": SMALL_PT,
    "ytick.labelsize": SMALL_PT,
    "legend.fontsize": SMALL_PT,
    "axes.titlelocation": "left",
    "axes.titlepad": 4.0,
    "axes.titley": 1.0,
    "axes.labelpad": 3.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.formatter.use_mathtext": False,
    "axes.unicode_minus": True,
    "grid.color": INK,
    "grid.alpha": 0.14,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.handlelength": 2.6,
    "lines.linewidth": 1.6,
    "lines.markersize": 5.0,
    "hatch.linewidth": 0.6,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "svg.fonttype": "none",
    "svg.hashsalt": "infermint",
    "text.parse_math": False,
    "path.simplify": True,
}


_LEFT_ALONE = ("backend", "interactive")


@functools.cache
def _settings() -> dict[str, Any]:
    """Every setting of matplotlib as ours, checked, but for those that are left alone."""
    kept = {key: value for key, value in matplotlib.rcParamsDefault.items() if not key.startswith(_LEFT_ALONE)}
    with matplotlib.rc_context():
        matplotlib.rcParams.update({**kept, **_RC})
        return {key: dict.__getitem__(matplotlib.rcParams, key) for key in kept.keys() | _RC.keys()}


@contextlib.contextmanager
def styled() -> Iterator[None]:
    """Draw inside this block: the user's own matplotlib settings neither change our figures nor are changed."""
    with matplotlib.rc_context(), warnings.catch_warnings():
        # A name may hold characters that the measuring font lacks; the page's own font draws them.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        # Checked once, in `_settings`: matplotlib checks each of 300 values anew otherwise, three hundred times a report.
        dict.update(matplotlib.rcParams, _settings())
        yield
        interactive = matplotlib.rcParams["interactive"]
    # A notebook's backend is loaded by its first figure and switches this on: later figures would not be shown without.
    matplotlib.rcParams["interactive"] = interactive


def sheet(height_pt: float) -> Figure:
    """An empty figure of the page's width, outside pyplot, so that no global state is touched."""
    figure = Figure(figsize=(WIDTH_PT / 72, height_pt / 72))
    FigureCanvasSVG(figure)
    return figure


def panel(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes placed in points from the figure's upper left corner."""
    full = figure.get_size_inches()[1] * 72
    return figure.add_axes((left / WIDTH_PT, 1 - (top + height) / full, width / WIDTH_PT, height / full))


def new_axes() -> Axes:
    """Axes of a new pyplot figure, for whoever calls a plot without `ax`."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(WIDTH_PT / 60, 3.2))
    # The page's figures let its background through; in a dark notebook dark text needs a light one.
    figure.set_facecolor("white")
    return axes


def key(sheet: Figure, handles: list[Any], policies: Sequence[int] = (), **more: Any) -> None:
    """A legend over the whole figure, three entries a row; `policies` are their numbers; `more` goes to matplotlib."""
    legend = sheet.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(0, 1),
        ncols=3,
        borderaxespad=0.1,
        columnspacing=1.4,
        handletextpad=0.6,
        **more,
    )
    of_policies(legend, policies)


def of_policies(legend: Legend, policies: Sequence[int]) -> None:
    """Say which policy each entry of a legend is about; none where `policies` is empty."""
    for policy, mark, text in zip(policies, legend.legend_handles, legend.get_texts(), strict=False):
        if mark is not None:
            belongs(mark, policy)
        belongs(text, policy)


def fitting(text: str, width_pt: float, size_pt: float = SMALL_PT) -> str:
    """A text cut to a width, in the measuring font."""
    font, cut = FontProperties(size=size_pt), text
    while len(cut) > 1 and text_to_path.get_text_width_height_descent(cut, font, False)[0] > width_pt:
        text = text[:-1].rstrip()
        cut = text + "…"
    return cut


def column_heads(sheet: Figure, heads: dict[str, float], top: float) -> None:
    """Bold heads over columns of panels: text and distance from the left by head, `top` from above, in points; one alone is none."""
    for text, left in heads.items() if len(heads) > 1 else ():
        height = 72 * sheet.get_size_inches()[1]
        sheet.text(left / WIDTH_PT, 1 - top / height, text, va="top", weight="bold")


def side_label(sheet: Figure, text: str) -> None:
    """What all panels' upright axes hold, once, at the left edge."""
    sheet.text(10 / WIDTH_PT, 0.5, text, rotation=90, va="center", ha="center")


def belongs(artist: Artist, policy: int) -> None:
    """Say that an artist shows the policy of this number, so that the page can hide it (`svg.inline`)."""
    artist.set_gid(f"{OF_POLICY}{policy}")


def look(index: int) -> dict[str, Any]:
    """Colour and line style of the curve with this number; a colour comes again after six, with another line."""
    return {"color": COLOURS[index % len(COLOURS)], "linestyle": LINES[(index + index // len(COLOURS)) % len(LINES)]}
