"""Requests one by one: their sums are the run's, and asking for them changes nothing."""

from __future__ import annotations

import gzip
import io
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sim.errors import ScenarioError
from sim.records.columns import COLUMNS, TABLES
from sim.records.run import RunRecord
from sim.serving.contract import Fate
from sim.study.requests import write_requests
from sim.world.requests import Batch, columns
from sim.world.run import World, run
from tests.world.small import CLOUD, HOME, case, scenario
from tests.world.test_energy import MIXED, MODES

FAR = {"workload.chat.region": "eu", "workload.long.region": "eu", "latency": {"eu": {"us": "90 ms"}}}
PLACED = {
    f"{HOME}.region": "us",
    "networks.net.operators.farm": {**MIXED["networks.net.operators.farm"], "region": "us"},
}


def served(changes: dict[str, Any]) -> tuple[RunRecord, World, pd.DataFrame]:
    """A run, its world, and its requests as a table."""
    batches: list[Batch] = []
    world = World(case(changes), 0, "fast", batches.append)
    record = world.run()
    tables = [pd.DataFrame(columns(batch, world.users.names)) for batch in batches]
    return record, world, pd.concat(tables, ignore_index=True)


@pytest.mark.compiled
@pytest.mark.parametrize("mode", MODES)
def test_they_sum_to_what_the_run_tells(mode: str) -> None:
    record, world, table = served({**MIXED, **MODES[mode]})
    fates = Counter(table["fate"])
    # Who is on his way at the horizon has not ended.
    assert fates == {f.name.lower(): n for f in Fate if f != Fate.IN_FLIGHT and (n := record.counts[f.name.lower()])}
    assert table["energy_j"].sum() == pytest.approx(world.book.tallies["net"].energy_j, rel=1e-9)
    for row in record.classes:
        mine = table[table["client_class"] == row["client_class"]]
        done = mine[mine["fate"] == "completed"]
        # The run's means are of latencies floored to microseconds.
        assert done["e2e_s"].mean() == pytest.approx(row["e2e_mean_s"], abs=1e-6)
        assert done["ttft_s"].mean() == pytest.approx(row["ttft_mean_s"], abs=1e-6)
        assert mine["computed_tokens"].sum() >= mine["delivered_tokens"].sum() > 0
        assert mine["energy_j"].sum() == pytest.approx(row["energy_j"], rel=1e-9)
    assert table["request"].is_unique
    assert set(table["operators"]) == {"home", "farm"}
    assert table.loc[table["operators"] == "farm", "slot"].eq(0).all()


@pytest.mark.compiled
@pytest.mark.parametrize("mode", MODES)
def test_they_come_in_order_and_within_their_part(mode: str) -> None:
    _, world, table = served({**MIXED, **MODES[mode]})
    for _, part in table.groupby("part"):
        assert part["arrival_s"].is_monotonic_increasing
    assert table["arrival_s"].between(0, world.calendar.horizon_ps / 1e12).all()
    if mode == "sampled":
        spans = table.groupby("part")["arrival_s"].agg(["min", "max"])
        assert (spans["max"] - spans["min"] < 60).all()


@pytest.mark.compiled
@pytest.mark.parametrize("mode", MODES)
def test_to_see_them_changes_nothing(mode: str) -> None:
    resolved = case({**MIXED, **MODES[mode]})
    assert run(resolved, 0, told=lambda batch: None).to_json() == run(resolved, 0).to_json()


@pytest.mark.compiled
def test_the_way_to_the_node_is_in_what_the_user_sees() -> None:
    _, _, far = served({**MIXED, **MODES["all"], **FAR, **PLACED})
    _, _, near = served({**MIXED, **MODES["all"], **PLACED})
    assert far["network_s"].eq(0.09).all()
    both = near.merge(far, on="request", suffixes=("", "_far"))
    done = both[(both["fate"] == "completed") & (both["fate_far"] == "completed")]
    assert len(done) > 500
    assert (done["e2e_s_far"] - done["e2e_s"]).to_numpy() == pytest.approx(0.09, abs=1e-9)


@pytest.mark.compiled
def test_who_is_turned_away_has_no_node() -> None:
    changes = {**MIXED, **MODES["all"], "workload.chat.rate_limit": {"requests": "3 /min"}}
    _, _, table = served(changes)
    refused = table[table["fate"] == "rejected"]
    assert len(refused) > 50
    assert set(refused["reason"]) == {"rate_limited"}
    assert refused[["operators", "slot", "ttft_s", "e2e_s", "network_s"]].isna().all().all()
    assert (refused[["attempts", "computed_tokens", "energy_j"]] == 0).all().all()


@pytest.mark.compiled
def test_the_file_is_read_as_written_and_the_same_again(tmp_path: Path) -> None:
    study = scenario(
        {**MIXED, **MODES["sampled"], "networks.cloud": CLOUD}, {"other": {f"{HOME}.hosting": "0.2 USD/h"}}
    )
    told: list[str] = []
    path, count = write_requests(study, tmp_path / "study.sqlite", tell=told.append)
    table = pd.read_csv(path)
    assert tuple(table.columns) == TABLES["requests"]
    assert set(TABLES["requests"]) <= set(COLUMNS)
    assert len(table) == count > 0
    assert set(table["policy"]) == {"base", "other"}
    assert [line.rpartition(" of ")[2] for line in told] == ["base", "other"]
    _, _, base = served({**MIXED, **MODES["sampled"], "networks.cloud": CLOUD})
    mine = table[table["policy"] == "base"].reset_index(drop=True)
    for name in ("request", "arrival_s", "fate", "ttft_s", "energy_j"):
        assert mine[name].equals(base[name].astype(mine[name].dtype)), name
    first = path.read_bytes()
    assert write_requests(study, tmp_path / "study.sqlite")[0].read_bytes() == first
    assert [file.name for file in tmp_path.iterdir()] == ["requests.csv.gz"]


def test_where_none_is_served_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"requests\.mode.*no request is served one by one"):
        write_requests(scenario(), tmp_path / "study.sqlite")
    assert not list(tmp_path.iterdir())


@pytest.mark.compiled
def test_a_run_that_breaks_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = scenario({**MIXED, **MODES["sampled"]})
    path, _ = write_requests(study, tmp_path / "study.sqlite")
    before = path.read_bytes()
    full = io.UnsupportedOperation("no room")  # an OSError
    monkeypatch.setattr(gzip.GzipFile, "write", lambda *_: (_ for _ in ()).throw(full))
    with pytest.raises(ScenarioError, match=r"requests\.csv\.gz"):
        write_requests(study, tmp_path / "study.sqlite")
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["requests.csv.gz"]
