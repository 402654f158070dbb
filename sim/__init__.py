"""infermint: a discrete-event simulator of compute networks that pay their operators in a coin.

>>> import sim
>>> scenario = sim.load("scenarios/demo.yaml")            # doctest: +SKIP
>>> result = sim.run(scenario, replications=4)            # doctest: +SKIP
>>> sim.plot.forest(result)                               # doctest: +SKIP

The face. Verbs are functions: `load` reads a scenario, `run` simulates all its runs, `compare` gives the paired differences
of two policies. `register` adds a kind to a table. `plot` draws; `against` holds the simulator against theory and measured servers.
Everything is imported at first use only.

Errors: `ScenarioError` (yours: the file is wrong) and `InvariantError` (a run broke a law); both are `InfermintError`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim import against
    from sim.errors import InfermintError, InvariantError, ScenarioError
    from sim.report import plot
    from sim.scenario import Scenario, load
    from sim.study.face import Result, compare, register, run

__version__ = "0.1.0"

__all__ = [
    "InfermintError",
    "InvariantError",
    "Result",
    "Scenario",
    "ScenarioError",
    "against",
    "compare",
    "load",
    "plot",
    "register",
    "run",
]

_HOME = {
    "InfermintError": "sim.errors",
    "InvariantError": "sim.errors",
    "ScenarioError": "sim.errors",
    "Scenario": "sim.scenario",
    "load": "sim.scenario",
    "Result": "sim.study.face",
    "run": "sim.study.face",
    "compare": "sim.study.face",
    "register": "sim.study.face",
}
_MODULES = {"against": "sim.against", "plot": "sim.report.plot"}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(_MODULES[name])
    if name not in _HOME:
        raise AttributeError(f"module 'sim' has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
