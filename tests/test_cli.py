"""The command `infermint`: every verb with its text, its document, its exit codes and what it leaves on the disk."""

from __future__ import annotations

import csv
import gzip
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from sim.cli import main

ROOT = Path(__file__).parents[1]
PINNED = ROOT / "tests" / "scenarios" / "format-v1.yaml"
VERBS = ("init", "validate", "explain", "list", "run", "sensitivity", "report", "replay", "trace import", "trace check")

SMALL = """\
format: 1
name: What does a dearer token cost?
start: 2026-01-01
horizon: 8 week
epoch: 1 week
requests: {mode: capacity}
workload:
  chat:
    extends: chat_steady
    model: llama-3.1-8b
    rate: 3 /s
    demand: {kind: logit, elasticity: -1.2}
networks:
  tao:
    extends: bittensor_basic
    split: {share: 0.015%}
    market: {daily_sd: 1%, depth: 40 MUSD}
    operators:
      home: {nodes: 12, gpu: rtx_4090, per_node: 1}
  cloud:
    extends: centralized
    operators:
      fleet: {nodes: 1, gpu: h100_sxm, per_node: 1}
policies:
  cheap: {}
  dear: {networks.tao.price: {output: 0.30 USD/Mtok}}
seeds: {root: 7, replications: 2}
compare:
  coin_price: [path]
  outcomes: [tao.price_paid_usd_per_mtok, tao.nodes@end]
"""


class Answer(NamedTuple):
    """What a call of the command gave."""

    code: int
    out: str
    err: str

    @property
    def document(self):
        return json.loads(self.out)


