"""The wheel, installed beside the packages that are there: it is whole, and works in an empty folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from sim.scenario.nodes import plain
from sim.scenario.reader import read_file
from tests.study.small import SMALL

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.compiled


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel, built from a copy-free tree by the backend that is installed: nothing comes from a network."""
    out = tmp_path_factory.mktemp("dist")
    code = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"
    done = subprocess.run([sys.executable, "-c", code, str(out)], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return out / done.stdout.split()[-1]


@pytest.fixture(scope="module")
def home(wheel, tmp_path_factory) -> Path:
    """A new environment with the wheel in it; dependencies are those of the environment that runs the tests."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, symlinks=True, with_pip=False)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    # The project itself is in that environment in its editable form, whose finder must not win over the wheel.
    command = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(folder),
        "install",
        "--no-deps",
        "--no-index",
        "-q",
        str(wheel),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def call(home, tmp_path):
    """Call the installed `infermint` in an empty folder, with nothing of the checkout in sight."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL_ENV"))}

    def _call(*words: str) -> subprocess.CompletedProcess[str]:
        command = [str(home / "bin" / "infermint"), *words]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)

    return _call


def test_the_wheel_holds_all_package_data(wheel):
    inside = set(zipfile.ZipFile(wheel).namelist())
    data = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "sim").rglob("*")
        if path.is_file() and path.suffix != ".pyc" and "__pycache__" not in path.parts
    }
    assert data <= inside
    assert {suffix for suffix in (".yaml", ".css", ".j2", ".json") if any(name.endswith(suffix) for name in inside)} == {
        ".yaml", ".css", ".j2", ".json",
    }  # fmt: skip
    assert not [name for name in inside if name.startswith(("tests", "benchmarks", "scenarios", "docs"))]
    assert any(name.endswith("licenses/LICENSE") for name in inside)
    (entries,) = (name for name in inside if name.endswith("entry_points.txt"))
    assert "[pytest11]\ninfermint = sim.pytest_plugin" in zipfile.ZipFile(wheel).read(entries).decode()


def test_the_installed_command_lists_starts_and_runs(call, home, tmp_path):
    listed = call("list", "networks")
    assert listed.returncode == 0 and "bittensor_basic" in listed.stdout, listed.stderr
    assert call("init").returncode == 0
    assert {path.name for path in tmp_path.iterdir()} == {"scenario.yaml", "scenario.schema.json", ".github"}
    done = call(
        "run", "scenario.yaml", "--replications", "1", "--jobs", "1", "--json",
        "--set", "horizon=8 week", "--set", "policies_from=2 week", "--set", "requests.mode=capacity",
    )  # fmt: skip
    assert done.returncode in (0, 1, 4), done.stderr  # its checks may fail in a run this short
    assert "Traceback" not in done.stderr
    document = json.loads(done.stdout)
    assert (tmp_path / document["report"]).is_file()
    where = subprocess.run(
        [str(home / "bin" / "python"), "-P", "-c", "import sim; print(sim.__file__)"],
        capture_output=True, text=True, cwd=tmp_path,
    )  # fmt: skip
    assert Path(where.stdout.strip()).is_relative_to(home)


def test_the_workflow_that_init_writes_works(wheel, home, call, tmp_path):
    (tmp_path / ".git").mkdir()
    assert call("init", "my study", "--json").returncode == 0
    scenario = tmp_path / "my study" / "scenario.yaml"
    scenario.write_text(SMALL, encoding="utf-8")
    workflow = plain(read_file(tmp_path / ".github" / "workflows" / "outcomes.yml"))
    (job,) = workflow["jobs"].values()
    environment = {
        **os.environ, **workflow["env"], "PATH": f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}", "INFERMINT": str(wheel),
        "PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
    }  # fmt: skip

    def runs() -> subprocess.CompletedProcess[str]:
        """All steps as GitHub runs them, to the first that fails."""
        for step in (step["run"] for step in job["steps"] if "run" in step):
            command = ["bash", "-e", "-c", step]
            done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
            if done.returncode:
                break
        return done

    missing = runs()
    assert (
        missing.returncode == 2 and "infermint check my study/scenario.yaml --update" in missing.stderr + missing.stdout
    )
    assert call("check", "my study/scenario.yaml", "--update").returncode == 0
    same = runs()
    assert same.returncode == 0, same.stderr
    scenario.write_text(SMALL.replace("2029-12-14", "2026-01-20"), encoding="utf-8")
    moved = runs()
    assert moved.returncode == 1
    assert "::error file=my study/scenario.yaml,line=12::tao.emission_coin" in moved.stdout
    assert "| moved |" in (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert (tmp_path / "outcomes.xml").is_file()
    # Other users, harmless: four replications cannot tell, which is said and fails nothing.
    scenario.write_text(SMALL.replace("root: 7", "root: 8"), encoding="utf-8")
    undecided = runs()
    assert call("check", "my study/scenario.yaml").returncode == 4
    assert undecided.returncode == 0, undecided.stderr
    assert "::warning file=my study/scenario.yaml,line=19::undecided: tao.nodes@end" in undecided.stdout
    assert "::error" not in undecided.stdout
    assert "| undecided |" in (tmp_path / "summary.md").read_text(encoding="utf-8")


def test_the_installed_command_replays_a_log_in_an_empty_folder(call, tmp_path):
    (tmp_path / "log.csv").write_text("TIMESTAMP,ContextTokens,GeneratedTokens\n2026-11-25 10:00:00,500,40\n")
    done = call("replay", "log.csv", "--gpu", "rtx_4090", "--model", "llama-3.1-8b", "--engine", "reference", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["fates"]["completed"] == 1
    assert (tmp_path / document["figure"]).is_file()


def test_a_users_own_sim_py_does_not_break_the_command(call, tmp_path):
    (tmp_path / "sim.py").write_text("raise SystemExit('the wrong sim')\n")
    (tmp_path / "yaml.py").write_text("raise SystemExit('the wrong yaml')\n")
    done = call("list", "gpus")
    assert (done.returncode, done.stderr) == (0, "")
    assert "h100_sxm" in done.stdout


def test_the_installed_command_verifies_itself_in_an_empty_folder(call):
    done = call("verify", "--family", "erlang_b", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["cases"] == 4
