"""What a scenario may name, from the same tables that reading uses: rows for `infermint list`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sim.errors import Problem, ScenarioError
from sim.scenario.nodes import Node
from sim.scenario.paths import near_hint

Row = dict[str, str]


def listing(what: str = "") -> list[Row]:
    """Rows of one list; the lists themselves without a name. Raises `ScenarioError` for a list that is none."""
    if not what:
        return [{"list": name, "holds": _sentence(rule)} for name, rule in LISTS.items()]
    if what not in LISTS:
        raise ScenarioError([Problem("unknown_list", "", f"there is no list `{what}`", near_hint(what, LISTS))])
    return list(LISTS[what]())


def _sentence(rule: Any) -> str:
    return str(rule.__doc__ or "").strip().splitlines()[0]


def policies() -> Iterator[Row]:
    """Kinds of every primitive that a policy may set."""
    for table in tables():
        for name, block in table.items():
            yield {"primitive": table.name, "kind": name, "is": _sentence(block)}


def tables() -> list[Any]:
    """The tables of kinds, those of networks first."""
    from sim.scenario.jobs import JOBS
    from sim.scenario.network import NETWORKS
    from sim.serving.routers import ROUTERS
    from sim.tokenomics.burnmint import BURNMINT
    from sim.tokenomics.chains.bittensor.agents import AGENTS
    from sim.tokenomics.chains.bittensor.validators import VALIDATORS
    from sim.tokenomics.demand import DEMAND
    from sim.tokenomics.market import MARKET
    from sim.tokenomics.payment import PAYMENT
    from sim.tokenomics.payout import PAYOUT
    from sim.tokenomics.price import PRICE
    from sim.tokenomics.score import SCORE
    from sim.tokenomics.slash import SLASH
    from sim.tokenomics.spells import SPELLS
    from sim.tokenomics.stake import STAKE
    from sim.tokenomics.supply import SUPPLY
    from sim.tokenomics.target import TARGET
    from sim.tokenomics.treasury import TREASURY
    from sim.tokenomics.verify import VERIFY
    from sim.tokenomics.vesting import VESTING
    from sim.workload.arrivals import ARRIVALS
    from sim.workload.growth import GROWTH
    from sim.workload.lengths import LENGTHS
    from sim.workload.patience import PATIENCE

    return [
        NETWORKS,
        SUPPLY,
        SCORE,
        PAYOUT,
        TARGET,
        VESTING,
        PRICE,
        PAYMENT,
        BURNMINT,
        TREASURY,
        STAKE,
        SLASH,
        VERIFY,
        MARKET,
        ROUTERS,
        SPELLS,
        DEMAND,
        ARRIVALS,
        LENGTHS,
        GROWTH,
        PATIENCE,
        JOBS,
        VALIDATORS,
        AGENTS,
    ]


def routers() -> Iterator[Row]:
    """Kinds of router."""
    from sim.serving.routers import ROUTERS

    for name, block in ROUTERS.items():
        yield {"router": name, "is": _sentence(block)}


def networks() -> Iterator[Row]:
    """Networks that `extends` may name."""
    for name, node in _presets("networks"):
        yield {"network": name, "kind": _scalar(node, "kind"), "is": _comment(node)}


def workloads() -> Iterator[Row]:
    """Client classes that `extends` may name."""
    for name, node in _presets("workloads"):
        arrivals = node.get("arrivals")
        yield {
            "workload": name,
            "arrivals": _scalar(arrivals, "kind") if arrivals is not None else "poisson",
            "is": _comment(node),
        }


def gpus() -> Iterator[Row]:
    """GPUs that operators may name."""
    for name, node in _presets("gpus"):
        costs = node.get("costs")
        yield {
            "gpu": name,
            "memory": _scalar(node, "memory"),
            "models": ", ".join(_degrees(costs)) if costs is not None and costs.is_map else "",
        }


def _degrees(costs: Node) -> Iterator[str]:
    """Models with the numbers of GPUs that their figures are for: `qwen3-32b (tp1, tp2)`."""
    for model, degrees in costs.value.items():
        yield f"{model} ({', '.join(degrees.value)})" if degrees.is_map else model


def models() -> Iterator[Row]:
    """Models that client classes may ask for."""
    for name, node in _presets("models"):
        yield {"model": name, "weights": _scalar(node, "weights"), "context": _scalar(node, "max_model_len")}


def templates() -> Iterator[Row]:
    """Starts that `init --template` writes."""
    for name, node in _presets("templates"):
        yield {"template": name, "is": _scalar(node, "name")}


def shocks() -> Iterator[Row]:
    """Ready shocks that `run --shock` and `shocks: [NAME]` may name."""
    from sim.scenario.overlays import shown

    for name, node in _presets("shocks"):
        yield {"shock": name, "hits": shown(node), "is": _comment(node)}


def targets() -> Iterator[Row]:
    """Dotted paths that a shock may hit."""
    from sim.scenario.shocks import targets as paths

    yield from paths()


def outcomes() -> Iterator[Row]:
    """Outcomes that comparisons and checks may name, `network.outcome`."""
    from sim.records.outcomes import OUTCOMES

    for name, outcome in OUTCOMES.items():
        better = {"lower": "lower", "higher": "higher", "none": "-"}[outcome.direction]
        yield {
            "outcome": name,
            "unit": outcome.unit or "-",
            "over time": outcome.aggregation,
            "better": better,
            "is": outcome.sentence,
        }


def units() -> Iterator[Row]:
    """Units by dimension; `USD` stands for any currency where a coin is allowed."""
    from sim.units import DIMENSIONS, units_of

    for name, dimension in DIMENSIONS.items():
        yield {
            "dimension": name,
            "example": dimension.example,
            "units": ", ".join(unit.replace("$", "USD") for unit in units_of(name)),
        }


def _presets(folder: str) -> Iterator[tuple[str, Node]]:
    from sim.scenario.library import _preset, preset_names

    for name in preset_names(folder):
        yield name, _preset(folder, name)


def _scalar(node: Node, key: str) -> str:
    item = node.get(key)
    return str(item.value) if item is not None and not isinstance(item.value, (dict, list)) else ""


def _comment(node: Node) -> str:
    """The first line of a file, where it is a comment: what the preset is."""
    first = node.mark.text.line(1)
    return first.lstrip("# ").strip() if first.startswith("#") else ""


LISTS: dict[str, Callable[[], Iterator[Row]]] = {
    "policies": policies,
    "networks": networks,
    "gpus": gpus,
    "models": models,
    "workloads": workloads,
    "routers": routers,
    "shocks": shocks,
    "targets": targets,
    "outcomes": outcomes,
    "units": units,
    "templates": templates,
}
