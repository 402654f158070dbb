"""Sweeps over ranges: Latin hypercubes and Sobol' points in the parameter's own unit, drawn from the root seed."""

import sys

import pytest

from sim.scenario.explain import runs_text

HOME = "networks.tao.operators.home"
RATE = "workload.chat.rate: {uniform: [3 /s, 5 /s]}"
NODES = f"{HOME}.nodes: {{uniform: [10, 17]}}"


def vary(design: str, points: object, *over: str) -> str:
    """A sweep in flow style before the seeds: line 23 of the file is the design, 25 on are the ranges."""
    count = [] if points is None else [f"  points: {points}"]
    return "\n".join(["vary:", f"  design: {design}", *count, "  over:", *(f"    {line}" for line in over), "seeds:"])


@pytest.mark.parametrize(("design", "count"), [("latin_hypercube", 24), ("sobol", 32)])
def test_points_lie_in_the_ranges_one_in_each_stratum(read, design, count):
    scenario = read("seeds:", vary(design, count, RATE, NODES, f"{HOME}.capex: {{log_uniform: [100 USD, 10000 USD]}}"))
    assert len(scenario.points) == scenario.point_count == count
    rates = [float(point["workload.chat.rate"].removesuffix(" /s")) for point in scenario.points]
    assert sorted(int((rate - 3) / 2 * count) for rate in rates) == list(range(count))
    nodes = [point[f"{HOME}.nodes"] for point in scenario.points]
    assert {each: nodes.count(each) for each in set(nodes)} == {str(n): count // 8 for n in range(10, 18)}
    spec = scenario.case("slow", "pool", 5).after
    assert spec.workload["chat"].rate == pytest.approx(rates[5])
    assert spec.networks["tao"].operators["home"].nodes == int(nodes[5])
    assert scenario.case("fast", "pool", 5).after.workload["chat"].rate == spec.workload["chat"].rate


def test_points_depend_on_the_root_seed_alone(read):
    block = vary("sobol", 8, RATE, NODES)
    points = read("seeds:", block).points
    assert read("seeds:", block, sets=["seeds.replications=9"]).points == points
    assert read("seeds:", block, sets=["seeds.root=8"]).points != points


def test_runs_are_counted_without_drawing_a_point(read):
    assert runs_text(read("seeds:", vary("sobol", 64, RATE))).startswith(
        "2 policies x 2 coin prices x 64 points x 2 replications = 512 runs"
    )


@pytest.mark.parametrize(
    ("block", "message", "fix", "place"),
    [
        (vary("sobol", 48, RATE), "48 found; Sobol' points are even only by powers of two", "write `points: 32` or `points: 64`", (25, 11)),
        (vary("latin_hypercube", None, RATE), "`points` is missing: how many does `latin_hypercube` draw?", "write for example `points: 64`", (24, 3)),
        (vary("grid", 8, "workload.chat.rate: [3 /s]"), "`points` found; those of `grid` are what `over` lists", "remove it", (25, 11)),
        (vary("grid", None, RATE), "`workload.chat.rate` has a range; `grid` needs lists of values", "write a list, or `design: latin_hypercube` with `points: 64`", (26, 5)),
        (vary("sobol", 8, "workload.chat.rate: [3 /s, 4 /s]"), "`workload.chat.rate` has a list; `sobol` draws from ranges", "write for example `{uniform: [lowest, highest]}`, or use `grid`", (27, 5)),
        (vary("sobol", 8, "workload.chat.rate: {uniform: [3 /s, 4 W]}"), "'4 W' is a power, but this needs a rate of events", None, (27, 42)),
        (vary("sobol", 8, f"{HOME}.nodes: {{uniform: [3, 4.5]}}"), "'4.5' found; must be a whole number", None, (27, 54)),
        (vary("sobol", 8, "workload.chat.rate: {unifrm: [3 /s, 4 /s]}"), "`unifrm` is not a key here", None, (27, 26)),
        (vary("sobol", 8, "workload.chat.rate: {uniform: [3 /s, 4 /s], group: a}"), "`group` is not a key here", None, (27, 49)),
        (vary("sobol", 8, "workload.chat.rate: 3"), "'3' found; must be a list", None, (27, 25)),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_sweep_is_told_at_its_place(problems, block, message, fix, place):
    found = problems("seeds:", block)
    told = [p for p in found if p.message == message]
    assert told, [p.message for p in found]
    assert [(p.line, p.column) for p in told] == [place]
    assert fix is None or told[0].fix == fix


@pytest.mark.long
def test_reading_a_drawn_sweep_imports_no_scipy(write):
    import subprocess

    path = write("seeds:", vary("sobol", 8, RATE))
    code = f"import sys; from sim.scenario import load; load({str(path)!r}); print('scipy.stats' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
