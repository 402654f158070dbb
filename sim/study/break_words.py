"""What broke after a shock, in sentences: which first, in how many replications, and what the same seeds do without it."""

from __future__ import annotations

from collections.abc import Sequence

from sim.records.breaks import RULES, Break
from sim.study.plan import Plan
from sim.study.rounding import interval, listed, readable, told

_LABELS = {rule.name: rule.label for rule in RULES}


def break_sentences(plan: Plan, breaks: Sequence[Break]) -> list[str]:
    """One sentence a network, policy and kind of coin price; of a sweep, at its first point."""
    groups: dict[tuple[str, str, str], list[Break]] = {}
    for row in breaks:
        if row.point == 0:
            groups.setdefault((row.policy, row.coin_price, row.network), []).append(row)
    many = len({network for _, _, network in groups}) > 1
    return [_sentence(plan, key, rows, many) for key, rows in groups.items()]


def _sentence(plan: Plan, key: tuple[str, str, str], rows: Sequence[Break], many: bool) -> str:
    policy, kind, network = key
    head = readable(policy) + (f" (coin price: {kind})" if len(plan.coin_prices) > 1 else "")
    where = f" in {network}" if many else ""
    broke = [row for row in rows if row.reached]
    if not broke:
        most = max(row.share_high or 0.0 for row in rows)
        n = min(row.n for row in rows)
        return f"{head}: after the shock nothing broke{where} in {n} runs (at most {told(most, '%')} of runs for any rule)."
    firsts = sorted((row for row in rows if row.first), key=lambda row: -row.first)
    parts = []
    if firsts:
        runs = len(firsts[0].days)
        parts = [
            f"what broke first{where} was {listed([f'{_label(row)} in {row.first} of {runs} runs' for row in firsts])}"
        ]
    parts += [_share(row) for row in broke]
    return f"{head}: after the shock {'; '.join(parts)}."


def _label(row: Break) -> str:
    return _LABELS.get(row.rule, row.rule)


def _share(row: Break) -> str:
    """`death spiral 3 of 16 [7, 43] % (without the shock 0)`."""
    bounds = interval(100 * (row.share_low or 0.0), 100 * (row.share_high or 0.0), 0)
    calm = f"without the shock {row.twin_reached}"
    return f"{_label(row)} {row.reached} of {row.n} {bounds} % ({f'{row.word}; ' if row.word else ''}{calm})"
