"""How policies were made equal, as a table."""

from __future__ import annotations

from sim.records.solved import Solved
from sim.records.study import StudyRecord
from sim.report import words
from sim.report.tables import Cell, Table, case_words, first_of


def tables(record: StudyRecord) -> list[Table]:
    """One table, or none where nothing was made equal. Of a sweep, its first point."""
    rows = [row for row in record.solved if row.point == 0]
    if not rows:
        return []
    body = [
        [
            Cell(words.clip(case_words(record, row.policy, row.coin_price)), words.clip(row.what.replace("_", " "))),
            *_cells(row),
        ]
        for row in rows
    ]
    caption = "What was turned until policies were equal" + first_of(record, "summary.json")
    head = ["policy", "turned", "setting", "comes to", "tries"]
    return [Table(caption, head, body, owners=[row.policy for row in rows])]


def _cells(row: Solved) -> list[Cell]:
    turned = Cell(words.clip(row.by, 200), kind="code")
    wanted = f"wanted {words.amount(row.target, row.unit)}"
    if row.word:
        seen = f"seen {words.span(row.least, row.most, row.unit)} {row.unit}" if row.least is not None else "no number"
        return [
            turned,
            Cell(row.word, kind="missing"),
            Cell(seen, wanted, "number"),
            Cell(str(row.runs), kind="number"),
        ]
    setting = "" if row.setting is None else words.plain(row.setting)
    told = Cell(
        f"x {setting}" if row.factor else words.clip(row.told, 80),
        words.clip(row.told, 80) if row.factor else "",
        "number",
    )
    return [turned, told, Cell(words.amount(row.found, row.unit), wanted, "number"), Cell(str(row.runs), kind="number")]
