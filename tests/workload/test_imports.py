"""Published traces become ours: Mooncake's with the prompt tokens that earlier prompts left in a cache."""

from __future__ import annotations

import json

import numpy as np
import pytest

from sim.cli import main
from sim.errors import ScenarioError
from sim.workload.imports import import_csv, import_mooncake
from sim.workload.log import read_log
from sim.workload.trace import read_trace, where_to_get

ROWS = [
    {"timestamp": 0, "input_length": 1300, "output_length": 52, "hash_ids": [7, 8, 9]},
    {"timestamp": 3000, "input_length": 1024, "output_length": 26, "hash_ids": [7, 8]},
    {"timestamp": 3000, "input_length": 1500, "output_length": 5, "hash_ids": [7, 10, 9]},
    {"timestamp": 6000, "input_length": 600, "output_length": 1, "hash_ids": [11, 7]},
]
# Of row 2 both blocks were seen, of row 3 the first (the third is, but behind a new one), of row 4 none that leads.
CACHED = [0, 1024, 512, 0]


def _as_csv(rows):
    lines = ["arrival_ms,input_tokens,output_tokens,prefix_block_ids"]
    lines += [
        f"{r['timestamp']},{r['input_length']},{r['output_length']},{' '.join(map(str, r['hash_ids']))}" for r in rows
    ]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_leading_blocks_of_earlier_prompts_are_cached_tokens(tmp_path, form):
    file, out = tmp_path / f"conversation.{form}", tmp_path / "out.csv"
    file.write_text("\n".join(map(json.dumps, ROWS)) if form == "jsonl" else _as_csv(ROWS), encoding="utf-8")
    assert import_mooncake(file, out) == 4
    trace = read_trace(out)
    assert trace.cached_tokens.tolist() == CACHED
    assert (trace.arrival_ps // 10**12).tolist() == [0, 3, 3, 6]
    assert trace.prompt_tokens.tolist() == [1300, 1024, 1500, 600]


def test_a_cache_holds_no_more_of_a_prompt_than_its_tokens(tmp_path):
    file = tmp_path / "t.jsonl"
    file.write_text("\n".join(json.dumps({**row, "hash_ids": [1, 2, 3]}) for row in ROWS[:1] * 2), encoding="utf-8")
    import_mooncake(file, tmp_path / "out.csv")
    # Three blocks of 512 would be 1,536 tokens; the last one is not full.
    assert read_trace(tmp_path / "out.csv").cached_tokens.tolist() == [0, 1300]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("[1, 2]", r"t\.jsonl:2: no JSON object found; must be one a line"),
        ("{", r"t\.jsonl:2: no JSON object found"),
        ("[" * 9000, r"t\.jsonl:2: no JSON object found"),
        (
            '{"timestamp": -1, "input_length": 3, "output_length": 4, "hash_ids": []}',
            r"t\.jsonl:2: column timestamp: '-1'",
        ),
        ('{"timestamp": 1, "input_length": 3, "output_length": 4, "hash_ids": ["a"]}', "column hash_ids: 'a' found"),
        ('{"timestamp": 1, "input_length": true, "output_length": 4, "hash_ids": []}', "column input_length: 'True'"),
        ('{"timestamp": 1, "output_length": 4}', "column input_length: '' found; must be a whole number from 1"),
    ],
)
def test_a_bad_line_is_told(tmp_path, line, told):
    file = tmp_path / "t.jsonl"
    file.write_text(f"{json.dumps(ROWS[0])}\n{line}\n", encoding="utf-8")
    with pytest.raises(ScenarioError, match=told):
        import_mooncake(file, tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


def test_the_published_conversations_share_a_third_of_their_prompts(conversations, tmp_path):
    out = tmp_path / "out.csv.gz"
    assert import_mooncake(conversations, out) == 12_031
    trace = read_trace(out)
    blocks = -(-trace.prompt_tokens // 512)
    # 36.6 % of prompt blocks, as the data set's page tells.
    assert (-(-trace.cached_tokens // 512)).sum() / blocks.sum() == pytest.approx(0.366, abs=0.0005)
    # Batches 3 s apart: of all gaps 90.2 % are nothing.
    gaps = np.diff(trace.arrival_ps)
    assert (gaps == 0).mean() == pytest.approx(0.902, abs=0.0005)
    assert np.abs(gaps[gaps > 0] / 1e12 - 3).max() < 0.01


def test_unix_seconds_and_azures_columns_need_no_names(tmp_path):
    raw, out = tmp_path / "raw.csv", tmp_path / "out.csv"
    raw.write_text("timestamp,ContextTokens,GeneratedTokens\n1763000009.5,7,2\n1763000001,8,3\n", encoding="utf-8")
    assert import_csv(raw, out) == 2
    assert out.read_text() == "arrival_s,prompt_tokens,output_tokens\n0,8,3\n8.5,7,2\n"


def test_a_mooncake_trace_that_was_not_imported_is_told_the_command(tmp_path):
    file = tmp_path / "conversation.csv"
    file.write_text(_as_csv(ROWS), encoding="utf-8")
    for read in (read_log, read_trace):
        with pytest.raises(ScenarioError, match=r"`arrival_s` is missing.*infermint trace import mooncake FILE"):
            read(file)


def test_a_scenario_that_names_it_is_told_where_to_get_it():
    told = where_to_get("conversation_trace.trace.csv.gz")
    assert "conversation_trace.jsonl from github.com/kvcache-ai/Mooncake" in told
    assert "`infermint trace import mooncake conversation_trace.jsonl`" in told
    assert where_to_get("mine.csv") is None


def test_the_command_tells_that_arrivals_come_in_batches(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.jsonl").write_text("\n".join(map(json.dumps, ROWS)), encoding="utf-8")
    with pytest.raises(SystemExit):
        main(["trace", "import", "mooncake", "t.jsonl"])
    told = capsys.readouterr()
    assert told.out == "4 requests written to t.trace.csv\n"
    assert told.err.startswith("note: arrivals of the published Mooncake trace come in batches 3 s apart")
    with pytest.raises(SystemExit):
        main(["trace", "import", "mooncake", "t.jsonl", "--json"])
    assert "batches 3 s apart" in json.loads(capsys.readouterr().out)["notices"][0]
