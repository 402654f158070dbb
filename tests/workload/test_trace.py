"""Traces: replayed to the last picosecond, imported from what others publish, and told where they are wrong."""

from __future__ import annotations

import csv
import gzip

import numpy as np
import pytest

from sim.errors import ScenarioError
from sim.workload import class_means, table
from sim.workload.imports import import_azure, import_csv
from sim.workload.table import instant_ps, seconds_ps
from sim.workload.trace import read_trace

HEADER = "arrival_s,prompt_tokens,output_tokens"


@pytest.fixture
def write(tmp_path):
    def put(text: str, name: str = "t.csv"):
        path = tmp_path / name
        raw = text.encode()
        path.write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
        return path

    return put


def _replay(client, file, **arrivals):
    return client(rate="out", prompt="out", output="out", arrivals={"kind": "trace", "file": str(file), **arrivals})


@pytest.mark.long
def test_the_conversation_trace_comes_back_exactly(chat_trace, tmp_path, client, potential):
    file = tmp_path / "conv.trace.csv.gz"
    assert import_azure(chat_trace, file) == 19_366
    with gzip.open(chat_trace, "rt") as text:
        rows = list(csv.DictReader(text))
    drawing = potential({"conv": _replay(client, file)})
    half = 1_800 * 10**12 + 7
    first, second = drawing.draw(0, half), drawing.draw(half, 3_600 * 10**12)
    times = np.concatenate((first.time_ps, second.time_ps + half))
    # In decimal, from the text: six digits after the point make the last six digits of the picoseconds zero.
    written = [
        int(row["arrival_s"].split(".")[0]) * 10**12 + int(row["arrival_s"].split(".")[1].ljust(12, "0"))
        for row in rows
    ]
    np.testing.assert_array_equal(times, written)
    for column, name in (("input_tokens", "prompt"), ("output_tokens", "output")):
        np.testing.assert_array_equal(np.concatenate((first[name], second[name])), [int(row[column]) for row in rows])
    assert first.mark.max() < 1 and (first.cached == 0).all()
    # The statistics that the data set's page tells: 1154.7 tokens in and 211.1 out.
    assert class_means(_replay(client, file)) == (pytest.approx(1154.7, abs=0.05), pytest.approx(211.1, abs=0.05))
    assert drawing.base_requests("conv", 0, 3600) == 19_366
    assert drawing.ceiling("conv") == 1


def test_a_trace_keeps_cached_tokens_and_its_own_lengths_unless_told(write, client, potential):
    file = write(f"{HEADER},cached_tokens\n0.25,100,5,64\n1,50,7,0\n")
    drawn = potential({"t": _replay(client, file)}).draw(0, 10**13)
    assert (drawn.prompt.tolist(), drawn.output.tolist(), drawn.cached.tolist()) == ([100, 50], [5, 7], [64, 0])
    other = client(rate="out", output="out", arrivals={"kind": "trace", "file": str(file)})
    drawn = potential({"t": other}).draw(0, 10**13)
    assert (drawn.prompt.tolist(), drawn.output.tolist(), drawn.cached.tolist()) == ([100, 100], [5, 7], [0, 0])


def test_a_trace_starts_at_its_offset_and_repeats_at_its_own_rate(write, client, potential):
    file = write(f"{HEADER}\n0,1,1\n1,2,1\n4,3,1\n")
    once = potential({"t": _replay(client, file, offset="90 s")})
    assert (once.draw(0, 100 * 10**12).time_ps / 1e12).tolist() == [90, 91, 94]
    assert once.base_requests("t", 90.5, 94) == 1
    # Three rows in 4 s with mean gap 2 s: again every 6 s, also long after the 100 days that a trace may last.
    again = potential({"t": _replay(client, file, repeat=True)})
    assert (again.draw(5 * 10**12, 13 * 10**12).time_ps / 1e12).tolist() == [1, 2, 5, 7]
    year = 31_536_000  # a multiple of 6 s
    assert (again.draw(year * 10**12, (year + 7) * 10**12).time_ps / 1e12).tolist() == [0, 1, 4, 6]
    assert again.base_requests("t", 0, 6 * 1000) == 3000


@pytest.mark.parametrize(
    ("body", "line", "told"),
    [
        ("0,5,5\n1,0,5\n", 3, "column prompt_tokens: '0' found; must be a whole number from 1 to 10000000"),
        ("0,5,5\n1,5,2.5\n", 3, "column output_tokens: '2.5' found"),
        ("0,5,5\n1,5\n", 3, "column output_tokens: '' found"),
        ("0,5,5\nx,5,secret\n", 3, "column arrival_s: 'x' found; must be a number of seconds"),
        ("-1,5,5\n", 2, "column arrival_s: '-1' found; must be seconds from 0 to 8640000 (100 days)"),
        ("nan,5,5\n", 2, "column arrival_s: 'nan' found"),
        ("0,5,99999999999999\n", 2, "column output_tokens: '99999999999999' found"),
        ("2,5,5\n3,5,5\n2.5,5,secret\n", 4, None),
        ("", 1, "no rows found"),
    ],
)
def test_a_bad_row_is_told_with_file_line_and_column_and_nothing_else(write, body, line, told):
    path = write(f"{HEADER}\n{body}".replace("secret", "7"))
    with pytest.raises(ScenarioError) as error:
        read_trace(path)
    assert f"t.csv:{line}: " in str(error.value)
    assert (told or "column arrival_s: '2.5' found; must be at least 3, the arrival before it") in str(error.value)


