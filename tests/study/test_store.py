"""The store keeps runs whole, finds them by content, and says plainly when a file cannot serve."""

import json
import os
import sqlite3

import pytest

from sim.cli import main
from sim.errors import ScenarioError
from sim.records.run import MODEL_REVISION, Case
from sim.study.store import FORMAT, Packed, Store, run_key
from sim.study.summarise import summarise
from tests.study.small import SMALL


@pytest.fixture
def path(tmp_path):
    return tmp_path / "reports" / "demo" / "study.sqlite"


@pytest.fixture
def record(economy):
    return economy.simulated(Case("two_years", "pool", 0, "k"), 3)


def test_a_run_comes_back_as_it_was_put(path, record):
    with Store(path) as store:
        store.put("k", 3, record, 1.5, {"numpy": "2"})
    with Store(path) as store:
        assert store.get("k", 3) == record
        assert store.get("k", 4) is None
        assert store.get("other", 3) is None
        assert (store.count(), store.count(["k"]), store.count(["other"])) == (1, 1, 0)
        (finished,) = store.finished()
        assert (finished.wall_s, finished.versions) == (1.5, {"numpy": "2"})


def test_the_study_is_one_file_that_other_tools_can_read(path, record):
    with Store(path) as store:
        store.put("k", 3, record)
    assert [file.name for file in path.parent.iterdir()] == ["study.sqlite"]
    db = sqlite3.connect(path)
    assert db.execute("PRAGMA user_version").fetchone() == (FORMAT,)
    assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    policy, price = db.execute(
        "SELECT policy, json_extract(outcomes, '$.\"tao.price_paid_usd_per_mtok\"') FROM runs"
    ).fetchone()
    assert (policy, price) == ("two_years", record.outcomes["tao.price_paid_usd_per_mtok"])


def test_the_record_and_its_json_are_kept_alike(path, record):
    with Store(path) as store:
        store.put("a", 0, record)
        store.put("b", 0, Packed.of(record))
        assert store.get("a", 0).to_json() == store.get("b", 0).to_json() == record.to_json()


def test_a_broken_run_does_not_count_and_does_not_displace_a_finished_one(path, record):
    with Store(path) as store:
        store.put("k", 3, record)
        store.put_failed("k", 3, ("two_years", "pool", 0), "coins lost")
        store.put_failed("k", 4, ("two_years", "pool", 0), "coins lost")
        assert store.get("k", 3) == record
        assert store.get("k", 4) is None
        assert store.count() == 1
        assert store.failures() == [("two_years", "pool", 0, 4, "coins lost")]
        store.put("k", 4, record)
        assert store.failures() == []


def test_forgetting_touches_only_the_runs_named(path, record):
    with Store(path) as store:
        for key, replication in (("mine", 0), ("mine", 1), ("mine", 2), ("other", 0)):
            store.put(key, replication, record)
        store.forget(["mine"], 2)
        assert store.done(["mine", "other"]) == {("mine", 2), ("other", 0)}


def test_keys_move_with_the_case_the_model_and_who_simulates():
    keys = {
        run_key("case"),
        run_key("case2"),
        run_key("case", "reference"),
        run_key("case", revision=MODEL_REVISION + 1),
    }
    assert len(keys) == 4
    assert run_key("case") == run_key("case", "fast", MODEL_REVISION)


def test_a_studys_record_comes_back_and_its_successor_replaces_it(path, economy):
    plan = economy.plan(replications=2)
    study = summarise(plan, economy.runs(plan))
    with Store(path) as store:
        store.put_study("k1", study)
        assert store.get_study("k1") == study
        store.put_study("k2", study)
        assert store.get_study("k1") is None
        assert store.studies() == [study]


def test_two_processes_may_hold_one_store(path, record):
    with Store(path) as one, Store(path) as two:
        one.put("k", 0, record)
        two.put("k", 1, record)
        assert one.count() == two.count() == 2


def test_a_store_that_is_not_there_is_not_made_by_a_reader(path):
    with pytest.raises(ScenarioError, match="there is no store here"):
        Store(path, create=False)
    assert not path.parent.exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_store_in_a_folder_that_cannot_be_written_can_be_read(path, record):
    with Store(path) as store:
        store.put("k", 0, record)
    path.parent.chmod(0o500)
    try:
        with Store(path, create=False) as store:
            assert store.get("k", 0) == record
    finally:
        path.parent.chmod(0o700)


def test_a_path_with_signs_of_an_address_is_a_plain_path(tmp_path, record):
    path = tmp_path / "what?mode=memory#1 %41" / "study.sqlite"
    with Store(path) as store:
        store.put("k", 0, record)
    assert path.exists()


