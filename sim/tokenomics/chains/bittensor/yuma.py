"""Yuma: from validators' weights and stakes to incentives, dividends and bonds.

`epoch` runs a subnet's epoch, in the chain's own integers or in floats, six times as fast and 4e-6 apart after eight epochs
(stored bonds are cut to 16 bits in both). What counts of the weights is decided before, in `masks`.
Source: subtensor pallets/subtensor/src/epoch/run_epoch.rs.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from sim.tokenomics.chains.bittensor import U16
from sim.tokenomics.chains.bittensor.constants import MAINNET

ONE = 1 << 32
"""One in the chain's I32F32."""


@dataclasses.dataclass(frozen=True)
class Terms:
    """Settings of a subnet's epoch; shares in 65535ths. Defaults are mainnet's, October 2026, of the classic rule."""

    kappa: int = MAINNET["kappa_u16"].value
    """Majority of stake whose consensus clips: a hair under a half, which decides an exact half."""
    penalty: int = MAINNET["penalty_u16"].value
    """How far bonds go by clipped weights instead of set ones."""
    moving_average: int = MAINNET["moving_average"].value
    """Millionths of the old bond that an epoch keeps."""
    relative: bool = False
    """Yuma3: bonds between a validator and a miner in [0, 1], whatever the stake. On in new subnets."""
    liquid: bool = False
    """Liquid alpha: how fast a bond moves follows from weight, bond and consensus (Yuma3 only)."""
    alpha_low: int = MAINNET["alpha_low_u16"].value
    alpha_high: int = MAINNET["alpha_high_u16"].value
    steepness: int = MAINNET["steepness"].value
    """Of liquid alpha's curve, in hundredths."""

    @property
    def alpha(self) -> int:
        """How much of a new bond counts, in 2^-32: one less the average rounded down."""
        return ONE - self.moving_average * ONE // 1_000_000

    def row(self) -> Any:
        """The settings as the fast kernel reads them."""
        from sim.kernels.bittensor import layout
        from sim.kernels.bittensor.yuma import TERMS

        row = layout.rows(TERMS, 1)
        row["alpha"], row["penalty"] = 1 - self.moving_average / 1e6, self.penalty / U16
        row["low"], row["high"] = self.alpha_low / U16, self.alpha_high / U16
        row["steepness"], row["kappa"] = self.steepness / 100, self.kappa * ONE // U16
        row["relative"], row["liquid"] = self.relative, self.liquid and self.relative
        return row


@dataclasses.dataclass(frozen=True)
class Epoch:
    """What an epoch found. Shares are floats, or integers of 2^-32 in the exact mode; bonds are stored u16."""

    consensus: np.ndarray
    incentive: np.ndarray
    dividends: np.ndarray
    bonds: np.ndarray
    exact: bool

    def shares(self, name: str) -> np.ndarray:
        """`consensus`, `incentive` or `dividends` as floats."""
        found = getattr(self, name)
        return found / ONE if self.exact else found

    def u16(self, name: str) -> np.ndarray:
        """The same as the chain stores them, in 65535ths rounded down."""
        found = getattr(self, name)
        return np.minimum(found * U16 >> 32 if self.exact else (found * U16).astype(np.int64), U16)

    def emission(self, rao: int, stake: np.ndarray, active: np.ndarray) -> np.ndarray:
        """Rao of each uid out of `rao`: incentive and dividends together, rounded down.

        Without either, active stake decides, and without that all stake. `stake` and `active`: shares in 2^-32.
        """
        both = self.incentive + self.dividends
        if not both.any():
            both = active if active.any() else stake
            return _amounts(both if self.exact else both / ONE, rao, self.exact)
        return _amounts(both, rao, self.exact)


def _amounts(shares: np.ndarray, rao: int, exact: bool) -> np.ndarray:
    """Normalised shares of `rao`, rounded down."""
    if not exact:
        return (shares / shares.sum() * rao).astype(np.int64)
    from sim.kernels.bittensor import yuma_exact

    found = np.zeros(len(shares), np.int64)
    yuma_exact.amounts(shares, int(shares.sum()), rao, found)
    return found


def stake_shares(stake: np.ndarray) -> np.ndarray:
    """Stakes in rao as shares in 2^-32, rounded down; zeros where there is none."""
    from sim.kernels.bittensor import yuma_exact

    shares = np.zeros(len(stake), np.int64)
    yuma_exact.proportions(stake.astype(np.int64), shares)
    return shares


def normalised(shares: np.ndarray) -> np.ndarray:
    """Shares in 2^-32 divided by their sum, rounded down; themselves where that is 0."""
    from sim.kernels.bittensor import yuma_exact

    found = shares.copy()
    yuma_exact.normalise(found)
    return found


