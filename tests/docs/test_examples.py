"""The example of `docs/workload.md` in a scenario (those of `gpus-and-models.md`: `tests/serving/test_user_catalogue.py`)."""

from __future__ import annotations

import copy
import re
from pathlib import Path

import yaml

from sim.scenario import load

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "sim" / "presets" / "templates" / "first-study.yaml"


def test_the_example_classes_make_a_workload(tmp_path):
    (shown,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "workload.md").read_text(encoding="utf-8"), re.DOTALL)
    scenario = yaml.safe_load(TEMPLATE.read_text(encoding="utf-8"))
    demand = scenario["workload"]["chat"]["demand"]
    scenario["workload"] = {
        name: {**klass, "demand": copy.deepcopy(demand)} for name, klass in yaml.safe_load(shown)["workload"].items()
    }
    del scenario["uncertain"]  # it names the class that was replaced
    file = tmp_path / "scenario.yaml"
    file.write_text(yaml.safe_dump(scenario), encoding="utf-8")
    workload = load(file).spec.workload
    assert set(workload) == {"steady", "bursty"} and workload["bursty"].correlation == {"steady": -0.9}
    # The page says: 29 % of a chat service, and the other 71 %.
    rates = {name: klass.rate for name, klass in workload.items()}
    assert round(100 * rates["steady"] / sum(rates.values())) == 29
