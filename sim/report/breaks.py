"""What broke after a shock, as tables: the rules' shares by case, and the ways back."""

from __future__ import annotations

from collections.abc import Sequence

from sim.records.breaks import CALM_DAYS, NEAR, RULES, Break, Recovery
from sim.records.outcomes import OUTCOMES
from sim.records.study import StudyRecord
from sim.report import words
from sim.report.tables import Cell, Table, case_words, first_of, policies_of

FILE = "breaks.csv"
_RULES = {rule.name: rule for rule in RULES}


def tables(record: StudyRecord) -> list[Table]:
    """A table of rules a network, and one of ways back; none without shocks. Of a sweep, its first point."""
    here = [row for row in record.breaks if row.point == 0]
    made = [_rules(record, network, here) for network in dict.fromkeys(row.network for row in here)]
    ways = [row for row in record.recoveries if row.point == 0]
    return [*made, _ways(record, ways)] if ways else made


def _cases(rows: Sequence[Break] | Sequence[Recovery]) -> list[tuple[str, str]]:
    return list(dict.fromkeys((row.policy, row.coin_price) for row in rows))


def _rules(record: StudyRecord, network: str, rows: Sequence[Break]) -> Table:
    mine = [row for row in rows if row.network == network]
    cases = _cases(mine)
    found = {(row.rule, row.policy, row.coin_price): row for row in mine}
    names = [rule.name for rule in RULES if any(row.rule == rule.name for row in mine)]
    shared = _shared(mine)
    body = [
        [
            _rule_cell(next(row for row in mine if row.rule == name)),
            *(_break(found.get((name, *case)), shared) for case in cases),
        ]
        for name in names
    ]
    caption = (
        f"{words.clip(network)} after the shock: runs in which each rule broke, with {100 * record.confidence:g} % Wilson intervals; "
        "days are means that count a run without a break as the horizon"
        + (f"; {shared}" if shared else "")
        + first_of(record, FILE)
    )
    heads = ["rule", *(case_words(record, *case) for case in cases)]
    return Table(caption, heads, body, columns=policies_of(cases))


def _rule_cell(row: Break) -> Cell:
    rule = _RULES[row.rule]
    name = OUTCOMES[row.outcome].label if row.outcome in OUTCOMES else row.outcome
    return Cell(rule.label, f"{name} {row.limit} ({rule.source})")


def _shared(rows: Sequence[Break] | Sequence[Recovery]) -> str:
    """The word that all rows share: it stands in the caption, not in each cell."""
    found = {row.word for row in rows}
    return found.pop() if len(found) == 1 else ""


def _break(row: Break | None, shared: str) -> Cell:
    if row is None:
        return Cell("was so before, or is not told", kind="missing")
    lead = "what the shock moves itself" if row.struck else f"first in {row.first}"
    # Where nothing broke, the mean is the horizon: it would read as a day of breaking.
    days = "" if row.restricted_days is None or not row.reached else f", day {words.plain(row.restricted_days)}"
    note = f"without the shock {row.twin_reached}" + (f"; {row.word}" if row.word != shared else "")
    return Cell(
        f"{row.reached} of {row.n} {words.span(row.share_low, row.share_high, '%')} %",
        lead + days,
        "number",
        note,
        row.reached / row.n,
    )


def _ways(record: StudyRecord, rows: Sequence[Recovery]) -> Table:
    cases = _cases(rows)
    shared = _shared([row for row in rows if row.moved])
    found = {(row.network, row.outcome, row.policy, row.coin_price): row for row in rows}
    body = [
        [
            Cell(f"{words.clip(network)} {OUTCOMES[name].label}"),
            *(_way(found.get((network, name, *case)), shared) for case in cases),
        ]
        for network, name in dict.fromkeys((row.network, row.outcome) for row in rows)
    ]
    caption = f"Back at the twin without the shock: first day of {CALM_DAYS:g} within {100 * NEAR:g} % of the same seed's, of the runs that left it"
    caption += "; below it, how far it fell at most and where it stands at the horizon, beside the twin (of the coin's price: what holders have lost)"
    caption += (f"; {shared}" if shared else "") + first_of(record, "recoveries.csv")
    heads = ["outcome", *(case_words(record, *case) for case in cases)]
    return Table(caption, heads, body, columns=policies_of(cases))


def _way(row: Recovery | None, shared: str) -> Cell:
    if row is None:
        return Cell(words.NONE, kind="missing")
    beside = "" if row.lowest is None else f"lowest {words.percent(row.lowest)} %"
    beside += (
        "" if row.at_end is None else f", at the end {words.relative(row.at_end, row.at_end_low, row.at_end_high)}"
    )
    if not row.moved:
        return Cell(f"never left in {row.n}", beside, "number", value=1.0)
    days = "" if row.restricted_days is None or not row.back else f"day {words.plain(row.restricted_days)}"
    days = "; ".join(filter(None, (days, beside)))
    back = f"{row.back} of {row.moved} {words.span(row.share_low, row.share_high, '%')} %"
    return Cell(back, days, "number", row.word if row.word != shared else "", row.back / row.moved)


def lines(record: StudyRecord) -> list[tuple[str, list[list[str]]]]:
    """What broke, for a terminal: a head and rows of cells for each case and network where a rule broke more often than without."""
    blocks: dict[tuple[str, str, str], list[Break]] = {}
    for row in record.breaks:
        if row.point == 0:
            blocks.setdefault((row.policy, row.coin_price, row.network), []).append(row)
    made = []
    for (policy, kind, network), rows in blocks.items():
        if any(row.reached > row.twin_reached for row in rows):
            head = ["", "broke", "interval", "first", "mean day", "without the shock"]
            body = [
                [f"  {_RULES[row.rule].label}", f"{row.reached} of {row.n}", f"{words.span(row.share_low, row.share_high, '%')} %",
                 "-" if row.struck else str(row.first), words.plain(row.restricted_days) if row.restricted_days is not None and row.reached else "-",
                 str(row.twin_reached)]
                for row in rows
            ]  # fmt: skip
            made.append(
                (
                    f"{case_words(record, policy, kind)}: {words.clip(network)} after the shock{first_of(record, FILE)}",
                    [head, *body],
                )
            )
    return made
