"""The run directory holds the study as plain files, is the same for the same study, and belongs to one scenario."""

import csv
import dataclasses
import hashlib
import json

import pytest

from sim.errors import ScenarioError
from sim.records.breaks import Break, Recovery
from sim.records.columns import COLUMNS, FIGURES, REPLAY, SENSITIVITY, TABLES, meaning
from sim.records.files import cell, csv_text, put, whole
from sim.records.outcomes import OUTCOMES
from sim.study import STORE, Store, claim, export
from sim.study.store import Finished
from sim.study.summarise import summarise


@pytest.fixture
def record(economy, tmp_path):
    plan = economy.plan(
        replications=3,
        scenario_file=str(tmp_path / "scenarios" / "demo.yaml"),
        scenario_resolved="format: 1\nname: demo\n",
    )
    return summarise(plan, economy.runs(plan))


def read(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_file_of_the_run_directory_is_there(record, tmp_path):
    files = export(record, tmp_path / "reports" / "demo")
    assert [file.name for file in files] == [
        "summary.json", "outcomes.csv", "differences.csv", "gains.csv", "series.csv", "histograms.csv", "operators.csv", "classes.csv",
        "flows.csv", "parameters.csv", "sets.csv", "influences.csv", "scenario.resolved.yaml", "manifest.json",
    ]  # fmt: skip
    assert {path.name for path in (tmp_path / "reports" / "demo").iterdir()} == {file.name for file in files}
    assert (tmp_path / "reports" / "demo" / "scenario.resolved.yaml").read_text() == "format: 1\nname: demo\n"


def test_heads_are_the_column_dictionarys(record, tmp_path):
    broke = Break("unmet", "tao", "unmet_frac", "above 10 %", "a", "path", 0, 1, 0, 0.0, 0.8, 0, None, [None], 0, False)
    back = Recovery("tao", "nodes", "a", "path", 0, 1, 0, 0, None, None, None)
    # Two of the files are there with shocks alone.
    export(dataclasses.replace(record, breaks=[broke], recoveries=[back]), tmp_path / "out")
    for name, columns in TABLES.items():
        if name == "requests":
            continue  # no file of a record: tests/world/test_requests.py
        head = (tmp_path / "out" / f"{name}.csv").read_text().splitlines()[0].split(",")
        if name in ("operators", "classes"):  # rows of a small economy of the tests: some columns, and two of its own
            assert [column for column in head if column in columns] == [column for column in columns if column in head]
            continue
        assert head == list(columns)
    used = {
        column for part in (TABLES, FIGURES, REPLAY, SENSITIVITY) for columns in part.values() for column in columns
    }
    assert used - set(OUTCOMES) <= set(COLUMNS) <= used  # each is told, and none that no file has
    for column in used:
        assert meaning(column).meaning


def test_numbers_come_back_exactly(record, tmp_path):
    export(record, tmp_path / "out")
    rows = read(tmp_path / "out" / "outcomes.csv")
    told = {(r["outcome"], r["policy"], r["coin_price"], int(r["replication"])): r["value"] for r in rows}
    for summary in record.outcomes:
        for replication, value in enumerate(summary.values):
            text = told[summary.outcome, summary.policy, summary.coin_price, replication]
            assert (float(text) if text else None) == value
    differences = read(tmp_path / "out" / "differences.csv")
    assert [(r["outcome"], r["policy"], r["coin_price"], r["word"]) for r in differences] == [
        (v.outcome, v.policy, v.coin_price, v.word) for v in record.verdicts
    ]
    assert [r["difference"] for r in differences] == [
        "" if v.difference is None else repr(v.difference) for v in record.verdicts
    ]
    assert len(read(tmp_path / "out" / "series.csv")) == sum(len(band.time_s) for band in record.bands)
    assert sum(int(r["count"]) for r in read(tmp_path / "out" / "histograms.csv")) == sum(
        row[2] for h in record.histograms for row in h.bins
    )
    assert [int(r["amount_base"]) for r in read(tmp_path / "out" / "flows.csv")] == [
        row.amount for flows in record.flows for row in flows.rows
    ]
    assert read(tmp_path / "out" / "operators.csv")[0]["class"] == "home"


def test_shares_are_fractions_and_say_so(record, tmp_path):
    export(record, tmp_path / "out")
    rows = [r for r in read(tmp_path / "out" / "outcomes.csv") if r["outcome"] == "tao.slo_met_frac"]
    assert {r["unit"] for r in rows} == {"fraction"}
    assert all(0 < float(r["value"]) < 1 for r in rows)


def test_the_summary_holds_sentences_and_verdicts(record, tmp_path):
    export(record, tmp_path / "out")
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["sentences"] == record.sentences
    assert [v["word"] for v in summary["verdicts"]] == [v.word for v in record.verdicts]


def test_only_the_manifest_varies_between_two_exports(record, tmp_path):
    export(
        record,
        tmp_path / "a",
        [
            Finished({"numpy": "2.4"}, "2026-01-01 00:00:00", 1.5),
            Finished({"numpy": "2.4"}, "2026-01-01 00:01:00", 2.0),
        ],
    )
    export(record, tmp_path / "b")
    for path in (tmp_path / "a").iterdir():
        if path.name != "manifest.json":
            assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()
    manifest = json.loads((tmp_path / "a" / "manifest.json").read_text())
    assert (manifest["runs"], manifest["wall_s"], manifest["last_run"]) == (2, 3.5, "2026-01-01 00:01:00")
    assert (
        manifest["sha256"]["outcomes.csv"] == hashlib.sha256((tmp_path / "a" / "outcomes.csv").read_bytes()).hexdigest()
    )
    assert manifest["scenario_file"] == "../scenarios/demo.yaml"


def test_the_directory_can_be_rebuilt_from_the_store(record, tmp_path):
    with Store(tmp_path / "out" / STORE) as store:
        store.put_study("key", record)
    with Store(tmp_path / "out" / STORE, create=False) as store:
        (again,) = store.studies()
        export(again, tmp_path / "out", store.finished())
    export(record, tmp_path / "other")
    assert (tmp_path / "out" / "differences.csv").read_bytes() == (tmp_path / "other" / "differences.csv").read_bytes()


def test_a_study_writes_over_itself_and_never_over_another(record, tmp_path):
    export(record, tmp_path / "out")
    export(record, tmp_path / "out")
    other = dataclasses.replace(record, scenario_file=str(tmp_path / "elsewhere" / "demo.yaml"))
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    with pytest.raises(
        ScenarioError,
        match=r"out: holds the study of ../scenarios/demo.yaml \(name another place with --out, or move this one away\)",
    ):
        export(other, tmp_path / "out")
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before
    export(other, tmp_path / "out", whatever=True)
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["scenario_file"] == "../elsewhere/demo.yaml"


def test_what_is_there_already_is_not_written_again_and_what_was_touched_is(record, tmp_path):
    runs = [Finished({}, "2026-01-01 00:00:00", 1.0)]
    export(record, tmp_path / "out", runs)
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    export(record, tmp_path / "out", runs)
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()} == before
    (tmp_path / "out" / "flows.csv").write_text("edited")
    export(record, tmp_path / "out", runs)
    assert read(tmp_path / "out" / "flows.csv")[0]["reason"] == "fee"
    # A file that an older version did not write is made up for.
    told = json.loads((tmp_path / "out" / "manifest.json").read_text())
    del told["sha256"]["gains.csv"]
    (tmp_path / "out" / "manifest.json").write_text(json.dumps(told))
    (tmp_path / "out" / "gains.csv").unlink()
    export(record, tmp_path / "out", runs)
    assert read(tmp_path / "out" / "gains.csv")
    export(record, tmp_path / "out", [Finished({}, "2026-01-02 00:00:00", 1.0)])
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["last_run"] == "2026-01-02 00:00:00"


