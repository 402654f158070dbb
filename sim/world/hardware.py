"""From a network's blocks to fleets: replica types, capacity and power of each class of operators."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import numpy as np

from sim.errors import ScenarioError
from sim.kept import Kept
from sim.serving.busy import busy_frac
from sim.serving.capacity import capacity_rps, speed_curve
from sim.serving.contract import ReplicaType
from sim.serving.routers.weighted import Weighted
from sim.serving.tables import kept_replica_type, load_s
from sim.streams import Streams
from sim.units import ps
from sim.world.asking import Asking
from sim.world.distances import Distances
from sim.world.fleet import Member, Plan
from sim.world.outages import Outages
from sim.world.strikes import strikes_of


@dataclasses.dataclass(frozen=True)
class Hardware:
    """One class of operators as machines: what a node is and can do."""

    name: str
    model: str
    gpus: int
    rtype: ReplicaType
    replicas: int
    pull_s: float
    """Time to fetch image and weights onto a new node."""
    load_s: float
    """Time to load the model and start the engine."""
    capacity_rps: float
    """Requests per second a node serves at most, of the workload's mean request."""
    mean_tokens: tuple[float, float] = (1.0, 1.0)
    """Prompt and output of that request."""

    def busy_frac(self, load: float, choices: int) -> float:
        """Share of time in which a node's replicas compute at a load, offered requests over capacity; `choices` as `sim.serving.busy`."""
        if load <= 0 or self.capacity_rps <= 0:
            return 0.0
        return busy_frac(self.speeds_rps, min(load, 1.0) * self.capacity_rps / self.replicas, choices)

    @functools.cached_property
    def speeds_rps(self) -> np.ndarray:
        """Requests a replica completes a second with n at once, n = 1, 2, ...; float64, rising."""
        return _SPEEDS.get((self.rtype,), self.mean_tokens, lambda: speed_curve(self.rtype, *self.mean_tokens))

    def watts(self, utilization: float) -> float:
        """Power of a node's replicas at a utilization in [0, 1]."""
        return self.replicas * (self.rtype.idle_w + utilization * (self.rtype.active_w - self.rtype.idle_w))


def hardware_of(spec: Any, network: Any, name: str, means: dict[str, tuple[float, float]]) -> Hardware:
    """The machines of an operator class; `means` gives (prompt, output) tokens of the mean request by model."""
    model_name = network.operators[name].model or _only_model(means, name)
    if model_name not in means:
        raise ScenarioError(f"operators.{name}.model: '{model_name}' found; models of the workload: {', '.join(means)}")
    return machine_of(spec, network, name, model_name, means[model_name])


def machine_of(
    spec: Any, network: Any, name: str, model_name: str, mean: tuple[float, float], other_gpu: str | None = None
) -> Hardware:
    """The machines of an operator class where they serve a model, to requests of `mean` (prompt, output) tokens.

    With `other_gpu` they have that GPU, joined as its type is, in place of the class's.
    """
    block = network.operators[name]
    gpu, model = spec.gpus[other_gpu or block.gpu], spec.models[model_name]
    rtype = kept_replica_type(gpu, model, network.serving, None if other_gpu else block.interconnect)
    replicas = block.per_node // network.serving.tp
    if replicas < 1:
        raise ScenarioError(
            f"operators.{name}.per_node: {block.per_node} found; a replica takes {network.serving.tp} GPUs"
        )
    prompt, output = mean
    return Hardware(
        name,
        model_name,
        block.per_node,
        rtype,
        replicas,
        block.pull_s,
        load_s(gpu, model, network.serving),
        replicas * _CAPACITIES.get((rtype,), mean, lambda: capacity_rps(rtype, prompt, output)),
        (prompt, output),
    )


_SPEEDS: Kept[np.ndarray] = Kept()
_CAPACITIES: Kept[float] = Kept()


def _only_model(means: dict[str, tuple[float, float]], name: str) -> str:
    if len(means) > 1:
        raise ScenarioError(f"operators.{name}.model is missing; the workload has several models: {', '.join(means)}")
    return next(iter(means))


def plans_of(name: str, spec: Any, machines: dict[str, Hardware], streams: Streams) -> dict[str, Plan]:
    """One plan a model that the network serves; members in the order of the file."""
    plans, network = {}, spec.networks[name]
    outages = {region: Outages(region, block, streams) for region, block in spec.outages.items()}
    strikes = strikes_of(name, spec, streams)
    distances, asking = Distances.of(spec), Asking.of(spec)
    shares = network.router.shares() if isinstance(network.router, Weighted) else {}
    for model in dict.fromkeys(machine.model for machine in machines.values()):
        members = tuple(
            member_of(network.operators[machine.name], machine)
            for machine in machines.values()
            if machine.model == model
        )
        plans[model] = Plan(
            network=name,
            members=members,
            routing=network.router.routing(),
            route_key=streams[f"routing.{name}.{model}"].key64,
            detect_ps=ps(network.serving.detect),
            max_attempts=network.serving.max_attempts,
            outages=outages,
            distances=distances,
            asking=asking,
            shares=tuple(shares[member.name] for member in members) if shares else (),
            strikes=strikes,
        )
    return plans


def member_of(block: Any, machine: Hardware) -> Member:
    """A class's machines with their life."""
    after_s = {"serve": 0.0, "load": machine.load_s, "pull": machine.pull_s + machine.load_s}[block.after_repair]
    return Member(
        machine.name,
        machine.rtype,
        machine.replicas,
        block.up_law.mean_s(block.up_time),
        block.repair_law.mean_s(block.repair),
        block.up_law,
        block.repair_law,
        block.crews,
        after_s,
        block.region or "",
        machine.capacity_rps,
    )