def test_more_cached_than_prompt_is_told(write):
    with pytest.raises(
        ScenarioError, match=r"t\.csv:3: column cached_tokens: '6' found; must be at most prompt_tokens"
    ):
        read_trace(write(f"{HEADER},cached_tokens\n0,5,5,5\n0,5,5,6\n"))


def test_error_texts_quote_no_more_than_the_start_of_the_cell(write):
    with pytest.raises(ScenarioError) as error:
        read_trace(write(f"{HEADER}\n{'k' * 5000},5,5\n"))
    assert "k" * 37 + "..." in str(error.value) and len(str(error.value)) < 400


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (
            b"arrival_s,prompt_tokens\n0,1\n",
            "column `output_tokens` is missing; needed are arrival_s, prompt_tokens, output_tokens",
        ),
        (b"\xff\xfe\x00", "cannot be read as"),
        (b"", "column `arrival_s` is missing"),
        (b'arrival_s,prompt_tokens,output_tokens\n0,1,"1\n', "t.csv:2: no CSV: unexpected end of data"),
        (b"arrival_s,prompt_tokens,output_tokens\n0,1," + b"7" * 70_000, "t.csv:2: longer than 65536 characters"),
    ],
)
def test_a_file_that_is_no_trace_is_told(tmp_path, content, told):
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(ScenarioError, match=told):
        read_trace(tmp_path / "t.csv")


def test_missing_and_torn_files_are_told(tmp_path):
    with pytest.raises(ScenarioError, match="no such file"):
        read_trace(tmp_path / "none.csv")
    (tmp_path / "torn.csv.gz").write_bytes(gzip.compress(f"{HEADER}\n0,1,1\n".encode() * 1000)[:60])
    with pytest.raises(ScenarioError, match="cannot be read as"):
        read_trace(tmp_path / "torn.csv.gz")


def test_a_gzip_bomb_stops_at_the_size_cap(write, monkeypatch):
    path = write(f"{HEADER}\n" + ("0,1,1," + "x" * 1000 + "\n") * 2_000, "bomb.csv.gz")
    assert path.stat().st_size < 30_000
    monkeypatch.setattr(table, "MAX_BYTES", 2**20)
    with pytest.raises(ScenarioError, match="larger than 1 MiB when decompressed"):
        read_trace(path)


def test_a_changed_file_is_read_again(write):
    assert len(read_trace(write(f"{HEADER}\n0,1,1\n"))) == 1
    assert len(read_trace(write(f"{HEADER}\n0,1,1\n5,1,1\n"))) == 2


def test_seconds_are_exact_in_decimal():
    assert seconds_ps("3501.721937") == 3_501_721_937_000_000
    assert seconds_ps("1e-12") == 1
    assert seconds_ps("0.1") * 10 == 10**12


def test_azures_published_columns_and_seven_digit_timestamps(write, tmp_path):
    raw = write(
        "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.6805900,374,44\n2023-11-16 18:15:50.9951690,396,109\n2023-11-17 00:00:00,879,55\n"
    )
    assert import_azure(raw, tmp_path / "out.csv") == 3
    # 4.314579 s is what the condensed data set has for the second row; 20653.31941 s from 18:15:46.68059 to midnight.
    assert (tmp_path / "out.csv").read_text() == f"{HEADER}\n0,374,44\n4.314579,396,109\n20653.31941,879,55\n"
    assert read_trace(tmp_path / "out.csv").prompt_tokens.tolist() == [374, 396, 879]


def test_timestamps_with_zones():
    assert instant_ps("1970-01-01T01:00:00+01:00") == 0
    assert instant_ps("1970-01-01 00:00:01.5Z") == 1_500_000_000_000
    assert instant_ps("1970-01-01 00:00:00.25-01:00") == 3_600_250_000_000_000
    for wrong in ("yesterday", "2023-13-01 00:00:00", "2023-11-16 18:15:46.68x", ""):
        with pytest.raises(ValueError, match="timestamp"):
            instant_ps(wrong)


def test_any_csv_is_imported_by_its_columns_in_order_of_time(write, tmp_path):
    raw = write("when,in,out,who\n12.5,7,2,ann\n10,5,1,bob\n10,6,3,cy\n")
    out = tmp_path / "out.csv.gz"
    assert import_csv(raw, out, {"arrival_s": "when", "prompt_tokens": "in", "output_tokens": "out"}) == 3
    rows = read_trace(out)
    assert rows.arrival_ps.tolist() == [0, 0, 2_500_000_000_000]
    assert rows.prompt_tokens.tolist() == [5, 6, 7]
    first = out.read_bytes()
    import_csv(raw, out, {"arrival_s": "when", "prompt_tokens": "in", "output_tokens": "out"})
    assert out.read_bytes() == first


def test_import_refuses_unknown_columns_and_missing_files(write, tmp_path):
    raw = write(f"{HEADER}\n0,1,1\n")
    with pytest.raises(ScenarioError, match="`tokens` is no column of a trace"):
        import_csv(raw, tmp_path / "o.csv", {"tokens": "x"})
    with pytest.raises(ScenarioError, match="column `when` is missing"):
        import_csv(raw, tmp_path / "o.csv", {"arrival_s": "when"})
    for read in (import_azure, import_csv):
        with pytest.raises(ScenarioError, match="no such file"):
            read(tmp_path / "none.csv", tmp_path / "o.csv")
    assert not (tmp_path / "o.csv").exists()


def test_missing_trace_of_a_class_is_told_before_the_run(client, potential, tmp_path):
    with pytest.raises(ScenarioError, match="no such file"):
        potential({"t": _replay(client, tmp_path / "none.csv")})
