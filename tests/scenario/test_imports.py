"""`validate`, `explain`, `list` and `init` load nothing heavier than numpy and pydantic."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("numba", "scipy", "pandas", "matplotlib", "simpy", "joblib", "jinja2")
CODE = """
import sys
{work}
found = [name for name in {heavy!r} if name in sys.modules]
assert not found, found
"""


@pytest.mark.parametrize(
    "work",
    [
        "from sim.scenario import load; load('tests/scenarios/format-v1.yaml').cases()",
        "from sim.scenario import load; from sim.scenario.explain import explain, format_rows; format_rows(explain(load('tests/scenarios/format-v1.yaml')))",
        "from sim.scenario.catalogue import LISTS, listing; [listing(name) for name in LISTS]",
        "import tempfile; from sim.scenario.init import init; init(tempfile.mkdtemp())",
        "from sim.errors import ScenarioError; from sim.scenario.render import render; render(ScenarioError('x'))",
    ],
    ids=["validate", "explain", "list", "init", "render"],
)
def test_light_verbs_stay_light(work):
    from pathlib import Path

    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", CODE.format(work=work, heavy=HEAVY)],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr


def test_rendering_and_listing_units_need_no_model():
    code = "import sys\nfrom sim.scenario.render import render\nfrom sim.errors import ScenarioError\nrender(ScenarioError('x'))\nassert not {'pydantic', 'numpy', 'yaml'} & set(sys.modules)"
    from pathlib import Path

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
