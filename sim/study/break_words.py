"""What broke after a shock, in sentences: which first, in how many replications, and what the same seeds do without it."""

from __future__ import annotations

from collections.abc import Sequence

from sim.records.breaks import RULES, Break
from sim.study.plan import Plan
from sim.study.rounding import interval, listed, readable, told

_LABELS = {rule.name: rule.label for rule in RULES}


def break_sentences(plan: Plan, breaks: Sequence[Break]) -> list[str]:
    """One sentence a policy, kind of coin price and network where something broke; one for all networks where nothing did.

    What the shock moves itself and what breaks as often without it is left to the tables. Of a sweep, the first point is told.
    """
    here = [row for row in breaks if row.point == 0 and not row.struck]
    networks = list(dict.fromkeys(row.network for row in here))
    broke = {
        network
        for network in networks
        if any(row.network == network and row.reached > row.twin_reached for row in here)
    }
    groups: dict[tuple[str, str, str], list[Break]] = {}
    for row in here:
        if row.network in broke:
            groups.setdefault((row.policy, row.coin_price, row.network), []).append(row)
    made = [_sentence(plan, key, rows, len(networks) > 1) for key, rows in groups.items()]
    whole = [row for row in here if row.network not in broke]
    return [*made, _whole(whole)] if whole else made


def _whole(rows: Sequence[Break]) -> str:
    networks = listed(list(dict.fromkeys(row.network for row in rows)))
    most = (
        max(row.share_high or 0.0 for row in rows if not row.reached) if any(not row.reached for row in rows) else 1.0
    )
    return f"After the shock nothing broke in {networks} that does not without it (a rule that never broke: at most {told(round(most, 2), '%')} of runs)."


def _sentence(plan: Plan, key: tuple[str, str, str], rows: Sequence[Break], many: bool) -> str:
    policy, kind, network = key
    head = readable(policy) + (f" (coin price: {kind})" if len(plan.coin_prices) > 1 else "")
    where = f" in {network}" if many else ""
    firsts = sorted((row for row in rows if row.first), key=lambda row: -row.first)
    more = [row for row in rows if row.reached > row.twin_reached]
    if not firsts and not more:
        return f"{head}: after the shock nothing broke{where} that does not without it."
    parts = []
    if firsts:
        runs = len(firsts[0].days)
        parts.append(
            f"what broke first{where} was {listed([f'{_label(row)} in {row.first} of {runs} runs' for row in firsts])}"
        )
    parts += [_share(row) for row in more]
    return f"{head}: after the shock {'; '.join(parts)}."


def _label(row: Break) -> str:
    return _LABELS.get(row.rule, row.rule)


def _share(row: Break) -> str:
    """`death spiral 3 of 16 [7, 43] % (without the shock 0)`."""
    bounds = interval(100 * (row.share_low or 0.0), 100 * (row.share_high or 0.0), 0)
    calm = f"without the shock {row.twin_reached}"
    return f"{_label(row)} {row.reached} of {row.n} {bounds} % ({f'{row.word}; ' if row.word else ''}{calm})"
