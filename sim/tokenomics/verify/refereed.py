"""Refereed delegation (Verde): several solve the task; who differ bisect, and a referee computes one operator.

One honest solver is enough: a fraud stays hidden only where all others collude. Bitwise equal results cost time (RepOps), so
`overhead` slows every node; a dispute costs messages, not work (`dispute`).
Source: Arun et al. 2025, Verde, arXiv 2502.19405, and gensyn.ai/articles/verde (read 2026-11-22); overheads from a public review of it
(secondary; another reviewer notes that sources disagree).
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from sim.blocks import sourced
from sim.tokenomics.verify.check import Verify
from sim.tokenomics.verify.dispute import rounds
from sim.units import Duration, Share


def rule(seen: np.ndarray, row: np.ndarray, out: np.ndarray) -> None:
    """row: share of requests that others solve too, solvers besides the first, cost of the referee in a dispute."""
    hidden = 1.0
    for _ in range(int(row[1])):
        hidden *= seen[2]
    out[0] = row[0]
    out[1] = row[0] * (1 - hidden)
    out[2] = 0.0
    out[3] = row[0] * row[1]


class Refereed(Verify):
    """Several solve; a dispute is bisected to one operator, which a referee computes."""

    rule = staticmethod(rule)

    kind: Literal["refereed"] = "refereed"
    rate: Share = 1.0
    """Part of the requests that others solve too."""
    solvers: Annotated[int, Field(ge=1, le=64)] = 1
    """Nodes that solve a request besides the one that serves it."""
    checkpoints: Annotated[int, Field(ge=1, le=10**9)] = sourced(
        1_000,
        "steps of a training run between two published states",
        "assumed",
        "messages of a dispute",
        ge=1,
        le=10**9,
    )
    """Checkpoints of a task."""
    operators: Annotated[int, Field(ge=1, le=10**9)] = sourced(
        10_000,
        "operators in the graph of a step",
        "assumed",
        "messages of a dispute; the referee's work",
        ge=1,
        le=10**9,
    )
    """Operators between two checkpoints."""
    message: Duration = sourced(60.0, "no published figure", "assumed", "delay of a verdict")
    """Time of one round of a dispute."""
    overhead: Share = sourced(
        0.3, "RepOps: about 30 % on large matrix products, 60 % on Llama-3.1-1B (a review of arXiv 2502.19405)", "borrowed",
        "speed of every node",
    )  # fmt: skip
    """Time that serving takes longer for being bitwise equal everywhere, as a part of it."""

    def row(self) -> np.ndarray:
        """As `rule` reads it."""
        return np.array([self.rate, float(self.solvers)])

    @property
    def verdict_s(self) -> float:
        """The delay, and all rounds of a dispute."""
        return self.delay + self.message * (rounds(self.checkpoints) + rounds(self.operators))
