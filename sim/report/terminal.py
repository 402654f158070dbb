"""What the command line prints of a study: the sentences, the verdicts in a plain table, the checks. ASCII, 100 columns."""

from __future__ import annotations

import textwrap
from pathlib import Path

from sim.records.study import StudyRecord
from sim.report import breaks, tables, verdicts, words

COLUMNS = 100
_LEAST = 24
STOPPING, GAIN = "stopping rule", "gain of common random numbers"
_WORDS = {"depends on how the coin is priced": "depends on coin price"}


def format_study(record: StudyRecord, report: Path | None = None) -> str:
    """The study in at most 100 columns; ends with the path of the report where one is given. No colour, no line end."""
    blocks = [words.clip(record.name, COLUMNS), _sentences(record)]
    blocks += (
        [_verdicts(record, point) for point in verdicts.points(record)]
        if record.verdicts
        else [_outcomes(record, p) for p in verdicts.points(record)]
    )
    blocks += [_breaks(record), _method(record), _warnings(record), _checks(record)]
    blocks += [f"report: {report}" if report is not None else ""]
    return "\n\n".join(block for block in blocks if block).translate(_PLAIN)


# A terminal of any encoding can print these.
_PLAIN = {0x2026: "...", 0x2192: "->", 0x2212: "-", 0x2013: "-"}


def _wrapped(text: str, first: str = "", later: str = "") -> str:
    return textwrap.fill(words.clip(text, 600), COLUMNS, initial_indent=first, subsequent_indent=later)


def _sentences(record: StudyRecord) -> str:
    return "\n".join(_wrapped(sentence, later="  ") for sentence in record.sentences)


def _point(record: StudyRecord, point: int) -> list[str]:
    if len(verdicts.points(record)) < 2 or point >= len(record.points):
        return []
    return [_wrapped(f"At {words.point_words(record.points[point])}:")]


def _verdicts(record: StudyRecord, point: int) -> str:
    rows = verdicts.rows(record, point)
    kinds = list(record.coin_prices)
    heads = [words.coin_price_words(kind) for kind in kinds] if len(kinds) > 1 else ["difference"]
    lines = _point(record, point)
    for policy, group in verdicts.by_policy(rows):
        head = f"{words.clip(policy, 40)} against {words.clip(group[0].baseline, 40)}"
        cells = [["", *heads, "verdict"]]
        for row in group:
            told = [verdicts.difference(row.by_kind[kind])[0] if kind in row.by_kind else "not run" for kind in kinds]
            cells.append([f"  {words.full_label(row.outcome)}", *told, _WORDS.get(row.word, row.word)])
            added = [verdicts.windows(row.by_kind.get(kind)).replace("±", "+-") for kind in kinds]
            if any(added):
                cells.append(["", *added, ""])
        lines += [*([""] if lines else []), head, *aligned(cells)]
        lines += _over_sets(record, group)
    return "\n".join(lines)


def _over_sets(record: StudyRecord, group: list[verdicts.Row]) -> list[str]:
    """The second column: what joint sets of uncertain parameters say to each verdict."""
    if not record.sets:
        return []
    cells = [[f"  over {len(record.sets)} parameter sets", "same answer", "5 to 95 % of sets"]]
    for row in group:
        share, between, _ = verdicts.over_sets(row.joint or next(iter(row.by_kind.values())))
        cells.append([f"  {words.full_label(row.outcome)}", share, between])
    return ["", *aligned(cells)]


def _outcomes(record: StudyRecord, point: int) -> str:
    table = tables.summary(record, point, whole=True)
    lines = _point(record, point)
    for column, head in enumerate(table.head[1:], start=1):
        cells = [["", "mean", "interval", "unit"]]
        cells += [
            [f"  {row[0].text}", row[column].text.partition(":")[0], row[column].small, row[0].small]
            for row in table.rows
        ]
        lines += [*([""] if lines else []), head, *aligned(cells)]
    return "\n".join(lines)


def aligned(rows: list[list[str]]) -> list[str]:
    """Rows as lines of equal columns, two blanks apart; names are clipped towards 100 columns, numbers never."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    over = sum(widths) + 2 * (len(widths) - 1) - COLUMNS
    widths[0] = max(min(widths[0], _LEAST), widths[0] - max(over, 0))
    return ["  ".join(_fit(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _fit(cell: str, width: int) -> str:
    return cell.ljust(width) if len(cell) <= width else cell[: max(0, width - 3)] + "..."


def _breaks(record: StudyRecord) -> str:
    return "\n\n".join("\n".join([_wrapped(head), *aligned(rows)]) for head, rows in breaks.lines(record))


def _method(record: StudyRecord) -> str:
    """What the reader of intervals should know at once: how the number of runs was found, and what pairing is worth."""
    told = [f"{name}: {record.method[name]}" for name in (STOPPING, GAIN) if name in record.method]
    return "\n".join(_wrapped(line, later="  ") for line in told)


def _warnings(record: StudyRecord) -> str:
    return "\n".join(_wrapped(f"warning: {warning}", later="  ") for warning in record.warnings)


def _checks(record: StudyRecord) -> str:
    lines = [
        f"{tables.check_word(c)}: {c.check} ({c.policy}); found {words.clip(c.found, 400)}  {tables.place(c.file, c.line)}".rstrip()
        for c in record.checks
    ]
    return "\n".join(_wrapped(line, later="  ") for line in lines)
