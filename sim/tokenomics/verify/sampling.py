"""Requests drawn by a secret seed are served again by others, more of them where traffic is low or the server is new.

least(n) falls in two straight lines from `most` at `quiet` requests a day over `half` at half of `busy` to `rate` at `busy`.
Of a node with reputation R a share least + (most - least) (1 - R / 100) is checked. A checker who sides with the server says
that all is well. Where the seed is public a cheat serves honestly what will be checked, and is never found.
Source: gonka-ai/gonka @312044d, x/inference/calculations/{should_validate,min_validation_average}.go (read 2026-11-22); the share
of colluders: Zhang et al. 2024, Proof of Sampling, arXiv 2405.00295.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

import numpy as np
from pydantic import model_validator
from pydantic_core import PydanticCustomError

from sim.blocks import sourced
from sim.tokenomics.verify.check import Verify
from sim.tokenomics.verify.reputation import Reputation
from sim.units import Quantity, Rate, Share


def rule(seen: np.ndarray, row: np.ndarray, out: np.ndarray) -> None:
    """row: rate, half, most, quiet and busy (requests a second), 1 if reputation counts, detection, false alarms, cost, secret."""
    low, half, most, middle = row[0], row[1], row[2], row[4] / 2
    least = low
    if row[4] > 0 and seen[0] < row[4]:
        if seen[0] <= row[3]:
            least = most
        elif seen[0] >= middle:
            least = low + (half - low) * (row[4] - seen[0]) / middle
        else:
            least = half + (most - half) * (middle - seen[0]) / (middle - row[3])
    if row[5] > 0:
        least += (most - least) * (1 - seen[1] / 100)
    checked = min(1.0, least * seen[3])
    out[0] = checked
    out[1] = checked * (1 - seen[2]) * row[6] * row[9]
    out[2] = checked * row[7]
    out[3] = checked * row[8]


class Sampling(Verify):
    """Sampled requests are served again by other nodes."""

    rule = staticmethod(rule)

    kind: Literal["sampling"] = "sampling"
    rate: Share
    """Part of a known node's requests that is checked in a busy network."""
    half: Share | None = None
    """The same at half of `busy`; left out, `rate`."""
    most: Annotated[float, Quantity("share", low=0)] = 1.0
    """The same of a node without reputation, and in a quiet network."""
    quiet: Rate = 0.0
    """Requests of the whole network up to which `most` is checked."""
    busy: Rate = 0.0
    """Requests from which `rate` is enough; 0: traffic does not count."""
    reputation: Reputation | None = None
    """How a node comes to be checked less; left out, all are checked alike."""
    seed: Literal["secret", "public"] = "secret"
    """Whether servers learn only afterwards which requests are checked."""
    detection: Share = 1.0
    """Chance that a check finds a bad answer."""
    false_alarms: Share = 0.0
    """Chance that a check holds an honest answer bad (Gonka: 5 %)."""
    cost: Annotated[float, Quantity("share", low=0)] = sourced(
        1.0, "a check serves the request again", "assumed", "load on those who check"
    )
    """Computing of a check, as a part of serving the request."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.busy and self.quiet >= self.busy / 2:
            told = {"message": "`quiet` must be below half of `busy`", "hint": "for example `quiet: 100 /day, busy: 10000 /day`", "at": "quiet"}  # fmt: skip
            raise PydanticCustomError("range", "{message}", told)
        return self

    def row(self) -> np.ndarray:
        """As `rule` reads it."""
        half = self.rate if self.half is None else self.half
        return np.array(
            [
                self.rate, half, self.most, self.quiet, self.busy, float(self.reputation is not None), self.detection,
                self.false_alarms, self.cost, float(self.seed == "secret"),
            ]
        )  # fmt: skip
