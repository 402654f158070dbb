"""The record of one run: one policy, one kind of coin price, one point of a sweep, one replication."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sim.records.outcomes import split_name
from sim.records.text import canonical, read

Number = float | None

MODEL_REVISION = 9
"""Goes up with every change of the model that may change a run's numbers: stored runs of an older one are not used."""
SPACE_REVISION = 2
"""The same for changes that move runs sampled in space alone."""
WORK_REVISION = 2
"""The same for runs of several windows an epoch and runs of all requests alone: whose work is whose."""


LORENZ_STEPS = 20
"""A Lorenz curve is told at 0, 5, ..., 100 % of operators, the poorest first: `LORENZ_STEPS` + 1 shares of their income."""
BUCKETS_A_DECADE = 32
"""Buckets of coin prices by factor of ten: each ends 7.5 % above the one before."""
_DECADES = 9


def price_bucket(usd: float) -> int:
    """The bucket of a coin price: the least b with usd <= 10 ** (b / 32); the first one at 1e-9 USD and below, the last above 1e9."""
    ends = _DECADES * BUCKETS_A_DECADE
    if usd <= 10.0**-_DECADES:
        return -ends
    return ends + 1 if usd > 10.0**_DECADES else min(ends, math.ceil(BUCKETS_A_DECADE * math.log10(usd)))


def bucket_usd(bucket: int) -> float:
    """The upper end of a bucket of coin prices, USD: 0 for the first (no price is too low), infinite for the last (none is enough)."""
    ends = _DECADES * BUCKETS_A_DECADE
    return 0.0 if bucket <= -ends else math.inf if bucket > ends else 10.0 ** (bucket / BUCKETS_A_DECADE)


@dataclasses.dataclass(frozen=True)
class Case:
    """Which run of a study it is. `key` is the content hash of the resolved case without the replication."""

    policy: str
    coin_price: str
    point: int
    key: str


@dataclasses.dataclass(frozen=True)
class FlowRow:
    """All postings of one reason between two accounts in one currency, summed over the run, in base units."""

    currency: str
    decimals: int
    reason: str
    source: str
    target: str
    amount: int


@dataclasses.dataclass(frozen=True)
class RunRecord:
    """What a run leaves: JSON and numbers only.

    `outcomes` holds each `network.outcome` by the aggregation of the outcome table; None where no number is defined
    (with the reason in `unsupported`, or because nothing was measured). `series` has one value an epoch (None where
    not measured) and `epoch_end_s` the end of each epoch. `times` holds censored times in days from
    `policies_from` (the outcome's unit), or None if not reached by the horizon. `histograms` maps `network.metric` (ttft, tpot, e2e, gap) to sparse pairs [bucket, count] over
    picoseconds (`sim.serving.contract.bucket_of`). `operators` is a table of rows (network, class, ...), `classes` one of client classes: measured requests, shares of
    fates, mean latencies, tokens and energy. `counts` are exact
    integers (requests by fate, windows). `residuals` are the ledger's sums that must be 0, by currency. `lorenz` is the curve behind
    a network's Gini (`LORENZ_STEPS`). `break_evens` counts the live nodes of `network.class` at the horizon by the coin price at
    which their avoidable margin is zero (`price_bucket`).
    """

    policy: str
    coin_price: str
    point: int
    replication: int
    epoch_end_s: list[float]
    outcomes: dict[str, Number]
    series: dict[str, list[Number]]
    times: dict[str, Number]
    histograms: dict[str, list[list[int]]]
    operators: list[dict[str, Any]]
    flows: list[FlowRow]
    counts: dict[str, int]
    residuals: dict[str, int]
    unsupported: dict[str, str]
    notes: list[str]
    classes: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    lorenz: dict[str, list[float]] = dataclasses.field(default_factory=dict)
    break_evens: dict[str, list[list[int]]] = dataclasses.field(default_factory=dict)

    def only(self, references: Collection[str]) -> RunRecord:
        """What outcome references, `network.outcome[@at]`, read of the record, and nothing else: series for those with `@` alone.

        Of a series that is read by `@end` alone the last number that was measured is kept. Where no series is kept whole, `epoch_end_s` is empty.
        """
        read = names_of(references)
        names, series = read.names, {name: values for name, values in self.series.items() if name in read.whole}
        series |= {name: [last_of(values)] for name, values in self.series.items() if name in read.ends}
        return RunRecord(
            self.policy, self.coin_price, self.point, self.replication, self.epoch_end_s if read.whole else [],
            {name: value for name, value in self.outcomes.items() if name in names}, series,
            {name: value for name, value in self.times.items() if name in names},
            {}, [], [], {}, {}, {name: why for name, why in self.unsupported.items() if name in names}, [],
        )  # fmt: skip

    def to_json(self) -> str:
        """Canonical JSON: sorted keys, no blanks, no NaN."""
        return canonical(self)

    @classmethod
    def from_json(cls, text: str) -> RunRecord:
        """The record that `to_json` wrote."""
        raw = read(text)
        raw["flows"] = [FlowRow(**row) for row in raw["flows"]]
        return cls(**raw)


class Names(NamedTuple):
    """Names `network.outcome` of references: all, those whose whole series is read, and those of whose series the end alone is."""

    names: frozenset[str]
    whole: frozenset[str]
    ends: frozenset[str]


def names_of(references: Collection[str]) -> Names:
    """What references, `network.outcome[@at]`, read."""
    parts = [(f"{network}.{outcome}", at) for network, outcome, at in map(split_name, references)]
    whole = frozenset(name for name, at in parts if at and at != "end")
    return Names(
        frozenset(name for name, _ in parts), whole, frozenset(name for name, at in parts if at == "end") - whole
    )


def last_of(series: Sequence[Number]) -> Number:
    """The last number of a series that was measured; None where nothing was."""
    return next((number for number in reversed(series) if number is not None), None)
