"""The number that one run has for one outcome reference, `network.outcome[@end | @min | @max | @DATE]`."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import math
from collections.abc import Mapping, Sequence

from sim.errors import InvariantError, ScenarioError, nearest
from sim.records.outcomes import AGGREGATES, OUTCOMES, Outcome, split_name
from sim.records.run import Number, RunRecord, last_of
from sim.study import statistics
from sim.study.plan import Plan
from sim.study.statistics import Interval, Paired
from sim.units import DAY_S

SIGNED = (
    "operator_margin_frac",
    "operator_surplus_usd_per_day",
    "consumer_surplus_usd_per_day",
    "total_surplus_usd_per_day",
    "net_issuance_coin",
    "dilution_usd_per_day",
    "break_even_coin_usd",
    "sell_pressure_usd_per_day",
    "exchange_users_usd_per_day",
    "exchange_operators_usd_per_day",
    "exchange_protocol_usd_per_day",
)
"""Outcomes that may be below 0."""
PARTS = (
    "share_frac",
    "unmet_frac",
    "slo_met_frac",
    "utilization_frac",
    "gini",
    "jobs_failed_frac",
    "job_wait_frac",
    "job_lost_frac",
)
"""Outcomes that are parts of a whole: at most 1."""


@dataclasses.dataclass(frozen=True)
class Values:
    """An outcome in every replication of a cell, in order of replication.

    `reason` is not empty where any of them is None. For times that may never come the values are restricted at the horizon and
    `reached` counts the replications in which it came.
    """

    numbers: list[Number]
    reason: str = ""
    reached: int | None = None
    carried: bool = True
    """False where no run knows of the outcome: neither a number nor a reason for none."""

    @property
    def complete(self) -> list[float] | None:
        """The numbers, or None where one is missing."""
        present = [number for number in self.numbers if number is not None]
        return present if len(present) == len(self.numbers) else None


def values_of(plan: Plan, records: Sequence[RunRecord], reference: str) -> Values:
    """The outcome in each record; raises `InvariantError` for a number that is not finite."""
    name = base_name(reference)
    reasons = {record.unsupported[name] for record in records if name in record.unsupported}
    if _outcome(reference).aggregation == "time" and "@" not in reference:
        return _times(plan, records, name, reasons)
    read = [value_of(plan, record, reference) for record in records]
    statistics.finite([number for number in read if number is not None], reference)
    if not any(_knows(record, name) for record in records):
        return Values(read, "the runs do not carry it", carried=False)
    missing = [record.replication for record, number in zip(records, read, strict=True) if number is None]
    if missing:
        return Values(read, "; ".join(sorted(reasons)) or f"no number in {len(missing)} of {len(records)} replications")
    return Values(read)


def value_of(plan: Plan, record: RunRecord, reference: str) -> Number:
    """One run's number, or None where it has none.

    Without `@` it is the run's outcome by the table's aggregation. `@end`, `@min`, `@max` and `@DATE` read the series over the
    epochs: the last value, the least and the largest of the epochs in which the policy holds, and the value of the
    epoch that holds the date; where an epoch was not measured, the last one measured before it stands for it.
    """
    _, _, at = split_name(reference)
    name = base_name(reference)
    if name in record.unsupported:
        return None
    if not at:
        return _look_up(record.outcomes, name)
    series = series_of(record, name)
    if series is None:
        return None
    if at in ("min", "max"):
        late = [number for _, number in judged(plan, record, name)]
        return (min if at == "min" else max)(late, default=None)
    if at != "end":
        limit = _epoch_end(plan, record, at, reference)
        series = [number for end, number in zip(record.epoch_end_s, series, strict=True) if end <= limit]
    return last_of(series)


def judged(plan: Plan, record: RunRecord, name: str) -> list[tuple[float, float]]:
    """(begin in s, value) of the measured epochs in which the policy holds: those that begin at or after `policies_from`."""
    begins = [0.0, *record.epoch_end_s[:-1]]
    found = zip(begins, series_of(record, name) or [None] * len(begins), strict=True)
    return [(begin, number) for begin, number in found if number is not None and begin >= plan.policies_from_s]


def series_of(record: RunRecord, name: str) -> list[Number] | None:
    """The outcome's value in each epoch, None where not measured; None for an outcome without a series."""
    return record.series.get(name) or record.series.get(name.removeprefix("world."))


