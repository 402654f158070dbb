"""A replication that drives a difference is named: an outlier by Grubbs's test without which the word is another."""

import dataclasses

import numpy as np
import pytest

from sim.report.markdown import markdown
from sim.report.terminal import format_study
from sim.study.influence import critical, outlier
from sim.study.summarise import summarise


@pytest.mark.parametrize(
    ("n", "level", "known"),
    # Grubbs & Beck (1972), Technometrics 14, table 1: one-sided levels of .025 and .005 are two-sided ones of .05 and .01.
    [(3, 0.05, 1.155), (5, 0.05, 1.715), (10, 0.05, 2.290), (20, 0.05, 2.709), (10, 0.01, 2.482), (20, 0.01, 3.001)],
)
def test_critical_values_are_the_published_ones(n, level, known):
    assert critical(n, level) == pytest.approx(known, abs=0.001)


def test_one_normal_sample_in_a_hundred_has_an_outlier():
    samples = np.random.default_rng(3).normal(size=(4000, 16))
    assert np.mean([outlier(list(sample)) is not None for sample in samples]) == pytest.approx(0.01, abs=0.004)


def test_only_what_is_far_beyond_the_others_is_an_outlier():
    assert outlier([0.0] * 15 + [1.0]) == 15
    assert outlier([1.0, -1.0] * 8) is None
    assert outlier([1.0, 1.0, 1.0]) is None
    assert outlier([0.0, 9.0]) is None


def spoiled(economy, plan, shift):
    """The runs of a plan, one of two_years moved in one outcome."""
    runs = economy.runs(plan)
    for cell, records in runs.items():
        if cell.policy == "two_years":
            one = records[5]
            name = "tao.price_paid_usd_per_mtok"
            records[5] = dataclasses.replace(one, outcomes={**one.outcomes, name: one.outcomes[name] + shift})
    return runs


def prices(record):
    return {
        v.coin_price: v
        for v in record.verdicts
        if (v.policy, v.outcome) == ("two_years", "tao.price_paid_usd_per_mtok")
    }


def test_one_replication_that_drives_a_difference_is_told_everywhere(economy):
    plan = economy.plan()
    record = summarise(plan, spoiled(economy, plan, 0.4))
    told = "replication 5 alone drives it: without it the word is 'no difference'"
    found = prices(record)
    assert {one.word for one in found.values()} == {"undecided"}
    assert [found[kind].driven_by for kind in ("pool", "path", "both")] == [5, 5, 5]
    assert all(told in one.why for one in found.values())
    assert f"tao.price_paid_usd_per_mtok (two_years, pool): {told}" in record.warnings
    assert told in " ".join(format_study(record).split())
    assert told in markdown(record, [])


def test_an_outlier_that_changes_no_word_is_not_told(economy):
    plan = economy.plan()
    record = summarise(plan, spoiled(economy, plan, 1e-6))  # prices of the two policies are equal but for this
    assert {one.word for one in prices(record).values()} == {"no difference"}
    assert [one.driven_by for one in record.verdicts] == [None] * len(record.verdicts)
    assert not [warning for warning in record.warnings if "drives" in warning]
