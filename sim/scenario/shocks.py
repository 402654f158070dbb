"""What a shock may hit: from its dotted path to the networks, classes of operators and client classes that it means.

=========================================  ==============================================================================
`workload`, `workload.CLASS[.rate]`        base demand of all classes, or of one
`networks.NET.market`                      the coin's price
`networks.NET.price`                       the price per token
`networks.NET.operators.CLASS`             nodes of a class: the share `by` of them is down
`networks.NET.operators.CLASS.KEY`         a cost of the class: `electricity`, `hosting`, `outside_rent`, `capex`
`regions.REGION`                           nodes of a region, of every network: the share `by` of them is down
=========================================  ==============================================================================

NET may be `*`, every network for which the path has a sense, or `*coin` or `*central`, those of that kind; CLASS `*`. Where a scenario has none
of a kind, such a shock hits nothing, and a notice says so; one of the scenario's shocks must hit something.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterator
from typing import Any, Literal

from sim.errors import Problem, nearest
from sim.scenario.nodes import Node, find
from sim.scenario.problems import at

COSTS = ("electricity", "hosting", "outside_rent", "capex")
"""Keys of a class of operators that shocks move."""
HOURLY = ("hosting", "outside_rent")
"""Those that `adds` may raise."""
WILD = {"*": None, "*coin": ("coin", "bittensor"), "*central": ("central",)}

_WHOLE = re.compile(rf"networks\.\*(coin|central)?\.(market|price|operators\.\*(\.({'|'.join(COSTS)}))?)")
"""Targets that mean every one of something, and name nothing."""

What = Literal["demand", "coin", "price", "nodes", "cost"]


@dataclasses.dataclass(frozen=True)
class Hit:
    """One thing that a shock hits; names that do not belong to it are empty."""

    what: What
    network: str = ""
    operators: str = ""
    klass: str = ""
    key: str = ""


def places(spec: Any) -> dict[str, Hit]:
    """Every dotted path without `*` that a shock of this scenario may hit one by one, with what stands there."""
    found = {f"workload.{name}": Hit("demand", klass=name) for name in spec.workload}
    for name, network in spec.networks.items():
        if network.kind != "central":
            found[f"networks.{name}.market"] = Hit("coin", name)
        found[f"networks.{name}.price"] = Hit("price", name)
        for owner in network.operators:
            found[f"networks.{name}.operators.{owner}"] = Hit("nodes", name, owner)
            for key in COSTS:
                found[f"networks.{name}.operators.{owner}.{key}"] = Hit("cost", name, owner, key=key)
    return found


def regions(spec: Any) -> dict[str, list[Hit]]:
    """Nodes by region of their class, where one is stated."""
    found: dict[str, list[Hit]] = {}
    for name, network in spec.networks.items():
        for owner, block in network.operators.items():
            if block.region is not None:
                found.setdefault(f"regions.{block.region}", []).append(Hit("nodes", name, owner))
    return found


def hits(target: str, spec: Any) -> list[Hit]:
    """What a target means in a scenario, in the order of the file; empty where it means nothing."""
    known, steps = places(spec), target.removesuffix(".rate").split(".")
    if target == "workload":
        return [hit for hit in known.values() if hit.what == "demand"]
    if steps[0] == "regions":
        return regions(spec).get(target, [])
    if target.endswith(".rate") and (steps[0] != "workload" or len(steps) != 2):
        return []
    return [hit for path, hit in known.items() if _fits(steps, path.split("."), spec)]


def _fits(asked: list[str], steps: list[str], spec: Any) -> bool:
    if len(asked) != len(steps):
        return False
    for place, (wanted, step) in enumerate(zip(asked, steps, strict=True)):
        if wanted == step:
            continue
        network = steps[0] == "networks" and place == 1 and wanted in WILD
        kinds = WILD.get(wanted)
        if network and (kinds is None or spec.networks[step].kind in kinds):
            continue
        if not (steps[0] == "networks" and place == 3 and wanted == "*"):
            return False
    return True


def shock_problems(spec: Any, tree: Node) -> Iterator[Problem]:
    """What is wrong with the shocks of a scenario, each told at its place."""
    for index, shock in enumerate(spec.shocks):
        path = f"shocks.{index}"

        def told(key: str, kind: str, message: str, fix: str, path: str = path) -> Problem:
            node = find(tree, f"{path}.{key}") or find(tree, path) or tree
            return at(node.mark, kind, f"{path}.{key}", message, fix)

        if shock.begins >= spec.horizon:
            yield told("at", "range", "the shock comes at or after the horizon", "let it come earlier")
            continue
        found = hits(shock.target, spec)
        if not found:
            if not idle(shock.target, spec):
                message = f"`{shock.target}` is nothing that a shock can hit"
                yield told("target", "unknown_path", message, _hint(shock, spec))
            continue
        nodes = found[0].what == "nodes"
        if nodes and (shock.by is None or not -1 <= shock.by < 0):
            yield told("by", "range", "a shock takes nodes away: `by` must be below 0", "write for example `by: -30 %`")
        elif found[0].what == "coin" and shock.by == -1:
            yield told("by", "range", "a coin's price cannot fall to nothing", "write for example `by: -90 %`")
        elif shock.adds is not None and found[0].key not in HOURLY:
            yield told("adds", "rule", "`adds` raises `outside_rent` or `hosting`", "write `by` here")
        if not nodes and _between(shock, spec.epoch):
            fix = "let it last an epoch or more, or take shorter epochs"
            yield told("lasts", "range", "it begins and ends inside one epoch, so that no epoch holds it", fix)


def idle(target: str, spec: Any) -> bool:
    """Whether a target means every one of something that this scenario has none of, while its other shocks hit what is there.

    So a ready shock serves on any scenario: one that lowers the price of all centralized networks, too, lowers none where there is none.
    """
    return (
        _WHOLE.fullmatch(target) is not None
        and not hits(target, spec)
        and any(hits(shock.target, spec) for shock in spec.shocks)
    )


def _between(shock: Any, epoch_s: float) -> bool:
    """Whether no epoch begins while a shock lasts."""
    return math.ceil(shock.begins / epoch_s) * epoch_s >= shock.begins + shock.lasts


def _hint(shock: Any, spec: Any) -> str:
    allowed = ["workload", *places(spec), *regions(spec)]
    near = nearest(shock.target, allowed, 1)
    if near:
        return f"did you mean `{near[0]}`?"
    return "a shock hits demand, a coin's price, prices, nodes or costs: `infermint list targets` shows the paths"


def targets() -> list[dict[str, str]]:
    """Rows of the paths that a shock may have, with what they mean."""
    return [
        {"target": "workload", "by moves": "base demand of all client classes"},
        {"target": "workload.CLASS", "by moves": "base demand of one class"},
        {"target": "networks.NET.market", "by moves": "the coin's price: its level, or a sale by holders (`pool`)"},
        {"target": "networks.NET.price", "by moves": "the price per token"},
        {"target": "networks.NET.operators.CLASS", "by moves": "nodes of the class that are down: that share"},
        *({"target": f"networks.NET.operators.CLASS.{key}", "by moves": f"`{key}` of the class"} for key in COSTS),
        {"target": "regions.REGION", "by moves": "nodes of the region that are down: that share"},
    ]
