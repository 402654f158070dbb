"""Validators that write what miners served, as well as they can see it."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from sim.blocks import sourced
from sim.tokenomics.chains.bittensor import votes
from sim.tokenomics.chains.bittensor.validators.group import Group, Seen
from sim.units import Quantity


class Honest(Group):
    """Weights by what each miner really served."""

    kind: Literal["honest"] = "honest"
    noise: Annotated[float, Quantity("share", low=0, high=2, dated=False)] = sourced(
        0.05, "no published figure", "assumed", "validators' trust, and what copying loses"
    )
    """Standard deviation of the logarithm of what a validator takes a miner's score to be, over what it is."""

    def weights(self, seen: Seen) -> np.ndarray:
        """See `votes.honest`."""
        return votes.honest(seen.score, self.noise * seen.draws)
