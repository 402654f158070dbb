"""The warm-up: MSER-5 on the mean curve over replications, shown and told, never cut in silence."""

import dataclasses

import numpy as np
import pytest

from sim.report import figures
from sim.report.markdown import markdown
from sim.study.summarise import summarise
from sim.study.warmup import mser5, relaxation


def test_a_flat_curve_is_not_cut_and_a_step_is_cut_where_it_is():
    assert mser5([3.0] * 60) == 0
    assert mser5([9.0] * 10 + [3.0] * 50) == 10
    assert mser5([9.0] * 12 + [3.0] * 48) == 15  # in whole groups of five


def test_a_decaying_start_is_cut_by_the_least_score():
    curve = 5 + 10 * np.exp(-np.arange(100) / 6) + 0.3 * np.random.default_rng(4).normal(size=100)
    groups = curve.reshape(-1, 5).mean(axis=1)
    scores = [groups[cut:].var() / len(groups[cut:]) for cut in range(11)]
    assert mser5(curve.tolist()) == 5 * int(np.argmin(scores))
    assert 20 <= mser5(curve.tolist()) <= 35


def test_a_curve_that_never_settles_is_cut_at_half_at_most():
    assert mser5(list(range(100))) == 50
    assert mser5([9.0] * 5 + [1.0] * 14) == 0  # three whole groups: too few to tell


def test_relaxation_of_an_autoregressive_curve():
    values, noise = [0.0], np.random.default_rng(6).normal(size=40_000)
    for each in noise:
        values.append(0.9 * values[-1] + each)
    assert relaxation(values) == pytest.approx(-1 / np.log(0.9), rel=0.1)
    assert relaxation([1.0, -1.0] * 30) == 0.0
    assert relaxation([2.0] * 30) == 0.0


def steady(economy, curve, **changes):
    """A steady study of six replications whose nodes follow a curve, with noise that pairs of them cancel; two epochs come before."""
    weeks = len(curve) + 2
    plan = economy.plan(
        replications=6, policies=("four_years",), coin_prices=("path",), estimand="steady",
        horizon_s=weeks * economy.epoch_s, outcomes=("tao.nodes",), **changes,
    )  # fmt: skip
    runs = economy.runs(plan)
    for cell, records in runs.items():
        runs[cell] = [
            dataclasses.replace(
                one,
                epoch_end_s=[(k + 1) * economy.epoch_s for k in range(weeks)],
                series={
                    "tao.nodes": [
                        500.0,
                        500.0,
                        *(curve + (-1) ** r * np.random.default_rng(r // 2).normal(size=len(curve))),
                    ]
                },
            )
            for r, one in enumerate(records)
        ]
    return plan, runs


def test_a_warm_up_is_told_with_its_curve(economy):
    plan, runs = steady(economy, np.array([400.0] * 20 + [300.0] * 180))
    record = summarise(plan, runs)
    (one,) = record.warmups
    assert (one.outcome, one.policy, one.cut_share) == ("tao.nodes", "four_years", 0.1)
    assert one.cut_s == 22 * economy.epoch_s
    expected = np.mean([run.series["tao.nodes"] for run in runs[plan.cells()[0]]], axis=0)
    assert one.mean == pytest.approx(expected.tolist())
    assert (
        "tao.nodes (four_years): still warming up for 140 days of what is judged, by MSER-5; a longer horizon makes them count less"
        in record.warnings
    )
    (entry,) = [entry for entry in figures.entries(record) if entry.name.startswith("warm-up")]
    assert "MSER-5 cuts 20 weeks (10.0 % of what is judged)" in entry.alt
    assert [row[-1] for row in entry.rows] == [0] * 22 + [1] * 180
    assert len(entry.draw().axes) == 1
    assert entry.title in markdown(record, [entry])


def test_a_steady_study_that_is_at_rest_warns_of_nothing(economy):
    plan, runs = steady(economy, np.full(200, 300.0))
    record = summarise(plan, runs)
    assert record.warmups[0].cut_share <= 0.05
    assert not [warning for warning in record.warnings if "warming" in warning or "relaxation" in warning]


def test_the_curve_of_a_few_runs_is_shown_and_not_cut(economy):
    plan, runs = steady(economy, np.array([400.0] * 20 + [300.0] * 180))
    few = dataclasses.replace(plan, replications=4)
    record = summarise(few, {cell: records[:4] for cell, records in runs.items()})
    assert [one.cut_share for one in record.warmups] == [0.0]
    assert "the warm-up is shown, not judged: MSER-5 needs the mean curve of 5 replications or more" in record.warnings


def test_a_run_too_short_for_its_warm_up_and_its_memory_says_so(economy):
    slope = np.linspace(500, 300, 60)
    plan, runs = steady(economy, slope)
    told = " ".join(summarise(plan, runs).warnings)
    assert "MSER-5 cuts 50% of what is judged: the run is too short to tell its warm-up" in told
    assert "relaxation times, fewer than 20: its mean is not yet that of the long run" in told


def test_what_has_no_long_run_is_told(economy):
    plan, runs = steady(economy, np.full(200, 300.0))
    declared = ("tao.nodes", "tao.nodes@end", "tao.half_nodes_days")
    warned = [
        text for text in summarise(dataclasses.replace(plan, outcomes=declared), runs).warnings if "finite" in text
    ]
    assert [text.partition(" ")[0] for text in warned] == ["tao.nodes@end", "tao.half_nodes_days"]


def test_a_terminating_study_has_no_warm_up(economy):
    plan, runs = steady(economy, np.array([400.0] * 20 + [300.0] * 180))
    record = summarise(dataclasses.replace(plan, estimand="terminating"), runs)
    assert record.warmups == []
    assert not [entry for entry in figures.entries(record) if entry.name.startswith("warm-up")]
