"""A run outside the ranges that its file calls plausible says so, with the file's reason and without a run's numbers."""

from __future__ import annotations

from sim.scenario.network import Plausible
from sim.units import YEAR_S
from sim.world.plausible import remark

ENDS = [YEAR_S / 2, float(YEAR_S), 1.5 * YEAR_S]


def test_bounds_are_inside_and_only_the_first_year_counts():
    plausible = Plausible(gpus=[50.0, 8000.0])
    assert remark("tao", plausible, ENDS, {"tao.gpus": [40.0, 60.0, 1.0]}) == ""
    assert remark("tao", plausible, ENDS, {"tao.gpus": [40.0, None, 900.0]}) == (
        "tao lies outside what its file calls plausible in year 1 (GPUs below 50)"
    )


def test_everything_outside_is_told_with_the_reason_of_the_file():
    plausible = Plausible(gpus=[50.0, 8000.0], usd_per_day=[5.0, 55_000.0], note="a small example")
    series = {"tao.gpus": [9000.0, 9000.0, 0.0], "tao.revenue_usd_per_day": [4.0, 5.0, 6.0]}
    assert remark("tao", plausible, ENDS, series) == (
        "tao lies outside what its file calls plausible in year 1 (GPUs above 8,000; USD a day below 5): a small example"
    )


def test_nothing_is_said_without_ranges_or_without_numbers():
    assert remark("tao", None, ENDS, {}) == ""
    assert remark("tao", Plausible(gpus=[1.0, 2.0]), ENDS, {"tao.gpus": [None, None, 5.0]}) == ""
