"""Where runs from other starts end, as a table."""

from __future__ import annotations

from sim.records.starts import NEAR, Ends
from sim.records.study import StudyRecord
from sim.report import words
from sim.report.tables import Cell, Table, case_words, first_of, policies_of


def tables(record: StudyRecord) -> list[Table]:
    """One table, or none where no other starts were asked for. Of a sweep, its first point."""
    rows = [row for row in record.starts if row.point == 0]
    if not rows:
        return []
    cases = list(dict.fromkeys((row.policy, row.coin_price) for row in rows))
    found = {(row.start, row.network, row.policy, row.coin_price): row for row in rows}
    body = [
        [
            Cell(f"{start} of the nodes", words.clip(network)),
            *(_end(found.get((start, network, *case))) for case in cases),
        ]
        for start, network in dict.fromkeys((row.start, row.network) for row in rows)
    ]
    caption = f"Nodes at the end from other starts, and the runs that end within {100 * NEAR:g} % (or a node) of the given start's end in the same seed"
    caption += first_of(record, "summary.json")
    heads = ["start", *(case_words(record, *case) for case in cases)]
    return [Table(caption, heads, body, columns=policies_of(cases))]


def _end(row: Ends | None) -> Cell:
    if row is None:
        return Cell(words.NONE, kind="missing")
    same = f"same end in {row.same} of {row.n} {words.span(row.same_low, row.same_high, '%')} %"
    note = (
        f"fewer nodes in {row.fewer}, more in {row.more}"
        + ("; still drawing together" if row.closing else "")
        + (f"; {row.word}" if row.word else "")
    )
    return Cell(f"{words.plain(row.mean)} (given start {words.plain(row.given_mean)})", same, "number", note, row.mean)
