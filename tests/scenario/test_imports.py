"""Rendering an error loads no model, no numpy and no YAML. What verbs load is tested in `tests/test_house.py`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CODE = """
import sys
from sim.scenario.render import render
from sim.errors import ScenarioError
assert "x" in render(ScenarioError('x'))
assert not {'pydantic', 'numpy', 'yaml'} & set(sys.modules)
"""


def test_rendering_needs_no_model():
    done = subprocess.run(
        [sys.executable, "-c", CODE], cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
