"""What a scenario says that has no effect yet, or no effect at all, told when it is validated or run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sim.scenario.nodes import Node
from sim.scenario.spec import Spec

LATER = "is read and checked but not simulated yet in this version"


def notices(spec: Spec, policies: Mapping[str, Spec | None], sets: Sequence[tuple[str, Node]]) -> tuple[str, ...]:
    """One sentence each."""
    return (*_later(spec), *_flattened(policies, sets))


def _later(spec: Spec) -> list[str]:
    told = []
    if spec.shocks:
        told.append(f"`shocks` {LATER}: the runs go on without them")
    if spec.uncertain:
        told.append(f"`uncertain` {LATER}: parameters keep the values of the file")
    if spec.estimand == "steady":
        told.append(
            "`estimand: steady` is read, but statistics of the long run are not told yet in this version: results are those of the finite run"
        )
    return told


def _flattened(policies: Mapping[str, Spec | None], sets: Sequence[tuple[str, Node]]) -> list[str]:
    """The command line beats policies; if that makes policies equal, the comparison is empty."""
    specs: dict[str, Any] = {
        name: (spec.networks, spec.workload) for name, spec in policies.items() if spec is not None
    }
    names = list(specs)
    told = []
    for index, name in enumerate(names):
        twin = next((other for other in names[:index] if specs[other] == specs[name]), None)
        if twin is not None:
            why = ": --set overrides what told them apart" if sets else ""
            told.append(f"policies `{twin}` and `{name}` are the same{why}")
    return told
