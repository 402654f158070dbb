"""A study's plan says what the scenario file says."""

import datetime
from pathlib import Path

import pytest

from sim.errors import ScenarioError
from sim.scenario import load
from sim.study.plan import Zone
from sim.study.planning import plan_of

FORMAT = Path(__file__).parents[1] / "scenarios" / "format-v1.yaml"


@pytest.fixture(scope="module")
def scenario():
    return load(FORMAT)


@pytest.fixture(scope="module")
def plan(scenario):
    return plan_of(scenario)


def test_who_is_compared_with_whom_and_how_often(plan):
    assert plan.policies == ("four_years", "two_years", "fees_only")
    assert (plan.baseline, plan.coin_prices, plan.replications, plan.root_seed) == (
        "four_years",
        ("pool", "path"),
        20,
        7,
    )
    assert [list(point.values()) for point in plan.points] == [["0.08 USD/kWh"], ["0.15 USD/kWh"], ["0.25 USD/kWh"]]
    assert len(plan.cells()) == 3 * 2 * 3
    assert plan.networks == {"tao": "TAO", "cloud": ""}


def test_the_calendar_is_in_seconds_from_the_start(plan):
    assert plan.start == datetime.date(2026, 1, 1)
    assert (plan.horizon_s, plan.epoch_s, plan.policies_from_s) == (6 * 31_557_600.0, 604_800.0, 31_557_600.0)


def test_zones_of_indifference(plan):
    assert plan.zone("tao.nodes@end") == Zone(relative=0.05)
    assert plan.zone("tao.slo_met_frac") == Zone(relative=0.02)
    assert plan.zone("tao.nodes@end").half_width(-200.0) == 10.0
    assert Zone(absolute=3.0).half_width(100.0) == 3.0


def test_checks_know_their_limit_and_their_line(plan):
    at_most, below = plan.checks
    assert (at_most.kind, at_most.outcome, at_most.policy, at_most.limit, at_most.severity) == (
        "at_most",
        "tao.e2e_p95_s",
        "two_years",
        8.0,
        "error",
    )
    assert (below.kind, below.other, below.confidence, below.severity) == ("below", "four_years", 0.95, "warn")
    lines = FORMAT.read_text(encoding="utf-8").splitlines()
    for check in plan.checks:
        assert check.file.endswith("format-v1.yaml")
        assert check.outcome in lines[check.line - 1]


def test_targets_that_all_classes_share_stand_in_figures(plan):
    # One class has targets, the other none: no second target speaks against a line.
    assert plan.slo_s == {"ttft": 2.0, "tpot": 0.06}


def test_what_it_rests_on_and_what_policies_changed_come_along(plan, scenario):
    assert {change.policy for change in plan.changes} == {"two_years", "fees_only"}
    assert {assumption.flag for assumption in plan.assumptions} >= {"assumed", "borrowed"}
    assert plan.warnings == scenario.notices
    assert plan.scenario_hash == scenario.hash
    assert plan.scenario_resolved.startswith("format: 1")


def test_fewer_replications_and_some_policies(scenario):
    plan = plan_of(scenario, 3, ["fees_only", "four_years"])
    assert (plan.replications, plan.policies) == (3, ("four_years", "fees_only"))


def test_policies_and_replications_that_cannot_be_are_told(scenario):
    with pytest.raises(ScenarioError, match=r"policy 'two_year' found; did you mean two_years\?"):
        plan_of(scenario, policies=["two_year"])
    with pytest.raises(ScenarioError, match="policy 'xyz' found; there are four_years, two_years, fees_only"):
        plan_of(scenario, policies=["xyz"])
    with pytest.raises(ScenarioError, match="replications: 0 found; must be at least 1"):
        plan_of(scenario, 0)
