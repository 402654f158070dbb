"""Files a scenario may name: inside its folder, symbolic links resolved, unless the command line allows more."""

from __future__ import annotations

import os

import pytest

from sim.errors import ScenarioError
from sim.scenario import load

TRACE = "arrival_s,prompt_tokens,output_tokens\n0.5,10,5\n1.5,20,6\n"


@pytest.fixture
def study(write, tmp_path):
    """Writes a scenario in a folder of its own that replays `file`."""
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "outside.csv").write_text(TRACE)
    (home / "inside.csv").write_text(TRACE)

    def _study(file: str):
        text = (
            write()
            .read_text()
            .replace("    extends: chat_steady\n", "")
            .replace("    rate: 4 /s\n", f"    arrivals: {{kind: trace, file: {file}}}\n")
        )
        path = home / "study.yaml"
        path.write_text(text)
        return path

    return _study


def _file(scenario):
    return scenario.spec.workload["chat"].arrivals.file


def _problem(path, **more):
    with pytest.raises(ScenarioError) as caught:
        load(path, **more)
    (problem,) = caught.value.problems
    return problem


def test_a_path_is_relative_to_the_scenario_not_to_the_working_folder(study, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert _file(load(study("inside.csv"))) == str(tmp_path / "home" / "inside.csv")


def test_a_missing_data_file_is_told_with_the_nearest(study):
    problem = _problem(study("insid.csv"))
    assert (problem.path, problem.kind) == ("workload.chat.arrivals.file", "missing_file")
    assert problem.fix == "did you mean `inside.csv`?"
    assert problem.source[problem.column - 1 :].startswith("insid.csv")


@pytest.mark.parametrize("name", ["../outside.csv", "{tmp}/outside.csv", "link.csv", "sub/../../outside.csv"])
def test_a_path_may_not_leave_the_folder(study, tmp_path, name):
    os.symlink(tmp_path / "outside.csv", tmp_path / "home" / "link.csv")
    (tmp_path / "home" / "sub").mkdir()
    problem = _problem(study(name.replace("{tmp}", str(tmp_path))))
    assert problem.kind == "outside"
    assert "--allow-path" in problem.fix


def test_allow_path_opens_a_folder(study, tmp_path):
    assert _file(load(study("../outside.csv"), allow_path=[tmp_path])) == str(tmp_path / "outside.csv")


def test_the_command_line_may_name_any_file_from_the_working_folder(study, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    scenario = load(study("inside.csv"), ["workload.chat.arrivals.file=outside.csv"])
    assert _file(scenario) == str(tmp_path / "outside.csv")

    assert scenario.case("fast", "path").after.workload["chat"].arrivals.file == str(tmp_path / "outside.csv")


def test_extends_names_no_path(problems):
    for name in ("../../../etc/passwd", "/etc/passwd", "a/b"):
        (problem,) = problems("extends: centralized", f"extends: {name}")
        assert problem.message == f"'{name}' is not a name"


def test_a_link_beside_the_scenario_may_not_lead_out(write, tmp_path):
    outside = tmp_path / "other"
    outside.mkdir()
    (outside / "x.yaml").write_text("secret: 1\n")
    home = tmp_path / "home"
    home.mkdir()
    os.symlink(outside / "x.yaml", home / "mine.yaml")
    path = home / "s.yaml"
    path.write_text(write().read_text().replace("extends: centralized", "extends: mine"))
    problem = _problem(path)
    assert problem.kind == "outside" and "secret" not in str(problem)
    with pytest.raises(ScenarioError, match="`kind` is missing"):
        load(path, allow_path=[outside])


@pytest.mark.parametrize(
    "make",
    [
        lambda p: p.mkdir(),
        lambda p: os.mkfifo(p),
        lambda p: p.write_bytes(b"name: \xff\n"),
        lambda p: p.write_text("- 1\n"),
        lambda p: p.write_text("name: a\x07b\n"),
        lambda p: p.write_text(""),
    ],
)
def test_what_is_no_scenario_is_refused(tmp_path, make):
    path = tmp_path / "s.yaml"
    make(path)
    assert _problem(path).message
