"""What owners do in place of serving honestly, and when it pays.

A cheaper model saves work, beside the chance of being found times what is lost then. Buying one's own service costs what leaks
of the payment, and brings a share of a pool that is paid by use.
Source: Zhang et al. 2024, Proof of Sampling, arXiv 2405.00295: honest iff p (1 - r) (R + S) > C, with p the chance of a check, r the
colluding share of checkers, R the reward and S the stake lost, C what a cheat saves (condition as quoted by a public repository).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from sim.blocks import Block, newer
from sim.units import FixedAmount, FixedShare

HONEST, LAZY, COLLUDES, PRETENDS = 0, 1, 2, 3
"""Dispositions of a slot's owner; who pretends has other hardware than he says."""
PRETENDERS = ("sybil", "spec_fraud")
"""Strategies of nodes that are not what they are said to be: found by checks that see what a node is (`Verify.attests`)."""
SCHEMES = ("oracle_arbitrage", "frontrun")
"""Strategies of one owner who earns on how others pay and trade."""
KEYS = {
    "lazy": ("model", "when"), "collude": ("model", "when"), "self_dealing": ("found",), "sybil": ("identities",), "spec_fraud": ("gpu",),
    "oracle_arbitrage": ("capital", "found"), "frontrun": ("capital", "found"), "double": ("found",),
}  # fmt: skip
"""Keys of each kind beside `share`; the first is needed."""


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


WHAT = {
    "model": "a cheaper model",
    "gpu": "the GPU that is really there",
    "identities": "a number of `identities`",
    "capital": "a `capital` in USD",
}
EXAMPLES = {
    "lazy": "{kind: lazy, share: 20 %, model: llama-3.1-8b}",
    "collude": "{kind: collude, share: 20 %, model: llama-3.1-8b}",
    "self_dealing": "{kind: self_dealing, share: 20 %, found: 1 %}",
    "sybil": "{kind: sybil, share: 20 %, identities: 5}",
    "spec_fraud": "{kind: spec_fraud, share: 20 %, gpu: rtx_3090}",
    "oracle_arbitrage": "{kind: oracle_arbitrage, share: 5 %, capital: 10 kUSD}",
    "frontrun": "{kind: frontrun, share: 5 %, capital: 10 kUSD}",
    "double": "{kind: double, share: 20 %, found: 1 %}",
}


class Strategy(Block):
    """What a part of a class's owners is disposed to."""

    kind: Literal[
        "lazy", "collude", "self_dealing", "sybil", "spec_fraud", "oracle_arbitrage", "frontrun", "double"
    ] = "lazy"
    """Serve a cheaper model alone, or with others who vouch for each other when they check; buy one's own service; show a node as
    many; have a worse GPU than the class says; pay users' invoices while the oracle is above the market; buy before users do; show the node in the networks of `register_in` as well."""
    share: FixedShare
    """Part of the class's node slots whose owners do so."""
    model: str | None = None
    """The cheaper model that they serve in place of the one that is paid for."""
    when: Literal["pays", "always"] = "pays"
    """Only where it pays, or come what may (`lazy`, `collude`)."""
    gpu: str | None = newer(None)
    """The GPU that their nodes really have (`spec_fraud`)."""
    identities: Annotated[int, Field(ge=2, le=1000)] | None = newer(None)
    """Nodes as which each of their nodes is shown (`sybil`): one owner has them all."""

    capital: FixedAmount | None = newer(None)
    """USD that the owner trades with in an epoch (`oracle_arbitrage`, `frontrun`)."""
    found: FixedShare = newer(0.0)
    """Chance that doing so on a day is found out (`self_dealing`, `oracle_arbitrage`, `frontrun`), or that a node shown elsewhere is (`double`)."""

    @model_validator(mode="after")
    def _has_its_keys(self) -> Self:
        mine = KEYS[self.kind]
        wrong = ""
        if mine and getattr(self, mine[0]) is None:
            wrong = f"`{self.kind}` needs {WHAT[mine[0]]}"
        elif self.model is not None and "model" not in mine:
            wrong = f"`{self.kind}` serves what is paid for"
        elif self.capital is not None and self.capital.currency != "USD":
            wrong = f"`capital` is in {self.capital.currency}; must be in USD"
        elif strange := sorted((self.model_fields_set - {"kind", "share"}) - {*mine}):
            wrong = f"`{self.kind}` has no `{strange[0]}`"
        if wrong:
            raise PydanticCustomError(
                "model", "{message}", {"message": wrong, "hint": f"for example `{EXAMPLES[self.kind]}`"}
            )
        return self

    @property
    def code(self) -> int:
        """LAZY, COLLUDES or PRETENDS."""
        return {"collude": COLLUDES, "spec_fraud": PRETENDS}.get(self.kind, LAZY)

    @property
    def noted(self) -> bool:
        """Whether a run counts the epochs in which it is done: it is a scheme, or may be found out."""
        return self.kind in SCHEMES or self.found > 0

    @property
    def capital_nano(self) -> int:
        """The capital in nano-dollars; 0 without one."""
        return round(self.capital.amount * 10**9) if self.capital is not None else 0


def slots_of(strategies: Mapping[str, Strategy], draws: np.ndarray) -> dict[str, np.ndarray]:
    """Bool[slots] of each strategy by name: whose draw, a uniform, lies in its part of [0, 1); parts lie side by side."""
    found, below = {}, 0.0
    for name, strategy in strategies.items():
        found[name] = (draws >= below) & (draws < below + strategy.share)
        below += strategy.share
    return found
