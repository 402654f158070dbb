"""What a scenario says that has no effect yet, or no effect at all, told when it is validated or run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sim.scenario.effects import describes
from sim.scenario.nodes import Node
from sim.scenario.shocks import idle
from sim.scenario.spec import Spec

_NO_REGIONS = "nothing depends on it without `latency`, or `outages` of that region"


def notices(
    spec: Spec, policies: Mapping[str, Spec | None], sets: Sequence[tuple[str, Node]], moved: Sequence[str] = ()
) -> tuple[str, ...]:
    """One sentence each. `moved` are the paths that policies, sweeps and the command line change."""
    return (*_without_effect(spec, moved), *_fixed(spec, sets), *_flattened(policies, sets))


def _without_effect(spec: Spec, moved: Sequence[str]) -> Iterator[str]:
    """What is read but moves nothing in these runs."""
    for name, network in spec.networks.items():
        for owner, block in network.operators.items():
            if block.region is not None and block.region not in spec.outages and not spec.latency:
                yield f"`networks.{name}.operators.{owner}.region` is a label: {_NO_REGIONS}"
        yield from _without_stake(name, network, moved)
    for name, klass in spec.workload.items():
        if klass.region is not None and not spec.latency:
            yield f"`workload.{name}.region` is a label: {_NO_REGIONS}"
        if klass.batch and not _discounts(spec, moved):
            yield f"`workload.{name}.batch` has no effect: no network has a `price.batch`, so the class pays the list"
    central = frozenset(name for name, network in spec.networks.items() if network.kind == "central")
    for path in moved:
        if describes(path, central):
            yield f"`{path}` only describes: nothing in a run depends on it yet, so changing it moves no outcome"
    for index, shock in enumerate(spec.shocks):
        if idle(shock.target, spec):
            yield f"`shocks.{index}` hits nothing: no network here is what `{shock.target}` means"
    given = [
        key
        for key in ("window", "per_epoch", "every", "lives", "replicas", "budget")
        if key in spec.requests.model_fields_set
    ]
    if spec.requests.mode != "sampled" and given:
        keys = ", ".join(f"`{key}`" for key in given)
        yield f"`requests.mode: {spec.requests.mode}` has no windows: {keys} of `requests` have no effect"
    if spec.requests.mode == "capacity":
        yield (
            "`requests.mode: capacity` serves no single request: routers, patience, deadlines, `slo` and failures "
            "have no effect, and outcomes that need requests are not supported"
        )


def _discounts(spec: Spec, moved: Sequence[str]) -> bool:
    """Whether batch use has a price of its own anywhere, in the file or in what moves."""
    stated = any(getattr(network.price, "batch", 1.0) != 1.0 for network in spec.networks.values())
    return stated or any(_sets(moved, f"networks.{name}.price.batch") for name in spec.networks)


def _without_stake(name: str, network: Any, moved: Sequence[str]) -> Iterator[str]:
    """Shares of a stake that nobody asks for, and penalties for what nobody would find."""
    where = f"networks.{name}"
    if getattr(network, "stake", None) is None and not _sets(moved, f"{where}.stake"):
        for owner, block in network.operators.items():
            if "stakes" in block.model_fields_set:
                yield f"`{where}.operators.{owner}.stakes` has no effect: `{name}` asks for no stake"
    slash = getattr(network, "slash", None)
    known = any(one.found > 0 for block in network.operators.values() for one in block.strategies.values())
    if (
        slash is not None
        and not known
        and slash.invalid is not None
        and network.verify is None
        and not _sets(moved, f"{where}.verify")
    ):
        yield f"`{where}.slash.invalid` has no effect: nobody checks answers there (add `verify`)"


def _sets(moved: Sequence[str], path: str) -> bool:
    return any(f"{one}.".startswith(f"{path}.") for one in moved)


def _fixed(spec: Spec, sets: Sequence[tuple[str, Node]]) -> Iterator[str]:
    """Uncertain parameters that the command line settles."""
    for path in spec.uncertain:
        if any(f"{path}.".startswith(f"{given}.") for given, _ in sets):
            yield f"`{path}` is set on the command line, so it is not drawn: its law in `uncertain` has no effect"


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
