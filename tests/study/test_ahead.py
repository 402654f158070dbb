"""What lies ahead of a study: runs in all, runs that are there, and how long the rest will take."""

import pytest

from sim.command import begins, runs_ahead, span
from sim.scenario import load
from sim.scenario.explain import runs_text
from sim.study import STORE, Progress, Store
from tests.study.small import SMALL


@pytest.fixture
def scenario(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(
        SMALL + "uncertain: {networks.tao.operators.home.electricity: {uniform: [0.1 USD/kWh, 0.3 USD/kWh]}}\n"
    )
    return load(path)


def test_sets_are_counted_with_the_replications(scenario):
    assert runs_text(scenario).endswith("4 replications = 4 runs")
    assert (
        runs_text(scenario.with_drawn(5))
        == "1 policy x 1 coin price x 1 point x (4 replications + 5 joint sets of 2) = 14 runs"
    )
    assert len(scenario.with_drawn(5).cases()) == 6


def test_the_time_goes_by_the_runs_in_the_store(scenario, tmp_path, economy):
    place = tmp_path / STORE
    assert runs_ahead(scenario, place) == {"runs": 4, "not_compiled": []}
    from sim.study.planning import plan_of
    from sim.study.run import run_keys

    (key,) = run_keys(plan_of(scenario), scenario.cases())
    record = economy.simulated(economy.cases(economy.plan())[0].case, 0)
    with Store(place) as store:
        store.put(key, 0, record, wall_s=30.0)
        store.put("another case", 0, record, wall_s=50.0)
    found = runs_ahead(scenario, place)
    assert (found["runs"], found["stored"]) == (4, 1)
    workers = int(found["told"].split(" with ")[1].split()[0]) if " with " in found["told"] else 1
    assert found["seconds"] == pytest.approx(3 * 40.0 / workers)
    assert found["told"].startswith("4 runs, 1 of them in the store: 3 to simulate; about ")


def test_before_the_first_run_ends_an_empty_store_tells_no_time():
    assert begins(Progress(12, 0, 0, 0.0, jobs=2)) == "12 runs: 12 to simulate; time follows from the first"
    assert Progress(12, 4, 2, 10.0).left_s == pytest.approx(30.0)  # six are left, five seconds each
    # A minute of compiling stands in the time that went by, and in no run.
    assert Progress(12, 4, 2, 70.0, jobs=2, spent_s=20.0).left_s == pytest.approx(30.0)
    assert Progress(12, 4, 0, 0.0, jobs=2, run_s=5.0).left_s == pytest.approx(20.0)
    assert Progress(12, 12, 0, 0.0).left_s == 0.0


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(40, "40 s"), (99, "99 s"), (300, "5 min"), (9000, "2.5 h"), (86_400, "24 h"), (400_000, "5 days")],
)
def test_times_are_told_as_people_plan(seconds, text):
    assert span(seconds) == text
