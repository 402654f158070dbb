"""Uncertain parameters: laws in the parameter's own unit, joint sets, groups that move together, and what is refused."""

import numpy as np
import pytest

from sim.scenario import designs
from sim.scenario.laws import Axis

HOME = "networks.tao.operators.home"


def uncertain(*lines: str) -> str:
    """A block of `uncertain` before the seeds of the small scenario; its first law stands on line 25."""
    return "uncertain:\n" + "".join(f"  {line}\n" for line in lines) + "seeds:"


def column(scenario, path):
    index = [one.path for one in scenario.parameters].index(path)
    return [numbers[index] for numbers in scenario.drawn]


def test_each_set_is_the_same_for_all_policies_and_stands_behind_the_point(read):
    scenario = read("seeds:", uncertain(f"{HOME}.electricity: {{uniform: [0.08 USD/kWh, 25 ct/kWh]}}")).with_drawn(5)
    cases = {(c.case.policy, c.case.point): c for c in scenario.cases() if c.case.coin_price == "pool"}
    drawn = column(scenario, f"{HOME}.electricity")
    for point, number in enumerate(drawn, start=1):
        for policy in ("slow", "fast"):
            assert cases[policy, point].after.networks["tao"].operators["home"].electricity == pytest.approx(number)
    assert cases["slow", 0].case.key == read().cases()[0].case.key  # the file's own runs keep their keys
    assert len({c.case.key for c in cases.values()}) == 2 * 6


def test_numbers_are_told_in_the_unit_of_the_lowest_bound(read):
    scenario = read("seeds:", uncertain(f"{HOME}.electricity: {{uniform: [80 USD/MWh, 0.25 USD/kWh]}}")).with_drawn(50)
    (parameter,) = scenario.parameters
    assert parameter.unit == "USD/MWh"
    numbers = column(scenario, parameter.path)
    assert 80 <= min(numbers) < 84 and 246 < max(numbers) <= 250  # one in each of fifty strata of 3.4 USD/MWh
    price = scenario.case("slow", "pool", 1).before.networks["tao"].operators["home"].electricity
    assert price == pytest.approx(numbers[0] / 1000)


def test_a_hypercube_has_one_value_in_each_stratum(read):
    law = uncertain(
        "workload.chat.demand.elasticity: {uniform: [-2.5, -0.5]}",
        f"{HOME}.capex: {{log_uniform: [500 USD, 5000 USD]}}",
    )
    scenario = read("seeds:", law).with_drawn(40)
    linear = [int((number + 2.5) / 2 * 40) for number in column(scenario, "workload.chat.demand.elasticity")]
    logs = [int(np.log10(number / 500) * 40) for number in column(scenario, f"{HOME}.capex")]
    assert sorted(linear) == sorted(logs) == list(range(40))
    assert linear != logs


def test_whole_numbers_stay_whole_and_reach_both_bounds(read):
    scenario = read("seeds:", uncertain(f"{HOME}.nodes: {{uniform: [10, 13]}}")).with_drawn(40)
    numbers = column(scenario, f"{HOME}.nodes")
    assert {number: numbers.count(number) for number in set(numbers)} == {10: 10, 11: 10, 12: 10, 13: 10}
    nodes = scenario.case("slow", "pool", 1).before.networks["tao"].operators["home"].nodes
    assert isinstance(nodes, int) and nodes == numbers[0]


@pytest.mark.parametrize(
    ("law", "bounds", "expected"),
    [
        ("uniform", (2.0, 6.0), {0.0: 2.0, 0.25: 3.0, 1.0: 6.0}),
        ("log_uniform", (1.0, 100.0), {0.0: 1.0, 0.5: 10.0, 1.0: 100.0}),
        # By hand: F(x) = (x - 0)^2 / (10 x 2) below the mode 2, 1 - (10 - x)^2 / (10 x 8) above it.
        ("triangular", (0.0, 2.0, 10.0), {0.0: 0.0, 0.05: 1.0, 0.2: 2.0, 0.8: 6.0, 1.0: 10.0}),
    ],
)
def test_the_quantiles_of_each_law(law, bounds, expected):
    axis = Axis("a.b", law, bounds, "", False, None)
    assert {u: axis.number(u) for u in expected} == pytest.approx(expected)


def test_drawn_values_have_six_digits_and_stay_within_their_bounds():
    axis = Axis("a.b", "uniform", (1 / 3, 2 / 3), "", False, None)
    assert axis.number(0.0) == 1 / 3 and axis.number(1.0) == 2 / 3  # rounding would leave them
    assert axis.number(0.12345678) == 0.374486


