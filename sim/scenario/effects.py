"""Which values of a scenario a run takes once, at its start, and which describe without moving anything.

A policy begins at `policies_from`: what a run takes at its start cannot begin there, so such a policy is refused rather
than ignored. Values that only describe are told as notices where somebody moves them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from sim.errors import Problem
from sim.scenario.nodes import Node, leaves, plain
from sim.scenario.problems import at

_ONCE = (
    r"router(\..*)?",
    r"serving(\..*)?",
    r"coin(\..*)?",
    r"market\.(start|depth|holders\.a)",
    r"operators\.[^.]+\.(nodes|max_nodes|gpu|per_node|model|region|cost_factor|cost_spread)",
    r"operators\.[^.]+\.(interconnect|strategies)(\..*)?",
    r"operators\.[^.]+\.netuid",
    r"chain\.(serves|simulated|root|miners|level)(\..*)?",
    r"chain\.validators\.[^.]+\.(count|own)",
    r"operators\.[^.]+\.(up_time|repair|crews|after_repair|image|link|pull|(up|repair)_law(\..*)?)",
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


def describes(path: str, central: frozenset[str] = frozenset()) -> bool:
    """Whether nothing in a run depends on the value at a dotted path; `central` names the networks without a coin."""
    match = re.fullmatch(r"networks\.([^.]+)\.payout(\..*)?", path)
    # A central network mints nothing, so there is nothing that a payout would divide.
    return any(re.fullmatch(pattern, path) for pattern in _DESCRIBES) or (match is not None and match[1] in central)


def policy_problems(trees: Mapping[str, Node], baseline: str) -> Iterator[Problem]:
    """What policies would change after the start that a run takes at its start, each told where the policy says it."""
    if baseline not in trees:
        return
    first = _once_taken(trees[baseline])
    for name, tree in trees.items():
        own = _once_taken(tree)
        for path in {**own, **first}:
            ours, theirs = own.get(path), first.get(path)
            if ours is None and any(_differs(own.get(kind), first.get(kind)) for kind in _kinds_above(path)):
                continue  # the block has another kind, which is told
            if _differs(ours, theirs):
                # Where only the baseline has the value, it is the baseline's line that has to move.
                yield _once(name, path, ours or theirs or tree)


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
