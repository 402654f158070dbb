"""`trace check`: statistics that are known beforehand, and the built-in classes beside the trace they were made of."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats

from sim.cli import main
from sim.errors import ScenarioError
from sim.report import trace_checked
from sim.scenario import named
from sim.workload.check import check
from sim.workload.measures import Asked, counted, measured
from sim.workload.trace import Trace, read_trace

S = 10**12


def asked(arrival_s, prompt=None, output=None, span_s=None):
    arrival = np.rint(np.asarray(arrival_s) * S).astype(np.int64)
    ones = np.ones(len(arrival), dtype=np.int64)
    one, other = (ones if tokens is None else np.asarray(tokens, dtype=np.int64) for tokens in (prompt, output))
    return Asked(arrival, one, other, int(span_s * S) if span_s else int(arrival[-1]))


def test_windows_are_whole_and_closed_on_the_left():
    # 10 s windows of 25 s: two whole ones; 10 s itself is in the second, what comes after 20 s in none.
    np.testing.assert_array_equal(counted(asked([0, 9.999, 10, 19, 21], span_s=25), 10.0), [2, 2])


def test_equal_gaps_have_no_dispersion_and_no_cv():
    found = measured(asked(np.arange(0, 600, 0.5) + 0.25, span_s=600))
    assert found["arrivals", "CV of gaps"] == pytest.approx(0, abs=1e-9)
    assert found["arrivals", "dispersion at 10 s"] == 0
    assert ("arrivals", "autocorrelation at 10 s") not in found  # counts that do not vary have none
    assert found["arrivals", "rate per s"] == pytest.approx(2)


def test_poisson_arrivals_have_dispersion_and_cv_of_one():
    rng = np.random.default_rng(3)
    found = measured(asked(np.sort(rng.random(40_000) * 20_000)))
    assert found["arrivals", "CV of gaps"] == pytest.approx(1, abs=0.03)
    # 20,000 / scale windows: a standard error of sqrt(2 / windows).
    for scale in (0.1, 1.0, 10.0):
        assert found["arrivals", f"dispersion at {scale:g} s"] == pytest.approx(
            1, abs=4.5 * np.sqrt(2 * scale / 20_000)
        )
    assert abs(found["arrivals", "autocorrelation at 10 s"]) < 4.5 / np.sqrt(2000)


def test_a_rate_that_alternates_is_anticorrelated():
    # Ten requests in every other 10 s, none between.
    found = measured(asked(np.concatenate([20 * k + np.arange(10.0) for k in range(30)]), span_s=600))
    assert found["arrivals", "autocorrelation at 10 s"] == pytest.approx(-1)
    # Counts 10 and 0: variance 25 * 60 / 59 over mean 5.
    assert found["arrivals", "dispersion at 10 s"] == pytest.approx(25 * 60 / 59 / 5)


def test_lengths_and_ranks_are_those_of_the_libraries():
    rng = np.random.default_rng(4)
    prompt, output = rng.integers(1, 30, 500), rng.integers(1, 9, 500)
    found = measured(asked(np.arange(500.0), prompt, prompt + output))
    assert found["together", "prompt with output, ranks"] == pytest.approx(
        stats.spearmanr(prompt, prompt + output).statistic
    )
    assert found["prompt tokens", "p90"] == np.percentile(prompt, 90)
    assert (found["output tokens", "mean"], found["output tokens", "max"]) == (
        (prompt + output).mean(), (prompt + output).max(),
    )  # fmt: skip


def test_the_conversation_trace_has_its_published_statistics(chat_trace):
    record = check(read_trace(chat_trace), "conv", {})
    found = {(one.group, one.statistic): one.trace for one in record.measures}
    published = {
        "rate per s": 5.530, "CV of gaps": 1.094, "dispersion at 0.1 s": 1.06, "dispersion at 1 s": 1.39,
        "dispersion at 10 s": 3.87, "dispersion at 60 s": 16.4, "dispersion at 300 s": 61.7,
        "autocorrelation at 1 s": 0.22, "autocorrelation at 10 s": 0.71, "autocorrelation at 60 s": 0.85,
    }  # fmt: skip
    for name, value in published.items():
        assert found["arrivals", name] == pytest.approx(value, rel=0.03), name
    for group, mean, sd, p50, p99 in (
        ("prompt tokens", 1154.7, 1108.8, 1020, 4142),
        ("output tokens", 211.1, 162.9, 129, 601),
    ):
        told = [found[group, name] for name in ("mean", "sd", "p50", "p99")]
        assert told == pytest.approx([mean, sd, p50, p99], rel=0.001)
    # Whole minutes only; with the unfinished last one it is -.84.
    assert found["together", "minute's rate with mean output"] == pytest.approx(-0.90, abs=0.01)
    assert found["together", "prompt with output"] == pytest.approx(-0.11, abs=0.005)
    distances = {(one.what, one.against): one.distance for one in record.distances}
    assert distances["gaps", "exponential"] == pytest.approx(0.022, abs=0.001)
    assert distances["prompt tokens", "its own table of 57 quantiles"] == pytest.approx(0.014, abs=0.001)
    assert distances["output tokens", "its own table of 57 quantiles"] == pytest.approx(0.010, abs=0.001)


@pytest.mark.long
def test_a_built_in_class_is_near_the_rows_it_was_made_of_and_far_from_the_rest(chat_trace):
    steady = dict([named.client_class("chat_steady")])
    of_rows, of_all = (check(read_trace(chat_trace), "conv", steady, rows) for rows in ((340, 470), None))
    near, far = (
        {one.what: one.distance for one in record.distances if one.against == "the classes"}
        for record in (of_rows, of_all)
    )
    # The preset's own statement: within .017 of the distribution functions.
    assert max(near["prompt tokens"], near["output tokens"]) < 0.017
    # 71 % of all answers are shorter or longer than any of the class.
    assert far["output tokens"] > 0.5
    (rate,) = [one for one in of_rows.measures if one.statistic == "rate per s"]
    assert rate.trace == pytest.approx(1.627, rel=0.01) and rate.low < rate.trace < rate.high


@pytest.mark.long
def test_classes_that_move_against_each_other_are_told_as_their_sum(chat_trace, tmp_path):
    file = tmp_path / "bursty.yaml"
    file.write_text("extends: chat_bursty\ncorrelation: {chat_steady: -0.9}\n", encoding="utf-8")
    classes = dict(named.client_class(asked) for asked in ("chat_steady", str(file)))
    record = check(read_trace(chat_trace), "conv", classes)
    found = {(one.group, one.statistic): one for one in record.measures}
    together = found["together", "minute's rate with mean output"]
    assert together.classes < -0.6
    for scale in ("10 s", "60 s"):
        one = found["arrivals", f"dispersion at {scale}"]
        assert one.low < one.trace < one.high
    text = trace_checked.format_check(record)
    assert max(map(len, text.splitlines())) <= 100 and "chat_steady + bursty" in text


def test_what_cannot_be_looked_at_is_told(tmp_path):
    trace = Trace(*(np.array(column, dtype=np.int64) for column in ([0, S], [5, 6], [10, 20], [0, 0])))
    with pytest.raises(ScenarioError, match="no row with 30 to 40 output tokens found; the trace has 10 to 20"):
        check(trace, "t", {}, (30, 40))
    with pytest.raises(ScenarioError, match=r"--class: 'chat_stedy' found.*did you mean `chat_steady`"):
        named.client_class("chat_stedy")


def test_a_trace_of_one_row_has_what_one_row_has(tmp_path, capsys):
    file = tmp_path / "one.csv"
    file.write_text("arrival_s,prompt_tokens,output_tokens\n5,7,3\n", encoding="utf-8")
    with pytest.raises(SystemExit) as left:
        main(["trace", "check", str(file), "--json"])
    assert not left.value.code
    told = json.loads(capsys.readouterr().out)
    assert told["statistics"]["prompt tokens"]["mean"] == {"trace": 7.0, "classes": None, "low": None, "high": None}
    assert "gaps" not in told["ks"]


def test_the_document_names_every_statistic_of_the_table(chat_trace):
    record = check(read_trace(chat_trace), "conv", {})
    told = trace_checked.document(record)
    assert sum(map(len, told["statistics"].values())) == len(record.measures)
    assert sum(map(len, told["ks"].values())) == len(record.distances)
