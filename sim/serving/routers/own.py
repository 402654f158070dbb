"""Routers of the user's own: a function of two rows becomes a kind of router (`docs/your-own-router.md`)."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, ClassVar, Literal

from pydantic import create_model

from sim.blocks import Block
from sim.serving.contract import Routing
from sim.serving.routers.staleness import Staleness
from sim.serving.scoring import Score, check, python_of
from sim.units import ps


class OwnRouter(Block):
    """Of all live replicas the one with the least score by a function of the user's own; ties to the lowest id."""

    score: ClassVar[Score]
    staleness: Staleness = 0.0
    """Age of what the router sees: one snapshot of all replicas at every multiple of it; 0 s = live."""

    def routing(self) -> Routing:
        """What engines take."""
        return Routing(kind="scored", staleness_ps=ps(self.staleness), score=type(self).score)


def own_router(score: Callable[..., Any]) -> type[OwnRouter]:
    """The kind of router that goes by a function, under the function's name; `ScenarioError` for one that could not route.

    The function is tried on one example of each row.
    """
    check(score)
    plain = python_of(score)
    kind: Any = create_model(
        plain.__name__,
        __base__=OwnRouter,
        __module__=plain.__module__,
        __doc__=inspect.getdoc(plain) or f"The least `{plain.__name__}(replica, request)`; ties to the lowest id.",
        kind=(Literal[plain.__name__], plain.__name__),  # type: ignore[arg-type]
    )
    # As it was given: the decorated function where numba decorated it. A static method, so that it takes no block.
    kind.score = staticmethod(score)
    made: type[OwnRouter] = kind
    return made
