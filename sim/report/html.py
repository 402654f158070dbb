"""The page: one HTML file that opens from disk, loads nothing, and prints."""

from __future__ import annotations

import base64
import functools
import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from sim.records.columns import HEADS
from sim.records.outcomes import ABBREVIATIONS
from sim.records.sensitivity import SensitivityRecord
from sim.records.study import StudyRecord
from sim.report import breaks, figures, solved, starts, svg, tables, verdicts, words

_SECTIONS = ("differences", "what moves it", "over time", "latency", "operators", "flows")


def page(
    record: StudyRecord,
    entries: list[figures.Entry],
    made_from: str = "",
    analyses: Sequence[SensitivityRecord] = (),
) -> str:
    """The whole report as HTML; the figures' CSVs are linked as `figures/NAME.csv` beside it.

    `made_from` is the digest of what the page is a function of; it stands in the page's head. `analyses` of the record's parameters
    rank its constants.
    """
    shown = {section: [_figure(entry) for entry in entries if entry.section == section] for section in _SECTIONS}
    points = verdicts.points(record)
    script = _script()
    return _template().render(
        record=record,
        analyses=analyses,
        made_from=made_from,
        script=Markup(script),  # noqa: S704 - our own file
        content_policy=_content_policy(script),
        policy_of=functools.partial(_policy_of, {policy: index for index, policy in enumerate(record.policies)}),
        networks=_networks(record),
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


SHORT = re.compile(rf"(?<![\w-])({'|'.join(map(re.escape, sorted(ABBREVIATIONS, key=len, reverse=True)))})(?![\w-])")
"""Finds what is short in a text."""


def _abbreviated(text: str) -> Markup:
    """The text escaped, each abbreviation with its words for the pointer; readers of the screen find them all at the end of the page."""
    parts = SHORT.split(text)
    marked = (
        Markup('<abbr title="{}">{}</abbr>').format(ABBREVIATIONS[part], part) if place % 2 else escape(part)
        for place, part in enumerate(parts)
    )
    return Markup("").join(marked)


def _script() -> str:
    return (Path(__file__).parent / "page.js").read_text(encoding="utf-8")


def _content_policy(script: str) -> str:
    """What the page may do: run the one script that it came with, and be styled; it loads nothing and sends nothing.

    The script is named by its hash (W3C, Content Security Policy Level 3, section 2.3.1): markup in a name could not bring another.
    """
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _policy_of(numbers: dict[str, int], names: Sequence[str], place: int) -> str:
    """The attribute that says whose a part of the page is: the policy's number, since its name may be anything."""
    number = numbers.get(names[place]) if place < len(names) else None
    return "" if number is None else Markup(f' data-policy="{number:d}"')  # noqa: S704 - a number


def _networks(record: StudyRecord) -> list[str]:
    """The networks that outcomes belong to, in the record's order; the whole world last."""
    references = [one.outcome for one in record.outcomes] + [one.outcome for one in record.verdicts]
    found = dict.fromkeys(words.network_of(reference) or "world" for reference in references)
    return [name for name in found if name != "world"] + [name for name in found if name == "world"]


def _point_words(record: StudyRecord, point: int) -> str:
    return words.point_words(record.points[point]) if point < len(record.points) else ""


# Which of the page's colours a word has; the word and its sign stand beside it always.
_TONES = {"better": "good", "worse": "bad", "higher": "plain", "lower": "plain", "no difference": "same"}


def _figure(entry: figures.Entry) -> dict[str, Any]:
    drawn = svg.inline(entry.draw(), entry.name, f"{entry.title}. {entry.alt}")
    told = {
        "name": entry.name,
        "title": entry.title,
        "alt": entry.alt,
        "network": entry.network,
        "policy": entry.policy,
        "outcome": entry.outcome,
    }
    return {**told, "svg": Markup(drawn)}  # noqa: S704 - our own drawing, its texts escaped by matplotlib


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
    environment.filters["abbr"] = _abbreviated
    environment.globals["heads"] = HEADS
    environment.globals["abbreviations"] = ABBREVIATIONS
    return environment.get_template("page.html.j2")
