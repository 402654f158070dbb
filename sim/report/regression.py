"""A scenario beside its baseline, for people and for CI: text, annotations, JUnit XML, Markdown, a JSON document."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree

from sim.records.baseline import Row
from sim.records.regression import Change, Regression, ValueChange
from sim.records.study import CheckResult
from sim.records.workflow import command
from sim.report.words import amount, signed, signed_span

MOST_VALUES = 10
"""Changed values of a scenario that are told one by one."""


def text(found: Regression) -> str:
    """What a terminal shows."""
    lines = [headline(found)]
    for change in [*found.of("moved"), *found.of("gone"), *found.of("undecided"), *found.of("new")]:
        lines.append(f"  {change.state.upper() if change.state == 'moved' else change.state:<10} {change_line(change)}")
    lines += [f"  check {_check_word(check):<10} {_check_line(check)}" for check in _bad(found.checks)]
    lines += causes(found)
    if found.of("moved") or found.of("gone") or found.of("new"):
        lines.append(f"accept with: --update --because '...'   (writes {found.baseline})")
    return "\n".join(lines)


def headline(found: Regression) -> str:
    """How many outcomes are in which state, and why nothing had to be simulated where that is so."""
    count = len(found.changes)
    if found.by_digest:
        return f"{found.scenario}: {count} outcomes same; nothing that they depend on has changed since {found.baseline} was written"
    states = [(state, len(found.of(state))) for state in ("moved", "gone", "undecided", "same", "new")]
    parts = ", ".join(f"{number} {state}" for state, number in states if number)
    return f"{found.scenario}: of {count} outcomes {parts or 'none'} ({found.replications} replications)"


def change_line(change: Change, before: str = "the baseline", after: str = "the study") -> str:
    """One outcome in a line: what it was, what it is, the change with its interval, the band; what each side is called."""
    row = change.row
    name = f"{row.outcome} ({_where(row, ', ')})"
    if change.state == "new":
        return f"{name}: {amount(change.after, row.unit)}; {before} does not have it"
    if change.state == "gone":
        return f"{name}: was {amount(change.before, row.unit)}; {after} does not have it"
    moved = f"{name}: {amount(change.before, row.unit)} -> {amount(change.after, row.unit)}"
    if change.difference is None or change.low is None:
        return f"{moved}: {change.why}"
    difference = _difference(change)
    note = f"; {change.why}" if change.state == "undecided" else ""
    return f"{moved}, change {difference}, band {_band(change)}{note}"


def _where(row: Row, between: str) -> str:
    """Policy, kind of coin price and point of a sweep, as far as there are any."""
    return between.join(filter(None, (row.policy, row.coin_price, row.point)))


def _difference(change: Change) -> str:
    """The change with its interval; of shares in percentage points."""
    unit = change.row.unit
    return f"{signed(change.difference, unit)} {signed_span(change.low, change.high, unit)}"


def _band(change: Change) -> str:
    return signed(change.band, change.row.unit).replace("+", "±", 1)


def causes(found: Regression) -> list[str]:
    """What changed beside the outcomes, a line each: values of the scenario with their place, presets, versions."""
    lines = [f"scenario changed: {_value(value)}" for value in found.values[:MOST_VALUES]]
    if len(found.values) > MOST_VALUES:
        lines.append(f"scenario changed: {len(found.values) - MOST_VALUES} more values")
    return lines + [f"also changed: {other}" for other in found.others]


def _value(value: ValueChange) -> str:
    place = f"   ({value.file}:{value.line})" if value.line else ""
    return f"{value.path}  {value.old or '(not there)'} -> {value.new or '(gone)'}{place}"


def _bad(checks: Sequence[CheckResult]) -> list[CheckResult]:
    return [check for check in checks if check.ok is not True]


def _check_word(check: CheckResult) -> str:
    return "undecided" if check.ok is None else "FAILED" if check.severity == "error" else "warning"


def _check_line(check: CheckResult) -> str:
    return f"{check.check} ({check.policy}): {check.found}"


def github(found: Regression) -> str:
    """Commands of GitHub's workflows: an error a moved outcome and failed check, a warning an undecided one, at the changed line."""
    file, line = next(((v.file, v.line) for v in found.values if v.line), ("", 0))
    lines = [command("error", change_line(c), file=file, line=line) for c in [*found.of("moved"), *found.of("gone")]]
    lines += [command("warning", f"undecided: {change_line(c)}", file=file, line=line) for c in found.of("undecided")]
    for check in _bad(found.checks):
        level = "error" if check.ok is False and check.severity == "error" else "warning"
        place = {"file": check.file, "line": check.line} if check.line else {}
        lines.append(command(level, f"check: {_check_line(check)}", **place))
    return "\n".join([*lines, headline(found)])


