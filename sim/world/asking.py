"""What engines are told of client classes beside their requests: mean outputs and rate limits."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from sim.workload import class_means

MINUTE_S = 60


@dataclasses.dataclass(frozen=True)
class Asking:
    """Arrays int64 with an entry a class: mean output tokens, requests and tokens a minute (0: no limit). Empty: nothing is told."""

    mean_output: np.ndarray
    requests_per_min: np.ndarray
    tokens_per_min: np.ndarray

    @classmethod
    def of(cls, spec: Any) -> Asking:
        """Those of a scenario, in the order of its classes."""
        blocks = list(spec.workload.values())
        limits = [block.rate_limit for block in blocks]
        return cls(
            np.array([round(class_means(block)[1]) for block in blocks], np.int64),
            np.array([_per_min(limit.requests if limit else None) for limit in limits], np.int64),
            np.array([_per_min(limit.tokens if limit else None) for limit in limits], np.int64),
        )


def _per_min(per_s: float | None) -> int:
    return 0 if per_s is None else max(1, round(per_s * MINUTE_S))


NOTHING = Asking(*(np.zeros(0, np.int64) for _ in range(3)))
"""No limits, and no means: for fleets without a scenario."""
