"""Nested logit over networks and not buying, in money: utility is USD per request.

U_j = taste_j - (price_j + value_of_time x E2E_j + value_of_failure x failure_j); not buying has 0. Networks of kind
central are one nest, the others another, each with dissimilarity `nest` (1 = plain logit). With V_j = U_j / scale,
P_j = exp(V_j / nest) / D_n x D_n^nest / (1 + sum over nests of D_m^nest), D_n = sum over its nest of exp(V_j / nest).
Source: Train, Discrete Choice Methods with Simulation (2nd ed. 2009), ch. 4, eq. 4.2; log-sum surplus ch. 3.5.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from sim.blocks import Block, sourced
from sim.tokenomics.demand.choice import Offers, Taste
from sim.units import FixedAmount, FixedDuration, FixedHourly, FixedShare, Money


def rule(
    row: np.ndarray,
    price_usd: np.ndarray,
    price_usd_per_mtok: np.ndarray,
    e2e_s: np.ndarray,
    failure_frac: np.ndarray,
    central: np.ndarray,
    out: np.ndarray,
) -> float:
    """Base demands per option, their sum at most the market; the log-sum, scale x ln(denominator), per base request.

    row = USD a second of waiting, USD a failure, scale, dissimilarity, market, then each option's taste.
    """
    scale, nest, market = row[2], row[3], row[4]
    inner, others = 0.0, 0.0
    for j in range(len(out)):
        burden = price_usd[j] + row[0] * e2e_s[j] + row[1] * failure_frac[j]
        out[j] = math.exp(min((row[5 + j] - burden) / scale / nest, 600.0))
        if central[j] > 0.0:
            inner += out[j]
        else:
            others += out[j]
    inner_power = math.pow(inner, nest) if inner > 0.0 else 0.0
    others_power = math.pow(others, nest) if others > 0.0 else 0.0
    denominator = 1.0 + inner_power + others_power
    for j in range(len(out)):
        total, power = (inner, inner_power) if central[j] > 0.0 else (others, others_power)
        out[j] = market * (out[j] / total * power / denominator) if total > 0.0 else 0.0
    return market * scale * math.log(denominator)


class Logit(Block):
    """Users choose among networks, the cloud and not buying; the elasticity at the start sets the scale."""

    rule: ClassVar[Callable[..., float]] = staticmethod(rule)
    compiled: ClassVar[bool] = True

    kind: Literal["logit"] = "logit"
    elasticity: Annotated[float, Field(lt=0)]
    """Own-price elasticity of the first network of the file at the start; negative."""
    value_of_time: FixedHourly = sourced(
        0.0, "no value of time unless stated", "assumed", "how much slow answers cost a network"
    )
    """What an hour of waiting for an answer costs a user."""
    value_of_failure: FixedAmount = sourced(
        Money(0.0, "USD"), "no cost of a failed request unless stated", "assumed", "how much failures cost a network"
    )
    """What a request that fails costs a user."""
    not_buying: FixedShare = sourced(0.4, "no published figure", "assumed", "how much demand a lower price can add")
    """Share of would-be users who do not buy at the start."""
    start: dict[str, FixedShare] | None = None
    """Share of purchases per network at the start; the default is equal shares."""
    nest: Annotated[float, Field(gt=0, le=1)] = sourced(
        0.7,
        "no published figure",
        "assumed",
        "how much a second decentralized network takes from the first rather than from the cloud",
        gt=0,
        le=1,
    )
    """Dissimilarity inside a nest: 1 is plain logit, towards 0 networks of one nest are alike."""
    lag: FixedDuration = sourced(604_800.0, "no published figure", "assumed", "how fast users forget bad service")
    """Half-life of what users believe about quality."""

    def at_start(self, names: tuple[str, ...]) -> np.ndarray:
        """Base demands per option at the start: the shares of purchases."""
        return _start_shares(self.start, names)

    def calibrate(self, offers: Offers) -> LogitTaste:
        """Tastes that give the start shares at the start's prices and qualities. Raises ValueError on bad shares."""
        bought = _start_shares(self.start, offers.names)
        shares = bought * (1 - self.not_buying)
        first = int(np.argmax(bought > 0))
        price = float(offers.price_usd[first])
        if price <= 0:
            raise ValueError("the first network's price is 0 at the start; a logit needs a price to set its scale")
        nests = _within_nest(shares, offers.central)
        # d ln P / d price of a nested logit, times the price, is the elasticity; solved for the scale.
        slope = 1 / self.nest - (1 - self.nest) / self.nest * nests[first] - shares[first]
        scale = price * slope / -self.elasticity
        with np.errstate(divide="ignore"):
            value = np.log(shares / self.not_buying) - (1 - self.nest) * np.log(np.where(nests > 0, nests, 1.0))
        taste = np.where(shares > 0, scale * value + self._burden(offers), -np.inf)
        return LogitTaste(self, taste, scale, 1 / (1 - self.not_buying))

    def _burden(self, offers: Offers) -> np.ndarray:
        return (
            offers.price_usd
            + self.value_of_time / 3600 * offers.e2e_s
            + self.value_of_failure.amount * offers.failure_frac
        )


def _start_shares(start: dict[str, float] | None, names: tuple[str, ...]) -> np.ndarray:
    if start is None:
        return np.full(len(names), 1 / len(names))
    unknown = set(start) - set(names)
    if unknown:
        raise ValueError(f"start names {sorted(unknown)}; networks that serve this class: {', '.join(names)}")
    shares = np.array([start.get(name, 0.0) for name in names])
    if abs(shares.sum() - 1) > 1e-9:
        raise ValueError(f"shares at the start add up to {shares.sum():.4g}; must be 100 %")
    return shares


def _within_nest(shares: np.ndarray, central: np.ndarray) -> np.ndarray:
    """Each option's share of its own nest."""
    totals = np.where(central, shares[central].sum(), shares[~central].sum())
    return np.divide(shares, totals, out=np.zeros_like(shares), where=totals > 0)


class LogitTaste(Taste):
    """A calibrated nested logit: `taste` (per option) and `scale` in USD per request; `market` is all would-be users in base demands."""

    rule = staticmethod(rule)

    def __init__(self, block: Logit, taste: np.ndarray, scale: float, market: float) -> None:
        burden = (block.value_of_time / 3600, block.value_of_failure.amount)
        self.row = np.array([*burden, scale, block.nest, market, *taste])
