"""What a report leaves in its folder: `report.html`, `report.md`, `figures/NAME.csv`. Each file appears whole or not at all."""

from __future__ import annotations

import csv
import io
import os
import re
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from sim.records.study import StudyRecord
from sim.report import figures
from sim.report.html import page
from sim.report.markdown import markdown

_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?")


def write(record: StudyRecord, out: Path, made_from: str = "") -> Path:
    """Write the report into the folder `out` (made where missing) and return the path of `report.html`.

    Nothing is simulated or estimated. Figures come first, the page last: whoever finds a page finds its figures.
    `made_from` goes into the page's head.
    Raises `OSError` where the folder cannot be written.
    """
    entries = figures.entries(record)
    folder = Path(out) / "figures"
    folder.mkdir(parents=True, exist_ok=True)
    for entry in entries:
        put(folder / f"{entry.name}.csv", csv_text(entry.head, entry.rows))
    put(Path(out) / "report.md", markdown(record, entries))
    target = Path(out) / "report.html"
    put(target, page(record, entries, made_from))
    return target


def put(path: Path, text: str) -> None:
    """Write a whole file in one step: UTF-8, line ends as given."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace", newline="") as file:
            file.write(text)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(name, 0o666 & ~umask)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def csv_text(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Rows as CSV. A cell that begins like a formula and is no number gets a leading apostrophe; None is empty."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return buffer.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return repr(value)
    text = str(value)
    # A spreadsheet would run such a cell as a formula (OWASP, "CSV Injection").
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") and not _NUMBER.fullmatch(text) else text
