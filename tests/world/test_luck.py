"""What of the differences between nodes' work is luck with the windows is taken off; what they really differ by stays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sim.world.luck import FEWEST, Seen, without_luck

WINDOWS, PARTS = 12, 24
"""Of 24 equal parts of an epoch twelve are windows: half of it is measured."""


def epochs(real_sd: float, luck_sd: float, nodes: int, rounds: int) -> tuple[float, float, float]:
    """Mean variance between nodes of a part's mean work: of all parts, of the windows' as they are, and without luck."""
    rng = np.random.default_rng(7)
    every, seen, scaled = [], [], []
    for _ in range(rounds):
        parts = (
            100 + rng.normal(0, real_sd, nodes) + rng.normal(0, luck_sd, (PARTS, nodes)) + rng.normal(0, 20, (PARTS, 1))
        )
        windows = parts[::2]
        every.append((parts.sum(axis=0) / PARTS).var(ddof=1))
        sums = windows.sum(axis=0)
        seen.append((sums / WINDOWS).var(ddof=1))
        scaled.append((sums * without_luck(windows, 0.5) / WINDOWS).var(ddof=1))
    return float(np.mean(every)), float(np.mean(seen)), float(np.mean(scaled))


@pytest.mark.parametrize("real_sd", [0.0, 1.0, 5.0])
def test_the_variance_is_that_of_the_whole_epoch(real_sd: float) -> None:
    every, seen, scaled = epochs(real_sd, 6.0, 100, 400)
    # Of 400 x 99 squares the mean has a relative standard error of (2 / 39600)^.5 = .7 %, windows' and all parts' together 1 %.
    assert scaled == pytest.approx(every, rel=0.04)
    assert seen > every + 0.8 * 6.0**2 / PARTS


def test_nodes_that_differ_alone_stay_as_they_are() -> None:
    tokens = np.tile(np.arange(1.0, 31.0), (WINDOWS, 1))
    assert without_luck(tokens, 0.5) == pytest.approx(np.ones(30))


def test_where_all_was_measured_nothing_is_luck() -> None:
    tokens = np.random.default_rng(1).uniform(1, 2, (WINDOWS, 30))
    assert without_luck(tokens, 0.0) == pytest.approx(np.ones(30))


def test_equal_nodes_stay_equal() -> None:
    assert without_luck(np.full((WINDOWS, 30), 7.0), 0.5).tolist() == [1.0] * 30


@given(arrays(float, (4, 25), elements=st.integers(0, 10**12).map(float)), st.floats(0, 1))
def test_work_is_kept_and_never_below_nothing(tokens: np.ndarray, left: float) -> None:
    ratios, sums = without_luck(tokens, left), tokens.sum(axis=0)
    assert (ratios >= 0).all()
    assert np.isfinite(ratios).all()
    if (sums > 0).all():
        assert (sums * ratios).sum() == pytest.approx(sums.sum())
    # The order of nodes stays; equal ones stay equal.
    after = sums * ratios
    order = np.argsort(sums)
    assert (np.diff(after[order]) >= -1e-6 * max(float(sums.max()), 1.0)).all()


def windows_of(seen: Seen, tokens: np.ndarray, down: tuple[int, ...] = ()) -> Seen:
    """Add windows in which slots `down` were not up all through."""
    up = np.ones(tokens.shape[1], bool)
    up[list(down)] = False
    for row in tokens:
        seen.add(row, up)
    return seen


def lucky(nodes: int) -> np.ndarray:
    """Tokens of four windows."""
    return np.random.default_rng(3).uniform(90, 110, (4, nodes))


def test_a_class_of_few_is_left_alone() -> None:
    few, many = FEWEST - 1, FEWEST
    seen = windows_of(Seen(few + many), lucky(few + many))
    ratios = seen.ratios([slice(0, few), slice(few, few + many)], 0.1)
    assert (ratios[:few] == 1).all()
    assert (ratios[few:] != 1).any()


def test_a_node_that_was_down_is_left_alone_and_moves_no_other() -> None:
    tokens = lucky(31)
    ratios = windows_of(Seen(31), tokens, down=(4,)).ratios([slice(0, 31)], 0.1)
    rest = np.delete(np.arange(31), 4)
    alone = windows_of(Seen(30), tokens[:, rest]).ratios([slice(0, 30)], 0.1)
    assert ratios[4] == 1
    assert ratios[rest].tolist() == alone.tolist()


def test_a_single_window_tells_nothing_of_luck() -> None:
    assert windows_of(Seen(30), lucky(30)[:1]).ratios([slice(0, 30)], 0.1).tolist() == [1.0] * 30


def test_windows_that_fill_the_epoch_leave_no_luck() -> None:
    assert windows_of(Seen(30), lucky(30)).ratios([slice(0, 30)], 1.0) == pytest.approx(np.ones(30))
