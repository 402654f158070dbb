"""The report as Markdown: the page's content for reviews, mails and job summaries."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from sim.records.sensitivity import SensitivityRecord
from sim.records.study import StudyRecord
from sim.report import breaks, figures, solved, starts, tables, verdicts, words


def markdown(record: StudyRecord, entries: list[figures.Entry], analyses: Sequence[SensitivityRecord] = ()) -> str:
    """The whole report; figures become their descriptions with a link to their CSV."""
    blocks = [f"# {safe(words.clip(record.name, 200))}", _bullets(words.clip(s, 600) for s in record.sentences)]
    if record.warnings:
        blocks += ["## Warnings", _bullets(words.clip(w, 600) for w in record.warnings)]
    blocks += _verdicts(record) + _figures(entries, "differences")
    blocks += _section("## What moves it", _figures(entries, "what moves it"))
    if record.solved:
        blocks += ["## Made equal", *(_table(table) for table in solved.tables(record))]
    if record.breaks or record.recoveries:
        blocks += ["## After the shock", *(_table(table) for table in breaks.tables(record))]
    if record.starts:
        blocks += ["## Other starts", *(_table(table) for table in starts.tables(record))]
    if record.checks:
        blocks += ["## Checks", _table(tables.checks(record))]
    blocks += _section("## Over time", _figures(entries, "over time")) + _section(
        "## Latency", _figures(entries, "latency")
    )
    blocks += _section("## Operators", _figures(entries, "operators"))
    blocks += ["## All outcomes", *_by_point(record, lambda point: _outcomes(record, point))] if record.outcomes else []
    if record.flows:
        blocks += ["## Coin flows", *_figures(entries, "flows")]
        blocks += [_table(tables.flows(record, currency, 0)) for currency in tables.flow_currencies(record, 0)]
    blocks += _grounds(record, analyses)
    blocks += [
        "## Method",
        _bullets(f"{name}: {value}" for name, value in tables.method(record)),
        f"    {words.clip(tables.command(record), 400)}",
    ]
    glossary = (
        f"{row.label}{f' ({row.unit})' if row.unit else ''}: {row.sentence} {row.formula}."
        for _, row in tables.glossary(record)
    )
    blocks += ["## What the outcomes mean", _bullets(glossary)]
    return "\n\n".join(block for block in blocks if block) + "\n"


def safe(text: str) -> str:
    """Text that Markdown shows as it is: what could begin markup, a cell or a tag gets a backslash."""
    return re.sub(r"([\\`*_{}\[\]<>|#~$&!])", r"\\\1", text.replace("\n", " "))


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {safe(line)}" for line in lines)


def _section(head: str, body: list[str]) -> list[str]:
    return [head, *body] if body else []


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _table(table: tables.Table) -> str:
    lines = [safe(table.caption) + ":", "", _row(map(safe, table.head)), _row("---" for _ in table.head)]
    for row in table.rows:
        lines.append(
            _row(
                safe(cell.text)
                + (f" ({safe(cell.small)})" if cell.small else "")
                + (f"; {safe(cell.note)}" if cell.note else "")
                for cell in row
            )
        )
    return "\n".join(lines)


def _by_point(record: StudyRecord, block) -> list[str]:  # type: ignore[no-untyped-def]
    points = verdicts.points(record)
    heads = {point: words.point_words(record.points[point]) if point < len(record.points) else "" for point in points}
    return [
        text
        for point in points
        for text in ([f"### {safe(heads[point] or f'point {point}')}"] if len(points) > 1 else []) + [block(point)]
    ]


def _outcomes(record: StudyRecord, point: int) -> str:
    found = [tables.summary(record, point), tables.untold(record, point)]
    return "\n\n".join(_table(table) for table in found if table is not None)


def _verdicts(record: StudyRecord) -> list[str]:
    if not record.verdicts:
        return []
    return ["## Verdicts", *_by_point(record, lambda point: _verdict_table(record, point))]


def _verdict_table(record: StudyRecord, point: int) -> str:
    head = ["policy", *verdicts.heads(record)]
    lines = [_row(head), _row("---" for _ in head)]
    for row in verdicts.rows(record, point):
        said = safe(row.word) + (f" ({safe(words.clip(row.why, 240))})" if row.why else "")
        cells = []
        for kind in record.coin_prices:
            first, second = verdicts.difference(row.by_kind[kind]) if kind in row.by_kind else ("not run", "")
            added = verdicts.windows(row.by_kind.get(kind))
            cells.append("; ".join(safe(part) for part in (first, second, added) if part))
        sets = [safe("; ".join(filter(None, verdicts.over_sets(row.joint))))] if record.sets else []
        lines.append(_row([safe(words.clip(row.policy)), safe(words.full_label(row.outcome)), said, *sets, *cells]))
    return "\n".join(lines)


def _figures(entries: list[figures.Entry], section: str) -> list[str]:
    chosen = [entry for entry in entries if entry.section == section]
    return [
        f"**{safe(entry.title)}.** {safe(entry.alt)} [{entry.name}.csv](figures/{entry.name}.csv)" for entry in chosen
    ]


def _grounds(record: StudyRecord, analyses: Sequence[SensitivityRecord]) -> list[str]:
    blocks = ["## What it rests on", safe(tables.rests_on(record))]
    if record.parameters:
        blocks.append(_table(tables.parameters(record)))
    if record.assumptions:
        blocks.append(_table(tables.assumptions(record, analyses)))
    if record.changes:
        blocks.append(_table(tables.changes(record)))
    if record.held_fixed:
        blocks += ["Held fixed between policies:", _bullets(words.clip(line, 400) for line in record.held_fixed)]
    if record.not_fixed:
        blocks += ["Not held fixed:", _bullets(words.clip(line, 400) for line in record.not_fixed)]
    return blocks
