"""One long run: means of few long batches, and the test that they are independent."""

import dataclasses

import numpy as np
import pytest

from sim.study.batches import batch_means, lag1_p
from sim.study.statistics import mean_interval
from sim.study.summarise import summarise


def test_twenty_batches_have_the_interval_of_their_means():
    values = np.random.default_rng(1).normal(5, 2, 200).tolist()
    found = batch_means(values)
    expected = mean_interval([float(np.mean(values[k : k + 10])) for k in range(0, 200, 10)])
    assert (found.batches, found.size, found.independent) == (20, 10, True)
    assert (found.interval.low, found.interval.high) == pytest.approx((expected.low, expected.high), rel=1e-12)


def test_what_whole_batches_leave_over_is_dropped_at_the_start():
    assert batch_means([99.0] * 7 + [1.0, 2.0] * 20).interval.mean == 1.5


def test_von_neumanns_ratio_of_a_known_sample():
    # Steps 1, 1, 1 squared over deviations 2.25, .25, .25, 2.25: 3 / 5 = 0.6; (0.6 - 2) / sqrt(4 * 2 / 15) = -1.917.
    assert lag1_p([1.0, 2.0, 3.0, 4.0]) == pytest.approx(0.02762, abs=1e-5)
    assert lag1_p([1.0, -1.0] * 10) > 0.999
    assert lag1_p([3.0] * 20) == 1.0


def test_independent_batches_fail_the_test_as_often_as_its_level_says():
    samples = np.random.default_rng(2).normal(size=(4000, 20))
    assert np.mean([lag1_p(sample.tolist()) < 0.05 for sample in samples]) == pytest.approx(0.05, abs=0.01)


def autoregressive(correlation, count, seed):
    noise, values = np.random.default_rng(seed).normal(size=count), [0.0]
    for each in noise:
        values.append(correlation * values[-1] + each)
    return values[1:]


def test_dependent_values_take_fewer_and_longer_batches_or_are_warned_of():
    runs = [batch_means(autoregressive(0.97, 400, seed)) for seed in range(100)]
    assert {run.batches for run in runs} == {10, 20}
    assert all(run.independent for run in runs if run.batches == 20)
    assert np.mean([run.independent for run in runs]) < 0.8
    assert np.mean([batch_means(autoregressive(0.3, 4000, seed)).batches == 20 for seed in range(100)]) > 0.85


def test_too_few_values_have_no_interval():
    assert batch_means([1.0] * 19) is None
    assert batch_means(list(range(20))).batches == 10


def long_run(economy, correlation=0.0, **changes):
    """One run of 402 weeks whose nodes go up and down around 300 after two weeks of warm-up."""
    plan = economy.plan(
        replications=1, policies=("four_years",), coin_prices=("path",), estimand="steady",
        horizon_s=402 * economy.epoch_s, outcomes=("tao.nodes", "tao.emission_coin"), **changes,
    )  # fmt: skip
    series = [900.0, 900.0, *(300 + 10 * value for value in autoregressive(correlation, 400, 5))]
    runs = economy.runs(plan)
    for cell, (one,) in runs.items():
        runs[cell] = [
            dataclasses.replace(
                one,
                epoch_end_s=[(k + 1) * economy.epoch_s for k in range(402)],
                series={"tao.nodes": series},
                outcomes={**one.outcomes, "tao.nodes": float(np.mean(series[2:]))},
            )
        ]
    return plan, runs, series


def test_one_long_run_of_a_steady_study_has_an_interval_of_batch_means(economy):
    plan, runs, series = long_run(economy)
    record = summarise(plan, runs)
    (nodes,) = [one for one in record.outcomes if one.outcome == "tao.nodes"]
    expected = batch_means(series[2:]).interval
    assert (nodes.n, nodes.batches) == (1, 20)
    assert (nodes.low, nodes.high) == pytest.approx((expected.low, expected.high))
    (emission,) = [one for one in record.outcomes if one.outcome == "tao.emission_coin"]
    assert (emission.batches, emission.low) == (None, None)
    terminating = summarise(dataclasses.replace(plan, estimand="terminating"), runs)
    assert all(one.low is None for one in terminating.outcomes)


def test_batches_that_depend_are_warned_of(economy):
    plan, runs, _ = long_run(economy, correlation=0.99)
    warned = [
        warning for warning in summarise(plan, runs).warnings if "batches still go with their neighbours" in warning
    ]
    assert len(warned) == 1 and warned[0].startswith("tao.nodes (four_years): means of 10 batches")
