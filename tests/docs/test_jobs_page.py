"""`docs/training-jobs.md`: its example runs, its tables name every key and outcome."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from sim.records.outcomes import OUTCOMES
from sim.scenario import load
from sim.scenario.jobs import OwnJobs, SharedJobs
from sim.streams import Streams
from sim.units import ps
from sim.world.training import JobRuns

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "training-jobs.md").read_text(encoding="utf-8")
TEMPLATE = ROOT / "sim" / "presets" / "templates" / "first-study.yaml"


@pytest.mark.long
def test_its_example_is_a_scenario_whose_values_can_be_compared(tmp_path):
    jobs, shared, vary = (yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL))
    scenario = yaml.safe_load(TEMPLATE.read_text(encoding="utf-8"))
    for key in ("policies", "compare", "checks"):
        del scenario[key]
    file = tmp_path / "scenario.yaml"
    file.write_text(yaml.safe_dump({**scenario, **jobs, **vary}), encoding="utf-8")
    loaded = load(file)
    both = {"jobs": {**jobs["jobs"], **shared["jobs"]}, "requests": {"mode": "all"}}
    file.write_text(yaml.safe_dump({**scenario, **both}), encoding="utf-8")
    assert load(file).spec.jobs["swarm"].look == 30.0
    assert [case.before.jobs["tune"].quorum for case in loaded.cases()] == [12, 14, 16]
    # The fewer parts a round needs, the shorter it is, and the more is lost: same draws, so without noise.
    counts = []
    for case in loaded.cases():
        runs = JobRuns("tune", case.before.jobs["tune"], Streams(7, 0), ps(20 * 86_400.0))
        runs.advance(ps(20 * 86_400.0))
        counts.append(runs.count)
        assert runs.count.completed >= 15
    rounds = [count.rounds_ps / count.rounds for count in counts]
    assert rounds == sorted(rounds)
    assert counts[0].lost_ps > counts[2].lost_ps


def test_its_tables_are_the_keys_and_the_outcomes():
    found = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", TEXT, re.MULTILINE)
    named = [name for cell in found for name in re.findall(r"`(\w+)`", cell)]
    outcomes = [name for name, outcome in OUTCOMES.items() if "jobs" in outcome.needs]
    assert sorted(named) == sorted([*outcomes, *{**OwnJobs.model_fields, **SharedJobs.model_fields}])


@pytest.mark.parametrize("name", [name for name, outcome in OUTCOMES.items() if "jobs" in outcome.needs])
def test_its_units_are_those_of_the_outcome_table(name: str):
    assert f"| `{name}` | {OUTCOMES[name].unit} |" in TEXT
