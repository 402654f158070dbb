"""Checks hold, fail, or stay undecided, and say what was found."""

import re

import pytest

from sim.errors import ScenarioError
from sim.scenario import load
from sim.study.plan import Check
from sim.study.planning import plan_of
from sim.study.run import run
from sim.study.summarise import summarise
from tests.study.small import SMALL


@pytest.fixture
def checked(economy):
    """The results of some checks over the small economy."""

    def run(*checks, **changes):
        plan = economy.plan(checks=checks, **changes)
        return summarise(plan, economy.runs(plan)).checks

    return run


@pytest.mark.parametrize(
    ("kind", "limit", "ok"),
    [
        ("at_most", 0.3, True),
        ("at_most", 0.1, False),
        ("at_most", 0.2015, None),
        ("at_least", 0.1, True),
        ("at_least", 0.3, False),
        ("at_least", 0.2015, None),
    ],
)
def test_limits_go_by_the_bounds_of_the_mean(checked, kind, limit, ok):
    (result,) = checked(Check(kind, "tao.price_paid_usd_per_mtok", "two_years", limit), coin_prices=("path",))
    assert result.ok is ok
    assert result.found.startswith("0.201 USD/Mtok [0.197, 0.205]")
    assert result.found.endswith(": not enough runs") is (ok is None)


def test_bounds_are_one_sided(checked):
    # 0.2 + 0.01 x mean of 12 standard normals; one-sided 95 % and 99.9 % bounds lie on both sides of this limit.
    for confidence, ok in ((0.95, True), (0.999, None)):
        (result,) = checked(
            Check("at_most", "tao.price_paid_usd_per_mtok", "two_years", 0.207, confidence=confidence),
            coin_prices=("path",),
        )
        assert result.ok is ok


def test_shares_are_told_in_percent(checked):
    (result,) = checked(Check("at_least", "tao.slo_met_frac", "two_years", 0.9), coin_prices=("path",))
    assert result.ok is False
    assert result.found == "85.0 % [84.9, 85.0]"


def test_below_needs_the_paired_difference_to_be_clear(checked):
    below = Check("below", "tao.nodes@end", "two_years", other="four_years")
    (result,) = checked(below, coin_prices=("path",))
    assert result.ok is True
    assert result.found == "231 nodes against 300 nodes: below with 95 % confidence"
    (other,) = checked(Check("below", "tao.nodes@end", "four_years", other="two_years"), coin_prices=("path",))
    assert other.ok is False


def test_an_equal_value_is_not_below(checked):
    (result,) = checked(
        Check("below", "tao.price_paid_usd_per_mtok", "two_years", other="four_years"), coin_prices=("path",)
    )
    assert result.ok is False
    assert result.found.endswith("not below")


def test_a_check_must_hold_under_every_kind_of_coin_price(checked):
    (result,) = checked(Check("below", "tao.nodes@end", "fees_only", other="four_years"))
    assert result.ok is False
    assert "pool: 331 nodes against 301 nodes: not below" in result.found
    assert "path: 232 nodes against 300 nodes: below with 95 % confidence" in result.found


def test_one_replication_decides_no_check(checked):
    for check in (
        Check("at_most", "tao.nodes", "two_years", 1e9),
        Check("below", "tao.nodes", "two_years", other="four_years"),
    ):
        (result,) = checked(check, replications=1, coin_prices=("path",))
        assert result.ok is None
        assert result.found.endswith("one replication gives no interval")


def test_what_is_not_supported_is_undecided_with_its_reason(checked):
    (result,) = checked(Check("at_most", "tao.energy_j_per_tok", "two_years", 1.0), coin_prices=("path",))
    assert (result.ok, result.found) == (None, "not supported: no source for the power of its nodes")


def test_a_check_without_policy_is_about_all(checked):
    results = checked(Check("at_most", "tao.nodes", "", 1e9, severity="warn", file="demo.yaml", line=12))
    assert [(r.policy, r.ok, r.severity, r.file, r.line) for r in results] == [
        (p, True, "warn", "demo.yaml", 12) for p in ("four_years", "two_years", "fees_only")
    ]
    assert results[0].check == "tao.nodes at_most 1,000,000,000 nodes"


