"""From the records of runs to the record of the study. A pure function: the same runs in any order give the same bytes."""

from __future__ import annotations

import dataclasses
import platform
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version

from sim.records.outcomes import OUTCOMES, split_name
from sim.records.run import MODEL_REVISION, RunRecord
from sim.records.study import StudyRecord, Summary, Verdict
from sim.study import batches, statistics
from sim.study.batches import BatchMeans
from sim.study.break_words import break_sentences, untold
from sim.study.breaks import broken
from sim.study.checks import run_checks
from sim.study.drift import drift
from sim.study.gain import gains
from sim.study.gather import Gathered, gather
from sim.study.over_sets import FEW_SETS, over_sets, uncompared
from sim.study.plan import Cell, Plan
from sim.study.sentences import headline, outcome_name, sentences
from sim.study.solve import solved_sentences, solved_warnings
from sim.study.starts import ends, start_sentences
from sim.study.values import PARTS, Values, require_known, within_range
from sim.study.verdicts import default_family, needed_references, verdicts
from sim.study.warmup import remarks
from sim.study.windows import with_windows

FEW = 10
"""With fewer replications than this, a warning says that intervals are rough."""

HELD_FIXED = (
    "potential users and their draws: arrivals, lengths, marks",
    "hardware lives by node slot",
    "operators' cost draws",
    "outside rents",
    "innovations of the coin price (not its path)",
    "the state in which the policies start (common run-in)",
)
NOT_FIXED = ("who enters and leaves", "prices", "demand")

WINDOWS = (
    "all replications and policies measure at the same instants: what that leaves open is told apart from run noise, by how the "
    "measured epochs differ around a slow trend"
)

Runs = Mapping[Cell, Sequence[RunRecord]]


def summarise(plan: Plan, runs: Runs) -> StudyRecord:
    """The record of a study whose runs are all there: `runs[cell]` in order of replication, 0 first, asked for once a cell.

    Raises `ScenarioError` for outcomes that cannot be and `InvariantError` for numbers that are not finite.
    """
    declared = [*plan.outcomes, *(check.outcome for check in plan.checks)]
    for reference in declared:
        require_known(plan, reference)
    wanted = needed_references([*declared, *default_family(plan)])
    gathered = {cell: gather(plan, cell, runs[cell], wanted) for cell in plan.cells()}
    carried = _carried(gathered)
    outcomes = list(plan.outcomes) or [name for name in default_family(plan) if name.partition("@")[0] in carried]
    table = _table(plan, gathered, dict.fromkeys([*carried, *needed_references([*outcomes, *declared])]))
    judged, influences = over_sets(plan, _beside_windows(plan, verdicts(plan, outcomes, table), gathered), runs)
    breaks, recoveries = broken(plan, runs)
    starts = ends(plan, runs)
    summaries = [
        _summary(plan, reference, cell, values, gathered[cell].batches.get(reference))
        for (reference, cell), values in table.items()
    ]
    curves = [one for cell in gathered.values() for one in cell.warmups]
    return StudyRecord(
        name=plan.name,
        scenario_file=plan.scenario_file,
        scenario_hash=plan.scenario_hash,
        scenario_resolved=plan.scenario_resolved,
        start=plan.start.isoformat(),
        horizon_s=plan.horizon_s,
        epoch_s=plan.epoch_s,
        policies_from_s=plan.policies_from_s,
        estimand=plan.estimand,
        requests_mode=plan.requests_mode,
        policies=list(plan.policies),
        baseline=plan.baseline,
        coin_prices=list(plan.coin_prices),
        points=[dict(point) for point in plan.points],
        replications=plan.replications,
        root_seed=plan.root_seed,
        confidence=plan.confidence,
        outcomes=summaries,
        verdicts=judged,
        bands=[band for one in gathered.values() for band in one.bands],
        histograms=[histogram for one in gathered.values() for histogram in one.histograms],
        operators=[row for one in gathered.values() for row in one.operators],
        classes=[row for one in gathered.values() for row in one.classes],
        warmups=curves,
        lorenz=[curve for one in gathered.values() for curve in one.lorenz],
        break_evens=[row for one in gathered.values() for row in one.break_evens],
        flows=[one.flows for one in gathered.values()],
        checks=run_checks(plan, table),
        changes=list(plan.changes),
        assumptions=list(plan.assumptions),
        held_fixed=[*HELD_FIXED, *(["shocks from outside"] if plan.shock_from_s is not None else [])],
        not_fixed=list(NOT_FIXED),
        method={**_method(plan), **drift(plan, gathered), **gains(plan, judged)},
        warnings=[
            *_warnings(plan, gathered),
            *uncompared(plan, judged),
            *untold(plan, breaks),
            *_driven(plan, judged),
            *_windows_warned(plan, judged),
            *remarks(plan, curves),
        ],
        counts=_counts(plan, gathered),
        parameters=list(plan.parameters),
        sets=[list(numbers) for numbers in plan.sets],
        influences=influences,
        sentences=sentences(
            plan, judged, [summary for name in outcomes for summary in summaries if summary.outcome == name]
        )
        + solved_sentences(plan)
        + break_sentences(plan, breaks)
        + start_sentences(plan, starts),
        breaks=breaks,
        recoveries=recoveries,
        starts=starts,
        solved=list(plan.solved),
    )


