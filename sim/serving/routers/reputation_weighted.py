"""A router that sends more to who has a better name."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from sim.serving.contract import Routing
from sim.serving.routers.weighted import Weighted


class ReputationWeighted(Weighted):
    """A live replica drawn with a probability in proportion to the reputation of its owner's class."""

    by_class: ClassVar[str] = "weights"
    kind: Literal["reputation_weighted"] = "reputation_weighted"
    weights: dict[str, Annotated[float, Field(ge=0, le=1e9)]] = Field(min_length=1)
    """Reputation of each class of operators, by name: numbers >= 0 of which only the ratios count; all 0: evenly."""

    def shares(self) -> dict[str, float]:
        """The reputations."""
        return dict(self.weights)

    def routing(self) -> Routing:
        """What engines take; weights depend on the fleet."""
        return Routing(kind="reputation_weighted")
