"""The cost figures that a scenario's replicas pay: those written in the catalogue, or what the rules make of them."""

from __future__ import annotations

from collections.abc import Iterator

from sim.errors import ScenarioError
from sim.records.study import Assumption
from sim.scenario.spec import Spec
from sim.serving.catalogue import Gpu, LlmModel
from sim.serving.derive import figures_of
from sim.serving.figures import CostFigures, GridFigures


def with_figures_in_force(spec: Spec, found: list[Assumption]) -> list[Assumption]:
    """Assumptions whose cost figures are those that some replica pays, each with the flag it has there.

    Figures of the catalogue that no replica uses are left out, interconnects too; those that a rule made (a degree, experts,
    bits) are told at the path at which figures of their own would stand.
    """
    used, links = dict(_in_force(spec)), set(_links(spec))
    kept = [one for one in found if ".costs." not in one.path or _flag(used, one.path) == one.flag]
    kept = [one for one in kept if not one.path.endswith(".interconnect") or one.path in links]
    paths = {one.path for one in kept}
    made = [_told(path, figures) for path, figures in used.items() if path not in paths]
    return [*kept, *made]


def _flag(used: dict[str, CostFigures | GridFigures], path: str) -> str:
    return used[path].flag if path in used else ""


def _told(path: str, figures: CostFigures | GridFigures) -> Assumption:
    changes = f"error: {figures.error}"
    return Assumption(path, "table of figures", figures.flag, figures.source, figures.date, changes, "by rule")


def _in_force(spec: Spec) -> Iterator[tuple[str, CostFigures | GridFigures]]:
    for network in spec.networks.values():
        for operator in network.operators.values():
            for asked in [operator.model] if operator.model else dict.fromkeys(k.model for k in spec.workload.values()):
                gpu, model = spec.gpus.get(operator.gpu), spec.models.get(asked)
                if gpu is None or model is None:
                    continue
                try:
                    figures = figures_of(gpu, model, network.serving.tp)
                except ScenarioError:  # told by the cross-check, at its line
                    continue
                yield _path(gpu, operator.gpu, model, asked, f"tp{network.serving.tp}"), figures


def _links(spec: Spec) -> Iterator[str]:
    """Paths of the interconnects that groups of GPUs exchange results over."""
    for name, network in spec.networks.items():
        for label, operator in network.operators.items() if network.serving.tp > 1 else ():
            own = operator.interconnect is not None
            yield f"networks.{name}.operators.{label}.interconnect" if own else f"gpus.{operator.gpu}.interconnect"


def _path(gpu: Gpu, gpu_key: str, model: LlmModel, model_key: str, degree: str) -> str:
    if degree in model.costs.get(gpu.name, {}):
        return f"models.{model_key}.costs.{gpu.name}.{degree}"
    return f"gpus.{gpu_key}.costs.{model.name}.{degree}"
