"""What owners do in place of serving honestly, and when it pays.

A cheaper model saves work, beside the chance of being found times what is lost then. Buying one's own service costs what leaks
of the payment, and brings a share of a pool that is paid by use.
Source: Zhang et al. 2024, Proof of Sampling, arXiv 2405.00295: honest iff p (1 - r) (R + S) > C, with p the chance of a check, r the
colluding share of checkers, R the reward and S the stake lost, C what a cheat saves (condition as quoted by a public repository).
"""

from __future__ import annotations

import math
from typing import Literal, Self

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from sim.blocks import Block
from sim.units import FixedShare

HONEST, LAZY, COLLUDES = 0, 1, 2
"""Dispositions of a slot's owner."""


def cheats(saving: float, found: float, reward: float, lost: float) -> bool:
    """Whether an owner who only counts serves a cheaper model, all in one currency a request.

    `saving` of a request, chance `found` that it is found out, its `reward`, and what is `lost` of stake then. A tie is honest.
    """
    return saving > found * (reward + lost)


def dealt(pool: float, others: float, leakage: float, own: float = 0.0) -> float:
    """Use that an owner buys of himself, all in one currency and period: w* = max(0, sqrt(E W / l) - W - own).

    Maximizes E (own + w) / (W + own + w) - l w: `pool` E is shared by use, `others` W is the use that others bring, `leakage` l in
    (0, 1] is what of a payment does not come back, `own` what others buy of him. None iff E / W <= l, without use of one's own.
    """
    if leakage <= 0 or others <= 0:
        return 0.0
    return max(math.sqrt(pool * others / leakage) - others - own, 0.0)


class Strategy(Block):
    """What a part of a class's owners is disposed to."""

    kind: Literal["lazy", "collude", "self_dealing"] = "lazy"
    """Serve a cheaper model alone, or with others who vouch for each other when they check; or buy one's own service."""
    share: FixedShare
    """Part of the class's node slots whose owners do so."""
    model: str | None = None
    """The cheaper model that they serve in place of the one that is paid for."""
    when: Literal["pays", "always"] = "pays"
    """Only where it pays, or come what may."""

    @model_validator(mode="after")
    def _names_a_model(self) -> Self:
        if (self.model is None) != (self.kind == "self_dealing"):
            message = f"`{self.kind}` serves what is paid for" if self.model else f"`{self.kind}` needs a cheaper model"
            told = {"message": message, "hint": "for example `{kind: lazy, share: 20 %, model: llama-3.1-8b}`"}
            raise PydanticCustomError("model", "{message}", told)
        return self

    @property
    def code(self) -> int:
        """LAZY or COLLUDES."""
        return COLLUDES if self.kind == "collude" else LAZY