def epoch(
    terms: Terms, weights: np.ndarray, active: np.ndarray, bonds: np.ndarray, exact: bool = True,
    guess: np.ndarray | None = None,
) -> Epoch:  # fmt: skip
    """One epoch of a subnet.

    `weights` and stored `bonds` are u16 in [validators, miners], -1 where no weight is set; `active` is the validators' active
    stake in 2^-32. `guess` is the consensus of the epoch before: it makes the fast mode faster and changes nothing.
    """
    if exact:
        return _exact(terms, weights.astype(np.int64), active.astype(np.int64), bonds.astype(np.int64))
    return _fast(terms, weights, active, bonds, guess)


def _fast(terms: Terms, weights: np.ndarray, active: np.ndarray, bonds: np.ndarray, guess: np.ndarray | None) -> Epoch:
    from sim.kernels.bittensor import yuma

    validators, miners = weights.shape
    stored = bonds.astype(np.uint16)
    consensus = np.zeros(miners) if guess is None else guess.astype(float)
    incentive, dividends = np.zeros(miners), np.zeros(validators)
    yuma.one_epoch(
        terms.row(), np.maximum(weights, 0).astype(np.uint16), normalised(active), stored, np.zeros(validators),
        np.zeros((yuma.TILE, validators)), np.zeros((3, miners)), np.zeros((validators, miners)), consensus, incentive,
        dividends,
    )  # fmt: skip
    return Epoch(consensus, incentive, dividends, stored, False)


def consensus_of(scores: np.ndarray, active: np.ndarray, kappa: int, guess: np.ndarray | None = None) -> np.ndarray:
    """Stake-weighted medians of the columns of `scores`, which are >= 0; `active` and the majority `kappa` in 2^-32.

    Scores are integers of 2^-32, or floats. Stakes are normalised over those who have any; who has none says nothing.
    """
    from sim.kernels.bittensor import medians

    stake = normalised(active)
    found = np.zeros(scores.shape[1], scores.dtype) if guess is None else guess.copy()
    # Floats are told apart by their bits, which have their order.
    medians.medians(
        scores.view(np.int64), stake, int(stake.sum()) - kappa, np.zeros(len(stake), np.int64), found.view(np.int64)
    )
    return found


def capped_average(alpha: int, old: np.ndarray, new: np.ndarray) -> np.ndarray:
    """(1 - alpha) old + alpha new of each pair, at most 1: how liquid alpha moves bonds. All in 2^-32."""
    from sim.kernels.bittensor import yuma_exact

    found = np.zeros(old.size, np.int64)
    yuma_exact.capped_average(alpha, old.reshape(-1), new.reshape(-1), found)
    return found.reshape(old.shape)


def _exact(terms: Terms, weights: np.ndarray, active: np.ndarray, stored: np.ndarray) -> Epoch:
    from sim.kernels.bittensor import yuma_exact as fixed

    shares, bonds_by = np.zeros_like(weights), np.zeros_like(weights)
    validators, miners = weights.shape
    fixed.normalise_rows(weights, shares)
    consensus = consensus_of(np.maximum(shares, 0), active, terms.kappa * ONE // U16)
    incentive, trust = np.zeros(miners, np.int64), np.zeros(validators, np.int64)
    fixed.clip(shares, consensus, active, terms.penalty * ONE // U16, incentive, trust, bonds_by)
    fixed.normalise(incentive)
    bonds, column = np.zeros_like(weights), np.zeros((2, miners), np.int64)
    alpha: Any = np.int64(terms.alpha)
    dividends, kept = np.zeros(validators, np.int64), np.zeros(weights.size, np.int64)
    if terms.relative:
        fixed.relative_bonds(bonds_by, stored, consensus, alpha, _liquid(terms, consensus), bonds)
        shared = bonds.copy()
        fixed.normalise_columns(shared, column[0])
        fixed.dividends_of(shared, incentive, dividends)
        fixed.multiply(dividends, active)
    else:
        fixed.classic_bonds(bonds_by, active, stored, alpha, column, bonds)
        fixed.dividends_of(bonds, incentive, dividends)
        fixed.upscale_columns(bonds, column[0])
    fixed.normalise(dividends)
    fixed.as_u16(bonds.reshape(-1), kept)
    return Epoch(consensus, incentive, dividends, kept.reshape(weights.shape), True)


def _liquid(terms: Terms, consensus: np.ndarray) -> np.ndarray:
    """Low and high in 2^-32, steepness, and 1 where liquid alpha is on: it is off without any consensus."""
    on = terms.liquid and bool(consensus.any())
    return np.array([terms.alpha_low * ONE // U16, terms.alpha_high * ONE // U16, terms.steepness, on], np.int64)
