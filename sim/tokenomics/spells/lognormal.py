"""Spells of which a few last very long: the longer one has lasted, the longer it goes on."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from sim.blocks import sourced
from sim.tokenomics.spells.law import SpellLaw

LN2 = math.log(2.0)


class LognormalSpell(SpellLaw):
    """ln(length) is normal with standard deviation `sigma`: heavy-tailed, with a falling hazard in the tail."""

    kind: Literal["lognormal"] = "lognormal"
    sigma: Annotated[float, Field(gt=0, le=3)] = sourced(
        1.5,
        "up-times of spot GPUs: 1.47 and 1.68; down-times 1.47 (skypilot-org/spot-traces, read 2026-11-22)",
        "fitted",
        "how unequal up-times are: most short, a few very long",
        gt=0,
        le=3,
    )
    """Standard deviation of ln(length)."""
    states: Literal["mean", "median"] = "mean"
    """Which of the two the key states that the law belongs to."""

    def mean_s(self, stated_s: float) -> float:
        """The mean is the median times exp(sigma^2 / 2)."""
        return stated_s * math.exp(self.sigma**2 / 2) if self.states == "median" else stated_s

    def length(self, mean_s: float, exponential: Any) -> Any:
        """exp(mu + sigma z), mu = ln(mean) - sigma^2 / 2, z the normal quantile of the exponential's own."""
        return mean_s * np.exp(self.sigma * normal(exponential) - self.sigma**2 / 2)

    def left(self, mean_s: float, exponential: Any, uniform: Any) -> Any:
        """A uniform part of a length drawn in proportion to lengths: lognormal again, with mu + sigma^2 for mu.

        x exp(-(ln x - mu)^2 / (2 sigma^2)) is, completed to a square, exp(-(ln x - mu - sigma^2)^2 / (2 sigma^2)) but
        for a factor.
        """
        met = mean_s * np.exp(self.sigma * normal(exponential) + self.sigma**2 / 2)
        return met * (1.0 - uniform)


def normal(exponential: Any) -> Any:
    """Standard normals from exponentials of mean 1, growing with them; exact in both tails."""
    from scipy.special import ndtri

    below = ndtri(-np.expm1(-exponential))
    return np.where(exponential < LN2, below, -ndtri(np.exp(-exponential)))
