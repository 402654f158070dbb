"""Reading a scenario as a study: the one module of this room that knows how a `Scenario` is made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sim.study.plan import Plan


def plan_of(scenario: Any, replications: int | None = None, policies: Sequence[str] | None = None) -> Plan:
    """The plan of a loaded scenario, with other numbers of replications and some of its policies where given.

    Raises `ScenarioError` for policies that the scenario does not have, and for replications below 1.
    """
    raise NotImplementedError