@functools.lru_cache(maxsize=4096)
def base_name(reference: str) -> str:
    """`network.outcome` without `@`; outcomes of the world under `world.`."""
    network, name, _ = split_name(reference)
    return f"{network}.{name}"


def require_known(plan: Plan, reference: str) -> None:
    """Raise `ScenarioError` for a network, outcome or date that cannot be, naming the nearest one that can."""
    network, name, at = split_name(reference)
    outcome = OUTCOMES.get(name)
    if outcome is None:
        raise ScenarioError(f"outcome '{reference}': {name} is not in the outcome table{_near(name, OUTCOMES)}")
    if outcome.scope == "network" and network not in plan.networks:
        raise ScenarioError(f"outcome '{reference}': no network {network}{_near(network, plan.networks)}")
    if at and at not in AGGREGATES:
        _date_s(plan, at, reference)


def within_range(reference: str, found: Interval) -> Interval:
    """The interval cut to the values that the outcome can have: none below 0, no share of a whole above 1.

    An outcome cannot lie outside, so the cut interval holds the true value exactly as often as the whole one.
    """
    name = split_name(reference)[1]
    if found.low is None or found.high is None or name in SIGNED:
        return found
    top = 1.0 if name in PARTS else math.inf
    return dataclasses.replace(found, low=max(found.low, 0.0), high=min(found.high, top))


def difference_within_range(reference: str, found: Paired) -> Paired:
    """The same for a difference: nothing falls by more than the baseline has, no part of a whole rises beyond 1."""
    name = split_name(reference)[1]
    if found.low is None or found.high is None or name in SIGNED:
        return found
    top = 1.0 - found.baseline_mean if name in PARTS else math.inf
    return dataclasses.replace(found, low=max(found.low, -found.baseline_mean), high=min(found.high, top))


def _near(name: str, allowed: Mapping[str, object]) -> str:
    near = nearest(name, allowed, 1)
    return f"; did you mean {near[0]}?" if near else f"; there are {', '.join(allowed)}"


def _times(plan: Plan, records: Sequence[RunRecord], name: str, reasons: set[str]) -> Values:
    limit = (plan.horizon_s - plan.policies_from_s) / DAY_S
    if reasons or any(name not in record.times for record in records):
        return Values(
            [None] * len(records), "; ".join(sorted(reasons)) or "the runs do not carry it", carried=bool(reasons)
        )
    days = [record.times[name] for record in records]
    statistics.finite([day for day in days if day is not None], name)
    return Values(
        list(statistics.restricted(days, limit)), reached=sum(day is not None and day <= limit for day in days)
    )


def _outcome(reference: str) -> Outcome:
    name = split_name(reference)[1]
    if name not in OUTCOMES:
        raise InvariantError(f"outcome {reference} is not in the outcome table")
    return OUTCOMES[name]


def _knows(record: RunRecord, name: str) -> bool:
    return any(
        name in known or name.removeprefix("world.") in known
        for known in (record.outcomes, record.series, record.unsupported)
    )


def _look_up(numbers: Mapping[str, Number], name: str) -> Number:
    return numbers[name] if name in numbers else numbers.get(name.removeprefix("world."))


def _date_s(plan: Plan, at: str, reference: str) -> float:
    try:
        day = datetime.date.fromisoformat(at)
    except ValueError:
        raise ScenarioError(
            f"outcome '{reference}': '{at}' found after @; must be end, min, max or a date such as 2028-01-01"
        ) from None
    seconds = (day - plan.start).days * DAY_S
    if not 0 <= seconds <= plan.horizon_s:
        last = plan.start + datetime.timedelta(seconds=plan.horizon_s)
        raise ScenarioError(f"outcome '{reference}': {at} lies outside the run, which goes from {plan.start} to {last}")
    return float(seconds)


def _epoch_end(plan: Plan, record: RunRecord, at: str, reference: str) -> float:
    instant = _date_s(plan, at, reference)
    return next((end for end in record.epoch_end_s if end >= instant), record.epoch_end_s[-1])