def _beside_windows(plan: Plan, judged: Sequence[Verdict], gathered: Mapping[Cell, Gathered]) -> list[Verdict]:
    found = {(name, cell): numbers for cell, one in gathered.items() for name, numbers in one.measured.items()}
    return [dataclasses.replace(one, window_half=with_windows(plan, one, found)) for one in judged]


def _counts(plan: Plan, gathered: Mapping[Cell, Gathered]) -> dict[str, int]:
    """Sums over the runs at the file's values; `runs` counts those of the joint sets too."""
    counts = sum((one.counts for one in gathered.values()), Counter(runs=len(plan.sets) * plan.per_set * len(gathered)))
    return dict(sorted(counts.items()))


def _carried(gathered: Mapping[Cell, Gathered]) -> list[str]:
    """Every `network.outcome` that a run has a number for, or a reason why not; by outcome table, then network."""
    names = {
        name for one in gathered.values() for name, values in one.values.items() if "@" not in name and values.carried
    }
    place = {name: index for index, name in enumerate(OUTCOMES)}
    return sorted(names, key=lambda name: (place[split_name(name)[1]], name))


def _table(plan: Plan, gathered: Mapping[Cell, Gathered], references: Iterable[str]) -> dict[tuple[str, Cell], Values]:
    absent = Values([None] * plan.replications, "the runs do not carry it", carried=False)
    return {
        (reference, cell): gathered[cell].values.get(reference, absent)
        for reference in references
        for cell in plan.cells()
    }


def _summary(plan: Plan, reference: str, cell: Cell, values: Values, long: BatchMeans | None = None) -> Summary:
    numbers = values.complete
    n = len(values.numbers)
    if numbers is None:
        return Summary(
            reference,
            plan.unit(reference),
            *cell,
            n,
            None,
            None,
            None,
            None,
            list(values.numbers),
            reason=values.reason,
        )
    found = within_range(reference, statistics.mean_interval(numbers, plan.confidence))
    if long is not None:
        around = dataclasses.replace(found, low=numbers[0] - long.half_width, high=numbers[0] + long.half_width)
        found = within_range(reference, around)
    low, high = (None, None) if values.reached is None else statistics.wilson(values.reached, n, plan.confidence)
    unseen = values.reached == 0 or (split_name(reference)[1] in PARTS and not any(numbers))
    return Summary(
        reference, plan.unit(reference), *cell, n, found.mean, found.low, found.high, found.sd, list(numbers),
        reached=values.reached, reached_low=low, reached_high=high, batches=long.batches if long else None,
        never_above=statistics.rule_of_three(n, plan.confidence) if unseen else None,
    )  # fmt: skip


