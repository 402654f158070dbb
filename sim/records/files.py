"""Writing files that people and programs rely on: whole or not at all, and no cell that a spreadsheet would run."""

from __future__ import annotations

import contextlib
import csv
import functools
import io
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?")


def put(path: Path, text: str) -> None:
    """Write a file in one step, UTF-8, line ends as given: readers see the old one or the new one, never half of it."""
    with whole(path) as file:
        file.write(text.encode("utf-8", errors="replace"))


@contextlib.contextmanager
def whole(path: Path) -> Iterator[IO[bytes]]:
    """A file to write to that takes the place of `path` once it is written; after an error the old one is as it was."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        Path(name).chmod(0o666 & ~umask)  # a temporary file is private; the finished one is as any other
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def seconds(column_ps: Any, there: Any) -> list[float | None]:
    """A column of picoseconds as cells in seconds; None where `there` says that a row has none. Both are numpy arrays of one length."""
    return [ps / 10**12 if known else None for ps, known in zip(column_ps.tolist(), there.tolist(), strict=True)]


def csv_text(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Rows as CSV, lines ended by a newline alone. None is an empty cell, a float its shortest exact text."""
    # Names return in most rows: what a cell of one looks like is asked once.
    quoted = functools.cache(lambda text: _quoted(cell(text)))
    of_kind: dict[type, Callable[[Any], str]] = {float: repr, int: repr, type(None): lambda _: "", str: quoted}

    def line(row: Sequence[Any]) -> str:
        cells = [of_kind[type(value)](value) if type(value) in of_kind else _quoted(cell(value)) for value in row]
        return ",".join(cells) or ('""' if cells else "")

    return "".join([f"{line(row)}\n" for row in (head, *rows)])


def _quoted(text: str) -> str:
    """A cell as the standard library writes it: in quotes where it holds a comma, a quote or a line's end."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow([text, ""])
    return buffer.getvalue()[:-2]


def cell(value: Any) -> str:
    """A value as the text of a cell; text that begins like a formula and is no number gets a leading apostrophe.

    Spreadsheets run cells that begin with `=`, `+`, `-`, `@`, a tab or a return (OWASP, "CSV Injection").
    """
    if value is None:
        return ""
    if isinstance(value, float):
        return repr(value)
    text = str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") and not _NUMBER.fullmatch(text) else text