def junit(all_found: Sequence[Regression]) -> str:
    """JUnit XML: a suite a scenario, a test case a policy and outcome or check; undecided ones are skipped ones."""
    root = ElementTree.Element("testsuites", name="infermint check")
    for found in all_found:
        suite = ElementTree.SubElement(root, "testsuite", name=found.scenario)
        for change in found.changes:
            row = change.row
            case = ElementTree.SubElement(
                suite,
                "testcase",
                classname=_where(row, "."),
                name=row.outcome,
            )
            if change.state in ("moved", "gone"):
                ElementTree.SubElement(case, "failure", message=change_line(change)).text = "\n".join(causes(found))
            elif change.state == "undecided":
                ElementTree.SubElement(case, "skipped", message=change_line(change))
        for check in found.checks:
            case = ElementTree.SubElement(suite, "testcase", classname=f"checks.{check.policy}", name=check.check)
            if check.ok is False and check.severity == "error":
                ElementTree.SubElement(case, "failure", message=_check_line(check))
            elif check.ok is not True:
                ElementTree.SubElement(case, "skipped", message=_check_line(check))
        cases = suite.findall("testcase")
        suite.set("tests", str(len(cases)))
        suite.set("failures", str(len(suite.findall("testcase/failure"))))
        suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def markdown(all_found: Sequence[Regression]) -> str:
    """A summary for a pull request: a heading a scenario, a table of what is not the same, causes below."""
    parts = []
    for found in all_found:
        rows = [c for c in found.changes if c.state != "same"]
        parts.append(f"### {_cell(headline(found))}\n")
        if rows:
            parts += [
                "| state | outcome | policy | before | after | change | band |",
                "| --- | --- | --- | --- | --- | --- | --- |",
            ]
            parts += [_markdown_row(change) for change in rows]
            parts.append("")
        parts += [f"- check {_check_word(check)}: {_cell(_check_line(check))}" for check in _bad(found.checks)]
        parts += [f"- {_cell(cause)}" for cause in causes(found)]
        parts.append("")
    return "\n".join(parts)


def _markdown_row(change: Change) -> str:
    row, unit = change.row, change.row.unit
    difference = "" if change.low is None else _difference(change)
    cells = [
        change.state, f"`{row.outcome}`", _where(row, ", "), amount(change.before, unit), amount(change.after, unit), difference,
        _band(change) if change.band else "",
    ]  # fmt: skip
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _cell(value: str) -> str:
    return value.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def document(found: Regression) -> dict[str, Any]:
    """The same as one JSON object."""
    return {
        "scenario": found.scenario,
        "baseline": found.baseline,
        "exit_code": found.exit_code,
        "by_digest": found.by_digest,
        "replications": found.replications,
        "outcomes": [change_document(change) for change in found.changes],
        "values": [dataclasses.asdict(value) for value in found.values],
        "others": found.others,
        "checks": [dataclasses.asdict(check) for check in found.checks],
    }


def change_document(change: Change) -> dict[str, Any]:
    """One outcome as a JSON object."""
    row = change.row
    head = {name: getattr(row, name) for name in ("policy", "coin_price", "point", "outcome", "unit")}
    names = ("state", "before", "after", "difference", "low", "high", "band", "n", "why", "needed")
    return head | {name: getattr(change, name) for name in names}
