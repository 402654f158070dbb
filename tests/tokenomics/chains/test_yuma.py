"""Yuma: the integers of the chain and the fast floats agree, consensus is a median, masks take what they should."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.tokenomics.chains.bittensor import masks, yuma
from sim.tokenomics.chains.bittensor.yuma import ONE, Terms

pytestmark = pytest.mark.compiled


def drawn(seed: int, validators: int = 12, miners: int = 20):
    """Weights near a common quality, stakes of very different sizes."""
    draw = np.random.Generator(np.random.PCG64(seed))
    quality = draw.dirichlet(np.full(miners, 0.7))
    weights = quality * np.exp(draw.normal(0, 0.3, (validators, miners)))
    weights = (weights / weights.max(axis=1, keepdims=True) * 65_535).astype(np.int64)
    weights[draw.random((validators, miners)) < 0.1] = 0
    stake = (draw.pareto(1.2, validators) * 1e12).astype(np.int64) + 1
    return weights, yuma.stake_shares(stake)


@pytest.mark.parametrize(
    "terms",
    [
        Terms(),
        Terms(penalty=0),
        Terms(penalty=20_000, kappa=40_000),
        Terms(relative=True),
        Terms(relative=True, penalty=0, liquid=True),
        Terms(relative=True, liquid=True, alpha_low=6_553, alpha_high=19_660, moving_average=975_000),
    ],
)
@pytest.mark.parametrize("seed", range(4))
def test_floats_stay_near_the_chains_integers(terms: Terms, seed: int) -> None:
    exact = fast = np.zeros((12, 20), np.int64)
    guess = None
    for k in range(8):
        weights, stake = drawn(seed + 100 * (k // 3))
        active = yuma.normalised(stake)
        one = yuma.epoch(terms, weights, active, exact)
        other = yuma.epoch(terms, weights, active, fast, exact=False, guess=guess)
        for name in ("consensus", "incentive"):
            # Nothing of the past is in these: both round at 2^-32.
            assert np.abs(one.shares(name) - other.shares(name)).max() < 1e-7
        # Stored bonds are cut to 16 bits; a column that nobody is left in is a bond or two of 65535 each.
        assert np.abs(one.shares("dividends") - other.shares("dividends")).max() < 4e-5
        exact, fast, guess = one.bonds, other.bonds, other.consensus


SCORE = st.integers(0, 7)


@settings(max_examples=300, deadline=None)
@given(
    rows=st.lists(st.tuples(st.integers(0, 5), SCORE), min_size=1, max_size=12),
    kappa=st.integers(1, 65_535),
    guess=st.integers(0, 9),
)
def test_consensus_is_the_smallest_score_beyond_a_minority(rows: list[tuple[int, int]], kappa: int, guess: int) -> None:
    stake, score = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    if not stake.any():
        return
    majority = kappa * ONE // 65_535
    found = yuma.consensus_of(score[:, None], stake, majority, np.array([guess]))[0]
    shares = yuma.normalised(stake)
    minority = max(shares.sum() - majority, 0)
    held = [shares[score <= value].sum() > minority for value in range(8)]
    assert found == held.index(True)
    # Floats have the same order, and no guess changes what is found.
    floats = yuma.consensus_of(score[:, None] / 7, stake, majority, np.array([guess / 7]))[0]
    assert floats == found / 7


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), exact=st.booleans(), relative=st.booleans())
def test_what_is_paid_is_what_there_is(seed: int, exact: bool, relative: bool) -> None:
    weights, stake = drawn(seed)
    found = yuma.epoch(Terms(relative=relative), weights, yuma.normalised(stake), np.zeros((12, 20)), exact)
    assert found.shares("incentive").sum() == pytest.approx(1, abs=1e-7)
    assert found.shares("dividends").sum() == pytest.approx(1, abs=1e-7)
    assert found.bonds.min() >= 0
    assert found.bonds.max() <= 65_535
    if not relative:
        # Each miner's largest bond is stored as 65535.
        assert np.all(found.bonds.max(axis=0)[found.incentive > 0] == 65_535)


def test_whoever_is_alone_with_a_weight_is_clipped_to_nothing() -> None:
    weights = np.array([[65_535, 0], [0, 65_535], [0, 65_535]])
    active = yuma.stake_shares(np.array([40, 30, 30]))
    found = yuma.epoch(Terms(), weights, active, np.zeros((3, 2)))
    assert found.shares("incentive").tolist() == [0, 1]
    assert found.shares("dividends").tolist() == pytest.approx([0, 0.5, 0.5])


def test_an_exact_half_decides_because_kappa_is_a_hair_less() -> None:
    # Half of the stake says 1: what exceeds 1 - kappa is the lower score.
    weights = np.array([[65_535, 0], [0, 65_535]])
    active = yuma.stake_shares(np.array([1, 1]))
    assert yuma.epoch(Terms(), weights, active, np.zeros((2, 2))).consensus.tolist() == [ONE, ONE]
    assert yuma.epoch(Terms(kappa=32_768), weights, active, np.zeros((2, 2))).consensus.tolist() == [0, 0]


def test_a_bond_goes_at_once_under_liquid_alpha_where_no_weight_is_set() -> None:
    terms, active = Terms(relative=True, liquid=True, penalty=0), yuma.stake_shares(np.array([1, 1]))
    held = np.full((2, 2), 30_000)
    weights = np.array([[65_535, 0], [65_535, masks.NOT_SET]])
    bonds = yuma.epoch(terms, weights, active, held).bonds
    assert bonds[0, 1] > 0
    assert bonds[1, 1] == 0


def test_the_inactive_have_set_nothing_for_longer_than_the_cutoff() -> None:
    assert masks.inactive(np.array([0, 1, 5000]), 5001).tolist() == [True, False, False]


def test_stakes_below_the_threshold_count_for_nothing_but_the_owners() -> None:
    stake, permits = np.array([999, 1000, 3000, 10]), np.array([True, True, False, False])
    found = masks.stakes_of(stake, permits, np.zeros(4, bool), places=2, least=1000, owner=3)
    assert (found.share > 0).tolist() == [False, True, True, True]
    # Whom the last epoch gave no permit votes with nothing; the owner always may.
    assert (found.active > 0).tolist() == [False, True, False, True]
    assert found.active.sum() == pytest.approx(ONE, abs=2)
    assert found.next_permits.tolist() == [False, True, True, True]


def test_the_inactive_keep_their_share_and_lose_their_vote() -> None:
    found = masks.stakes_of(np.array([10, 30]), np.array([True, True]), np.array([True, False]))
    assert (found.share / ONE).tolist() == [0.25, 0.75]
    assert (found.active / ONE).tolist() == [0, 1]


def test_weights_to_oneself_and_to_newcomers_do_not_count() -> None:
    weights = np.arange(9).reshape(3, 3) + 1
    permits, updated, registered = np.array([1, 1, 0]), np.array([50, 70, 70]), np.array([0, 0, 50])
    found = masks.weights_that_count(weights, permits, updated, registered)
    # Row 2 has no permit; uid 2 registered at 50, not before row 0 set its weights.
    assert found.tolist() == [[-1, 2, -1], [4, -1, 6], [-1, -1, -1]]
    owners = masks.weights_that_count(weights, permits, updated, registered, owner=1)
    assert owners[1].tolist() == [4, 5, 6]


def test_a_commit_older_than_its_target_does_not_count() -> None:
    weights = np.ones((2, 2), int)
    permits, updated, registered = np.array([1, 1]), np.array([90, 90]), np.array([0, 60])
    for commit, counts in ((59, False), (60, True), (masks.NO_COMMIT, True)):
        commits = np.array([commit, masks.NO_COMMIT])
        found = masks.weights_that_count(weights, permits, updated, registered, commits)
        assert bool(found[0, 1] == 1) is counts


def test_a_commit_is_revealed_in_one_epoch_and_expires_after_it() -> None:
    assert [masks.may_reveal(5, epoch, 2) for epoch in (6, 7, 8)] == [False, True, False]
    assert [masks.expired(5, epoch, 2) for epoch in (6, 7, 8)] == [False, False, True]
    # A block in which the epoch is due belongs to the next.
    assert (masks.epoch_seen(6, False), masks.epoch_seen(6, True)) == (6, 7)


def test_bonds_to_newcomers_and_of_those_without_a_permit_go() -> None:
    bonds = np.full((3, 3), 9)
    assert masks.bonds_that_count(bonds, np.array([5, 10, 11]), 10).tolist() == [[9, 9, 0]] * 3
    stored = masks.bonds_to_store(
        np.full((3, 3), 7), np.full((3, 3), 4), np.array([True, True, False]), np.array([True, False, False])
    )
    # Permitted next: the new ones. Lost the permit: none. Never had one: as before.
    assert stored[:, 0].tolist() == [7, 0, 4]
    assert masks.reset_bonds(bonds, 1)[0].tolist() == [9, 0, 9]
