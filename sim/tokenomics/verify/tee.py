"""An enclave attests what runs: a cheat is found at once, unless the node's enclave is broken."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from sim.blocks import sourced
from sim.tokenomics.verify.check import Verify
from sim.units import Share


def rule(seen: np.ndarray, row: np.ndarray, out: np.ndarray) -> None:
    """Every request is attested; nothing is found at a node whose uniform lies below the chance of a breach, row[0]."""
    out[0] = 1.0
    out[1] = 1.0
    if seen[4] < row[0]:
        out[1] = 0.0
    out[2] = 0.0
    out[3] = 0.0


class Tee(Verify):
    """Trusted hardware attests each answer."""

    rule = staticmethod(rule)
    by_node: ClassVar[bool] = True
    attests: ClassVar[bool] = True

    kind: Literal["tee"] = "tee"
    breach: Share = sourced(0.0, "no published figure", "assumed", "who can cheat unseen")
    """Part of the nodes whose owner can break the enclave."""
    overhead: Share = sourced(0.05, "no figure that was read", "assumed", "speed of every node")
    """Time that serving takes longer inside the enclave, as a part of it."""

    def row(self) -> np.ndarray:
        """The chance of a breach."""
        return np.array([self.breach])
