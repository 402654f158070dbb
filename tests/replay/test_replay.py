"""One replica served a log: nothing is lost, all engines agree, and a measured server is met within five percent."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

from sim import replay
from sim.cli import main
from sim.records.replay import METRICS
from sim.replay import replica
from sim.report import latencies, replayed
from sim.scenario import named
from sim.serving.contract import Fate
from sim.serving.tables import replica_type
from sim.workload.log import Log, read_log
from sim.workload.trace import Trace
from tests.serving.catalogue_files import shared

ROOT = Path(__file__).parents[2]
LOG = ROOT / "scenarios" / "logs" / "rtx_4090_llama-3.1-8b.csv"
NAMES = {"trace": "t.csv", "gpu": "rtx_4090", "model": "llama-3.1-8b", "tp": "1", "engine": "fast"}
pytestmark = pytest.mark.compiled


def kind(**options):
    return replica_type(named.gpu("rtx_4090"), named.model("llama-3.1-8b"), named.settings({"tp": 1, **options}))


def unmeasured(arrival_s, prompt, output):
    """A log of requests alone."""
    columns = (np.rint(np.array(arrival_s) * 1e12), prompt, output, np.zeros(len(prompt)))
    nothing = np.full(len(prompt), -1)
    return Log(Trace(*(np.asarray(column, dtype=np.int64) for column in columns)), nothing, nothing)


@pytest.fixture
def call(capsys, tmp_path, monkeypatch):
    """`infermint replay ... --json` in an empty folder: its document."""
    monkeypatch.chdir(tmp_path)

    def _call(*words):
        with pytest.raises(SystemExit) as left:
            main(["replay", *map(str, words), "--json"])
        assert not left.value.code
        return json.loads(capsys.readouterr().out)

    return _call


MEASURED = {
    "rtx4090_llama-3.1-8b.csv": "--gpu rtx_4090 --model llama-3.1-8b --max-model-len 32768",
    "rtxpro6000x2_qwen3-32b_tp2.csv": (
        "--gpu rtx_pro_6000 --model qwen3-32b --tp 2 --max-num-seqs 128 --max-batched-tokens 2048"
    ),
}
"""Logs of measured servers, and what of the server was recorded and differs from the presets."""


@pytest.mark.parametrize("name", MEASURED)
def test_the_measured_server_is_met_within_five_percent_by_what_the_presets_say(name, call, tmp_path):
    file = shared("data", "vllm_runs", name)
    told = call(file, *MEASURED[name].split())
    assert told["fates"]["completed"] == told["compared"] == told["requests"] == 300
    assert set(told["statistics"]) == {*METRICS, "throughput"}
    rows = read_log(file)
    ttft = rows.first_token_ps / 1e12
    assert told["statistics"]["ttft_s"]["p90"]["measured"] == pytest.approx(np.percentile(ttft, 90))
    for metric, statistics in told["statistics"].items():
        for name, one in statistics.items():
            assert abs(one["error_frac"]) < 0.05, (metric, name)
            assert one["error_frac"] == pytest.approx(one["simulated"] / one["measured"] - 1)
    assert "time to first token (TTFT)" in (tmp_path / told["figure"]).read_text(encoding="utf-8")


def test_settings_of_the_command_line_are_the_replicas(call):
    words = ("--kv-blocks", 2000, "--max-num-seqs", 64, "--max-batched-tokens", 512, "--max-model-len", 4096)
    told = call(LOG, "--gpu", "rtx_4090", "--model", "llama-3.1-8b", *words)
    assert told["settings"] == {
        "scheduler": "vllm_v1", "max_num_seqs": 64, "max_batched_tokens": 512, "usable_kv_blocks": 1999,
        "max_model_len": 4096, "recompute": "cached",
    }  # fmt: skip
    # Nothing near the recorded server: the error says so.
    assert told["statistics"]["e2e_s"]["mean"]["error_frac"] > 0.05


def test_the_scheduler_of_the_command_line_serves(call):
    told = {
        name: call(LOG, "--gpu", "rtx_4090", "--model", "llama-3.1-8b", "--scheduler", name)
        for name in ("vllm_v1", "sarathi", "prefill_first")
    }
    assert {name: each["settings"]["scheduler"] for name, each in told.items()} == {name: name for name in told}
    first = {name: each["statistics"]["ttft_s"]["p99"]["simulated"] for name, each in told.items()}
    # Prompts that go first, whole, and prompts in what decodes leave of a pass do not begin at one time.
    assert len(set(first.values())) == 3


def test_every_request_stands_in_the_table_with_both_sides(call, tmp_path):
    told = call(LOG, "--gpu", "rtx_4090", "--model", "llama-3.1-8b", "--out", "there")
    rows = list(csv.DictReader((tmp_path / "there" / "requests.csv").open(encoding="utf-8")))
    assert len(rows) == 300 and {row["fate"] for row in rows} == {"completed"}
    for name, metric in (("ttft_s", "ttft_s"), ("e2e_s", "e2e_s")):
        statistics = told["statistics"][metric]["mean"]
        assert np.mean([float(row[name]) for row in rows]) == pytest.approx(statistics["simulated"])
        assert np.mean([float(row[f"measured_{name}"]) for row in rows]) == pytest.approx(statistics["measured"])
    # An RTX 4090 at work nearly all the time: what it draws, shared by computed tokens.
    energy, computed = ([float(row[name]) for row in rows] for name in ("energy_j", "computed_tokens"))
    card = named.gpu("rtx_4090")
    seconds = max(float(row["arrival_s"]) + float(row["e2e_s"]) for row in rows) - float(rows[0]["arrival_s"])
    assert (card.idle + card.node_idle) * seconds < sum(energy) <= (card.active + card.node_active) * seconds
    assert np.ptp(np.divide(energy, computed)) == pytest.approx(0, abs=1e-9)
    summary = json.loads((tmp_path / "there" / "summary.json").read_text(encoding="utf-8"))
    assert summary["statistics"] == told["statistics"]


def test_a_replay_leaves_the_same_bytes_each_time(call, tmp_path):
    for folder in ("one", "two"):
        call(LOG, "--gpu", "rtx_4090", "--model", "llama-3.1-8b", "--out", folder)
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert names == ["latencies.svg", "requests.csv", "summary.json"]
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name


def test_a_folder_that_cannot_be_written_is_told(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").write_text("mine", encoding="utf-8")
    with pytest.raises(SystemExit) as left:
        main(["replay", str(LOG), "--gpu", "rtx_4090", "--model", "llama-3.1-8b", "--out", "taken"])
    assert left.value.code == 2
    assert "taken: cannot be written" in capsys.readouterr().err
    assert (tmp_path / "taken").read_text() == "mine"


def test_a_users_own_gpu_file_serves_as_the_preset_it_extends(call, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "card.yaml").write_text("extends: rtx_4090\nname: card\nmemory: 22 GiB\n", encoding="utf-8")
    told = call(LOG, "--gpu", "mine/card.yaml", "--model", "llama-3.1-8b")
    assert told["gpu"] == "card"
    # 1,633,287,424 bytes less than the preset's, of which the engine takes 90 %, in blocks of 2 MiB.
    fewer = 0.9 * (25_250_627_584 - 22 * 2**30) / (16 * 131_072)
    assert told["settings"]["usable_kv_blocks"] == pytest.approx(2587 - fewer, abs=1)


@pytest.mark.parametrize("engine", ["loop", "reference"])
def test_every_engine_gives_the_same_integers(engine):
    log = read_log(LOG)
    fast, other = (replay.serve(kind(max_model_len=32_768), log.trace, name) for name in ("fast", engine))
    assert (fast.finished == other.finished).all()
    assert (fast.passes, fast.busy_ps) == (other.passes, other.busy_ps)


@pytest.mark.parametrize("engine", ["fast", "reference"])
def test_offering_a_log_in_pieces_changes_nothing(engine, monkeypatch):
    # Pairs at one instant, so that a piece ends in the middle of one.
    arrival_s = np.repeat(np.arange(30) * 0.37, 2)[1:]
    log = unmeasured(arrival_s, np.arange(59) * 31 % 700 + 1, np.arange(59) * 17 % 90 + 1)
    whole = replay.serve(kind(), log.trace, engine)
    monkeypatch.setattr(replica, "_BLOCK_ROWS", 7)
    pieces = replay.serve(kind(), log.trace, engine)
    assert len(whole.finished) == 59
    for name in ("id", "fate", "first_token", "end", "preemptions", "computed"):
        assert (whole.finished[name] == pieces.finished[name]).all()
    assert (whole.passes, whole.busy_ps) == (pieces.passes, pieces.busy_ps)


def test_a_log_of_a_hundred_days_is_served_to_its_last_request():
    days = np.array([0, 12, 12.5, 99.9])
    served = replay.serve(kind(), unmeasured(days * 86_400, [50, 60, 70, 80], [9, 8, 7, 6]).trace)
    assert (served.finished["fate"] == Fate.COMPLETED).all()
    # Alone on the replica each is as fast as any other day.
    again = replay.serve(kind(), unmeasured([0], [80], [6]).trace)
    assert served.finished["end"][3] == again.finished["end"][0]


def test_what_is_too_long_is_rejected_and_told_and_left_out_of_the_comparison():
    log = unmeasured([0, 1, 2], [100, 5000, 100], [3, 3, 1])
    times = np.array([10**12, 10**12, 10**12])
    log = Log(log.trace, times, times * 2)
    replica_kind = kind(max_model_len=4096)
    record = replay.record(log, replay.serve(replica_kind, log.trace), replica_kind, NAMES)
    assert (record.fates["completed"], record.fates["rejected"], record.rejected) == (2, 1, {"too_long": 1})
    assert record.compared == 2
    assert record.notices == ["requests not compared, as the server finished them and the simulated replica did not: 1"]
    by_name = {(one.metric, one.statistic): one for one in record.statistics}
    # Of three requests with 3, 3 and 1 tokens, TPOT is that of the first: (2 - 1) s over 2 gaps.
    assert by_name["tpot_s", "mean"].measured == 0.5
    # From the first arrival to the last token, at 2 + 2 s: two requests, four tokens.
    assert by_name["throughput", "requests_per_s"].measured == pytest.approx(2 / 4)
    assert by_name["throughput", "output_tokens_per_s"].measured == pytest.approx(4 / 4)
    assert "1 rejected (1 too_long)" in replayed.format_replay(record)


def test_a_trace_without_times_is_told_alone():
    log = unmeasured([0, 0.1], [100, 200], [30, 40])
    record = replay.record(log, replay.serve(kind(), log.trace), kind(), NAMES)
    assert not record.measured
    assert all(one.measured is None and one.error_frac is None for one in record.statistics)
    assert "measured" not in replayed.format_replay(record)
    assert {curve.who for curve in record.curves} == {"simulated"}


def test_a_curve_reaches_from_the_fastest_to_the_slowest_request():
    log = read_log(LOG)
    record = replay.record(log, replay.serve(kind(), log.trace), kind(), NAMES)
    curve = next(c for c in record.curves if (c.metric, c.who) == ("ttft_s", "measured"))
    assert (curve.seconds[0], curve.seconds[-1]) == (log.first_token_ps.min() / 1e12, log.first_token_ps.max() / 1e12)
    assert curve.share_frac[-1] == 1 and sorted(curve.share_frac) == curve.share_frac
    ax = latencies.latencies(record, "ttft_s")
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("time to first token (TTFT)", "requests (%)")
    drawn = {line.get_label(): line for line in ax.get_lines()}
    assert set(drawn) == {"measured", "simulated"}
    assert drawn["measured"].get_xdata().max() == curve.seconds[-1]
    with pytest.raises(ValueError, match="no curve of 'latency' found"):
        latencies.latencies(record, "latency")


def test_the_figure_is_the_same_bytes_each_time():
    log = read_log(LOG)
    record = replay.record(log, replay.serve(kind(), log.trace), kind(), NAMES)
    assert latencies.svg_file(record) == latencies.svg_file(record)
    table = replay.requests_csv(log, replay.serve(kind(), log.trace))
    assert next(csv.reader(io.StringIO(table)))[-1] == "measured_e2e_s"
