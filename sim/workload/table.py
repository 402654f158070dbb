"""Tables of requests as CSV: read in columns, every cell parsed, whatever is wrong told with file, line and column.

UTF-8, header, comma, may be gzipped (`.gz`). Sizes are bounded, and nothing of a file is ever quoted but a bad cell and
the name of a column.
"""

from __future__ import annotations

import csv
import dataclasses
import datetime
import functools
import gzip
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sim.errors import Problem, ScenarioError, nearest
from sim.units import PS_PER_S

MAX_BYTES = 2**30
"""Decompressed size at which reading stops."""
MAX_LINE = 65_536
"""Characters a line may have."""
MAX_SPAN_S = 100 * 86_400
"""Longest trace: 100 days, so that its times fit 64-bit picoseconds."""
MAX_CLOCK_S = 10**10
"""Latest instant of a clock: seconds since 1970 until the year 2286."""
MAX_TOKENS = 10**7
MOST_TOLD = 20
"""Problems of one file that are told at once."""

Parse = Callable[[str], Any]
Names = Mapping[str, Sequence[str]]


@dataclasses.dataclass(frozen=True)
class Table:
    """Columns by our names, one value a row, and the line of the file on which each row ends."""

    path: str
    columns: dict[str, list[Any]]
    lines: list[int]
    spelled: dict[str, str]
    """What the file calls each column."""

    def __len__(self) -> int:
        return len(self.lines)

    def bad(self, row: int, column: str, found: str, allowed: str) -> Problem:
        """A cell of a row that is read and yet wrong."""
        return bad_cell(self.path, self.lines[row], self.spelled[column], found, allowed)


def read_table(
    path: str | Path,
    wanted: Mapping[str, Parse],
    optional: Mapping[str, Parse],
    names: Names,
    instead: Mapping[str, str] = MappingProxyType({}),
    reader_of: Callable[[str, Iterator[str]], Any] | None = None,
) -> Table:
    """The columns of a table that are wanted, and the optional ones that it has.

    `names` tells under which names a column may stand (the first one found is read; without an entry under its own);
    `instead` tells what a file is that lacks a column and has another. `reader_of` turns path and lines into rows (the
    first is the header) and counts lines in `line_num`; without it the file is CSV. Raises `ScenarioError` with up to `MOST_TOLD` bad cells at once.
    """
    shown = str(path)
    with open_text(shown) as file:
        lines = bounded(shown, file)
        reader = csv.reader(lines, strict=True) if reader_of is None else reader_of(shown, lines)
        header = [name.strip().lstrip("\ufeff") for name in next(_rows(shown, reader), [])]
        spelled = {name: _found(name, header, names) for name in (*wanted, *optional)}
        for name in wanted:
            if spelled[name] is None:
                raise ScenarioError([_missing(shown, name, wanted, header, names, instead)])
        there = {name: theirs for name, theirs in spelled.items() if theirs is not None}
        parsers = {**wanted, **optional}
        table = Table(shown, {name: [] for name in there}, [], there)
        _fill(table, reader, [(name, header.index(theirs), parsers[name]) for name, theirs in there.items()])
    if not table.lines:
        raise wrong(shown, "no rows found; a trace needs at least one", line=1)
    return table


def _fill(table: Table, reader: Any, cells: list[tuple[str, int, Parse]]) -> None:
    """Parse all rows into the table; a row in which a cell is bad adds nothing but its problem."""
    problems: list[Problem] = []
    for row in _rows(table.path, reader):
        values = []
        for name, place, parse in cells:
            cell = row[place] if place < len(row) else ""
            try:
                values.append(parse(cell))
            except ValueError as error:
                problems.append(bad_cell(table.path, reader.line_num, table.spelled[name], cell, str(error)))
        if len(problems) >= MOST_TOLD:
            break
        if len(values) == len(cells):
            table.lines.append(reader.line_num)
            for (name, _, _), value in zip(cells, values, strict=True):
                table.columns[name].append(value)
    raise_all(problems)


def raise_all(problems: Sequence[Problem]) -> None:
    """Raise the problems found, the first `MOST_TOLD`; nothing where there are none."""
    if problems:
        raise ScenarioError(list(problems[:MOST_TOLD]))


def _found(name: str, header: list[str], names: Names) -> str | None:
    return next((theirs for theirs in names.get(name, (name,)) if theirs in header), None)


def _missing(
    path: str, name: str, wanted: Mapping[str, Any], header: list[str], names: Names, instead: Mapping[str, str]
) -> Problem:
    accepted = names.get(name, (name,))
    told = f"column `{accepted[0]}` is missing; needed are {', '.join(names.get(one, (one,))[0] for one in wanted)}"
    if accepted[1:]:
        told += f"; `{accepted[0]}` may also be called {', '.join(accepted[1:])}"
    near = [column for theirs in accepted for column in nearest(theirs, header, 1)]
    if near:
        told += f"; did you mean `{clipped(near[0])}`?"
    hints = [f"; {hint}" for column, hint in instead.items() if column in header]
    return _problem(path, told + "".join(hints), line=1)


