"""Outcome checks as tests of pytest: what is collected, what fails and how it is told, and that nothing is loaded unasked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.study.small import SMALL

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.long


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A project with one scenario and one plain test."""
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "small.yaml").write_text(SMALL, encoding="utf-8")
    (tmp_path / "test_plain.py").write_text(
        "import sys\n\ndef test_light():\n    assert not {'numpy', 'sim.checking', 'yaml', 'click'} & set(sys.modules)\n"
    )
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    return tmp_path


def pytest_says(home: Path, *words: str) -> tuple[int, str]:
    """Exit code and output of a pytest of its own with this plugin alone."""
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT)}
    environment.pop("PYTEST_ADDOPTS", None)
    command = [sys.executable, "-m", "pytest", "-p", "sim.pytest_plugin", "-p", "no:cacheprovider", "-rs", *words]
    done = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout + done.stderr


def change(home: Path, old: str, new: str) -> None:
    path = home / "scenarios" / "small.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def test_nothing_is_loaded_or_said_unasked(home):
    code, said = pytest_says(home)
    assert code == 0, said
    assert "1 passed" in said and "infermint" not in said and "outcomes" not in said


def test_a_missing_baseline_says_how_to_write_one(home):
    code, said = pytest_says(home, "--outcomes", "scenarios")
    assert code == 1
    assert "no baseline of scenarios/small.yaml is there; write one with: infermint check" in said
    assert "Traceback" not in said


def test_outcomes_and_checks_are_tests(home):
    code, said = pytest_says(home, "--outcomes", "--outcomes-update", "scenarios")
    assert code == 0 and "1 passed" in said, said
    kept = json.loads((home / "outcomes" / "small.baseline.json").read_text(encoding="utf-8"))
    assert len(kept["outcomes"]) == 2
    code, said = pytest_says(home, "--outcomes", "scenarios", "-v")
    assert code == 0, said
    assert "scenarios/small.yaml::as_announced-path-tao.nodes@end PASSED" in said
    assert "scenarios/small.yaml::tao.nodes@end at_least 1 nodes-as_announced PASSED" in said
    assert "3 passed" in said

    change(home, "2029-12-14", "2026-01-20")
    code, said = pytest_says(home, "--outcomes", "scenarios")
    assert code == 1
    assert "MOVED tao.emission_coin (as_announced, path): 3,600 TAO/day -> 2,370 TAO/day" in said
    assert "scenario changed: networks.tao.supply.first  2029-12-14 -> 2026-01-20   (scenarios/small.yaml:12)" in said
    assert "Traceback" not in said and "def " not in said

    code, said = pytest_says(home, "--outcomes", "--outcomes-update", "scenarios")
    assert code == 1 and "say why with --because" in said
    code, said = pytest_says(home, "--outcomes", "--outcomes-update", "--outcomes-because=in January", "scenarios")
    assert code == 0, said
    assert pytest_says(home, "--outcomes", "scenarios")[0] == 0


def test_a_broken_promise_fails_and_a_wrong_scenario_is_told(home):
    pytest_says(home, "--outcomes", "--outcomes-update", "scenarios")
    change(home, "at_least: 1 nodes", "at_least: 1000 nodes")
    code, said = pytest_says(home, "--outcomes", "scenarios")
    assert code == 1 and "the scenario does not promise it any more" in said
    change(home, "horizon: 60 day", "horizn: 60 day")
    code, said = pytest_says(home, "--outcomes", "scenarios")
    assert code == 1 and "did you mean" in said and "Traceback" not in said


def test_the_fixture_fails_without_a_traceback(home):
    pytest_says(home, "--outcomes", "--outcomes-update", "scenarios")
    (home / "test_own.py").write_text(
        "def test_same(outcomes):\n    assert outcomes.check('scenarios/small.yaml').of('same')\n"
    )
    code, said = pytest_says(home, "test_own.py")
    assert code == 0, said
    change(home, "2029-12-14", "2026-01-20")
    code, said = pytest_says(home, "test_own.py")
    assert code == 1 and "MOVED      tao.emission_coin" in said and "Traceback" not in said


def test_promises_that_differ_in_severity_alone_are_tests_of_their_own(home):
    line = "  - {outcome: tao.nodes@end, policy: as_announced, at_least: 1 nodes}\n"
    bad = "  - {outcome: tao.nodes@end, policy: as_announced, at_least: 1000 nodes, severity: warn}\n"
    change(home, line, bad + bad.replace(", severity: warn", ", confidence: 90 %"))
    pytest_says(home, "--outcomes", "--outcomes-update", "scenarios")
    code, said = pytest_says(home, "--outcomes", "scenarios")
    assert code == 1 and "1 failed, 2 passed, 1 skipped" in said, said
