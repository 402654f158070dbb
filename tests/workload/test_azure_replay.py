"""The shipped replay of an hour of real conversations: nothing is lost, and two prices are told apart by money alone."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import pytest

from sim.errors import ScenarioError
from sim.scenario import load
from sim.workload.trace import read_trace
from sim.world import run

SCENARIO = Path(__file__).parents[2] / "scenarios" / "azure_replay.yaml"
FILE = "workload.conv.arrivals.file"


@pytest.fixture(scope="module")
def asked(chat_trace):
    """Rows, prompt tokens and output tokens, added up from the text of the file."""
    with gzip.open(chat_trace, "rt", encoding="utf-8") as text:
        rows = list(csv.DictReader(text))
    return len(rows), sum(int(row["input_tokens"]) for row in rows), sum(int(row["output_tokens"]) for row in rows)


@pytest.fixture(scope="module")
def replayed(chat_trace):
    """One run a policy, by its name."""
    cases = load(SCENARIO, sets=[f"{FILE}={chat_trace}"]).cases()
    return {one.case.policy: run(one, 0) for one in cases}


@pytest.mark.compiled
def test_every_request_of_the_trace_has_one_fate(replayed, asked):
    rows, _, _ = asked
    assert len(replayed) == 2
    for record in replayed.values():
        fates = {name: n for name, n in record.counts.items() if name not in ("measured_requests", "windows")}
        assert sum(fates.values()) == record.counts["measured_requests"] == rows
        # Nobody's patience is bounded here and failed nodes hand their requests on: all are answered within the hour.
        assert fates["completed"] == rows


@pytest.mark.compiled
def test_every_token_of_the_trace_is_delivered_and_paid_once(replayed, asked):
    rows, prompt, output = asked
    per_mtok = {"asked": (0.05, 0.10), "median": (0.10, 0.10)}
    for policy, record in replayed.items():
        # One gap before each token but the first of a request, whatever preemptions and failures came between.
        assert sum(count for _, count in record.histograms["asi.gap"]) == output - rows
        assert sum(count for _, count in record.histograms["asi.ttft"]) == rows
        assert record.outcomes["asi.served_mtok"] / 24 * 1e6 == pytest.approx(prompt + output, abs=0.01)
        price_in, price_out = per_mtok[policy]
        due_usd = (prompt * price_in + output * price_out) / 1e6
        # Invoices are whole nano-dollars; of each node less than one is carried past the end.
        assert record.outcomes["asi.revenue_usd_per_day"] / 24 == pytest.approx(due_usd, abs=1e-7)


@pytest.mark.compiled
def test_two_prices_differ_in_money_and_in_nothing_else(replayed):
    asked, median = replayed["asked"], replayed["median"]
    assert median.outcomes["asi.revenue_usd_per_day"] > 1.5 * asked.outcomes["asi.revenue_usd_per_day"]
    assert asked.histograms == median.histograms
    assert asked.series["asi.nodes"] == median.series["asi.nodes"]


@pytest.mark.compiled
def test_nodes_that_fail_and_come_back_slow_the_hour_down(chat_trace, replayed):
    safe = ["cudos", "members", "rented"]
    sets = [f"{FILE}={chat_trace}", *(f"networks.asi.operators.{name}.up_time=100 year" for name in safe)]
    calm = run(load(SCENARIO, sets=sets).cases()[0], 0)
    failing = replayed["asked"]
    assert failing.outcomes["asi.e2e_p95_s"] > calm.outcomes["asi.e2e_p95_s"]
    # Rented cards are ordered in the second epoch and come 15 minutes later, with or without failures.
    assert failing.series["asi.nodes"][3:5] == calm.series["asi.nodes"][3:5] == [5.0, 7.0]


def test_without_the_trace_the_scenario_says_where_to_get_it():
    with pytest.raises(ScenarioError) as error:
        load(SCENARIO)
    (problem,) = error.value.problems
    assert problem.path == FILE and problem.kind == "missing_file"
    for part in (
        "github.com/Azure/AzurePublicDataset",
        "AzureLLMInferenceTrace_conv.csv",
        "CC-BY-4.0",
        "infermint trace import azure",
    ):
        assert part in problem.fix


def test_a_published_trace_that_was_not_imported_is_told_the_command(tmp_path):
    file = tmp_path / "AzureLLMInferenceTrace_conv.csv"
    file.write_text("TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.6805900,374,44\n", encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"column `arrival_s` is missing.*infermint trace import azure FILE"):
        read_trace(file)


def test_input_tokens_are_prompt_tokens_only_where_there_are_none(tmp_path):
    file = tmp_path / "extract.csv"
    file.write_text("arrival_s,input_tokens,output_tokens\n0,7,3\n", encoding="utf-8")
    assert read_trace(file).prompt_tokens.tolist() == [7]
    both = tmp_path / "both.csv"
    both.write_text("arrival_s,input_tokens,prompt_tokens,output_tokens\n0,7,8,3\n", encoding="utf-8")
    assert read_trace(both).prompt_tokens.tolist() == [8]
