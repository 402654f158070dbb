"""Laying values on a tree: policies, sweeps, the command line, and the kind of coin price.

Precedence, highest first: **command line > point of a sweep > policy > scenario > extended preset > default**. Maps
merge deep, lists and scalars are replaced, a block of another `kind` is replaced whole (`sim.scenario.nodes.merge`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sim.errors import Problem
from sim.scenario.nodes import Node, child, merge, split
from sim.scenario.paths import PathError, field_names, locate
from sim.scenario.problems import at
from sim.scenario.spec import Spec
from sim.tokenomics.market import MARKET

OPEN_TO_POLICIES = ("networks",)
"""Keys that policies may change; everything else is the same for all policies, or they could not be compared."""
OPEN_TO_SWEEPS = ("networks", "workload", "latency", "outages", "jobs", "gpus", "models")
SAME_FOR_ALL = {
    "workload": "policies always meet the same users: change the class for all of them, or compare values with `vary`",
    "latency": "distances are the same for all policies: compare values with `vary`",
    "jobs": "jobs are the same for all policies: compare values with `vary`",
    "outages": "policies always meet the same outages: change them for all, or compare values with `vary`",
}
"""What to do instead, where a policy would change what it may not."""


def put(tree: Node, steps: Sequence[str], over: Node) -> Node:
    """The tree with `over` merged in at `steps`; what is missing on the way is made. Its key mark is `over`'s."""
    if not steps:
        return merge(tree, over)
    step, rest = steps[0], steps[1:]
    below = child(tree, step)
    if isinstance(tree.value, list):
        items = [put(item, rest, over) if str(index) == step else item for index, item in enumerate(tree.value)]
        return Node(items, tree.mark, tree.key, tree.origin)
    if not tree.is_map:
        tree = Node({}, over.mark, tree.key)
    made = put(below, rest, over) if below is not None else _nested(rest, over)
    return tree.with_(step, made if made.key is not None else made.under(over.key))


def _nested(steps: Sequence[str], over: Node) -> Node:
    for step in reversed(steps):
        over = Node({step: over}, over.mark, over.key)
    return over


def path_problem(
    tree: Node, path: str, asked: Node, open_to: Sequence[str], who: str, new_entry: bool = False
) -> Problem | None:
    """What is wrong with a dotted path, told at the key that names it; None if it names a place."""
    steps = split(tree, path)
    mark = asked.key or asked.mark
    try:
        place = locate(Spec, tree, steps, new_entry=new_entry)
    except PathError as error:
        told = (
            f"`{path}`: {error}" if len(steps) == 1 else f"`{path}`: {error} (at `{'.'.join(steps[: error.at + 1])}`)"
        )
        return at(mark, "unknown_path", path, told, error.hint)
    if steps[0] not in open_to:
        allowed = ", ".join(f"`{name}`" for name in open_to)
        fix = SAME_FOR_ALL.get(steps[0], f"it may change what stands under {allowed}")
        return at(mark, "closed_path", path, f"{who} cannot change `{steps[0]}`", fix)
    if len(steps) < 2:
        return at(
            mark, "closed_path", path, f"`{path}` is too short", f"name what changes, for example `{path}.NAME.…`"
        )
    if len(steps) == 3 and steps[0] == "networks" and steps[2] == "kind" and place.owner is not None:
        return at(
            mark,
            "network_kind",
            path,
            f"{who} cannot change a network's kind",
            "put the other kind beside it under `networks:`",
        )
    return None


def policy_tree(base: Node, policy: Node) -> tuple[Node, list[Problem]]:
    """The base tree with a policy's dotted paths laid on it, and what is wrong with them."""
    if not policy.is_map:
        return base, []
    problems, tree = [], base
    for path, over in policy.value.items():
        problem = path_problem(base, path, over, OPEN_TO_POLICIES, "a policy", new_entry=True) or _kind_change(
            base, path, over
        )
        if problem is not None:
            problems.append(problem)
            continue
        if split(base, path)[0] in OPEN_TO_POLICIES:
            tree = put(tree, split(base, path), over)
    return tree, problems


def _kind_change(base: Node, path: str, over: Node) -> Problem | None:
    """`networks.tao: {kind: central}` changes the kind in a roundabout way; a new network or class is no policy."""
    steps = split(base, path)
    if len(steps) != 2:
        return None
    existing = child(base, steps[0])
    if existing is not None and child(existing, steps[1]) is None:
        return at(
            over.key,
            "unknown_path",
            path,
            f"`{path}`: a policy cannot add to `{steps[0]}`",
            "put it into the file; all policies meet it",
        )
    kind = over.get("kind")
    old = base.get(steps[0])
    before = old.get(steps[1]) if old is not None else None
    named = before.get("kind") if before is not None else None
    if kind is not None and named is not None and kind.value != named.value:
        return at(
            kind.mark,
            "network_kind",
            f"{path}.kind",
            "a policy cannot change a network's kind",
            "put the other kind beside it under `networks:`",
        )
    return None


def lay(tree: Node, values: Iterable[tuple[str, Node]], *, skip: bool = False) -> Node:
    """The tree with values at dotted paths, which were checked on the base tree.

    With `skip`, a path that a policy took away (its block has another kind there) is left out.
    """
    for path, over in values:
        steps = split(tree, path)
        if not (skip and _gone(tree, steps)):
            tree = put(tree, steps, over)
    return tree


def _gone(tree: Node, steps: Sequence[str]) -> bool:
    try:
        locate(Spec, tree, steps, new_entry=True)
    except PathError:
        return True
    return False


def with_coin_price(tree: Node, kind: str) -> Node:
    """The tree in which every coin's market is of `kind`: what both kinds have is kept, the rest is left out."""
    networks = tree.get("networks")
    if networks is None or kind not in MARKET:
        return tree
    for name, network in networks.value.items():
        market = network.get("market")
        if market is not None and market.is_map:
            networks = networks.with_(name, network.with_("market", _switched(market, kind)))
    return tree.with_("networks", networks)


def _switched(market: Node, kind: str) -> Node:
    named = market.get("kind")
    if named is None or named.value == kind:
        return market
    kept = {key: item for key, item in market.value.items() if key in field_names(MARKET[kind]) and key != "kind"}
    return Node({"kind": Node(kind, named.mark, named.key), **kept}, market.mark, market.key)
