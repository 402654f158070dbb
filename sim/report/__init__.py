"""Tables, figures and the page of a study: reads records, computes no statistics, runs nothing.

`write` puts the page into a folder; `terminal.format_study` is what the command line prints; `plot` is `sim.plot`.
Only `write` and `plot` load matplotlib, and only when called.
"""

from __future__ import annotations

from pathlib import Path

from sim.records.study import StudyRecord


def write(record: StudyRecord, out: Path) -> Path:
    """Write `report.html`, `report.md` and `figures/*.csv` into the folder `out`; gives the path of the page."""
    from sim.report import files

    return files.write(record, out)
