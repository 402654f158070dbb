"""Yuma as the community's simulator has it, to set results beside those published with it.

It is not the chain: consensus is normalised and cut to 16 bits, sums get a guard of 1e-6 before they divide, bonds are kept as
floats, and liquid alpha begins with the second epoch. The winner may take all incentive.
Source: bactensor/yuma-simulation @2b976fd5 (2025-06-05), `Yuma` ("Yuma 2") and `Yuma3`, read 2026-11-27.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from sim.tokenomics.chains.bittensor import U16

GUARD = 1e-6
_SCALE = 2**40


@dataclasses.dataclass(frozen=True)
class Settings:
    """Settings of that simulator under its own names; shares are fractions."""

    kappa: float = 0.5
    bond_penalty: float = 1.0
    bond_moving_avg: float = 0.9
    liquid_alpha: bool = False
    alpha_low: float = 0.1
    alpha_high: float = 0.3
    alpha_sigmoid_steepness: float = 10.0
    winner_takes_all: bool = False


@dataclasses.dataclass(frozen=True)
class Found:
    """Consensus and incentive of miners, dividends of validators, bonds[validators, miners]."""

    consensus: np.ndarray
    incentive: np.ndarray
    dividends: np.ndarray
    bonds: np.ndarray


def epoch(
    settings: Settings, weights: np.ndarray, stake: np.ndarray, bonds: np.ndarray | None, relative: bool
) -> Found:
    """One epoch; `bonds` is None in the first. `relative` is Yuma3."""
    share = stake / stake.sum()
    w = weights / (weights.sum(axis=1, keepdims=True) + GUARD)
    consensus = _consensus(w, share, settings.kappa)
    clipped = np.minimum(w, consensus)
    incentive = _incentive(share @ clipped, settings.winner_takes_all)
    if relative:
        found, paid = _relative(settings, w, consensus, bonds, share, incentive)
    else:
        found, paid = _classic(settings, w, clipped, consensus, bonds, share, incentive)
    return Found(consensus, incentive, paid / (paid.sum() + GUARD), found)


def _consensus(w: np.ndarray, share: np.ndarray, kappa: float) -> np.ndarray:
    from sim.kernels.bittensor import medians

    stake = np.rint(share * _SCALE).astype(np.int64)
    found = np.zeros(w.shape[1])
    minority = int(stake.sum()) - round(kappa * _SCALE)
    medians.medians(w.view(np.int64), stake, minority, np.zeros(len(stake), np.int64), found.view(np.int64))
    total = found.sum()
    return np.floor(found / total * U16) / U16 if total > 0 else found


def _incentive(rank: np.ndarray, winner_takes_all: bool) -> np.ndarray:
    if winner_takes_all:
        best = rank == rank.max()
        return best / best.sum()
    return rank / rank.sum() if rank.sum() > 0 else rank


def _classic(
    settings: Settings, w: np.ndarray, clipped: np.ndarray, consensus: np.ndarray, bonds: np.ndarray | None,
    share: np.ndarray, incentive: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    bought = share[:, None] * (w + settings.bond_penalty * (clipped - w))
    total = bought.sum(axis=0)
    bought = np.divide(bought, total, out=np.zeros_like(bought), where=total > 0)
    if bonds is not None:
        alpha = _alpha(settings, w, bonds, consensus)
        bought = alpha * bought + (1 - alpha) * bonds
    return bought, bought @ incentive


def _relative(
    settings: Settings, w: np.ndarray, consensus: np.ndarray, bonds: np.ndarray | None, share: np.ndarray,
    incentive: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    alpha = 1 - settings.bond_moving_avg if bonds is None else _alpha(settings, w, bonds, consensus)
    held = (1 - alpha) * (np.zeros_like(w) if bonds is None else bonds)
    found = np.minimum(held + np.minimum(alpha * w, np.maximum(1 - held, 0)), 1)
    return found, share * (found / (found.sum(axis=0) + GUARD) @ incentive)


def _alpha(settings: Settings, w: np.ndarray, bonds: np.ndarray, consensus: np.ndarray) -> np.ndarray | float:
    if not settings.liquid_alpha:
        return 1 - settings.bond_moving_avg
    distance = np.clip(np.where(w >= bonds, w - consensus, bonds - w), 0, 1)
    curve = 1 / (1 + np.exp(-settings.alpha_sigmoid_steepness * (distance - 0.5)))
    return settings.alpha_low + curve * (settings.alpha_high - settings.alpha_low)
