"""The rule of `infermint check` on the serving model: no false alarm for other streams, no shift of 10 % missed."""

from __future__ import annotations

import pytest

from benchmarks.outcome_checks import experiment

pytestmark = [pytest.mark.compiled, pytest.mark.slow]


def test_noise_is_not_taken_for_a_shift_nor_a_shift_for_noise():
    found = experiment(100)
    ours = {what: each["`infermint check`, band 5 %"] for what, each in found.items()}
    assert ours["nothing"] == 0
    assert ours["other streams, harmless"] <= 0.05
    assert ours["+10%, same streams"] >= 0.95
    # What overlapping intervals miss.
    assert found["+10%, same streams"]["intervals overlap"] < 0.9
