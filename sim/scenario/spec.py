"""The whole scenario as one block: its fields are the top-level keys of the format, version 1."""

from __future__ import annotations

import datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from sim.blocks import Block, OneOf
from sim.scenario.jobs import JOBS
from sim.scenario.network import NETWORKS
from sim.scenario.regions import Outage, RoundTrip
from sim.scenario.study import ByName, Check, Compare, Initial, Law, Name, Requests, Seeds, Shock, Start, Vary
from sim.scenario.workload import WorkloadClass
from sim.serving.catalogue import Gpu, LlmModel
from sim.units import FixedDuration, Quantity


def _day(value: Any) -> Any:
    """A date in quotes is a date too."""
    if isinstance(value, str):
        try:
            return datetime.date.fromisoformat(value)
        except ValueError:
            return value
    return value


class Spec(Block):
    """A scenario. `gpus` and `models` are the catalogue entries it uses, filled in by the reader."""

    format: Literal[1]
    """Version of this format: 1."""
    name: Annotated[str, Field(min_length=1, max_length=200)]
    """The question, in words."""
    start: Annotated[datetime.date, BeforeValidator(_day)]
    """The day on which the run begins, 0 h UTC."""
    horizon: FixedDuration
    """How long the run is."""
    epoch: Annotated[float, Quantity("duration", above=0, high=8_640_000, dated=False)] = 604_800.0
    """Accounting period of the simulated economy; at most 100 days, as 64 bits count picoseconds of 106."""
    estimand: Literal["terminating", "steady"] = "terminating"
    """Whether a finite time or the long run is asked about; decides which statistics are allowed."""
    requests: Requests = Field(default_factory=Requests)
    """Which requests are simulated one by one."""
    initial: Start = Field(default_factory=Initial)
    """The state at the start."""
    policies_from: Annotated[float, Quantity("duration", low=0, dated=False)] = 0.0
    """When policies begin to differ; until then all run as the baseline."""
    workload: Annotated[dict[Name, WorkloadClass], Field(min_length=1)]
    """Client classes by name."""
    networks: Annotated[dict[Name, Annotated[Any, OneOf(NETWORKS)]], Field(min_length=1)]
    """Networks by name."""
    latency: dict[Name, Annotated[dict[Name, RoundTrip], Field(min_length=1)]] = Field(default_factory=dict)
    """Round trip from the region of users to that of nodes, `{eu: {eu: 20 ms, us: 90 ms}}`; left out, none takes time."""
    outages: dict[Name, Outage] = Field(default_factory=dict)
    """What hits the nodes of a region together, by `region` of operators; the same under all policies."""
    jobs: dict[Name, Annotated[Any, OneOf(JOBS, "own")]] = Field(default_factory=dict)
    """Training jobs by class, on nodes of their own or on those of a network; the same under all policies."""
    policies: dict[Name, dict[str, Any]] = Field(default_factory=dict)
    """Differences from the file, by name of the policy and dotted path."""
    shocks: list[Annotated[Shock, ByName()]] = Field(default_factory=list)
    """What hits the networks from outside: shocks, and names of ready ones (`infermint list shocks`)."""
    vary: Vary | None = None
    """Values run side by side."""
    uncertain: dict[str, Law] = Field(default_factory=dict)
    """What is known about parameters, by dotted path."""
    seeds: Seeds = Field(default_factory=Seeds)
    """Randomness and replications."""
    compare: Compare = Field(default_factory=Compare)
    """What policies are judged by."""
    checks: list[Check] = Field(default_factory=list)
    """Promises about outcomes."""
    gpus: dict[str, Gpu] = Field(default_factory=dict)
    """Catalogue entries of the GPUs used."""
    models: dict[str, LlmModel] = Field(default_factory=dict)
    """Catalogue entries of the models used."""


STUDY_KEYS = ("name", "policies", "vary", "uncertain", "compare", "checks")
"""Keys that say what to compare, not what a run does: they are no part of a run's content hash."""
RESOLVED_KEYS = ("gpus", "models")
"""Keys that the reader fills in; a file may not have them."""
