"""Tables, figures and the page of a study: reads records, computes no statistics, runs nothing.

`write` puts the page into a folder; `terminal.format_study` is what the command line prints; `plot` is `sim.plot`.
Only drawing loads matplotlib, and a page that is there already is not drawn again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from sim.records.sensitivity import SensitivityRecord
from sim.records.study import StudyRecord

_HEAD_BYTES = 4096


def write(record: StudyRecord, out: Path, analyses: Sequence[SensitivityRecord] = ()) -> Path:
    """Write `report.html`, `report.md` and `figures/*.csv` into the folder `out`; gives the path of the page.

    `analyses` of its uncertain parameters are shown too. A page made before from the same records by the same code is kept: it
    would be the same, byte for byte. Raises `OSError` where the folder cannot be written.
    """
    digest = made_from(record, analyses)
    target = Path(out) / "report.html"
    if _says(target, digest) and (Path(out) / "report.md").exists():
        return target
    from sim.report import files

    return files.write(record, out, analyses, digest)


def made_from(record: StudyRecord, analyses: Sequence[SensitivityRecord] = ()) -> str:
    """SHA-256 of all that a report is a function of: the records, this room's own files, and what draws and renders."""
    parts = [
        record.to_json().encode(),
        *(one.to_json().encode() for one in analyses),
        *(f"{name} {metadata.version(name)}".encode() for name in ("matplotlib", "jinja2")),
    ]
    parts += [
        path.read_bytes()
        for path in sorted(Path(__file__).parent.iterdir())
        if path.suffix in (".py", ".j2", ".css", ".js")
    ]
    parts += [(Path(__file__).parents[1] / "records" / name).read_bytes() for name in ("columns.py", "outcomes.py")]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _says(page: Path, digest: str) -> bool:
    try:
        with page.open("rb") as file:
            return digest.encode() in file.read(_HEAD_BYTES)
    except OSError:
        return False