@pytest.fixture
def call(capsys, tmp_path, monkeypatch) -> Callable[..., Answer]:
    """Call `infermint` in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def _call(*words: object) -> Answer:
        with pytest.raises(SystemExit) as left:
            main([str(word) for word in words])
        told = capsys.readouterr()
        code = left.value.code
        assert "Traceback" not in told.out + told.err
        return Answer(int(code or 0), told.out, told.err)

    return _call


@pytest.fixture
def study(tmp_path) -> Callable[..., Path]:
    """Write SMALL with one text replaced and another appended."""

    def _study(old: str = "", new: str = "", more: str = "", name: str = "study.yaml") -> Path:
        assert not old or SMALL.count(old) == 1
        path = tmp_path / name
        path.write_text((SMALL.replace(old, new) if old else SMALL) + more, encoding="utf-8")
        return path

    return _study


# -- help ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_every_verb_has_an_example_that_names_it(call, verb):
    answer = call(*verb.split(), "--help")
    assert answer.code == 0
    assert f"Example: infermint {verb}" in answer.out
    assert "\\b" not in answer.out


def test_help_of_the_command_names_three_first_steps_and_the_exit_codes(call):
    answer = call("--help")
    lines = [line.strip() for line in answer.out.splitlines()]
    for step in ("init study", "validate study/scenario.yaml", "run study/scenario.yaml"):
        assert any(line.startswith(f"infermint {step}") for line in lines), step
    assert "0 fine, 1 a check failed, 2 bad usage or scenario, 3 a run broke an invariant" in " ".join(
        answer.out.split()
    )


def test_without_arguments_the_help_is_shown_and_nothing_is_done(call, tmp_path):
    answer = call()
    assert answer.code == 2
    assert "Usage: infermint" in answer.out + answer.err
    assert list(tmp_path.iterdir()) == []


def test_the_version_is_told(call):
    assert re.fullmatch(r"infermint, version \d+\.\d+\.\d+\n", call("--version").out)


# -- bad usage -----------------------------------------------------------------------------------------------------


@pytest.mark.long
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("runn", "x.yaml"), "No such command 'runn'. Did you mean 'run'?"),
        (("run", "x.yaml", "--polcy", "a"), "No such option '--polcy'. Did you mean '--policy'?"),
        (("run",), "Missing argument 'FILE'"),
        (("run", "x.yaml"), "`x.yaml`: no such file"),
        (("validate", "x.yaml"), "`x.yaml`: no such file"),
        (("explain", "x.yaml"), "`x.yaml`: no such file"),
        (("run", PINNED, "--policy", "two_yeas", "-q"), "policy 'two_yeas' found; did you mean two_years?"),
        (("run", PINNED, "--jobs", "0"), "0 is not in the range"),
        (("run", PINNED, "--replications", "0"), "0 is not in the range"),
        (("run", PINNED, "--engine", "fst"), "'fst' is not one of 'fast', 'loop', 'reference'"),
        (("run", PINNED, "--plugin", "no.py"), "--plugin no.py: no such file"),
        (("run", PINNED, "--uncertain", "0"), "0 is not in the range"),
        (
            ("run", PINNED, "--strict"),
            "--strict asks what uncertain parameters do to headlines: give --uncertain N as well",
        ),
        (("sensitivity", PINNED, "--points", "48", "-q"), "a file with `vary` has several points"),
        (("validate", PINNED, "--set", "networks.tao.suply.every=2 year"), "did you mean `supply`"),
        (("validate", PINNED, "--set", "horizon"), "must be `path=value`"),
        (("explain", PINNED, "networks.tao.suply"), "did you mean `supply`"),
        (("list", "netwrks"), "did you mean `networks`?"),
        (("init", "x", "--template", "first_study"), "did you mean `first-study`?"),
        (("report", "nowhere"), "there is no store here"),
        (("report", PINNED), "this file is no store of infermint"),
        (("trace", "import", "azur", "x.csv"), "'azur' is not one of 'azure', 'csv', 'mooncake'"),
        (("trace", "import", "azure", "x.csv"), "x.csv: no such file"),
        (("trace", "import", "mooncake", PINNED), "column `timestamp` is missing"),
        (("trace", "check", "x.csv"), "x.csv: no such file"),
        (("trace", "check", "x.csv", "--class", "chat_stedy"), "did you mean `chat_steady`"),
        (("trace", "check", PINNED, "--output-tokens", "9-3"), "'9-3' found; write LOW..HIGH, for example 340..470"),
        (("replay", "x.csv", "--model", "qwen3-32b"), "Missing option '--gpu'"),
        (("replay", "x.csv", "--gpu", "rtx_409", "--model", "qwen3-32b"), "did you mean `rtx_4090` or `rtx_3090`?"),
        (("replay", "x.csv", "--gpu", "rtx_4090", "--model", "Llama-3.1-8B"), "did you mean `llama-3.1-8b`?"),
        (("replay", "x.csv", "--gpu", "abc", "--model", "qwen3-32b"), "there are: "),
        (("replay", "x.csv", "--gpu", "my/gpu.yaml", "--model", "qwen3-32b"), "--gpu my/gpu.yaml: no such file"),
        (("replay", "x.csv", "--gpu", "rtx_4090", "--model", "llama-3.1-8b"), "x.csv: no such file"),
        (("replay", "x.csv", "--gpu", "rtx_4090", "--model", "qwen3-32b"), "qwen3-32b does not fit on rtx_4090"),
        (
            ("replay", "x.csv", "--gpu", "rtx_4090", "--model", "llama-3.1-8b", "--max-num-seqs", "400000"),
            "`--max-num-seqs`: '400000' found; must be at most 65536",
        ),
        (
            ("replay", PINNED, "--gpu", "rtx_4090", "--model", "llama-3.1-8b", "--columns", "first=x"),
            "`first` is no column of a trace",
        ),
        (("trace", "import", "csv", PINNED), "column `arrival_s` is missing"),
        (("trace", "import", "csv", PINNED, "--columns", "arrival"), "write OURS=THEIRS"),
    ],
    ids=lambda value: " ".join(str(word).rpartition("/")[2] for word in value) if isinstance(value, tuple) else "",
)
def test_bad_usage_exits_2_and_says_what_is_wrong(call, words, told):
    answer = call(*words)
    assert answer.code == 2
    assert told in " ".join(answer.err.split())
    assert answer.out == ""


@pytest.mark.parametrize(
    "words",
    [("run", "x.yaml"), ("validate", "x.yaml"), ("explain", "x.yaml"), ("list", "x"), ("init", ".", "--template", "x"), ("report", "x")],
    ids=lambda words: words[0],
)  # fmt: skip
def test_with_json_a_problem_is_a_document(call, words):
    answer = call(*words, "--json")
    assert answer.code == 2
    assert answer.document["format"] == 1
    (problem,) = answer.document["problems"]
    assert set(problem) == {
        "kind", "path", "message", "fix", "file", "line", "column", "source", "length", "severity",
    }  # fmt: skip
    assert problem["message"]


# -- init, validate, explain, list ---------------------------------------------------------------------------------


def test_init_writes_a_scenario_that_validates_and_never_over_it(call, tmp_path):
    answer = call("init", "study", "--json")
    names = ("scenario.yaml", "scenario.schema.json", ".github/workflows/outcomes.yml")
    assert answer.document == {"format": 1, "written": [f"study/{name}" for name in names]}
    assert call("validate", "study/scenario.yaml").code == 0
    (tmp_path / "study" / "scenario.yaml").write_text("mine")
    again = call("init", "study")
    assert (again.code, (tmp_path / "study" / "scenario.yaml").read_text()) == (2, "mine")
    assert "is there already" in again.err


def test_init_tells_the_next_command(call):
    assert call("init", "study").out.splitlines()[-1] == "next: infermint run study/scenario.yaml"


def test_validate_says_fine_and_how_many_runs(call):
    answer = call("validate", PINNED)
    assert (answer.code, answer.err) == (0, "")
    assert ": fine; 3 policies x 2 coin prices x 3 points x 20 replications = 360 runs" in answer.out
    assert "note:" not in answer.out
    document = call("validate", PINNED, "--json").document
    assert (document["format"], document["problems"], document["files"][0]["runs"]) == (1, [], 360)


def test_validate_tells_the_mistakes_of_all_files_at_once(call, study):
    study("rate: 3 /s", "rat: 3 /s", name="a.yaml")
    study("horizon: 8 week", "horizon: 8", name="b.yaml")
    answer = call("validate", "a.yaml", "b.yaml")
    assert answer.code == 2
    assert "--> a.yaml:11:5" in answer.err and "--> b.yaml:4:10" in answer.err
    github = call("validate", "a.yaml", "b.yaml", "--format", "github").out.splitlines()
    assert [line.partition(" ")[0] for line in github] == ["::error", "::error"]
    assert "file=a.yaml,line=11,col=5" in github[0] and "file=b.yaml,line=4,col=10" in github[1]
    document = call("validate", "a.yaml", "b.yaml", "--format", "json").document
    assert [(p["file"], p["line"], p["column"]) for p in document["problems"]] == [("a.yaml", 11, 5), ("b.yaml", 4, 10)]


def test_explain_shows_values_with_file_and_line(call, study):
    study()
    answer = call("explain", "study.yaml", "networks.tao.split")
    assert re.search(r"networks\.tao\.split\.share\s.*0\.015%.*study\.yaml:16", answer.out.replace("\n", " "))
    rows = {row["path"]: row for row in call("explain", "study.yaml", "workload.chat", "--json").document["values"]}
    assert (rows["workload.chat.rate"]["text"], rows["workload.chat.rate"]["line"]) == ("3 /s", 11)
    assert rows["workload.chat.prompt.kind"]["where"].startswith("sim/presets/workloads/chat_steady.yaml:")


def test_explain_counts_the_runs(call, study):
    study()
    counted, economy, ahead = call("explain", "study.yaml", "--runs").out.splitlines()
    assert counted.endswith("2 replications = 4 runs")
    assert ahead == "no run is stored yet: how long they take is told after the first, which --try makes"
    assert economy in ("economy compiled", "economy interpreted, by requests.mode sampled: requests are simulated")
    document = call("explain", "study.yaml", "--runs", "--json").document
    assert (document["runs"], bool(document["not_compiled"])) == (4, economy != "economy compiled")


@pytest.mark.compiled
def test_a_run_is_tried_to_tell_the_time_of_all(call, study, tmp_path):
    study()
    short = ("--set", "requests.mode=capacity")
    assert "--try is of --runs: give both" in call("explain", "study.yaml", "--try").err
    _, _, ahead = call("explain", "study.yaml", "--runs", "--try", *short).out.splitlines()
    assert re.fullmatch(
        r"4 runs, 1 of them in the store: 3 to simulate; about \d+ s( with \d workers)?, by the runs in the store",
        ahead,
    )
    # Where a run is stored none is tried, and the one that was is the study's own.
    assert call("explain", "study.yaml", "--runs", "--try", *short).out.splitlines()[-1] == ahead
    assert call("run", "study.yaml", "--jobs", "1", *short).out.count("1 of 4 runs from the store") == 1
    (tmp_path / "reports" / "other").mkdir()
    (tmp_path / "reports" / "other" / "thesis.tex").write_text("")
    refused = call("explain", study(name="other.yaml"), "--runs", "--try", *short)
    assert refused.code == 2 and "holds thesis.tex" in refused.err


@pytest.mark.parametrize(
    ("what", "name"),
    [
        ("", "networks"),
        ("networks", "bittensor_basic"),
        ("gpus", "h100_sxm"),
        ("models", "llama-3.1-8b"),
        ("workloads", "chat_bursty"),
        ("policies", "halving"),
        ("outcomes", "tao.nodes".partition(".")[2]),
        ("units", "USD/Mtok"),
        ("routers", "power_of_two"),
        ("templates", "first-study"),
    ],
)
def test_list_names_what_there_is(call, what, name):
    words = ("list", what) if what else ("list",)
    text = call(*words)
    assert text.code == 0 and name in text.out
    document = call(*words, "--json").document
    assert (document["format"], document["what"]) == (1, what)
    assert any(name in str(row) for row in document["rows"])
    assert text.out.count("\n") == len(document["rows"]) + 1


# -- trace ---------------------------------------------------------------------------------------------------------

AZURE = """\
TIMESTAMP,ContextTokens,GeneratedTokens
2023-11-16 18:15:46.6805900,374,44
2023-11-16 18:15:50.9951690,396,109
"""


def test_trace_import_writes_a_trace_beside_the_file(call, tmp_path):
    (tmp_path / "conv.csv").write_text(AZURE)
    answer = call("trace", "import", "azure", "conv.csv", "--json")
    assert answer.document == {"format": 1, "rows": 2, "file": "conv.trace.csv"}
    assert (tmp_path / "conv.trace.csv").read_text().splitlines()[0] == "arrival_s,prompt_tokens,output_tokens"
    assert call("trace", "import", "azure", "conv.csv", "-o", "b.csv").out == "2 requests written to b.csv\n"


def test_a_bad_row_of_a_trace_is_told_with_its_line(call, tmp_path):
    (tmp_path / "conv.csv").write_text(AZURE.replace("396", "many"))
    answer = call("trace", "import", "azure", "conv.csv")
    assert answer.code == 2
    assert "conv.csv:3" in answer.err
    assert not (tmp_path / "conv.trace.csv").exists()


# -- run and report ------------------------------------------------------------------------------------------------


@pytest.mark.compiled
def test_the_command_told_next_names_what_a_policy_changed_and_can_be_typed(call, study, tmp_path):
    study()
    done = call("run", "study.yaml", "--jobs", "1", "--set", "horizon=4 week", "--out", "short")
    told = done.out.splitlines()[-1].removeprefix("next:").strip()
    assert told == "infermint explain study.yaml networks.tao.price --set 'horizon=4 week'"
    assert call(*shlex.split(told)[1:]).code == 0


@pytest.mark.long
def test_a_ready_shock_is_added_on_the_command_line(call, study, tmp_path):
    study()
    done = call("run", "study.yaml", "--jobs", "1", "--shock", "demand_contraction", "-q")
    assert done.code == 0
    assert "0 of 8 runs from the store" in done.out  # two policies, two replications, each without the shock too
    assert "--set shocks+=demand_contraction" in done.out.splitlines()[-1]
    assert "After the shock" in (tmp_path / "reports" / "study" / "report.html").read_text()
    assert (tmp_path / "reports" / "study" / "breaks.csv").is_file()
    assert "target: workload" in (tmp_path / "reports" / "study" / "scenario.resolved.yaml").read_text()
    # The twins are the runs of the file as it stands.
    assert "4 of 4 runs from the store" in call("run", "study.yaml", "--jobs", "1", "-q").out
    assert not (tmp_path / "reports" / "study" / "breaks.csv").exists()
    wrong = call("run", "study.yaml", "--shock", "demand_contracton")
    assert wrong.code == 2 and "did you mean `demand_contraction`?" in wrong.err
    assert "coin_crash" in call("list", "shocks").out and "regions.REGION" in call("list", "targets").out


@pytest.mark.compiled
def test_a_study_runs_once_resumes_and_reports_again(call, study, tmp_path):
    study()
    first = call("run", "study.yaml", "--jobs", "1")
    assert first.code == 0
    assert first.out.splitlines()[-3:-1] == ["0 of 4 runs from the store", "report: reports/study/report.html"]
    assert first.out.splitlines()[-1].startswith("next:   infermint explain study.yaml networks.tao.price")
    assert "4 of 4 runs" in first.err
    outcomes = (tmp_path / "reports" / "study" / "outcomes.csv").read_bytes()
    page = (tmp_path / "reports" / "study" / "report.html").read_bytes()

    second = call("run", "study.yaml", "--jobs", "1", "--json")
    assert set(second.document) == {"format", "report", "runs", "summary"}
    assert second.document["runs"] == "4 of 4 runs from the store"
    assert {verdict["outcome"] for verdict in second.document["summary"]["verdicts"]} == {
        "tao.price_paid_usd_per_mtok",
        "tao.nodes@end",
    }

    fresh = call("run", "study.yaml", "--jobs", "1", "--fresh", "-q")
    assert "0 of 4 runs from the store" in fresh.out
    assert (tmp_path / "reports" / "study" / "outcomes.csv").read_bytes() == outcomes

    (tmp_path / "reports" / "study" / "report.html").unlink()
    assert call("report", "reports/study").out == "report: reports/study/report.html\n"
    assert (tmp_path / "reports" / "study" / "report.html").read_bytes() == page
    again = call("report", tmp_path / "reports" / "study" / "study.sqlite", "-o", "copy", "--json")
    assert again.document == {"format": 1, "report": "copy/report.html"}
    assert (tmp_path / "copy" / "outcomes.csv").read_bytes() == outcomes


@pytest.mark.compiled
def test_a_report_may_be_asked_for_from_another_folder(call, study, tmp_path, monkeypatch):
    study()
    assert call("run", "study.yaml", "--jobs", "1", "-q", "--replications", "1", "--policy", "cheap").code == 0
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert call("report", "../reports/study").code == 0
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.compiled
def test_two_workers_give_the_bytes_of_one(call, study, tmp_path):
    study()
    for jobs in (1, 2):
        assert call("run", "study.yaml", "--jobs", jobs, "--out", f"out{jobs}", "-q").code == 0
    for name in ("outcomes.csv", "differences.csv", "series.csv", "flows.csv", "report.html"):
        assert (tmp_path / "out1" / name).read_bytes() == (tmp_path / "out2" / name).read_bytes(), name


@pytest.mark.compiled
def test_options_narrow_and_change_what_runs(call, study, tmp_path):
    study()
    answer = call(
        "run", "study.yaml", "--jobs", "1", "--policy", "dear", "--replications", "1", "--json",
        "--set", "horizon=4 week", "--set", "networks.tao.price.output=0.40 USD/Mtok",
    )  # fmt: skip
    assert answer.document["runs"] == "0 of 1 runs from the store"
    assert answer.document["summary"]["policies"] == ["dear"]
    changes = {change["path"]: change["new"] for change in answer.document["summary"]["changes"]}
    assert changes["networks.tao.price.output"] == "0.40 USD/Mtok"
    assert "4 week" in changes["horizon"]


@pytest.mark.compiled
def test_requests_are_written_where_they_are_asked_for(call, study, tmp_path):
    study("requests: {mode: capacity}", "requests: {window: 1 min, per_epoch: 1, every: 4}")
    words = ("run", "study.yaml", "--jobs", "1", "--replications", "1", "--set", "horizon=4 week", "--requests")
    answer = call(*words)
    assert answer.code == 0
    with gzip.open(tmp_path / "reports" / "study" / "requests.csv.gz", "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert f"{len(rows):,} requests of replication 0: reports/study/requests.csv.gz" in answer.out
    assert {row["policy"] for row in rows} == {"cheap", "dear"}
    assert f"{sum(row['policy'] == 'dear' for row in rows):,} requests of dear" in answer.err
    # Asked for one policy, it holds that one's.
    assert call(*words, "--policy", "cheap", "-q").code == 0
    with gzip.open(tmp_path / "reports" / "study" / "requests.csv.gz", "rt", encoding="utf-8") as file:
        assert {row["policy"] for row in csv.DictReader(file)} == {"cheap"}


def test_requests_that_no_run_serves_are_refused_before_any_is_simulated(call, study, tmp_path):
    study()
    answer = call("run", "study.yaml", "--requests")
    assert answer.code == 2
    assert "capacity: no request is served one by one, so there are none to write" in answer.err
    assert not (tmp_path / "reports").exists()


@pytest.mark.compiled
def test_out_never_overwrites_another_study(call, study, tmp_path):
    study()
    study("0.30 USD/Mtok", "0.20 USD/Mtok", name="other.yaml")
    options = ("--jobs", "1", "--replications", "1", "-q", "--out", "out")
    assert call("run", "study.yaml", *options).code == 0
    before = {path: path.read_bytes() for path in sorted((tmp_path / "out").iterdir()) if path.is_file()}
    answer = call("run", "other.yaml", *options)
    assert answer.code == 2
    assert "`out`: holds the study of ../study.yaml" in answer.err
    assert {path: path.read_bytes() for path in before} == before
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("x")
    assert call("report", "out", "-o", "mine").code == 0
    assert (tmp_path / "mine" / "thesis.tex").read_text() == "x"


def test_the_default_folder_is_not_taken_from_other_files(call, study, tmp_path):
    study()
    (tmp_path / "reports" / "study").mkdir(parents=True)
    (tmp_path / "reports" / "study" / "thesis.tex").write_text("x")
    answer = call("run", "study.yaml", "-q")
    assert answer.code == 2
    assert "holds thesis.tex, no study" in answer.err
    assert "--out" in answer.err


@pytest.mark.compiled
def test_a_trace_outside_the_folder_needs_allow_path(call, study, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "load.csv").write_text("arrival_s,prompt_tokens,output_tokens\n1.5,20,6\n2.5,10,6\n")
    text = SMALL.replace("    extends: chat_steady\n", "").replace(
        "    rate: 3 /s\n", "    arrivals: {kind: trace, file: ../load.csv}\n"
    )
    (home / "study.yaml").write_text(text)
    refused = call("run", "home/study.yaml", "-q")
    assert refused.code == 2 and "--allow-path" in refused.err
    assert call("validate", "home/study.yaml", "--allow-path", ".").code == 0


CHECK = "checks:\n  - {{outcome: tao.price_paid_usd_per_mtok, policy: dear, at_most: {limit}{more}}}\n"


@pytest.mark.compiled
@pytest.mark.parametrize(
    ("check", "replications", "code"),
    [
        (CHECK.format(limit="5 USD/Mtok", more=""), 2, 0),
        (CHECK.format(limit="0.0001 USD/Mtok", more=""), 2, 1),
        (CHECK.format(limit="0.0001 USD/Mtok", more=", severity: warn"), 2, 0),
        (CHECK.format(limit="5 USD/Mtok", more=""), 1, 4),
    ],
    ids=["passed", "failed", "failed, but a warning", "undecided"],
)
def test_checks_decide_the_exit_code(call, study, check, replications, code):
    study(more=check)
    assert call("run", "study.yaml", "--jobs", "1", "-q", "--replications", replications).code == code


PLUGIN = '''
from __future__ import annotations

from typing import Literal

import numpy as np

import sim
from sim.tokenomics.payout import Payout

GIFT = {gift}


def rule(total, work, live, row, out):
    """All to the first slot, and GIFT base units on top."""
    out[0] = total + GIFT
    return 0


@sim.register("payout")
class {name}(Payout):
    """All to the first slot."""

    rule = staticmethod(rule)
    kind: Literal["{kind}"] = "{kind}"

    def row(self):
        return np.zeros(0, dtype=np.int64)
'''


@pytest.fixture
def plugin(tmp_path):
    """Write a plugin whose payout gives `gift` base units more than there are; its kind is forgotten afterwards."""
    from sim.tokenomics.payout import PAYOUT

    before = set(PAYOUT)

    def _plugin(kind: str, gift: int) -> Path:
        path = tmp_path / f"{kind}.py"
        path.write_text(PLUGIN.format(kind=kind, name=kind.title(), gift=gift))
        return path

    yield _plugin
    for name in set(PAYOUT) - before:
        PAYOUT.remove(name)


@pytest.mark.compiled
def test_a_run_that_breaks_a_law_exits_3_and_names_run_and_law(call, study, plugin, tmp_path):
    study("    split: {share: 0.015%}", "    split: {share: 0.015%}\n    payout: {kind: giving}")
    answer = call("run", "study.yaml", "--jobs", "1", "-q", "--plugin", plugin("giving", 1))
    assert answer.code == 3
    assert re.search(
        r"policy cheap, coin price path, replication 0: tao, payout giving: (\d+) base units divided", answer.err
    )
    assert not (tmp_path / "reports" / "study" / "report.html").exists()
    document = call("run", "study.yaml", "--jobs", "1", "--plugin", tmp_path / "giving.py", "--json")
    assert (document.code, document.document["error"]) == (3, "InvariantError")


@pytest.mark.compiled
def test_a_kind_of_ones_own_reaches_the_workers(call, study, plugin):
    study("    split: {share: 0.015%}", "    split: {share: 0.015%}\n    payout: {kind: first_only}")
    path = plugin("first_only", 0)
    assert "0 of 4 runs from the store" in call("run", "study.yaml", "--jobs", "2", "-q", "--plugin", path).out
    assert "4 of 4 runs from the store" in call("run", "study.yaml", "--jobs", "2", "-q", "--plugin", path).out


ROUTER = '''
import sim
from numba import njit

MARK = {mark}


@sim.register("router")
@njit
def {name}(replica, request):
    """By a draw."""
    return (request.draw ^ replica.id * MARK) % 1000 // (request.id % 5 - {never})
'''


@pytest.fixture
def router(tmp_path):
    """Write a plugin with a router of that name, which divides by zero for ids of that remainder by five."""
    from sim.serving.routers import ROUTERS

    before = set(ROUTERS)

    def _router(name: str, mark: int, never: int = 9) -> Path:
        path = tmp_path / f"{name}{mark}.py"
        path.write_text(ROUTER.format(name=name, mark=mark, never=never))
        return path

    yield _router
    for name in set(ROUTERS) - before:
        ROUTERS.remove(name)


SERVED = ("requests: {mode: capacity}", "requests: {mode: sampled, window: 10 s, per_epoch: 1, every: 8}")


@pytest.mark.compiled
def test_a_router_of_ones_own_reaches_the_workers_and_its_text_is_in_the_key(call, study, router):
    from sim.serving.routers import ROUTERS

    file = study("    split: {share: 0.015%}", "    split: {share: 0.015%}\n    router: {kind: drawn, staleness: 1 s}")
    file.write_text(file.read_text().replace(*SERVED))
    path = router("drawn", 77)
    run = ("run", "study.yaml", "--jobs", "2", "-q", "--plugin", path)
    assert "0 of 4 runs from the store" in call(*run).out
    assert "4 of 4 runs from the store" in call(*run).out
    # Another process, another text of the same file: other runs.
    ROUTERS.remove("drawn")
    path.write_text(path.read_text().replace("MARK = 77", "MARK = 78"))
    sys.modules.pop(next(name for name, module in sys.modules.items() if getattr(module, "__file__", "") == str(path)))
    assert "0 of 4 runs from the store" in call(*run).out


def test_a_kind_of_ones_own_is_known_to_validate_list_and_explain(call, study, router):
    study("    split: {share: 0.015%}", "    split: {share: 0.015%}\n    router: {kind: told, staleness: 2 s}")
    answer = call("validate", "study.yaml")
    assert (answer.code, "'told' is not one of power_of_two" in answer.err) == (2, True)
    path = router("told", 3)
    assert "study.yaml: fine" in call("validate", "study.yaml", "--plugin", path).out
    assert re.search(r"^told ", call("list", "routers", "--plugin", path).out, re.MULTILINE)
    told = call("explain", "study.yaml", "networks.tao.router", "--plugin", path).out
    assert re.search(r"networks\.tao\.router\.kind +told", told) and re.search(r"router\.staleness +2 s", told)


@pytest.mark.compiled
def test_a_router_of_ones_own_that_raises_exits_2_with_both_rows(call, study, router):
    file = study("    split: {share: 0.015%}", "    split: {share: 0.015%}\n    router: {kind: broken}")
    file.write_text(file.read_text().replace(*SERVED))
    answer = call("run", "study.yaml", "--jobs", "1", "-q", "--plugin", router("broken", 5, never=3))
    assert answer.code == 2
    assert re.search(
        r"router `broken` raised ZeroDivisionError: .* for ReplicaRow\(id=0, .*\) and RequestRow\(id=\d*[38],",
        answer.err,
    )
    assert "Traceback" not in answer.err


@pytest.mark.parametrize(
    ("text", "told"),
    [("x = 1\nraise KeyError('boo')\n", "KeyError: 'boo'\n  --> bad.py:2:1"), ("x = = 1\n", "invalid syntax")],
)
def test_a_plugin_that_fails_is_told_with_its_line(call, tmp_path, text, told):
    (tmp_path / "bad.py").write_text(text)
    answer = call("run", PINNED, "--plugin", "bad.py", "-q")
    assert answer.code == 2
    assert told in answer.err


# -- interrupts ----------------------------------------------------------------------------------------------------


def started(folder: Path, jobs: int) -> subprocess.Popen[str]:
    """A study of 16 runs as a process of its own; returns once some of them are done."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sim", "run", "study.yaml", "--jobs", str(jobs), "--replications", "8"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if re.match(r"[1-9]\d* of 16 runs", line):
            break
    return process


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory) -> bytes:
    """The outcomes of the same study where nobody stopped it."""
    from sim.scenario import load
    from sim.study import STORE, export, run

    folder = tmp_path_factory.mktemp("whole")
    (folder / "study.yaml").write_text(SMALL)
    export(run(load(folder / "study.yaml"), folder / "out" / STORE, replications=8), folder / "out")
    return (folder / "out" / "outcomes.csv").read_bytes()


@pytest.mark.compiled
@pytest.mark.parametrize(("jobs", "sent"), [(1, signal.SIGINT), (2, signal.SIGINT), (2, signal.SIGKILL)])
def test_a_study_that_was_stopped_goes_on_where_it_was(call, study, tmp_path, uninterrupted, jobs, sent):
    study()
    process = started(tmp_path, jobs)
    os.killpg(process.pid, sent)
    out, err = process.communicate(timeout=120)
    assert "Traceback" not in out + err
    if sent == signal.SIGINT:
        assert process.returncode == 130
        assert re.search(r"infermint: stopped; \d+ of 16 runs are in reports/study/study.sqlite", err)
        assert "The same command goes on from there." in err
    resumed = call("run", "study.yaml", "--jobs", "1", "-q", "--replications", "8")
    assert resumed.code == 0
    stored = int(re.search(r"(\d+) of 16 runs from the store", resumed.out)[1])
    assert 0 < stored < 16
    assert (tmp_path / "reports" / "study" / "outcomes.csv").read_bytes() == uninterrupted


@pytest.mark.long
def test_the_reader_of_our_output_may_leave(tmp_path):
    command = f"{sys.executable} -m sim list outcomes | head -1"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("OUTCOME")
