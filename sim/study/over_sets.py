"""What joint sets of the uncertain parameters make of the verdicts.

Replications tell the noise of the simulation at the file's values. A set puts other values in place of them, for all policies;
the policies are paired inside each set. A set says the same as a verdict where its own difference has the verdict's sign, or,
for `no difference`, lies in the zone around the set's own baseline. A verdict that fewer than `SAME` of the sets repeat becomes
"depends on parameters" and names the two whose rank correlation with the difference is largest.

A joint verdict over the kinds of coin price is repeated by a set where it is under every kind. Sets without a number for an
outcome (a network that emptied) repeat nothing and count. What comes of a set is a mean over its replications, so the range
over sets holds a little of their noise too.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from sim.records.run import RunRecord
from sim.records.study import Influence, Verdict, Word
from sim.study import ranks
from sim.study.plan import Cell, Plan
from sim.study.statistics import mean
from sim.study.values import values_of

SAME = 0.9
"""Share of the sets that must repeat a verdict for a headline to say it: a convention of this project."""
FEW_SETS = 20
"""With fewer sets than this, a warning says that shares are rough: one set more or less is over 5 %."""
RANGE = (0.05, 0.95)
CLAIMS: tuple[Word, ...] = ("better", "worse", "higher", "lower", "no difference")
"""Words that claim something, and so need the sets behind them."""
WEAKEST = "illustrative"
"""Status of a parameter on which a headline can only be conditional."""

UNCOMPARED = "nothing is compared, so the sets are told in sets.csv alone"

Runs = Mapping[Cell, Sequence[RunRecord]]
Means = Mapping[tuple[str, Cell], Sequence[float | None]]
"""Mean over a set's replications by (outcome, cell at the file's values), a number a set."""


def over_sets(plan: Plan, judged: Sequence[Verdict], runs: Runs) -> tuple[list[Verdict], list[Influence]]:
    """The verdicts as far as the sets bear them out, and how each difference moves with each parameter."""
    if not plan.sets or not judged:
        return list(judged), []
    means = means_over_sets(plan, list(dict.fromkeys(one.outcome for one in judged)), runs)
    made, influences = [], []
    for one in judged:
        found = _differences(plan, one, means)
        mine = _influences(plan, one, found)
        influences += mine
        made.append(_qualified(plan, one, found, mine))
    return made, influences


def uncompared(plan: Plan, judged: Sequence[Verdict]) -> list[str]:
    """The warning of sets that have no verdict to bear out; empty where there are verdicts or no sets."""
    return [UNCOMPARED] if plan.sets and not judged else []


@dataclasses.dataclass(frozen=True)
class _InSets:
    """A verdict's differences set by set: by kind of coin price, and their mean over kinds; None without a number."""

    by_kind: dict[str, list[tuple[float, float] | None]]
    """(difference, half-width of the zone)."""
    differences: list[float | None]


def means_over_sets(plan: Plan, references: Sequence[str], runs: Runs) -> Means:
    """The means that sets are judged by; each run is read once. None where a replication has no number."""
    found: dict[tuple[str, Cell], list[float | None]] = {}
    for cell in plan.cells():
        for drawn in range(len(plan.sets)):
            records = runs[plan.in_set(cell, drawn)]
            for reference in references:
                numbers = values_of(plan, records, reference).complete
                found.setdefault((reference, cell), []).append(mean(numbers) if numbers else None)
    return found


def _differences(plan: Plan, one: Verdict, means: Means) -> _InSets:
    kinds = [kind for kind in plan.coin_prices if one.coin_price in (kind, "both")]
    by_kind = {}
    for kind in kinds:
        cell = Cell(one.policy, kind, one.point)
        ours, theirs = means[one.outcome, cell], means[one.outcome, cell._replace(policy=plan.baseline)]
        by_kind[kind] = [
            None if a is None or b is None else (a - b, plan.zone(one.outcome).half_width(b))
            for a, b in zip(ours, theirs, strict=True)
        ]
    rows = zip(*by_kind.values(), strict=True)
    over = [None if None in row else mean([pair[0] for pair in row if pair is not None]) for row in rows]
    return _InSets(by_kind, over)


def _influences(plan: Plan, one: Verdict, found: _InSets) -> list[Influence]:
    kept = [index for index, number in enumerate(found.differences) if number is not None]
    ys = [number for number in found.differences if number is not None]
    return [
        Influence(
            one.outcome, one.policy, one.coin_price, one.point, parameter.path, parameter.status,
            ranks.rank_correlation([plan.sets[index][column] for index in kept], ys),
        )
        for column, parameter in enumerate(plan.parameters)
    ]  # fmt: skip


def _qualified(plan: Plan, one: Verdict, found: _InSets, influences: Sequence[Influence]) -> Verdict:
    # Of parameters with equal correlations the first of the file.
    moving = [each for each in influences if each.rank_correlation]
    ordered = sorted(moving, key=lambda each: -abs(each.rank_correlation or 0.0))
    depends = [each.parameter for each in ordered[:2]]
    numbers = [pair[0] for pairs in found.by_kind.values() for pair in pairs if pair is not None]
    spread = [_range([pair[0] for pair in pairs if pair is not None]) for pairs in found.by_kind.values()]
    known = [each for each in spread if each is not None]
    share = _share(one, found)
    made = dataclasses.replace(
        one,
        sets=len(plan.sets),
        same_frac=share,
        set_low=min(low for low, _ in known) if numbers else None,
        set_high=max(high for _, high in known) if numbers else None,
        depends=depends,
    )
    if one.word not in CLAIMS or share is None:
        return made
    if share < SAME:
        return dataclasses.replace(made, word="depends on parameters", why=_why(made, found))
    if ordered and ordered[0].status == WEAKEST:
        return dataclasses.replace(made, condition=depends[0])
    return made


def _range(numbers: Sequence[float]) -> tuple[float, float] | None:
    return (ranks.quantile(numbers, RANGE[0]), ranks.quantile(numbers, RANGE[1])) if numbers else None


def _share(one: Verdict, found: _InSets) -> float | None:
    """Share of the sets that repeat the verdict; None where it has no difference to repeat."""
    if one.difference is None:
        return None
    rows = zip(*found.by_kind.values(), strict=True)
    return sum(all(_repeats(one, pair) for pair in row) for row in rows) / len(found.differences)


def _repeats(one: Verdict, pair: tuple[float, float] | None) -> bool:
    if pair is None:
        return False
    difference, zone = pair
    if one.word == "no difference":
        return abs(difference) <= zone
    return _sign(difference) == _sign(one.difference or 0.0)


def _sign(number: float) -> int:
    return (number > 0) - (number < 0)


def _why(one: Verdict, found: _InSets) -> str:
    said = "within the zone" if one.word == "no difference" else "same sign"
    missing = sum(number is None for number in found.differences)
    none = f"; no number in {missing} of them" if missing else ""
    return f"{one.word} at the file's values; {said} in {100 * (one.same_frac or 0):.0f} % of {one.sets} parameter sets{none}"
