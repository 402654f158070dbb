"""A matplotlib figure as SVG for the inside of a page: real text, the page's font and ink, the same bytes each time."""

from __future__ import annotations

import io
import re
from xml.etree import ElementTree

from matplotlib.figure import Figure

from sim.report import style

_SVG = "{http://www.w3.org/2000/svg}"
_HREF = "{http://www.w3.org/1999/xlink}href"
_NUMBER = re.compile(r"-?\d+\.\d{2,}")
_FONT = re.compile(r"font: (?:[a-z]+ |\d{3} )*?((?:bold|700) )?([\d.]+)px [^;]*")
_FAMILY = re.compile(r"font-family: [^;]*;? ?")
# The page holds the palette's colours, so that they may be lighter on a dark page.
_PAGE_COLOURS = {style.INK: "currentColor"} | {colour.lower(): f"var(--p{i})" for i, colour in enumerate(style.COLOURS)}
_COLOUR = re.compile("|".join(_PAGE_COLOURS))
_REFERENCE = re.compile(r"url\(#([^)]*)\)")


def svg_text(figure: Figure, transparent: bool = True) -> str:
    """The figure as matplotlib writes it, without date and creator; its own ground shows where it is not transparent."""
    buffer = io.StringIO()
    metadata = {"Date": None, "Creator": None, "Format": None, "Type": None}
    with style.styled():
        figure.savefig(buffer, format="svg", metadata=metadata, transparent=transparent)
    return buffer.getvalue()


def inline(figure: Figure, name: str, said: str) -> str:
    """The figure as one `<svg role="img">` element; `said` is what a screen reader says for it.

    Namespaces, fonts and metadata go (a page needs none), ids get the figure's name (two figures of a page may not
    share one) or say as `data-policy` whose a part is, black becomes `currentColor` and the palette the page's `--p0`, `--p1`, ..., coordinates keep one decimal, marks two (a twentieth of a pixel on a phone).
    """
    root = ElementTree.fromstring(svg_text(figure))  # noqa: S314 - the drawing was written a line above
    _prune(root)
    _own_ids(root, name)
    for element in root.iter():
        element.tag = element.tag.removeprefix(_SVG)
        for key, value in list(element.attrib.items()):
            if value.startswith("rotate(-0 "):
                del element.attrib[key]
                continue
            element.attrib[key] = _short(value, 1 if key == "d" and "id" not in element.attrib else 2)
        if "d" in element.attrib:
            element.attrib["d"] = _straight(element.attrib["d"])
    box = root.attrib["viewBox"]
    root.attrib.clear()
    root.attrib.update({"class": "plot", "viewBox": box, "role": "img", "aria-label": said})
    return ElementTree.tostring(root, encoding="unicode", short_empty_elements=True)


def _prune(element: ElementTree.Element) -> None:
    """Drop metadata, style sheets, comments and blanks; put the children of bare groups in the groups' places."""
    kept: list[ElementTree.Element] = []
    for child in list(element):
        element.remove(child)
        if not isinstance(child.tag, str) or child.tag in (f"{_SVG}metadata", f"{_SVG}style"):
            continue
        _prune(child)
        child.tail = None
        # An id alone does nothing to what a group holds, but where it says whose that is.
        named = child.get("id", "").startswith(style.OF_POLICY)
        bare = child.tag == f"{_SVG}g" and not set(child.attrib) - {"id"} and not named
        kept += list(child) if bare else [child] if len(child) or child.tag != f"{_SVG}g" else []
    if element.tag != f"{_SVG}text":
        element.text = None
    element.extend(kept)


def _own_ids(root: ElementTree.Element, name: str) -> None:
    """Number the ids that something refers to, in order; drop the others."""
    wanted: dict[str, str] = {}
    for element in root.iter():
        found = [match for value in element.attrib.values() for match in _REFERENCE.findall(value)]
        if _HREF in element.attrib:
            found.append(element.attrib[_HREF].removeprefix("#"))
        for key in found:
            wanted.setdefault(key, f"{name}-{len(wanted)}")
    for element in root.iter():
        key = element.attrib.pop("id", "")
        if key in wanted:
            element.attrib["id"] = wanted[key]
        elif key.startswith(style.OF_POLICY):
            element.attrib["data-policy"] = key.removeprefix(style.OF_POLICY)
        if _HREF in element.attrib:
            element.attrib["href"] = "#" + wanted[element.attrib.pop(_HREF).removeprefix("#")]
        for attribute, value in element.attrib.items():
            if "url(#" in value:
                element.attrib[attribute] = _REFERENCE.sub(lambda m: f"url(#{wanted[m[1]]})", value)


def _straight(path: str) -> str:
    """A path without the letters of its straight lines: pairs after a move are lines (W3C, SVG 1.1, section 8.3.2)."""
    return path if re.search(r"[^MLz\d\s.-]", path) else path.replace(" L ", " ")


def _short(value: str, decimals: int) -> str:
    value = _FONT.sub(lambda m: f"{'font-weight: 700; ' if m[1] else ''}font-size: {m[2]}px", value)
    value = _FAMILY.sub("", value)
    value = _NUMBER.sub(lambda m: f"{float(m[0]):.{decimals}f}".rstrip("0").rstrip("."), value)
    value = _COLOUR.sub(lambda m: _PAGE_COLOURS[m[0]], value)
    return re.sub(r"\s+", " ", value).strip()
