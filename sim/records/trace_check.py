"""The record of a trace looked at: its statistics, and those of client classes beside it. Built by `workload`, told by `report`."""

from __future__ import annotations

import dataclasses

from sim.records.run import Number


@dataclasses.dataclass(frozen=True)
class Measure:
    """One statistic of the trace and, where classes were named, of requests drawn from them for as long.

    `group` says of what it is; `statistic` names it with its unit. `classes` is the median over the replications, `low` and `high`
    are their quartiles. None where it is not defined.
    """

    group: str
    statistic: str
    trace: Number
    classes: Number = None
    low: Number = None
    high: Number = None


@dataclasses.dataclass(frozen=True)
class Distance:
    """A Kolmogorov-Smirnov distance: the largest difference of two distribution functions, in [0, 1]."""

    what: str
    against: str
    distance: float


@dataclasses.dataclass(frozen=True)
class TraceCheck:
    """What a trace is like. `replications` of the classes were drawn, 0 without classes."""

    trace: str
    classes: list[str]
    replications: int
    measures: list[Measure]
    distances: list[Distance]
    notices: list[str]