def _method(plan: Plan) -> dict[str, str]:
    return {
        "replications": str(plan.replications),
        "seeds": f"root {plan.root_seed}, replications 0 to {plan.replications - 1}; policies meet the same users",
        "interval": f"two-sided t, {plan.confidence:.0%}, over replications; it tells the noise of the simulation, not what is unknown about parameters",
        "difference": "paired by replication; Holm over all declared comparisons",
        "windows": WINDOWS if plan.requests_mode == "sampled" else "none: no windows are sampled",
        **_sets_method(plan),
        "band": "quantiles over replications (5, 25, 50, 75, 95 %)",
        "quantiles": "p50, p95, p99: of the requests of one run, then a mean over replications; never of requests of several runs together",
        **({"stopping rule": plan.stopping} if plan.stopping else {}),
        "model revision": str(MODEL_REVISION),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        **versions(),
    }


def _windows_warned(plan: Plan, judged: Sequence[Verdict]) -> list[str]:
    """What the choice of windows leaves more open than the noise of runs does."""
    wide = [
        f"{outcome_name(one.outcome, True)} ({one.policy})"
        for one in headline(plan, judged)
        if one.window_half
        and one.low is not None
        and one.high is not None
        and one.window_half > (one.high - one.low) / 2
    ]
    if not wide:
        return []
    names = "; ".join(dict.fromkeys(wide))
    return [
        f"windows add more to the doubt than the noise of runs to: {names}: measure more of them, not more replications"
    ]


def _sets_method(plan: Plan) -> dict[str, str]:
    if not plan.sets:
        return {"parameters": "the file's values alone: no sets of uncertain parameters were run"}
    return {
        "parameters": f"{len(plan.sets)} joint sets, a Latin hypercube of {len(plan.parameters)} parameters (groups by a Gaussian "
        f"copula), {plan.per_set} replication{'s' if plan.per_set > 1 else ''} in each, the same users in all; policies are paired "
        "inside each set; ranges are the 5 and 95 % quantiles over sets",
    }


def versions() -> dict[str, str]:
    """Versions of what numbers depend on."""
    found = {}
    for name in ("infermint", "numpy", "numba", "scipy", "simpy"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def _warnings(plan: Plan, gathered: Mapping[Cell, Gathered]) -> list[str]:
    told = list(plan.warnings)
    if plan.replications < FEW:
        told.append(
            f"{plan.replications} replication{'s' if plan.replications > 1 else ''} only: intervals are rough below {FEW}"
        )
    told += solved_warnings(plan)
    if 0 < len(plan.sets) < FEW_SETS:
        told.append(f"{len(plan.sets)} parameter sets only: shares over sets are rough below {FEW_SETS}")
    if plan.baseline not in plan.policies:
        told.append(f"the baseline {plan.baseline} is not among the policies that ran: no differences are told")
    noted: dict[str, list[str]] = {}
    for cell, one in gathered.items():
        told += batches.remarks(cell.policy, {name: one.batches[name] for name in plan.outcomes if name in one.batches})
        for note in one.notes:
            noted.setdefault(note, []).append(cell.policy)
    # What is so under every policy is told once.
    for note, policies in noted.items():
        under = list(dict.fromkeys(policies))
        told += [note] if len(under) == len(plan.policies) else [f"{policy}: {note}" for policy in under]
    return list(dict.fromkeys(told))


def _driven(plan: Plan, verdicts: Iterable[Verdict]) -> list[str]:
    """One warning a difference that one replication drives; those of single kinds of coin price, joint ones follow from them."""
    several = len(plan.coin_prices) > 1
    told = []
    for one in verdicts:
        if one.driven_by is not None and one.coin_price in plan.coin_prices:
            where = [one.policy, *([one.coin_price] if several else [])]
            where += [f"point {one.point}"] if len(plan.points) > 1 else []
            told.append(f"{one.outcome} ({', '.join(where)}): {one.why.rpartition('; ')[2]}")
    return told
