"""The report's tables as plain cells: the page and its Markdown twin print the same ones."""

from __future__ import annotations

import dataclasses
import functools
import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from sim.records.outcomes import OUTCOMES, Outcome, split_name
from sim.records.run import Number
from sim.records.sensitivity import SensitivityRecord
from sim.records.study import CheckResult, Parameter, PolicyFlows, StudyRecord, Summary
from sim.report import influences, words
from sim.report.flows import flows_at, in_coins


@dataclasses.dataclass(frozen=True)
class Cell:
    """One cell: what it says, a smaller second line, its kind (`number`, `text`, `code`, `missing`), and a note under both.

    `value` is the number that a reader's sorting goes by, where the text holds one.
    """

    text: str
    small: str = ""
    kind: str = "text"
    note: str = ""
    value: Number = None


@dataclasses.dataclass(frozen=True)
class Table:
    """A table with a caption; the first cell of each row names it.

    `outcomes` links each row to the glossary. `columns` and `owners` say which policy a column or a row belongs to ("" or
    nothing: none), so that a reader can hide a policy; `networks` says so of columns that are networks. With `total` the last row stays last however rows are sorted.
    """

    caption: str
    head: list[str]
    rows: list[list[Cell]]
    outcomes: Sequence[str] = ()
    columns: Sequence[str] = ()
    owners: Sequence[str] = ()
    networks: Sequence[str] = ()
    total: bool = False


def first_of(record: StudyRecord, file: str) -> str:
    """What ends the head of a table that tells a sweep's first point alone; `file` holds the others. Empty without a sweep."""
    points = record.points
    if len(points) < 2:
        return ""
    return f"; {words.point_words(points[0])} (the first of {len(points)} points); {file} has the others"


def cases(record: StudyRecord, point: int) -> list[tuple[str, str]]:
    """The (policy, kind of coin price) that were run at a point, in the record's order."""
    there = {(s.policy, s.coin_price) for s in record.outcomes if s.point == point}
    return [(policy, kind) for policy in record.policies for kind in record.coin_prices if (policy, kind) in there]


def case_words(record: StudyRecord, policy: str, kind: str) -> str:
    """A column's head: the policy, with the kind of coin price where a study has several."""
    return (
        f"{words.clip(policy)}, {words.coin_price_words(kind)}" if len(record.coin_prices) > 1 else words.clip(policy)
    )


def summary(record: StudyRecord, point: int, whole: bool = False) -> Table:
    """Every outcome that has a number in some case: its mean over replications with its interval, or the reason why there is none.

    The networks stand one after the other, in the order of their first outcomes, the whole world last; with one case alone they stand
    side by side. With `whole` the rows are the record's, those without any number too.
    """
    columns = cases(record, point)
    if not whole and len(columns) == 1 and len({words.network_of(s.outcome) for s in record.outcomes} - {""}) > 1:
        return _side_by_side(record, point)
    found = {(s.outcome, s.policy, s.coin_price): s for s in record.outcomes if s.point == point}
    names = list(dict.fromkeys(name for (name, *_), s in found.items() if whole or s.mean is not None))
    names = names if whole else _by_network(names)
    rows = [
        [_outcome_cell(name, found)] + [_summary_cell(found.get((name, *case))) for case in columns] for name in names
    ]
    never = (
        "; a time that never came counts as the horizon" if any(s.reached is not None for s in found.values()) else ""
    )
    caption = f"Means over {record.replications} replications with {100 * record.confidence:g} % intervals{never}"
    heads = ["outcome", *(case_words(record, *case) for case in columns)]
    return Table(caption, heads, rows, names, columns=policies_of(columns))


def _by_network(references: Iterable[str]) -> list[str]:
    names = list(references)
    networks = list(dict.fromkeys(words.network_of(name) for name in names))
    return sorted(names, key=lambda name: (not words.network_of(name), networks.index(words.network_of(name))))


