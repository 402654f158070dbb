"""Replications until means are known as well as asked for: from 20 on, resumable, and telling what it did."""

import dataclasses
import math

import numpy as np
import pytest

from sim.cli import main
from sim.errors import ScenarioError
from sim.records.study import Summary
from sim.scenario import load
from sim.study import Store, Until, run_until
from sim.study.sequential import next_look, relative_half_width
from sim.study.statistics import mean_interval
from tests.study.small import SMALL


def summary(values):
    found = mean_interval(values)
    return Summary(
        "tao.nodes", "nodes", "p", "path", 0, len(values), found.mean, found.low, found.high, found.sd, values
    )


def test_the_half_width_is_that_of_the_interval_over_the_mean():
    values = [9.0, 11.0, 10.0, 12.0, 8.0]
    found = summary(values)
    assert relative_half_width(found, 0.95) == pytest.approx((found.high - found.low) / 2 / 10.0)
    assert relative_half_width(summary([-3.0] * 4), 0.95) == 0.0
    assert relative_half_width(summary([0.0] * 4), 0.95) == 0.0
    assert math.isinf(relative_half_width(summary([1.0, -1.0]), 0.95))
    assert relative_half_width(dataclasses.replace(found, mean=None), 0.95) is None


def test_the_next_look_has_what_the_spread_needs_and_at_most_twice_as_many():
    until = Until(0.02, at_most=500)
    assert next_look(20, 0.022, until) == 25  # 20 x 1.21, rounded up
    assert next_look(20, 0.0201, until) == 21
    assert next_look(20, 0.5, until) == next_look(20, math.inf, until) == 40
    assert next_look(400, 0.5, until) == 500


@pytest.mark.parametrize(
    ("relative", "at_most", "told"), [(0.0, 100, "above 0"), (1.0, 100, "below 1"), (0.1, 19, "at least 20")]
)
def test_what_cannot_be_asked_for_is_refused(relative, at_most, told):
    with pytest.raises(ScenarioError, match=told):
        Until(relative, at_most)


@pytest.fixture
def study(economy, tmp_path):
    """`study(until, spread)`: the study of a small scenario whose runs have normal numbers of nodes; (record, runs made)."""
    (tmp_path / "small.yaml").write_text(SMALL, encoding="utf-8")
    scenario = load(tmp_path / "small.yaml")
    case = economy.cases(economy.plan(policies=("four_years",), coin_prices=("path",)))[0].case

    def run(until, spread, **more):
        made = []

        def simulate(resolved, replication, engine):
            made.append(replication)
            nodes = 100 * (1 + spread * np.random.default_rng([9, replication]).normal())
            one = economy.simulated(case, replication, nodes=nodes)
            outcomes = {**one.outcomes, "tao.nodes": nodes}
            return dataclasses.replace(
                one, policy="as_announced", outcomes=outcomes, series={"tao.nodes": [nodes] * 10}
            )

        return run_until(scenario, tmp_path / "s", until, jobs=1, simulate=simulate, **more), made

    return run


def test_what_is_known_well_enough_at_once_takes_twenty(study):
    record, made = study(Until(0.05), 0.05)
    assert (record.replications, sorted(made)) == (20, list(range(20)))
    assert record.method["stopping rule"].startswith(
        "looked at 20 replications until 95% half-widths are at most 5.00% of the means; reached: the widest is tao.nodes@end (as_announced, path), "
    )


def test_it_goes_on_until_the_means_are_known_and_repeats_no_run(study):
    heard = []
    record, made = study(Until(0.02), 0.08, tell=heard.append)
    assert record.replications > 40
    assert sorted(made) == list(range(record.replications))
    widths = [relative_half_width(one, 0.95) for one in record.outcomes if one.outcome == "tao.nodes@end"]
    assert max(widths) <= 0.02
    looks = record.method["stopping rule"].partition(" replications")[0].removeprefix("looked at ").split(", ")
    assert (looks[0], looks[-1]) == ("20", str(record.replications))
    assert len(heard) == len(looks) - 1 and heard[0].startswith(
        "20 replications: tao.nodes@end (as_announced, path) is known to "
    )


@pytest.mark.long
def test_it_resumes_and_stops_at_its_budget(study, tmp_path):
    short, made = study(Until(0.01, at_most=30), 0.08)
    assert (short.replications, len(made)) == (30, 30)
    assert "not reached with at most 30" in short.method["stopping rule"]
    again, none = study(Until(0.01, at_most=30), 0.08)
    assert none == [] and again.to_json() == short.to_json()
    longer, rest = study(Until(0.01, at_most=50), 0.08)
    assert (longer.replications, rest) == (50, list(range(30, 50)))
    with Store(tmp_path / "s") as store:
        assert store.studies() == [longer]


def test_an_outcome_around_nothing_is_never_known_to_a_share_of_it(study):
    record, _ = study(Until(0.02, at_most=25), 1e9)
    assert record.replications == 25


@pytest.mark.compiled
def test_at_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.yaml").write_text(SMALL.replace("60 day", "10 day"), encoding="utf-8")

    def call(*words):
        with pytest.raises(SystemExit) as left:
            main(["run", "small.yaml", "--jobs", "1", *words])
        said = capsys.readouterr()
        return int(left.value.code or 0), said.out, said.err

    code, out, _ = call("--until-relative", "1%", "--at-most", "24")
    assert code == 0
    assert " ".join(out.split()).count("stopping rule: looked at 20") == 1
    assert "of 20 runs from the store" in out or "of 24 runs from the store" in out
    assert (call("--until-relative", "2%", "--replications", "5")[0], call("--at-most", "50")[0]) == (2, 2)
    code, _, err = call("--until-relative", "2 days")
    assert code == 2 and "--until-relative" in err
