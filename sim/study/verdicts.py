"""Verdicts: every policy against the baseline, for every declared outcome, under each kind of coin price and jointly."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sim.records.outcomes import OUTCOMES, split_name
from sim.records.study import Verdict
from sim.study import influence, statistics
from sim.study.plan import Cell, Plan
from sim.study.rounding import told
from sim.study.statistics import Judged, Paired
from sim.study.values import Values, difference_within_range

JOINT = "both"
"""The kind of coin price of a joint verdict."""
DEFAULT_OUTCOMES = ("price_paid_usd_per_mtok", "slo_met_frac", "nodes@end", "fee_coverage_frac", "share_frac")
"""Compared for every network where a scenario declares no outcomes."""
COMPLETED = {
    **dict.fromkeys(("ttft_", "tpot_", "e2e_", "network_s"), ("unmet_frac", "requests")),
    "job_time_days": ("jobs_failed_frac", "jobs"),
}
"""Beginnings of outcomes of what completed alone: compared only where about the same completed, by the share that did not."""

Table = Mapping[tuple[str, Cell], Values]


@dataclasses.dataclass(frozen=True)
class _Row:
    """One comparison on its way to a verdict: what was found, or why nothing can be."""

    reference: str
    cell: Cell
    n: int
    zone: float
    found: Paired | None
    refused: Judged | None
    each: tuple[float, ...] = ()
    """The difference in each replication."""


def default_family(plan: Plan) -> list[str]:
    """What is compared where a scenario declares nothing, as far as runs carry it."""
    return [f"{network}.{name}" for name in DEFAULT_OUTCOMES for network in plan.networks]


def needed_references(outcomes: Sequence[str]) -> list[str]:
    """The outcomes and those their comparability rests on (`unmet_frac` of a network whose latency is compared)."""
    unmet = [found[0] for reference in outcomes if (found := _unmet(reference)) is not None]
    return list(dict.fromkeys([*outcomes, *unmet]))


def verdicts(plan: Plan, outcomes: Sequence[str], table: Table) -> list[Verdict]:
    """All verdicts, by policy, point, outcome, kind of coin price; the joint one last where there are several kinds.

    Holm goes over all of them together (joint ones follow from theirs). No baseline among the policies: no verdicts.
    """
    if plan.baseline not in plan.policies:
        return []
    rows = [
        _compare(plan, reference, cell, table)
        for cell in plan.cells()
        if cell.policy != plan.baseline
        for reference in outcomes
    ]
    ps = [row.found.p if row.found else None for row in rows]
    tests = sum(p is not None for p in ps)
    made = {}
    for index, (row, p_holm) in enumerate(zip(rows, statistics.holm(ps), strict=True)):
        judged = _judged(plan, row, p_holm, tests)
        verdict = _verdict(plan, row, p_holm, judged)
        made[row.reference, row.cell] = _told_of_driver(plan, rows, index, ps, verdict)
    return _in_order(plan, outcomes, made)


def _in_order(plan: Plan, outcomes: Sequence[str], made: Mapping[tuple[str, Cell], Verdict]) -> list[Verdict]:
    ordered = []
    for policy in plan.policies:
        for point in range(len(plan.points)):
            for reference in outcomes if policy != plan.baseline else ():
                kinds = {kind: made[reference, Cell(policy, kind, point)] for kind in plan.coin_prices}
                ordered += [*kinds.values(), *([_joint(kinds)] if len(kinds) > 1 else [])]
    return ordered


def _compare(plan: Plan, reference: str, cell: Cell, table: Table) -> _Row:
    ours, theirs = table[reference, cell], table[reference, cell._replace(policy=plan.baseline)]
    n = len(ours.numbers)
    policy, baseline = ours.complete, theirs.complete
    if policy is None or baseline is None:
        return _Row(
            reference, cell, n, 0.0, None, Judged("not supported", ours.reason or f"{plan.baseline}: {theirs.reason}")
        )
    found = statistics.paired(policy, baseline, plan.confidence)
    zone = plan.zone(reference).half_width(found.baseline_mean)
    each = tuple(a - b for a, b in zip(policy, baseline, strict=True))
    return _Row(reference, cell, n, zone, found, _incomparable(plan, reference, cell, table), each)


def _incomparable(plan: Plan, reference: str, cell: Cell, table: Table) -> Judged | None:
    """Policies that could not be made equal are not; and latencies are of completed requests.

    Where more than the zone's share of requests ends otherwise, their latencies are of other requests.
    """
    for one in plan.solved:
        if one.word and (one.coin_price, one.point) == cell[1:] and one.policy in (cell.policy, plan.baseline):
            return Judged("not comparable", f"{one.what} could not be made equal under {one.policy}")
    completion = _unmet(reference)
    if completion is None:
        return None
    unmet, what = completion
    label = OUTCOMES[split_name(unmet)[1]].label
    ours, theirs = table[unmet, cell].complete, table[unmet, cell._replace(policy=plan.baseline)].complete
    if ours is None or theirs is None:
        return Judged("not comparable", f"how many {what} completed is not known")
    found = statistics.paired(ours, theirs, plan.confidence)
    zone = plan.zone(unmet)
    # The zone's share counts requests here, not a change of the share that was unmet, which may be near nothing.
    limit = zone.relative if zone.absolute is None else zone.absolute
    if abs(found.difference) <= limit:
        return None
    ours_told, theirs_told, limit_told = (told(share, "%") for share in (found.policy_mean, found.baseline_mean, limit))
    return Judged(
        "not comparable",
        f"other {what} completed: {label} {ours_told} against {theirs_told}, more than {limit_told} apart",
    )


def _judged(plan: Plan, row: _Row, p_holm: float | None, tests: int) -> Judged:
    if row.refused is not None or row.found is None:
        return row.refused or Judged("not supported")
    direction = OUTCOMES[split_name(row.reference)[1]].direction
    return statistics.judge(row.found, row.zone, direction, p_holm, tests, plan.confidence)


def _verdict(plan: Plan, row: _Row, p_holm: float | None, judged: Judged) -> Verdict:
    if row.found is not None:
        return _filled(plan, row, row.found, p_holm, judged)
    empty = Paired(row.n, math.nan, math.nan, math.nan, None, None, None, None, None)
    nothing: dict[str, Any] = dict.fromkeys(("baseline_mean", "policy_mean", "difference", "relative"))
    return dataclasses.replace(_filled(plan, row, empty, None, judged), **nothing)


def _told_of_driver(
    plan: Plan, rows: Sequence[_Row], index: int, ps: Sequence[float | None], verdict: Verdict
) -> Verdict:
    """The verdict, and why: if one replication drives it, which, and the word that it would have without."""
    row = rows[index]
    which = None if row.refused else influence.outlier(row.each)
    if which is None or row.found is None:
        return verdict
    rest = [number for replication, number in enumerate(row.each) if replication != which]
    found = statistics.paired(rest, [0.0] * len(rest), plan.confidence)
    others = [found.p if place == index else p for place, p in enumerate(ps)]
    tests = sum(p is not None for p in others)
    without = _judged(plan, dataclasses.replace(row, found=found), statistics.holm(others)[index], tests)
    if without.word == verdict.word:
        return verdict
    said = f"replication {which} alone drives it: without it the word is '{without.word}'"
    return dataclasses.replace(verdict, driven_by=which, why="; ".join(filter(None, (verdict.why, said))))


def _filled(plan: Plan, row: _Row, found: Paired, p_holm: float | None, judged: Judged) -> Verdict:
    found = difference_within_range(row.reference, found)
    scale = abs(found.baseline_mean)

    def relative(number: float | None) -> float | None:
        return None if number is None or not scale else number / scale

    return Verdict(
        row.reference, plan.unit(row.reference), row.cell.policy, plan.baseline, row.cell.coin_price, row.cell.point, judged.word,
        found.baseline_mean, found.policy_mean, found.difference, found.low, found.high,
        relative(found.difference), relative(found.low), relative(found.high),
        found.p, p_holm, row.zone, row.n, found.gain, judged.why, judged.needed,
    )  # fmt: skip


def _joint(kinds: Mapping[str, Verdict]) -> Verdict:
    """What all kinds agree on. Its numbers: means over the kinds, the hull of their intervals, the largest p.

    Where they do not agree, or nothing can be compared, it has no difference.
    """
    each = list(kinds.values())
    judged = statistics.joint({kind: Judged(one.word, one.why, one.needed) for kind, one in kinds.items()})
    numbers: dict[str, Any] = {name: _over(each, name, reduce) for name, reduce in _REDUCED.items()}
    if judged.word in ("depends on how the coin is priced", "not supported", "not comparable"):
        numbers = {
            **dict.fromkeys(numbers),
            "baseline_mean": numbers["baseline_mean"],
            "policy_mean": numbers["policy_mean"],
        }
    numbers["indifferent"] = max(one.indifferent for one in each)
    driven = {kind: one for kind, one in kinds.items() if one.driven_by is not None}
    why = judged.why or "; ".join(f"{kind}: {one.why}" for kind, one in driven.items())
    driver = next((one.driven_by for one in driven.values()), None)
    return dataclasses.replace(
        each[0], coin_price=JOINT, word=judged.word, why=why, needed=judged.needed, driven_by=driver, **numbers
    )


_REDUCED: dict[str, Callable[[list[float]], float]] = {
    **dict.fromkeys(("baseline_mean", "policy_mean", "difference", "relative"), statistics.mean),
    **dict.fromkeys(("low", "relative_low", "pairing_gain"), min),
    **dict.fromkeys(("high", "relative_high", "p", "p_holm"), max),
}


def _over(each: Sequence[Verdict], name: str, reduce: Callable[[list[float]], float]) -> float | None:
    numbers = [getattr(one, name) for one in each]
    return None if any(number is None for number in numbers) else float(reduce(numbers))


def _unmet(reference: str) -> tuple[str, str] | None:
    """The share that did not complete, and of what; None for an outcome that is not of what completed alone."""
    network, name, _ = split_name(reference)
    found = next((of for begins, of in COMPLETED.items() if name.startswith(begins)), None)
    return None if found is None else (f"{network}.{found[0]}", found[1])