def test_a_text_file_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("dear diary\n" * 100)
    with pytest.raises(ScenarioError, match=r"notes.txt: this file is no store of infermint"):
        Store(path)
    assert path.read_text().startswith("dear diary")


def test_another_programs_sqlite_file_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "places.sqlite"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE bookmarks (url)")
    before = path.read_bytes()
    with pytest.raises(ScenarioError, match="no store of infermint"):
        Store(path)
    assert path.read_bytes() == before


def test_a_store_of_a_later_format_is_refused(path):
    Store(path).close()
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version = {FORMAT + 1}")
    with pytest.raises(ScenarioError, match=rf"store format {FORMAT + 1} found; this version reads up to {FORMAT}"):
        Store(path)


def test_a_damaged_record_is_told(path, record):
    with Store(path) as store:
        store.put("k", 0, record)
    with sqlite3.connect(path) as db:
        db.execute("UPDATE runs SET record = x'00'")
    with Store(path) as store, pytest.raises(ScenarioError, match="damaged"):
        store.get("k", 0)


def test_a_torn_file_is_told(path, record):
    with Store(path) as store:
        for replication in range(40):
            store.put("k", replication, record)
    data = path.read_bytes()
    path.write_bytes(data[:4096] + b"\xff" * (len(data) - 4096))
    with pytest.raises(ScenarioError, match="damaged"), Store(path) as store:
        store.get("k", 0)


def test_a_full_disk_is_told_and_finished_runs_stay(path, record):
    with Store(path) as store:
        store.put("k", 0, record)
        pages = store._db.execute("PRAGMA page_count").fetchone()[0]
        store._db.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(ScenarioError, match="the disk is full; runs that finished before are kept"):
            for replication in range(1, 100):
                store.put("k", replication, record)
        assert store.get("k", 0) == record


def test_a_store_that_cannot_be_written_is_told(path, record):
    with Store(path) as store:
        store._db.execute("PRAGMA query_only = ON")
        with pytest.raises(ScenarioError, match="the store cannot be written"):
            store.put("k", 0, record)


def test_a_folder_in_the_stores_place_is_told(tmp_path):
    with pytest.raises(ScenarioError, match="cannot be opened or made"):
        Store(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(ScenarioError, match="the folder cannot be made"):
        Store(tmp_path / "file" / "study.sqlite")


def test_a_writer_that_does_not_let_go_is_told(path, record, monkeypatch):
    monkeypatch.setattr("sim.study.store.BUSY_S", 0.05)
    with Store(path) as store:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(ScenarioError, match="another process holds the store"):
            store.put("k", 0, record)
        other.execute("ROLLBACK")
        other.close()
        store.put("k", 0, record)


def test_only_what_scenarios_ask_for_is_kept(path, record):
    with Store(path) as store:
        for key in ("a", "b", "c"):
            for replication in range(20):
                store.put(key, replication, record)
        store.put_failed("d", 0, ("two_years", "pool", 0), "coins lost")
        assert store.cells() == {("two_years", "pool", 0): 60}
        assert store.others(["a"]) == 41
    full = path.stat().st_size
    with Store(path) as store:
        store.keep_only(["a", "z"], [])
        assert (store.count(), store.count(["a"]), store.failures(), store.others(["a"])) == (20, 20, [], 0)
    assert path.stat().st_size < 0.6 * full


@pytest.mark.long
def test_the_verbs_of_a_store(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.yaml").write_text(SMALL, encoding="utf-8")

    def call(*words):
        with pytest.raises(SystemExit) as left:
            main(list(words))
        return int(left.value.code or 0), capsys.readouterr().out

    assert call("run", "small.yaml", "--jobs", "1", "--quiet")[0] == 0
    code, said = call("store", "show", "reports/small")
    assert code == 0 and "4 finished runs, 0 failed" in said and "study of small.yaml: 4 runs" in said
    assert call("store", "gc", "reports/small", "small.yaml", "--json")[1].count('"dropped": 0') == 1
    (tmp_path / "small.yaml").write_text(SMALL.replace("2029-12-14", "2026-01-20"), encoding="utf-8")
    assert "4 runs would be dropped" in call("store", "gc", "reports/small", "small.yaml", "--dry-run")[1]
    assert json.loads(call("store", "show", "reports/small", "--json")[1])["finished"] == 4
    assert "4 runs dropped" in call("store", "gc", "reports/small", "small.yaml")[1]
    assert json.loads(call("store", "show", "reports/small", "--json")[1])["finished"] == 0
    assert call("store", "show", "nowhere")[0] == 2
