"""The page: one HTML file that opens from disk, loads nothing, and prints."""

from __future__ import annotations

import functools
from typing import Any

import jinja2
from markupsafe import Markup

from sim.records.study import StudyRecord
from sim.report import breaks, figures, solved, starts, svg, tables, verdicts, words

_SECTIONS = ("differences", "over time", "latency", "flows")


def page(record: StudyRecord, entries: list[figures.Entry], made_from: str = "") -> str:
    """The whole report as HTML; the figures' CSVs are linked as `figures/NAME.csv` beside it.

    `made_from` is the digest of what the page is a function of; it stands in the page's head.
    """
    shown = {section: [_figure(entry) for entry in entries if entry.section == section] for section in _SECTIONS}
    points = verdicts.points(record)
    return _template().render(
        record=record,
        made_from=made_from,
        points=[(point, _point_words(record, point)) for point in points],
        shown_point=_point_words(record, 0) if len(points) > 1 else "",
        figures=shown,
        verdicts=verdicts,
        tables=tables,
        breaks=breaks,
        solved=solved,
        starts=starts,
        words=words,
        signs=words.SIGNS,
        tone=_TONES,
        difference=verdicts.difference,
    )


def _point_words(record: StudyRecord, point: int) -> str:
    return words.point_words(record.points[point]) if point < len(record.points) else ""


# Which of the page's colours a word has; the word and its sign stand beside it always.
_TONES = {"better": "good", "worse": "bad", "higher": "plain", "lower": "plain", "no difference": "same"}


def _figure(entry: figures.Entry) -> dict[str, Any]:
    drawn = svg.inline(entry.draw(), entry.name, f"{entry.title}. {entry.alt}")
    return {"name": entry.name, "title": entry.title, "alt": entry.alt, "svg": Markup(drawn)}  # noqa: S704 - our own drawing, its texts escaped by matplotlib


@functools.cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("sim.report", "."),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["minus"] = words.minus
    environment.filters["clip"] = words.clip
    return environment.get_template("page.html.j2")
