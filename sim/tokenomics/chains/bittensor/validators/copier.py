"""Validators that look at nobody's service and write the last consensus they could see."""

from __future__ import annotations

from typing import Literal

import numpy as np

from sim.tokenomics.chains.bittensor import votes
from sim.tokenomics.chains.bittensor.validators.group import Group, Seen


class Copier(Group):
    """The last consensus as weights; where weights are hidden until they count, that is an old one."""

    kind: Literal["copier"] = "copier"

    def weights(self, seen: Seen) -> np.ndarray:
        """See `votes.copied`."""
        return votes.copied(seen.consensus)
