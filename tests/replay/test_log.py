"""Logs of servers: by anybody's column names, in any order, on any clock, and told where they are wrong."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from sim.errors import ScenarioError
from sim.workload import log as logs
from sim.workload.log import NOT_TOLD, read_log

HEADER = "arrival_s,prompt_tokens,output_tokens,first_token_s,last_token_s"


@pytest.fixture
def write(tmp_path):
    def put(text: str, name: str = "log.csv"):
        path = tmp_path / name
        path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
        return path

    return put


@pytest.mark.parametrize(
    "header",
    [
        "arrival_s,prompt_tokens,output_tokens",
        "arrived_at,num_prefill_tokens,num_decode_tokens",
        "TIMESTAMP,ContextTokens,GeneratedTokens",
        "timestamp,input_tokens,output_tokens",
    ],
)
def test_the_columns_of_ours_of_vidur_and_of_azure_are_read(write, header):
    log = read_log(write(f"{header}\n0.5,7,3\n2,8,4\n", "log.csv.gz"))
    assert log.trace.arrival_ps.tolist() == [0, 1_500_000_000_000]
    assert (log.trace.prompt_tokens.tolist(), log.trace.output_tokens.tolist()) == ([7, 8], [3, 4])
    assert not log.measured


def test_ours_win_over_other_names_and_the_users_own_over_all(write):
    file = write("arrival_s,prompt_tokens,ContextTokens,output_tokens,said\n0,7,8,3,9\n")
    assert read_log(file).trace.prompt_tokens.tolist() == [7]
    chosen = read_log(file, {"prompt_tokens": "ContextTokens", "output_tokens": "said"}).trace
    assert (chosen.prompt_tokens.tolist(), chosen.output_tokens.tolist()) == ([8], [9])


def test_rows_are_put_in_order_of_arrival_and_times_counted_from_it(write):
    # Unix seconds; the second row did not finish; equal arrivals keep the file's order.
    log = read_log(
        write(
            f"{HEADER}\n1763000009,5,2,1763000009.25,1763000010\n1763000001,6,3,,\n1763000009,7,4,1763000011,1763000012\n"
        )
    )
    assert log.trace.arrival_ps.tolist() == [0, 8 * 10**12, 8 * 10**12]
    assert log.trace.prompt_tokens.tolist() == [6, 5, 7]
    assert log.first_token_ps.tolist() == [NOT_TOLD, 250_000_000_000, 2 * 10**12]
    assert log.last_token_ps.tolist() == [NOT_TOLD, 10**12, 3 * 10**12]
    assert log.measured


def test_timestamps_are_instants_of_the_same_clock(write):
    log = read_log(write(f"{HEADER}\n2026-11-25 23:59:59.5,5,2,2026-11-26 00:00:00,2026-11-26T00:00:01.25\n"))
    assert (log.first_token_ps.tolist(), log.last_token_ps.tolist()) == ([5 * 10**11], [1_750_000_000_000])


def test_every_bad_row_is_told_at_once_with_file_line_and_column(write):
    file = write("arrived_at,ContextTokens,num_decode_tokens\n0,1,2\n1,x,2\n2,3\n,1,1\n3,1,1\n")
    with pytest.raises(ScenarioError) as error:
        read_log(file)
    told = [problem.message.rpartition("/")[2] for problem in error.value.problems]
    assert [line.split(" found")[0] for line in told] == [
        "log.csv:3: column ContextTokens: 'x'",
        "log.csv:4: column num_decode_tokens: ''",
        "log.csv:5: column arrived_at: ''",
    ]


def test_no_more_than_twenty_bad_rows_are_told(write):
    with pytest.raises(ScenarioError) as error:
        read_log(write(f"{HEADER}\n" + "x,1,1,,\n" * 1000))
    assert len(error.value.problems) == 20


def test_a_token_before_its_time_is_told(write):
    with pytest.raises(ScenarioError) as error:
        read_log(write(f"{HEADER}\n9,10,3,8,10\n9,10,3,9.5,9.25\n9,1,1,9,9\n"))
    first, last = (problem.message for problem in error.value.problems)
    assert "log.csv:2: column first_token_s: '8' found; must be at least 9, the row's arrival" in first
    assert "log.csv:3: column last_token_s: '9.25' found; must be at least 9.5, the row's first token" in last


def test_a_missing_column_is_told_with_what_is_allowed_and_the_nearest(write):
    with pytest.raises(ScenarioError) as error:
        read_log(write("arrival_s,prompt_tokens,out_tokens\n0,1,2\n"))
    for part in (
        "log.csv:1: column `output_tokens` is missing; needed are arrival_s, prompt_tokens, output_tokens",
        "may also be called num_decode_tokens, GeneratedTokens",
        "did you mean `out_tokens`?",
    ):
        assert part in str(error.value)


def test_what_is_too_long_is_refused(write, monkeypatch):
    with pytest.raises(ScenarioError, match="spans more than 100 days"):
        read_log(write(f"{HEADER}\n0,1,1,,\n8640001,1,1,,\n"))
    with pytest.raises(ScenarioError, match="spans more than 100 days"):
        read_log(write(f"{HEADER}\n0,1,1,5,9999999999\n"))
    monkeypatch.setattr(logs, "MAX_ROWS", 3)
    with pytest.raises(ScenarioError, match=r"log\.csv:5: 4 rows found; must be at most 3"):
        read_log(write(f"{HEADER}\n" + "0,1,1,,\n" * 4))


def test_cached_tokens_come_along(write):
    log = read_log(write("arrival_s,prompt_tokens,output_tokens,cached_tokens\n1,64,2,48\n0,9,1,0\n"))
    np.testing.assert_array_equal(log.trace.cached_tokens, [0, 48])
    with pytest.raises(ScenarioError, match=r"log\.csv:2: column cached_tokens: '65' found; must be at most prompt"):
        read_log(write("arrival_s,prompt_tokens,output_tokens,cached_tokens\n1,64,2,65\n0,9,1,0\n"))
