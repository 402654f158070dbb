"""Classes of operators that are the same machines, as `register_in` joins them, and what they must have in common."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sim.scenario.paths import near_hint

Key = tuple[str, str]
"""Network and class."""
SAME = ("gpu", "per_node")


def pairs_of(spec: Any) -> Iterator[tuple[Key, Key]]:
    """Pairs of (network, class) that are the same machines, whichever of the two names the other: both ways round."""
    for name, network in spec.networks.items():
        for label, owners in network.operators.items():
            for other in owners.register_in or ():
                yield (name, label), (other, label)
                yield (other, label), (name, label)


def doubles_of(spec: Any) -> Iterator[tuple[str, str, str]]:
    """Network, class and other network of each class with owners who show their nodes there as well."""
    for name, network in spec.networks.items():
        for label, owners in network.operators.items():
            for other in owners.register_in or () if _doubles(owners) else ():
                yield name, label, other


def _doubles(owners: Any) -> list[str]:
    """Names of the strategies of a class by which nodes are shown elsewhere."""
    return [key for key, strategy in owners.strategies.items() if strategy.kind == "double"]


def problems_of(spec: Any) -> Iterator[tuple[str, str, str, str]]:
    """Path, kind, message and fix of each registration that cannot be."""
    for name, network in spec.networks.items():
        for label, owners in network.operators.items():
            for other in owners.register_in or ():
                found = _problem(spec, name, label, other)
                if found is not None:
                    yield f"networks.{name}.operators.{label}.register_in.{other}", *found
            for key in [] if owners.register_in else _doubles(owners):
                told = f"`{label}` is registered in no other network, so its nodes cannot be shown in one"
                fix = "name networks in `register_in`, for example `register_in: {other: {}}`"
                yield f"networks.{name}.operators.{label}.strategies.{key}", "missing", told, fix


def _problem(spec: Any, name: str, label: str, other: str) -> tuple[str, str, str] | None:
    if other not in spec.networks or other == name:
        told = f"there is no network `{other}`" if other != name else "a class is registered in its own network already"
        return "unknown_network", told, near_hint(other, [n for n in spec.networks if n != name])
    here, there = spec.networks[name].operators[label], spec.networks[other].operators.get(label)
    if there is None:
        return "missing", f"`{other}` has no class `{label}`", "write the class there, with `nodes: 0` and what differs"
    for network in (name, other):
        if spec.networks[network].kind == "bittensor":
            return (
                "chain",
                f"`{network}` registers miners on its chain",
                "leave it out; agents of the chain move by `netuid`",
            )
    for network, owners in ((name, here), (other, there)):
        if owners.cash is not None or owners.funding is not None:
            told = f"`{label}` of `{network}` has `cash` or `funding`: whose money ends is simulated in one network"
            return "purses", told, "leave it out there"
        if owners.decides != "free_entry":
            return (
                "decides",
                f"`{network}` decides {owners.decides} for `{label}`",
                "only `decides: free_entry` moves nodes",
            )
    for key in SAME:
        if getattr(here, key) != getattr(there, key):
            told = f"`{key}` is {getattr(here, key)} here and {getattr(there, key)} in `{other}`, but they are the same machines"
            return "same", told, f"write the same `{key}` in both"
    if here.slots != there.slots:
        told = f"{here.slots} node slots here and {there.slots} in `{other}`, but they are the same machines"
        return "same", told, f"write `max_nodes: {max(here.slots, there.slots)}` in both"
    if here.nodes + there.nodes > here.slots:
        told = (
            f"{here.nodes} nodes here and {there.nodes} in `{other}` need more than the {here.slots} machines there are"
        )
        return "range", told, f"write `max_nodes: {4 * (here.nodes + there.nodes)}` in both"
    return None
