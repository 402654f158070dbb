"""What validators earn by what they write: copying pays less the longer weights are hidden, a cartel takes all beyond a half."""

from __future__ import annotations

import numpy as np
import pytest

from sim.tokenomics.chains.bittensor import votes, yuma
from sim.tokenomics.chains.bittensor.yuma import Terms


def test_weights_are_u16_and_the_largest_is_65535() -> None:
    assert votes.upscaled(np.array([1.0, 0.5, 0.0])).tolist() == [65_535, 32_767, 0]
    assert votes.upscaled(np.zeros(2)).tolist() == [0, 0]
    assert votes.honest(np.array([1.0, 2.0]), np.log([2.0, 1.0])).tolist() == [65_535, 65_535]
    assert votes.cartel(4, np.array([1, 3])).tolist() == [0, 65_535, 0, 65_535]


def copier_over_honest(hidden_for: int, terms: Terms, epochs: int = 300) -> float:
    """Dividends a stake of a validator who copies the last consensus seen over those of nine who look, as quality drifts.

    Nothing of 60 epochs is counted. Each sees quality 5 % off, and an epoch changes it by 15 %.
    """
    draw = np.random.Generator(np.random.PCG64(1))
    quality, active = draw.normal(0, 1, 30), yuma.normalised(yuma.stake_shares(np.full(10, 10**12)))
    bonds, consensus, hidden, earned = np.zeros((10, 30), np.int64), np.zeros(30), [], np.zeros(10)
    for epoch in range(epochs):
        quality += draw.normal(0, 0.15, 30) - 0.01 * quality
        looked = [votes.honest(np.exp(quality), draw.normal(0, 0.05, 30)) for _ in range(9)]
        hidden.append(np.array([*looked, votes.copied(consensus)]))
        if len(hidden) > hidden_for:
            found = yuma.epoch(terms, hidden.pop(0), active, bonds, exact=False)
            bonds, consensus = found.bonds, found.consensus
            earned += found.dividends * (epoch > 60)
    return float(earned[-1] / earned[:-1].mean())


@pytest.mark.compiled
@pytest.mark.parametrize("terms", [Terms(), Terms(relative=True)])
def test_a_copier_earns_less_the_longer_weights_are_hidden(terms: Terms) -> None:
    # One seed, the same draws: the differences are several times what another seed moves them by.
    ratios = [copier_over_honest(epochs, terms) for epochs in (0, 1, 3, 10)]
    assert 1 > ratios[0] > ratios[1] + 0.01 > ratios[2] + 0.02 > ratios[3] + 0.03
    assert ratios[3] < 0.9


@pytest.mark.compiled
@pytest.mark.parametrize(("share", "taken"), [(0.3, 0), (0.49, 0), (0.51, 1), (0.9, 1)])
def test_a_cartel_gets_nothing_below_half_of_the_stake_and_all_above(share: float, taken: float) -> None:
    stake = np.repeat([(1 - share) / 5, share / 5], 5) * 1e12
    active = yuma.normalised(yuma.stake_shares(stake.astype(np.int64)))
    own = np.arange(15, 20)
    rows = [votes.upscaled(np.r_[np.ones(15), np.zeros(5)])] * 5 + [votes.cartel(20, own)] * 5
    found = yuma.epoch(Terms(), np.array(rows), active, np.zeros((10, 20)))
    # Whose miners the others do not name at all: the median of either side's is 0.
    assert found.shares("incentive")[own].sum() == pytest.approx(taken, abs=1e-6)
    assert found.shares("dividends")[5:].sum() == pytest.approx(taken, abs=1e-6)
