"""What a report leaves in its folder: `report.html`, `report.md`, `figures/NAME.csv`. Each file appears whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sim.records.files import csv_text, put
from sim.records.sensitivity import SensitivityRecord
from sim.records.study import StudyRecord
from sim.report import figures
from sim.report.html import page
from sim.report.markdown import markdown


def write(record: StudyRecord, out: Path, analyses: Sequence[SensitivityRecord] = (), made_from: str = "") -> Path:
    """Write the report into the folder `out` (made where missing) and return the path of `report.html`.

    Nothing is simulated or estimated. Figures come first, the page last: whoever finds a page finds its figures.
    `analyses` are those of its uncertain parameters; `made_from` goes into the page's head.
    Raises `OSError` where the folder cannot be written.
    """
    entries = figures.entries(record, analyses=analyses)
    folder = Path(out) / "figures"
    folder.mkdir(parents=True, exist_ok=True)
    for entry in entries:
        put(folder / f"{entry.name}.csv", csv_text(entry.head, entry.rows))
    put(Path(out) / "report.md", markdown(record, entries, analyses))
    target = Path(out) / "report.html"
    put(target, page(record, entries, made_from, analyses))
    return target
