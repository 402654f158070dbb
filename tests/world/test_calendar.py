"""Instants of windows: inside their epochs, apart from each other, and every stratum of the day alike."""

from __future__ import annotations

import datetime

import numpy as np
import pytest

from sim.units import DAY_S, PS_PER_S
from sim.world.calendar import Calendar, Sampling

HOUR_PS = 3600 * PS_PER_S
DAYS = 140
START = datetime.date(2026, 1, 1)


def sampling(per_epoch: int, warm_s: int = 300) -> Sampling:
    return Sampling(300 * PS_PER_S, per_epoch, 1, warm_s * PS_PER_S, 600 * PS_PER_S)


def starts_h(epoch_h: int, per_epoch: int) -> np.ndarray:
    """Hours since the run's start at which windows begin; none meets another or leaves its epoch."""
    found = []
    for epoch in Calendar(START, DAYS * 24 * HOUR_PS, epoch_h * HOUR_PS).epochs():
        free = epoch.start_ps
        for window in sampling(per_epoch).windows(epoch, 0):
            assert free <= window.warm_ps < window.start_ps < window.end_ps < window.limit_ps <= epoch.end_ps
            free = window.limit_ps
            found.append(window.start_ps / HOUR_PS)
    return np.array(found)


@pytest.mark.parametrize(
    ("epoch_h", "per_epoch"),
    [(24, 1), (24, 2), (24, 4), (24, 5), (24, 24), (24, 48), (6, 1), (6, 6), (1, 1), (168, 7), (168, 14), (168, 168)],
)
def test_every_hour_of_the_day_has_as_many_windows_as_every_other(epoch_h: int, per_epoch: int) -> None:
    starts = starts_h(epoch_h, per_epoch)
    assert len(starts) == DAYS * 24 // epoch_h * per_epoch
    shares = np.bincount((starts % 24).astype(int), minlength=24) / len(starts) * 24
    # Where windows were pushed to the ends of their parts, four a day spent four fifths of them at 5, 11, 17 and 23 h.
    assert shares.min() > 0.75
    assert shares.max() < 1.25


@pytest.mark.parametrize("per_epoch", [24, 48])
def test_windows_do_not_keep_to_a_minute_of_the_hour(per_epoch: int) -> None:
    minutes = starts_h(24, per_epoch) % 1 * 12
    shares = np.bincount(minutes.astype(int), minlength=12) / len(minutes) * 12
    assert shares.min() > 0.75
    assert shares.max() < 1.25


def test_windows_that_fill_an_epoch_stand_one_behind_the_other() -> None:
    # 72 windows of 20 minutes with warm-up and tail fill a day: none can move.
    assert np.diff(starts_h(24, 72)) == pytest.approx(1 / 3)


def test_a_warm_up_is_stretched_as_far_as_the_epoch_has_room() -> None:
    epoch = Calendar(START, DAY_S * PS_PER_S, DAY_S * PS_PER_S).epochs()[0]

    def warm_s(per_epoch: int, factor: int) -> set[float]:
        return {(w.start_ps - w.warm_ps) / PS_PER_S for w in sampling(per_epoch).windows(epoch, 0, factor)}

    assert warm_s(24, 4) == {1200}
    assert warm_s(48, 4) == {900}
    assert warm_s(72, 4) == {300}
    assert warm_s(73, 1) == set()