def test_scenario_and_directory_may_move_together(record, tmp_path):
    export(record, tmp_path / "out")
    moved = tmp_path / "moved"
    moved.mkdir()
    (tmp_path / "out").rename(moved / "out")
    assert claim(moved / "out", str(moved / "scenarios" / "demo.yaml")) == moved / "out"


def test_a_directory_with_other_files_is_not_taken(record, tmp_path):
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(ScenarioError, match=r"holds thesis\.tex"):
        claim(tmp_path, record.scenario_file)
    assert claim(tmp_path, record.scenario_file, whatever=True) == tmp_path
    (tmp_path / "file").write_text("")
    with pytest.raises(ScenarioError, match="is no directory"):
        claim(tmp_path / "file", record.scenario_file)


def test_an_unfinished_study_keeps_its_directory(record, tmp_path):
    Store(tmp_path / "out" / STORE).close()
    assert claim(tmp_path / "out", record.scenario_file) == tmp_path / "out"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("=1+1", "'=1+1"),
        ("+cmd", "'+cmd"),
        ("-x", "'-x"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("-1.5e3", "-1.5e3"),
        ("+2", "+2"),
        (-0.5, "-0.5"),
        (None, ""),
        (7, "7"),
        ("a=b", "a=b"),
    ],
)
def test_cells_that_a_spreadsheet_would_run_are_quoted(value, text):
    assert cell(value) == text


def test_hostile_names_stay_text(record, tmp_path):
    hostile = dataclasses.replace(record, operators=[{"policy": '=HYPERLINK("x")', "class": 'a"b,c\nd'}])
    export(hostile, tmp_path / "out")
    (row,) = read(tmp_path / "out" / "operators.csv")
    assert (row["policy"], row["class"]) == ('\'=HYPERLINK("x")', 'a"b,c\nd')


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path):
    path = tmp_path / "file.txt"
    put(path, "old")
    with pytest.raises(RuntimeError), whole(path) as file:
        file.write(b"half of it")
        raise RuntimeError
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file.txt"]
    put(path, "new \ud800")  # half a pair is no character
    assert path.read_text() == "new ?"


def test_csv_is_utf8_with_plain_newlines():
    assert csv_text(["a", "b"], [[1.5, "ü"], [None, "x,y"]]) == 'a,b\n1.5,ü\n,"x,y"\n'
