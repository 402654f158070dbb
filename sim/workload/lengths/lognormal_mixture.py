"""Lengths from a weighted sum of lognormal laws: the form that a person edits."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from sim.blocks import sourced
from sim.workload.law import Floats, Law

_Weight = Annotated[float, Field(gt=0)]
_Sigma = Annotated[float, Field(gt=0, le=10)]
_Mu = Annotated[float, Field(ge=-20, le=20)]


class LognormalMixture(Law):
    """ln(length) is normal (mu_k, sigma_k) with weight w_k, cut to [low, high], then rounded to the nearest integer.

    Cutting is conditioning: what lies outside [low - 1/2, high + 1/2) is never drawn, and the rest keeps its proportions.
    """

    kind: Literal["lognormal_mixture"] = "lognormal_mixture"
    weights: Annotated[tuple[_Weight, ...], Field(strict=False)]
    """Weight of each part; scaled to sum 1."""
    mu: Annotated[tuple[_Mu, ...], Field(strict=False)]
    """Mean of ln(tokens) of each part."""
    sigma: Annotated[tuple[_Sigma, ...], Field(strict=False)]
    """Standard deviation of ln(tokens) of each part."""
    low: Annotated[int, Field(ge=1)] = 1
    """Fewest tokens."""
    high: int = sourced(
        131_072,
        "context window of Llama 3.1, the longest of the built-in models",
        "assumed",
        "how long the longest requests of the class are",
        ge=1,
        le=10**7,
    )
    """Most tokens."""

    uniforms: ClassVar[int] = 2

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not 1 <= len(self.weights) == len(self.mu) == len(self.sigma):
            found = f"{len(self.weights)} weights, {len(self.mu)} mu and {len(self.sigma)} sigma found; must be equally many, at least one"
            raise PydanticCustomError("mixture", "{message}", {"message": found, "hint": "", "at": "weights"})
        if self.low > self.high:
            raise PydanticCustomError(
                "mixture",
                "{message}",
                {"message": f"low {self.low} found above high {self.high}", "hint": "", "at": "low"},
            )
        return self

    def values(self, u: Floats) -> Floats:
        """The first uniform chooses the part, the second is its place between the cuts."""
        from scipy.special import ndtri

        floor, width, shares = self._parts()
        part = np.minimum(np.searchsorted(np.cumsum(shares), u[:, 0], side="right"), len(shares) - 1)
        normal = ndtri(floor[part] + u[:, 1] * width[part])
        drawn = np.exp(np.array(self.mu)[part] + np.array(self.sigma)[part] * normal)
        return np.asarray(np.clip(np.rint(drawn), self.low, self.high))

    @property
    def mean(self) -> float:
        """Sum of n P(n) over low .. high."""
        lengths, chances = self.distribution()
        return float(lengths @ chances)

    @property
    def variance(self) -> float:
        """Sum of (n - mean)^2 P(n)."""
        lengths, chances = self.distribution()
        return float((lengths - lengths @ chances) ** 2 @ chances)

    def _below(self, edges: Floats) -> Floats:
        """Distribution functions of the uncut parts at `edges`: shape (parts, edges)."""
        from scipy.special import ndtr

        return np.asarray(ndtr((np.log(edges)[None, :] - np.array(self.mu)[:, None]) / np.array(self.sigma)[:, None]))

    def _parts(self) -> tuple[Floats, Floats, Floats]:
        """Of each part: its distribution function at the lower cut, the mass between the cuts, its share of the mixture."""
        ends = self._below(np.array([self.low - 0.5, self.high + 0.5]))
        width = ends[:, 1] - ends[:, 0]
        mass = np.array(self.weights) * width
        return ends[:, 0], width, mass / mass.sum()

    def distribution(self) -> tuple[Floats, Floats]:
        """All lengths that can be drawn, rising, and the chance of each."""
        lengths = np.arange(self.low, self.high + 1, dtype=float)
        below = np.array(self.weights) @ self._below(np.concatenate((lengths - 0.5, lengths[-1:] + 0.5)))
        return lengths, np.diff(below) / (below[-1] - below[0])