def _side_by_side(record: StudyRecord, point: int) -> Table:
    """A row an outcome, a column a network: what one policy under one kind of coin price gave in each."""
    here = {s.outcome: s for s in record.outcomes if s.point == point and s.mean is not None}
    networks = list(dict.fromkeys(words.network_of(name) for name in _by_network(here)))
    parts: dict[str, dict[str, Summary]] = {}
    for name, one in here.items():
        _, outcome, at = split_name(name)
        parts.setdefault(f"{outcome}@{at}" if at else outcome, {})[words.network_of(name)] = one
    rows = []
    for name, by_network in parts.items():
        units = {one.unit for one in by_network.values()}
        row = words.outcome_of(name)
        unit = units.pop() if len(units) == 1 else row.unit if row else ""
        cells = [_summary_cell(by_network[n]) if n in by_network else Cell("", kind="missing") for n in networks]
        rows.append([Cell(words.full_label(name), unit), *cells])
    caption = f"Means over {record.replications} replications with {100 * record.confidence:g} % intervals"
    heads = ["outcome", *(name or "whole world" for name in networks)]
    return Table(caption, heads, rows, list(parts), networks=["", *(name or "world" for name in networks)])


def untold(record: StudyRecord, point: int) -> Table | None:
    """Outcomes that have no number in any case, and why, once; None where there are none."""
    here = [s for s in record.outcomes if s.point == point]
    told = {s.outcome for s in here if s.mean is not None}
    names = _by_network(dict.fromkeys(s.outcome for s in here if s.outcome not in told))
    if not names:
        return None
    why = {s.outcome: s.reason for s in reversed(here) if s.reason}
    rows = [[Cell(words.full_label(name)), Cell(words.clip(why.get(name, words.NONE), 200))] for name in names]
    return Table("Outcomes without a number", ["outcome", "why"], rows, names)


def policies_of(columns: Sequence[tuple[str, str]]) -> list[str]:
    """The policy of each column of a table whose columns, after the first, are cases."""
    return ["", *(policy for policy, _ in columns)]


def _outcome_cell(name: str, found: dict[tuple[str, str, str], Summary]) -> Cell:
    unit = next((s.unit for (outcome, *_), s in found.items() if outcome == name and s.unit), "")
    return Cell(words.full_label(name), unit)


def _summary_cell(row: Summary | None) -> Cell:
    if row is None:
        return Cell("not run", kind="missing")
    if row.mean is None:
        return Cell(f"not supported: {words.clip(row.reason, 200)}" if row.reason else words.NONE, kind="missing")
    note = (
        ""
        if row.reached is None
        else f"came in {row.reached} of {row.n} {words.span(row.reached_low, row.reached_high, '%')}".rstrip()
    )
    note += " %" if row.reached_low is not None else ""
    if row.never_above is not None:
        most = f"in at most {words.percent(row.never_above).lstrip('+')} % of runs (rule of three)"
        note = f"{note}; {most}" if note else f"0 in all {row.n}; above 0 {most}"
    if row.batches is not None:
        note = f"{note}; " * bool(note) + f"one run, {row.batches} batch means"
    return Cell(
        words.plain(words.in_reading_unit(row.mean, row.unit)),
        words.span(row.low, row.high, row.unit),
        "number",
        note,
        row.mean,
    )


def flows(record: StudyRecord, currency: str, point: int) -> Table:
    """Every flow of a currency by case, in whole coins, and the ledger's residual in base units, which must be 0."""
    here = [f for f in flows_at(record, point) if any(row.currency == currency for row in f.rows)]
    keys = list(dict.fromkeys((r.reason, r.source, r.target) for f in here for r in f.rows if r.currency == currency))
    rows = [
        [
            Cell(words.clip(reason.replace("_", " ")), f"{words.clip(source)} → {words.clip(target)}"),
            *(_flow_cell(f, currency, (reason, source, target)) for f in here),
        ]
        for reason, source, target in keys
    ]
    rows.append(
        [
            Cell("residual", "sum of balances less minted plus burned, in base units"),
            *(Cell(_residual(f, currency), kind="number") for f in here),
        ]
    )
    return Table(
        f"{words.clip(currency, 12)} that flowed in the first replication",
        ["flow", *(case_words(record, f.policy, f.coin_price) for f in here)],
        rows,
        columns=policies_of([(f.policy, f.coin_price) for f in here]),
        total=True,
    )


def _flow_cell(flows_: PolicyFlows, currency: str, key: tuple[str, str, str]) -> Cell:
    total = [row for row in flows_.rows if row.currency == currency and (row.reason, row.source, row.target) == key]
    coins = sum(in_coins(row) for row in total)
    return Cell(words.plain(coins), kind="number", value=coins)