def test_a_policy_that_did_not_run_has_no_result_and_cannot_be_the_other(checked):
    changes = {"policies": ("four_years", "two_years"), "coin_prices": ("path",)}
    assert checked(Check("at_most", "tao.nodes", "fees_only", 1.0), **changes) == []
    (result,) = checked(Check("below", "tao.nodes", "two_years", other="fees_only"), **changes)
    assert (result.ok, result.found) == (None, "fees_only did not run")


GRID = tuple({"price": price, "load": load} for price in ("1 USD", "2 USD", "10 USD") for load in ("low", "high"))


@pytest.fixture
def along(economy):
    """The result of `monotone_in: price` where nodes at the end are those given, a point of `GRID` each."""

    def run(nodes, points=GRID, ranks=(0, 0, 1, 1, 2, 2), **changes):
        check = Check("monotone_in", "tao.nodes@end", "two_years", path="price", ranks=ranks, **changes)
        plan = economy.plan(checks=(check,), coin_prices=("path",), points=points)
        runs = economy.runs(plan)
        for cell, records in runs.items():
            ends = [record.series["tao.nodes"] for record in records]
            for end in ends:
                end[-1] += nodes[cell.point] - 230
        (result,) = summarise(plan, runs).checks
        return result

    return run


def test_an_outcome_that_rises_along_a_path_holds(along):
    result = along([230, 100, 260, 130, 300, 160])
    assert result.ok is True
    # Own noise of a node moves the means; users are the same at all points.
    assert result.found.startswith("load low: 231 nodes -> 260 nodes -> 301 nodes; load high: ")


def test_a_step_back_fails_and_is_named(along):
    result = along([230, 100, 260, 160, 300, 130])
    assert result.ok is False
    assert "load high: " in result.found and "goes the other way from 2 USD to 10 USD" in result.found
    assert along([300, 160, 260, 130, 230, 100], rising=False).ok is True


def test_a_step_back_inside_the_zone_does_not_matter(along):
    # The zone is 2 % of some 230 nodes; pairs differ by a noise of about one node.
    assert along([230, 230, 229, 229, 240, 240]).ok is True
    assert along([230, 230, 225.4, 225.4, 240, 240]).ok is None


def test_values_go_by_size_not_by_the_order_of_the_file(along):
    assert along([300, 300, 230, 230, 260, 260], ranks=(2, 2, 0, 0, 1, 1)).ok is True
    assert along([300, 300, 230, 230, 260, 260]).ok is False


def test_lists_side_by_side_are_one_chain(along):
    points = tuple({"price": f"{k} USD", "load": f"{k}"} for k in (1, 2, 3))
    result = along([230, 260, 300], points=points, ranks=(0, 1, 2))
    assert result.ok is True and result.found.count("->") == 2


SWEPT = """
vary: {over: {networks.tao.operators.home.nodes: [30, 6, 12]}}
"""


@pytest.mark.long
@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("monotone_in: networks.tao.operators.home.nodes, direction: rising", None),
        ("monotone_in: networks.tao.operators.home.nods, direction: rising", "`networks.tao.operators.home.nods` is not varied"),
        ("monotone_in: networks.tao.operators.home.nodes", "`monotone_in` and `direction` belong together"),
        ("at_least: 1 nodes, direction: rising", "`monotone_in` and `direction` belong together"),
    ],
)  # fmt: skip
def test_a_file_may_promise_a_way(tmp_path, line, told):
    path = tmp_path / "small.yaml"
    path.write_text(SMALL.replace("policy: as_announced, at_least: 1 nodes", line) + SWEPT, encoding="utf-8")
    if told is not None:
        with pytest.raises(ScenarioError, match=re.escape(told)):
            load(path)
        return
    plan = plan_of(load(path))
    assert plan.checks[0].ranks == (2, 0, 1)
    record = run(load(path), tmp_path / "study.sqlite", jobs=1)
    assert record.checks[0].ok is True
    assert record.checks[0].check == "tao.nodes@end rising in networks.tao.operators.home.nodes"
