"""Whether a study ends elsewhere from another start: more than one outcome, and the share of runs that ends in each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sim.records.run import RunRecord
from sim.records.starts import NEAR, Ends
from sim.study import statistics
from sim.study.breaks import too_few
from sim.study.plan import Cell, Plan
from sim.study.rounding import first_of, readable, told

Runs = Mapping[Cell, Sequence[RunRecord]]


def ends(plan: Plan, runs: Runs) -> list[Ends]:
    """Every network's end from every other start, by case; empty where no other start was asked for."""
    made = []
    for cell in plan.cells() if plan.starts else ():
        given = runs[cell]
        for start in plan.starts:
            others = runs[plan.from_start(cell, start)]
            made += [_of(plan, cell, start, network, given, others) for network in plan.networks]
    return made


def _of(
    plan: Plan, cell: Cell, start: str, network: str, given: Sequence[RunRecord], others: Sequence[RunRecord]
) -> Ends:
    pairs = [(_last(one, network), _last(other, network)) for one, other in zip(given, others, strict=True)]
    where = [_where(one, other) for one, other in pairs]
    same, n = where.count(0), len(pairs)
    low, high = statistics.wilson(same, n, plan.confidence)
    return Ends(
        start, network, *cell, n, statistics.mean([one for one, _ in pairs]), statistics.mean([other for _, other in pairs]),
        same, where.count(-1), where.count(1), low, high, *_gaps(network, given, others), too_few(n, low, high),
    )  # fmt: skip


def _last(record: RunRecord, network: str) -> float:
    return float(record.series[f"{network}.nodes"][-1] or 0.0)


def _gaps(network: str, given: Sequence[RunRecord], others: Sequence[RunRecord]) -> tuple[float, float]:
    """Mean absolute difference of nodes at three quarters of the run and at the end."""
    name = f"{network}.nodes"
    epochs = len(given[0].series[name])

    def gap(epoch: int) -> float:
        pairs = [
            (one.series[name][epoch] or 0.0, other.series[name][epoch] or 0.0)
            for one, other in zip(given, others, strict=True)
        ]
        return statistics.mean([abs(other - one) for one, other in pairs])

    return gap(max(3 * epochs // 4 - 1, 0)), gap(epochs - 1)


def _where(given: float, other: float) -> int:
    """0 where two runs end alike, else the sign of the difference."""
    if abs(other - given) <= max(NEAR * given, 1.0):
        return 0
    return 1 if other > given else -1


def start_sentences(plan: Plan, found: Sequence[Ends]) -> list[str]:
    """One sentence a case that ends elsewhere from another start, or one that all end alike."""
    here = [one for one in found if one.point == 0]
    if not here:
        return []
    apart = [one for one in here if one.same < one.n]
    if not apart:
        asked = " and ".join(dict.fromkeys(one.start for one in here))
        return [
            f"One outcome{first_of(plan.points)}: from {asked} of the nodes every run ends as from the given start, within {100 * NEAR:g} % of its nodes."
        ]
    return [_sentence(plan, one) for one in apart]


def _sentence(plan: Plan, one: Ends) -> str:
    kind = f" (coin price: {one.coin_price})" if len(plan.coin_prices) > 1 else ""
    parts = [
        f"{count} of {one.n} {word}"
        for count, word in (
            (one.same, "as from the given start"),
            (one.fewer, "with fewer nodes"),
            (one.more, "with more nodes"),
        )
        if count
    ]
    nodes = f"{told(one.mean)} {one.network} nodes at the end, {told(one.given_mean)} from the given start"
    few = f"; {one.word}" if one.word else ""
    rest = f", or runs not yet at rest ({told(one.late)} nodes apart at three quarters of the run, {told(one.apart)} at the end)"
    head = f"{readable(one.policy)}{kind}{first_of(plan.points)}: more than one outcome{rest if one.closing else ''}"
    return f"{head}. From {one.start} of the nodes runs end {', '.join(parts)} ({nodes}{few})."
