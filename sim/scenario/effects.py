"""Which values of a scenario a run takes once, at its start, and which describe without moving anything.

A policy begins at `policies_from`: what a run takes at its start cannot begin there, so such a policy is refused rather
than ignored. Where policies differ from the start on and nothing is fitted to the baseline's start (`may_set_up`), a policy has
hardware, routers and engine settings of its own. Values that only describe are told as notices where somebody moves them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sim.errors import Problem
from sim.scenario.nodes import Node, find, leaves, plain
from sim.scenario.problems import at

_OF_NETWORK = ("router", "serving")
_OF_OPERATORS = (
    "nodes", "max_nodes", "gpu", "per_node", "model", "region", "cost_factor", "cost_spread", "interconnect", "strategies",
    "up_time", "repair", "crews", "after_repair", "image", "link", "pull", "up_law", "repair_law",
)  # fmt: skip
_HARDWARE = (
    rf"({'|'.join(_OF_NETWORK)})(\..*)?",
    rf"operators\.[^.]+\.({'|'.join(_OF_OPERATORS)})(\..*)?",
)
"""Below a network: what serves, read when the run is set up."""
_ONCE = (
    *_HARDWARE,
    r"coin(\..*)?",
    r"market\.(start|depth|holders\.a)",
    r"operators\.[^.]+\.netuid",
    r"chain\.(serves|simulated|root|miners|level)(\..*)?",
    r"chain\.validators\.[^.]+\.(count|own)",
)
"""Below a network: read when the run is set up."""
_DESCRIBES = (
    r"gpus\.[^.]+\.(bandwidth|bf16_tflops)",
    r"models\..+\.(intermediate|head_dim|vocabulary|quality)",
    r"networks\.[^.]+\.plausible(\..*)?",
)
"""Nothing in a run depends on these yet."""


def taken_once(path: str) -> bool:
    """Whether a run reads the value at a dotted path only when it is set up."""
    match = re.fullmatch(r"networks\.[^.]+\.(.+)", path)
    return match is not None and any(re.fullmatch(pattern, match[1]) for pattern in _ONCE)


def may_set_up(spec: Any) -> bool:
    """Whether policies may differ in what serves: they hold from the start on, and nothing is fitted to the baseline's start.

    Nothing is where the start is the file's (`initial: given`) and no class has a taste (`demand: fixed`): a taste is fitted to
    what users see at the start, so that it would excuse the slow nodes of a policy.
    """
    start = spec.initial
    given = start.kind == "given" and start.scale is None and not start.alternatives
    return bool(given and spec.policies_from == 0 and all(k.demand.kind == "fixed" for k in spec.workload.values()))


def with_set_up(base: Node, own: Node) -> Node:
    """The baseline's tree with what serves as in a policy's own: hardware, lives of nodes, routers and engine settings."""
    return _each(base, own, "networks", _network_set_up)


def _network_set_up(network: Node, own: Node) -> Node:
    return _each(
        _taken_from(network, own, _OF_NETWORK), own, "operators", lambda a, b: _taken_from(a, b, _OF_OPERATORS)
    )


def _each(base: Node, own: Node, section: str, made: Callable[[Node, Node], Node]) -> Node:
    """The tree with `made` of both sides' blocks in place of each block of a section; one that `own` has not stays."""
    ours, theirs = base.get(section), own.get(section)
    if ours is None or theirs is None or not ours.is_map:
        return base
    for name, block in ours.value.items():
        if (other := theirs.get(name)) is not None:
            ours = ours.with_(name, made(block, other))
    return base.with_(section, ours)


def _taken_from(block: Node, other: Node, keys: tuple[str, ...]) -> Node:
    block = block.without(*keys)
    for key in keys:
        if (node := other.get(key)) is not None:
            block = block.with_(key, node)
    return block


def describes(path: str, central: frozenset[str] = frozenset()) -> bool:
    """Whether nothing in a run depends on the value at a dotted path; `central` names the networks without a coin."""
    match = re.fullmatch(r"networks\.([^.]+)\.payout(\..*)?", path)
    # A central network mints nothing, so there is nothing that a payout would divide.
    return any(re.fullmatch(pattern, path) for pattern in _DESCRIBES) or (match is not None and match[1] in central)


def policy_problems(trees: Mapping[str, Node], baseline: str, set_up: bool = False) -> Iterator[Problem]:
    """What policies would change after the start that a run takes at its start, each told where the policy says it.

    With `set_up` (`may_set_up`) what serves is theirs, in the classes of operators that the baseline has.
    """
    if baseline not in trees:
        return
    first = _once_taken(trees[baseline])
    for name, tree in trees.items():
        own = _once_taken(tree)
        for path in {**own, **first}:
            ours, theirs = own.get(path), first.get(path)
            if ours is None and any(_differs(own.get(kind), first.get(kind)) for kind in _kinds_above(path)):
                continue  # the block has another kind, which is told
            if set_up and _serves(path) and _owners(trees[name], path) and _owners(trees[baseline], path):
                continue
            if _differs(ours, theirs):
                # Where only the baseline has the value, it is the baseline's line that has to move.
                yield _once(name, path, ours or theirs or tree)


def _serves(path: str) -> bool:
    match = re.fullmatch(r"networks\.[^.]+\.(.+)", path)
    return match is not None and any(re.fullmatch(pattern, match[1]) for pattern in _HARDWARE)


def _owners(tree: Node, path: str) -> bool:
    """Whether the tree has the class of operators of a path, where it is about one."""
    steps = path.split(".")
    return steps[2] != "operators" or find(tree, ".".join(steps[:4])) is not None


def _differs(one: Node | None, other: Node | None) -> bool:
    return (None if one is None else plain(one)) != (None if other is None else plain(other))


def _kinds_above(path: str) -> Iterator[str]:
    while "." in path:
        path = path.rpartition(".")[0]
        yield f"{path}.kind"


def _once_taken(tree: Node) -> dict[str, Node]:
    networks = tree.get("networks")
    found = leaves(networks, "networks") if networks is not None else ()
    return {path: node for path, node in found if taken_once(path)}


def _once(policy: str, path: str, node: Node) -> Problem:
    return at(
        node.mark,
        "taken_once",
        path,
        f"policy `{policy}` would change what a run sets up at its start; that is not simulated yet in this version",
        "give all policies one value, or compare values with `vary`",
    )
