"""The rule of `infermint check` on the serving model: no false alarm for other streams, no shift of 10 % missed."""

from __future__ import annotations

import pytest

from benchmarks.outcome_checks import MOVED, UNDECIDED, experiment

pytestmark = [pytest.mark.compiled, pytest.mark.slow]


def test_noise_is_not_taken_for_a_shift_nor_a_shift_for_noise():
    found = experiment(100)
    ours = {what: each[MOVED] for what, each in found.items()}
    assert ours["nothing"] == 0
    assert ours["other streams, harmless"] <= 0.05
    assert ours["+10%, same streams"] >= 0.95
    # Other streams are as wide as the noise: that is said, and taken for neither.
    undecided = {what: each[UNDECIDED] for what, each in found.items()}
    assert undecided["nothing"] == undecided["+10%, same streams"] == 0
    assert undecided["other streams, harmless"] >= 0.9
    # What overlapping intervals miss.
    assert found["+10%, same streams"]["intervals overlap"] < 0.9
