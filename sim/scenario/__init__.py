"""YAML to one frozen scenario, or one error that tells everything.

Here belong the reader, the format's blocks, merging, checking across blocks, the renderer of errors, the JSON Schema
and `explain`. YAML is read in this room only. Who writes a new kind need not look in here: tables are read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.scenario.loader import load
    from sim.scenario.scenario import ResolvedCase, Scenario
    from sim.scenario.spec import Spec

_HOME = {"load": "loader", "ResolvedCase": "scenario", "Scenario": "scenario", "Spec": "spec"}

__all__ = ["ResolvedCase", "Scenario", "Spec", "load"]


def __getattr__(name: str) -> Any:
    # Lazy: rendering an error or listing units must not load all kinds.
    if name not in _HOME:
        raise AttributeError(f"module 'sim.scenario' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"sim.scenario.{_HOME[name]}"), name)
