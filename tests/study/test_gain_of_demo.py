"""Common random numbers in the main study: what they are worth, outcome by outcome."""

from pathlib import Path

import pytest

import sim.report
from sim.scenario import load
from sim.study import run, statistics
from sim.study.gain import CONSTANT, NAME, all_gains

pytestmark = [pytest.mark.compiled, pytest.mark.slow]

DEMO = Path(__file__).parents[2] / "scenarios" / "demo.yaml"


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    return run(load(DEMO), tmp_path_factory.mktemp("demo") / "s")


def test_the_page_of_the_main_study_is_below_a_megabyte(record, tmp_path):
    assert sim.report.write(record, tmp_path).stat().st_size < 1_000_000


def gains(record, policy):
    """The gain of every outcome that varies under the policy or the baseline, under each kind of coin price."""
    values = {(one.outcome, one.policy, one.coin_price): one.values for one in record.outcomes if one.mean is not None}
    found = {}
    for (outcome, who, kind), ours in values.items():
        theirs = values.get((outcome, record.baseline, kind))
        if who == policy and theirs is not None and (statistics.sd(ours) or statistics.sd(theirs)):
            found[outcome, kind] = statistics.paired(ours, theirs).gain or float("inf")
    return found


def test_the_gain_of_every_declared_outcome_is_listed(record):
    told = record.method[NAME]
    varying = {one.outcome for one in record.verdicts if one.pairing_gain is not None}
    assert varying == {one.outcome for one in record.verdicts}
    assert all(f"{outcome} " in told for outcome in varying)


def test_every_outcome_that_varies_has_its_gain_in_the_file(record):
    rows = {(one.outcome, one.policy, one.coin_price): one for one in all_gains(record)}
    for policy in ("two_years", "fees_only"):
        for (outcome, kind), gain in gains(record, policy).items():
            row = rows[outcome, policy, kind]
            assert row.pairing_gain == gain or (gain == float("inf") and row.reason == CONSTANT)


def test_at_least_half_of_the_outcomes_gain_tenfold_under_another_halving(record):
    found = gains(record, "two_years")
    assert len(found) > 100
    assert sum(gain >= 10 for gain in found.values()) >= len(found) / 2


def test_a_price_three_times_as_high_changes_too_much_to_gain(record):
    """The limit that the page tells: common users are worth little where a policy changes what happens altogether."""
    found = gains(record, "fees_only")
    assert 0.1 < sum(gain >= 10 for gain in found.values()) / len(found) < 0.5