def _residual(flows_: PolicyFlows, currency: str) -> str:
    value = flows_.residuals.get(currency)
    return words.NONE if value is None else f"{value:,d}"


def flow_currencies(record: StudyRecord, point: int) -> list[str]:
    """Currencies that have a flow table: coins first, USD last."""
    found = list(dict.fromkeys(row.currency for f in flows_at(record, point) for row in f.rows))
    return [c for c in found if c != "USD"] + [c for c in found if c == "USD"]


def rests_on(record: StudyRecord) -> str:
    """How many constants the runs rest on, by flag."""
    counts = Counter(a.flag for a in record.assumptions)
    if not counts:
        return "The record lists no assumed or borrowed constant."
    total = sum(counts.values())
    by_flag = words.listing(
        f"{count} {words.clip(flag)}" for flag, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    )
    return f"The runs rest on {total} constant{'s' if total != 1 else ''} that {'are' if total != 1 else 'is'} not measured for them: {by_flag}."


def assumptions(record: StudyRecord, analyses: Sequence[SensitivityRecord] = ()) -> Table:
    """The constants with value, flag, source, date, what another value would alter, and where they stand.

    Where joint sets were run, each tells where it stands among the uncertain parameters of the difference that it moves most; else by
    a sensitivity analysis where there is one.
    """
    by = influences.best(analyses)
    rank: Callable[[str], Cell] | None = None
    if record.influences:
        rank = functools.partial(_rank, record)
    elif by is not None:
        rank = functools.partial(_rank_by, by)
    rows = [
        [Cell(words.clip(a.path, 90), words.clip(a.where, 90), "code"), Cell(words.clip(a.value, 60), kind="code"), Cell(words.clip(a.flag)),
         Cell(words.clip(a.source, 240) or words.NONE, words.clip(a.date, 20)), Cell(words.clip(a.changes, 240)),
         *([rank(a.path)] if rank else [])]
        for a in record.assumptions
    ]  # fmt: skip
    measured = ["rank of sensitivity"] if rank else []
    head = ["constant", "value", "flag", "source and date", "another value would alter", *measured]
    return Table("Constants the runs rest on", head, rows)


def _rank(record: StudyRecord, path: str) -> Cell:
    found = influences.rank(record, path)
    if found is None:
        return Cell("not varied", kind="missing")
    place, of, one = found
    return _place(place, of, one.policy, one.outcome, f"{one.rank_correlation or 0.0:+.2f}")


def _rank_by(analysis: SensitivityRecord, path: str) -> Cell:
    found = influences.rank_by(analysis, path)
    if found is None:
        varied = path in {one.path for one in analysis.parameters}
        return Cell("moves nothing" if varied else "not varied", kind="missing")
    place, of, asked, much = found
    how = f"{much:.2f} of the variance (Sobol')" if analysis.method == "sobol" else "by the width of its bar (tornado)"
    return _place(place, of, asked.policy, asked.outcome, how)


def _place(place: int, of: int, policy: str, outcome: str, how: str) -> Cell:
    return Cell(f"{place} of {of}", f"{words.clip(policy)}: {words.full_label(outcome)}, {how}", "number", value=place)


def parameters(record: StudyRecord) -> Table:
    """The uncertain parameters: value, law, status, and the difference that moves most with each over the joint sets."""
    rows = [
        [Cell(words.clip(one.path, 90), kind="code"), Cell(words.clip(one.value, 60), kind="code"),
         Cell(words.clip(one.law, 120), words.clip(_group(one), 80)), Cell(words.clip(one.status)), _strongest(record, one.path)]
        for one in record.parameters
    ]  # fmt: skip
    caption = (
        f"Uncertain parameters, drawn in {len(record.sets)} joint sets"
        if record.sets
        else "Uncertain parameters, not varied in this study"
    )
    return Table(caption, ["parameter", "value", "law", "status", "moves most (rank correlation)"], rows)


def _group(one: Parameter) -> str:
    return f"group {one.group}, correlation {one.correlation:g}" if one.correlation is not None else ""