def test_sets_depend_on_the_root_seed_alone(read):
    law = uncertain(f"{HOME}.capex: {{uniform: [500 USD, 5000 USD]}}")
    first = read("seeds:", law).with_drawn(8).drawn
    assert read("seeds:", law).with_drawn(8).drawn == first
    assert read("seeds:", law, sets=["seeds.replications=3", "horizon=3 year"]).with_drawn(8).drawn == first
    assert read("seeds:", law, sets=["seeds.root=8"]).with_drawn(8).drawn != first


def test_members_of_a_group_follow_the_copula_and_stay_hypercubes():
    members = [("costs", 0.7), ("costs", 0.7), ("costs", -0.4), ("", 0.0)]
    cube = designs.joint(4000, members, root=7)
    for values in cube.T:
        assert sorted((values * 4000).astype(int)) == list(range(4000))
    ranks = np.argsort(np.argsort(cube, axis=0), axis=0)
    found = np.corrcoef(ranks.T)
    # Kruskal (1958): the rank correlation of a bivariate normal with correlation r is 6/pi asin(r/2).
    for (i, j), r in {(0, 1): 0.7, (0, 2): -np.sqrt(0.28), (1, 2): -np.sqrt(0.28), (0, 3): 0.0, (2, 3): 0.0}.items():
        assert found[i, j] == pytest.approx(6 / np.pi * np.arcsin(r / 2), abs=0.04)


def test_a_correlation_of_one_moves_parameters_in_one_order(read):
    law = uncertain(
        f"{HOME}.capex: {{uniform: [500 USD, 5000 USD], group: cards, correlation: 1}}",
        f"{HOME}.outside_rent: {{uniform: [0.05 USD/h, 0.3 USD/h], group: cards, correlation: -1}}",
    )
    scenario = read("seeds:", law).with_drawn(12)
    capex, rent = column(scenario, f"{HOME}.capex"), column(scenario, f"{HOME}.outside_rent")
    assert np.argsort(capex).tolist() == np.argsort(rent)[::-1].tolist()


def test_the_status_is_the_files_the_values_own_or_assumed(read):
    law = uncertain(
        f"{HOME}.capex: {{uniform: [500 USD, 5000 USD], status: illustrative}}",
        f"{HOME}.restart: {{uniform: [1.0, 2.1]}}",
        "workload.chat.rate: {uniform: [3 /s, 5 /s]}",
    )
    scenario = read("seeds:", law)
    flag = scenario.sources[f"{HOME}.restart"].flag
    assert flag == "fitted"
    assert [one.status for one in scenario.parameters] == ["illustrative", flag, "assumed"]


@pytest.mark.parametrize(
    ("law", "message", "column"),
    [
        ("workload.chat.rate: {uniform: [3 /s, 4 s]}", "'4 s' is a duration, but this needs a rate of events", 40),
        ("workload.chat.rate: {uniform: [5 /s, 4 /s]}", "[5 /s, 4 /s] found; the lowest comes first, the highest last, and they differ", 33),
        ("workload.chat.demand.elasticity: {log_uniform: [-2, -1]}", "[-2, -1] found; a logarithmic scale needs bounds above 0", 50),
        ("networks.tao.router.kind: {uniform: [1, 2]}", "`networks.tao.router.kind` is no number, so it cannot have a range", 3),
        ("networks.tao.supply.every: {uniform: [2 year, 5 year]}", "`networks.tao.supply.every` is uncertain here, and policy `fast` sets it: a drawn value would take that away", 3),
        ("workload.chat.rate: {uniform: [3 /s, 4 /s], group: a}", "`group` found without `correlation`", 54),
        ("workload.chat.rate: {uniform: [3 /s, 4 /s], status: guessed}", "'guessed' is not one of measured, fitted, borrowed, assumed, illustrative", 55),
        ("workload.chap.rate: {uniform: [3 /s, 4 /s]}", "`workload.chap.rate`: there is no `chap` here (at `workload.chap`)", 3),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_law_is_told_at_its_place(problems, law, message, column):
    told = [p for p in problems("seeds:", uncertain(law)) if p.message == message]
    assert [(p.line, p.column) for p in told] == [(24, column)]


def test_a_parameter_cannot_be_varied_and_uncertain(problems):
    block = "vary: {over: {workload.chat.rate: [3 /s, 4 /s]}}\n" + uncertain(
        "workload.chat.rate: {uniform: [3 /s, 4 /s]}"
    )
    (problem,) = problems("seeds:", block)
    assert problem.message == "`workload.chat.rate` is uncertain here and varied in `vary`"


def test_a_parameter_that_the_command_line_sets_is_not_drawn(read):
    law = uncertain("workload.chat.rate: {uniform: [3 /s, 4 /s]}", f"{HOME}.capex: {{uniform: [500 USD, 5000 USD]}}")
    scenario = read("seeds:", law, sets=["workload.chat.rate=6 /s"])
    assert [one.path for one in scenario.parameters] == [f"{HOME}.capex"]
    assert any("`workload.chat.rate`" in notice and "is not drawn" in notice for notice in scenario.notices)
