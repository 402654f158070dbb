"""What broke after a shock, in sentences: which first, in how many replications, and what the same seeds do without it.

What the shock moves itself breaks by definition where the shock is large enough: it never is the first, and is told so.
"""

from __future__ import annotations

from collections.abc import Sequence

from sim.records.breaks import RULES, Break
from sim.study.plan import Plan
from sim.study.rounding import first_of, interval, listed, readable, told
from sim.units import DAY_S

_LABELS = {rule.name: rule.label for rule in RULES}


def break_sentences(plan: Plan, breaks: Sequence[Break]) -> list[str]:
    """One sentence a policy, kind of coin price and network where something broke; one for all networks where nothing did.

    What breaks as often without it is left to the tables. Of a sweep, the first point is told.
    """
    here = [row for row in breaks if row.point == 0]
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
    return [*made, _whole(plan, whole)] if whole else made


def untold(plan: Plan, breaks: Sequence[Break]) -> list[str]:
    """Why a study with shocks tells nothing of what broke; empty where it does, or has none."""
    if plan.shock_from_s is None or breaks:
        return []
    if plan.shock_from_s < plan.epoch_s:
        return [
            "the first shock begins in the first epoch: nothing was measured before it, so what broke is not told "
            f"(let it begin at {plan.epoch_s / DAY_S:g} day or later)"
        ]
    return ["before the first shock each rule was broken or had no number, so what broke is not told"]


def _whole(plan: Plan, rows: Sequence[Break]) -> str:
    networks = listed(list(dict.fromkeys(row.network for row in rows)))
    most = (
        max(row.share_high or 0.0 for row in rows if not row.reached) if any(not row.reached for row in rows) else 1.0
    )
    return f"After the shock{first_of(plan.points)} nothing broke in {networks} that does not without it (a rule that never broke: at most {told(round(most, 2), '%')} of runs)."


def _sentence(plan: Plan, key: tuple[str, str, str], rows: Sequence[Break], many: bool) -> str:
    policy, kind, network = key
    head = readable(policy) + (f" (coin price: {kind})" if len(plan.coin_prices) > 1 else "") + first_of(plan.points)
    where = f" in {network}" if many else ""
    firsts = sorted((row for row in rows if row.first), key=lambda row: -row.first)
    more = [row for row in rows if row.reached > row.twin_reached]
    if not firsts and not more:
        return f"{head}: after the shock nothing broke{where} that does not without it."
    parts = []
    start = "" if firsts else where
    if firsts:
        runs = len(firsts[0].days)
        parts.append(
            f"what broke first{where} was {listed([f'{_label(row)} in {row.first} of {runs} runs' for row in firsts])}"
        )
    word = more[0].word if len(more) > 1 and len({row.word for row in more}) == 1 else ""
    parts += [_share(row, word) for row in more] + ([f"each {word}"] if word else [])
    return f"{head}: after the shock{start} {'; '.join(parts)}."


def _label(row: Break) -> str:
    return _LABELS.get(row.rule, row.rule)


def _share(row: Break, shared: str) -> str:
    """`death spiral 3 of 16 [7, 43] % (without the shock 0)`; a word that all rows share stands behind them."""
    bounds = interval(100 * (row.share_low or 0.0), 100 * (row.share_high or 0.0), 0)
    notes = ["the shock moves it itself"] if row.struck else []
    notes += [row.word] if row.word != shared else []
    notes += [f"without the shock {row.twin_reached}"]
    return f"{_label(row)} {row.reached} of {row.n} {bounds} % ({'; '.join(notes)})"
