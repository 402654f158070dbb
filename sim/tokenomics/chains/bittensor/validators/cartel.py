"""Validators that vote for miners of their own, which serve nobody."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from sim.tokenomics.chains.bittensor import votes
from sim.tokenomics.chains.bittensor.validators.group import Group, Seen


class Cartel(Group):
    """All weight on own miners, whatever others serve."""

    kind: Literal["cartel"] = "cartel"
    own: Annotated[int, Field(ge=1, le=64)] = 4
    """Uids of miners that it holds."""

    @property
    def miners(self) -> int:
        """Its own."""
        return self.own

    def weights(self, seen: Seen) -> np.ndarray:
        """See `votes.cartel`."""
        return votes.cartel(len(seen.score), seen.own)
