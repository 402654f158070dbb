"""A matplotlib figure as SVG for the inside of a page: real text, the page's font and ink, the same bytes each time."""

from __future__ import annotations

import io
import re
from html import escape

from matplotlib.figure import Figure

_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_FONT = re.compile(r"font: (?:(?:normal|italic|oblique|small-caps|bold|\d{3}) )*([\d.]+)px [^;\"]*")
_ID = re.compile(r' id="([^"]*)"')
_STYLE_OR_PATH = re.compile(r' (d|style|transform|x|y|width|height|viewBox)="([^"]*)"')


def svg_text(figure: Figure) -> str:
    """The figure as matplotlib writes it, without date and creator."""
    buffer = io.StringIO()
    metadata = {"Date": None, "Creator": None, "Format": None, "Type": None}
    figure.savefig(buffer, format="svg", metadata=metadata, transparent=True)
    return buffer.getvalue()


def inline(figure: Figure, name: str, described_by: str) -> str:
    """The figure as one `<svg role="img">` element named by the elements with the ids in `described_by`.

    Namespaces, fonts and metadata go (a page needs none), ids get the figure's name (two figures of a page may not
    share one), black becomes `currentColor`, coordinates keep two decimals (a hundredth of a pixel on a phone).
    """
    text = svg_text(figure)
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    box = re.search(r'viewBox="([^"]*)"', text)
    if box is None:
        raise ValueError("matplotlib wrote an SVG without a viewBox")
    text = text[text.index(">") + 1 :]
    text = _own_ids(text.replace("xlink:href", "href"), name)
    text = _STYLE_OR_PATH.sub(lambda m: f' {m[1]}="{_short(m[2])}"', text)
    text = text.replace("#000000", "currentColor")
    text = re.sub(r"\s*\n\s*", "\n", text)
    head = f'<svg class="plot" viewBox="{_short(box[1])}" role="img" aria-labelledby="{escape(described_by)}">'
    return head + text.strip()


def _short(value: str) -> str:
    value = _FONT.sub(r"font-size: \1px", value)
    value = _NUMBER.sub(lambda m: f"{float(m[0]):.2f}".rstrip("0").rstrip("."), value)
    return re.sub(r"\s+", " ", value).strip()


def _own_ids(text: str, name: str) -> str:
    """Drop the ids that nothing refers to; put the figure's name before the others."""
    used = set(re.findall(r'url\(#([^)"]*)\)|href="#([^"]*)"', text))
    wanted = {one or other for one, other in used}
    text = _ID.sub(lambda m: f' id="{name}-{m[1]}"' if m[1] in wanted else "", text)
    text = re.sub(r"url\(#", f"url(#{name}-", text)
    return text.replace('href="#', f'href="#{name}-')