def _strongest(record: StudyRecord, path: str) -> Cell:
    """The difference with the largest rank correlation, of the joint verdicts where there are any."""
    kind = influences.counted(record)
    found = [(i, i.rank_correlation) for i in record.influences if i.parameter == path and i.coin_price == kind]
    known = [(i, correlation) for i, correlation in found if correlation is not None]
    if not known:
        return Cell(words.NONE, kind="missing")
    one, correlation = max(known, key=lambda each: abs(each[1]))
    what = f"{words.clip(one.policy)}: {words.full_label(one.outcome)}"
    return Cell(f"{correlation:+.2f}", what, "number", value=abs(correlation))


def changes(record: StudyRecord) -> Table:
    """What each policy changed, with the place in the file."""
    rows = [
        [
            Cell(words.clip(c.policy)),
            Cell(words.clip(c.path, 90), kind="code"),
            Cell(words.clip(c.old, 120), kind="code"),
            Cell(words.clip(c.new, 120), kind="code"),
            Cell(place(c.file, c.line), words.clip(c.text, 160), "code"),
        ]
        for c in record.changes
    ]
    head = ["policy", "key", "from", "to", "where"]
    return Table("What each policy changed", head, rows, owners=[c.policy for c in record.changes])


def place(file: str, line: int) -> str:
    """`demo.yaml:41`; the file alone where no line is known."""
    return f"{words.clip(file, 90)}:{line}" if line else words.clip(file, 90)


def check_word(check: CheckResult) -> str:
    """`passed`, `failed`, `failed (warning)` or `undecided`."""
    if check.ok is None:
        return "undecided"
    return "passed" if check.ok else "failed" if check.severity == "error" else f"failed ({words.clip(check.severity)})"


def checks(record: StudyRecord) -> Table:
    """The file's checks and how they went."""
    rows = [
        [
            Cell(check_word(c)),
            Cell(words.clip(c.check, 160), kind="code"),
            Cell(words.full_label(c.outcome)),
            Cell(words.clip(c.policy)),
            Cell(words.clip(c.found, 160)),
            Cell(place(c.file, c.line), kind="code"),
        ]
        for c in record.checks
    ]
    head = ["result", "check", "outcome", "policy", "found", "where"]
    return Table("Checks of the file", head, rows, owners=[c.policy for c in record.checks])


def glossary(record: StudyRecord) -> list[tuple[str, Outcome]]:
    """The rows of the outcome table that this report names, with their ids, in the table's order."""
    used = {split_name(s.outcome)[1] for s in record.outcomes} | {split_name(v.outcome)[1] for v in record.verdicts}
    return [(name, row) for name, row in OUTCOMES.items() if name in used]


def command(record: StudyRecord) -> str:
    """What to type to run the study again."""
    return record.method.get("reproduce") or f"infermint run {shlex.quote(words.clip(record.scenario_file, 300))}"


def method(record: StudyRecord) -> list[tuple[str, str]]:
    """The method box: names and what they are, the record's own entries last, by name (a stored record keeps no order)."""
    points = len(record.points) or 1
    design = [
        _counted(len(record.policies), "policy", "policies"),
        _counted(len(record.coin_prices), "kind of coin price", "kinds of coin price"),
    ]
    design += [_counted(points, "point", "points"), _counted(record.replications, "replication", "replications")]
    rows = [
        ("scenario", words.clip(record.scenario_file, 300)),
        ("scenario hash", words.clip(record.scenario_hash, 80)),
        (
            "time",
            f"{words.duration(record.horizon_s)} from {words.clip(record.start, 12)}, in epochs of {words.duration(record.epoch_s)}",
        ),
        (
            "policies differ from",
            "the start" if record.policies_from_s <= 0 else f"{words.duration(record.policies_from_s)} after the start",
        ),
        ("estimand", words.clip(record.estimand)),
        ("requests", words.clip(record.requests_mode)),
        ("design", " x ".join(design)),
        ("root seed", str(record.root_seed)),
        ("confidence", f"{100 * record.confidence:g} %"),
        *(
            [("joint sets", f"{len(record.sets)} of {_counted(len(record.parameters), 'parameter', 'parameters')}")]
            if record.sets
            else []
        ),
    ]
    told = {"reproduce", "replications"}
    rows += [(words.clip(name.replace("_", " ")), f"{count:,}") for name, count in sorted(record.counts.items())]
    return rows + [
        (words.clip(name.replace("_", " ")), words.clip(value, 600))
        for name, value in sorted(record.method.items())
        if name not in told
    ]


def _counted(count: int, one: str, several: str) -> str:
    return f"{count:,} {one if count == 1 else several}"