def _rows(path: str, reader: Any) -> Iterator[list[str]]:
    try:
        yield from (row for row in reader if row)
    except csv.Error as error:
        raise wrong(path, f"no CSV: {error}", line=reader.line_num) from None


def open_text(path: str) -> io.TextIOWrapper:
    """The (gzipped) file as text. Raises `ScenarioError` where it is not there."""
    if not Path(path).is_file():
        raise wrong(path, "no such file", kind="missing_file")
    if path.endswith(".gz"):
        return io.TextIOWrapper(gzip.open(path, "rb"), encoding="utf-8", newline="")
    return Path(path).open(encoding="utf-8", newline="")


def bounded(path: str, file: io.TextIOWrapper) -> Iterator[str]:
    """Lines of the file up to the size cap; what cannot be read is told as an error of the file."""
    size = 0
    try:
        for number, line in enumerate(iter(functools.partial(file.readline, MAX_LINE), ""), start=1):
            size += len(line)
            if len(line) == MAX_LINE:
                raise wrong(path, f"longer than {MAX_LINE} characters", line=number)
            if size > MAX_BYTES:
                raise wrong(path, f"larger than {MAX_BYTES >> 20} MiB when decompressed")
            yield line
    except (OSError, EOFError, UnicodeDecodeError):
        raise wrong(path, "cannot be read as (gzipped) UTF-8 text") from None


def seconds_ps(cell: str, most_s: int = MAX_SPAN_S) -> int:
    """Seconds written in decimal as exact integer picoseconds; digits beyond 10^-12 are rounded half to even."""
    try:
        number = Decimal(cell)
        if not 0 <= number <= most_s:
            raise ValueError(f"seconds from 0 to {most_s} ({most_s // 86_400} days)")
    except InvalidOperation:
        raise ValueError("a number of seconds") from None
    return int((number * PS_PER_S).to_integral_value())


_INSTANT = f"seconds from 0 to {MAX_CLOCK_S} or a timestamp like 2023-11-16 18:15:46.680590"


def instant_ps(cell: str) -> int:
    """Seconds, or a timestamp like `2023-11-16 18:15:46.6805900`, as integer picoseconds since some zero.

    Timestamps without a zone are UTC; published ones carry 7 digits of a second, more than `datetime` keeps.
    """
    try:
        return seconds_ps(cell, MAX_CLOCK_S)
    except ValueError:
        pass
    whole, _, fraction = cell.strip().partition(".")
    if fraction.rstrip("Z+-:0123456789"):
        raise ValueError(_INSTANT)
    zone = ""
    for sign in ("Z", "+", "-"):
        fraction, found, rest = fraction.partition(sign)
        zone = found + rest if found else zone
    try:
        day = datetime.datetime.fromisoformat(whole + zone)
    except ValueError:
        raise ValueError(_INSTANT) from None
    day = day.replace(tzinfo=day.tzinfo or datetime.UTC)
    since = day - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    return (since.days * 86_400 + since.seconds) * PS_PER_S + int((fraction or "0")[:12].ljust(12, "0"))


def tokens(low: int) -> Callable[[str], int]:
    """A parser of whole numbers from `low` to `MAX_TOKENS`."""

    def parse(cell: str) -> int:
        text = cell.strip()
        if not text.isascii() or not text.isdigit() or not low <= int(text[:12]) <= MAX_TOKENS:
            raise ValueError(f"a whole number from {low} to {MAX_TOKENS}")
        return int(text)

    return parse


def bad_cell(path: str, line: int, column: str, cell: str, allowed: str) -> Problem:
    """What is wrong with a cell: where, what was found, what is allowed."""
    return _problem(path, f"column {clipped(column)}: {clipped(cell)!r} found; must be {allowed}", line)


def wrong(path: str, message: str, line: int = 0, kind: str = "trace") -> ScenarioError:
    """One problem of a file as an error."""
    return ScenarioError([_problem(path, message, line, kind)])


def _problem(path: str, message: str, line: int = 0, kind: str = "trace") -> Problem:
    where = f"{path}:{line}: " if line else f"{path}: "
    return Problem(kind=kind, path="", message=where + message)


def clipped(text: str) -> str:
    """At most 40 characters of what a file holds."""
    return text if len(text) <= 40 else text[:37] + "..."


def text_s(ps: int) -> str:
    """Picoseconds as seconds in decimal, exactly."""
    whole, part = divmod(int(ps), PS_PER_S)
    return f"{whole}.{part:012d}".rstrip("0").rstrip(".")
