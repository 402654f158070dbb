"""The page of what is validated: each of its figures is counted, computed or read from the page that a test holds."""

from __future__ import annotations

import collections
import re
from pathlib import Path

import pytest

import sim
from tests.conformance.cases import cases_in
from tests.serving.catalogue_files import shared

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGE = (DOCS / "validation.md").read_text(encoding="utf-8")
SERVERS = {
    "RTX 4090, Llama-3.1-8B": ("rtx_4090", "llama-3.1-8b", {}),
    "2 RTX PRO 6000 over PCIe, Qwen3-32B": (
        "rtx_pro_6000",
        "qwen3-32b",
        {"tp": 2, "max_num_seqs": 128, "max_batched_tokens": 2048},
    ),
}


def _page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def _row(text: str, beginning: str) -> list[str]:
    (line,) = [line for line in text.splitlines() if line.startswith(f"| {beginning} |")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_theory_is_told_as_its_own_page_does():
    found = _page("verification.md")
    met, cases = re.search(r"\n(\d+) of (\d+) estimated cases meet both parts", found).groups()
    missed = re.search(r"\n(\d+) of (\d+) intervals of 95 % miss theory", found)[1]
    assert f"{met} of {cases} within the rule in every quantity; {missed} of {cases} intervals of 95 % miss" in PAGE
    assert f"theory: {cases} queueing systems" in PAGE


def test_vectors_are_counted():
    vectors = ROOT / "tests" / "vectors"
    kinds = collections.Counter(case.case["kind"] for case in cases_in(vectors / "mechanisms"))
    assert f"| {len(cases_in(vectors / 'bittensor'))} cases of the chain's own tests and of mainnet |" in PAGE
    published, worked_out = kinds["source"], kinds["derived"]
    assert (
        f"| {published + worked_out} cases, {published} published and {worked_out} worked out from a published formula |"
        in PAGE
    )


def test_faults_and_worlds_of_parity_are_counted():
    parity = ROOT / "tests" / "parity"
    suite = (parity / "test_parity.py").read_text(encoding="utf-8")
    halves = len(re.search(r"^HALVES = \((.*)\)$", suite, re.MULTILINE)[1].split(","))
    worlds = halves * int(re.search(r"^SCENARIOS = (\d+)$", suite, re.MULTILINE)[1])
    assert f"{worlds} generated worlds at least" in PAGE
    faults = _entries(parity / "parity_faults.py", "FAULTS"), _entries(parity / "parity_mutants.py", "MUTANTS")
    assert f"{sum(faults)} planted faults, {faults[0]} in the reference and {faults[1]} in the kernels' sources" in PAGE


def _entries(file: Path, name: str) -> int:
    """How many entries a module's table has; its folder is no package, so it is put in the path while it is read."""
    import importlib.util
    import sys

    sys.path.insert(0, str(file.parent))
    try:
        spec = importlib.util.spec_from_file_location(f"counted_{file.stem}", file)
        module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(file.parent))
    return len(getattr(module, name))


def test_windows_are_told_as_their_own_page_does():
    rows = re.findall(
        r"^\| (?:open|closed)-[\w.-]+ \| \d+ \| (\d+) \| (\d+) \| (\d+) \| (.+) \|$", _page("fidelity.md"), re.MULTILINE
    )
    assert {row[3] for row in rows} == {"none"}
    assert f"{len(rows)} cells, {sum(int(row[0]) for row in rows):,} outcomes" in PAGE


def test_coverage_is_told_as_its_own_page_does():
    # Replications of the length of every report, and paired differences; short ones and stopping rules do worse, as that page says.
    rows = re.findall(
        r"^\| (?:paired, )?replications of 6,000 \|.*?\| ([\d.]+) % ±", _page("coverage.md"), re.MULTILINE
    )
    assert len(rows) == 5
    assert f"hold the truth in {min(rows, key=float)} to {max(rows, key=float)} %" in PAGE


def test_history_is_told_as_its_own_page_does():
    found = _page("operators-history.md")

    def crps(backtest: str, forecast: str) -> str:
        return re.search(rf"^\| {backtest} \| {forecast} \| 13 \| ([\d.]+) \|", found, re.MULTILINE)[1]

    operators, mark = (
        crps(r"Bitcoin \| three halvings", "operators"),
        _row(found, "Bitcoin | three halvings | operators | 13")[7],
    )
    assert f'CRPS {operators} at 13 periods, "growth stops" {mark}' in PAGE
    ours, last = (crps(r"Ravencoin \| after the Merge", name) for name in ("operators, defaults", "constant"))
    assert f"{ours} at 13 weeks, the last value {last}" in PAGE


FORECASTS = ("constant", "drift", "drift, frozen")


@pytest.mark.parametrize(
    ("backtest", "operators"),
    [
        ("Bitcoin, three halvings", "operators"),
        ("Bitcoin, rolling (50 cuts)", "operators"),
        ("Ravencoin, after the Merge", "operators, defaults"),
    ],
)
def test_scores_of_owners_and_of_those_who_know_nothing_are_their_own_pages(backtest, operators):
    scored = _page("operators-history.md").splitlines()
    told = _row(PAGE, backtest)[1:]
    for cell, forecast in zip(told, (operators, *FORECASTS), strict=True):
        beginning = f"| {backtest.replace(', ', ' | ', 1)} | {forecast} | 13 |"
        rows = [_row(line, beginning.strip("| ")) for line in scored if line.startswith(beginning)]
        assert cell == "".join(f"{crps}; {mape} %; {inside} %" for *_, crps, mape, inside, _, _ in rows)
    assert all(told[: len(FORECASTS)])


def _errors(server: str) -> dict[str, list[float]]:
    """Percent of each statistic of a latency that the page tells of a server."""
    rows = PAGE.split(f"| {server} | TTFT |", 1)[1].splitlines()[:3]
    found = [[float(cell) for cell in row.strip("|").split("|")[-4:]] for row in rows]
    return dict(zip(("ttft_s", "tpot_s", "e2e_s"), found, strict=True))


def _as_told(server: str, file: Path) -> None:
    gpu, model, settings = SERVERS[server]
    frame = sim.against.server_log(file, gpu, model, **settings).set_index(["metric", "statistic"])
    for metric, told in _errors(server).items():
        found = [100 * frame.error_frac[metric, name] for name in ("mean", "p50", "p90", "p99")]
        assert told == pytest.approx(found, abs=0.051), metric
        # What the page's first table says of both.
        assert max(map(abs, found)) < 4.0


@pytest.mark.compiled
def test_the_measured_server_that_comes_along_is_as_far_off_as_told():
    _as_told("RTX 4090, Llama-3.1-8B", ROOT / "scenarios" / "logs" / "rtx_4090_llama-3.1-8b.csv")


@pytest.mark.compiled
def test_the_other_measured_server_is_as_far_off_as_told():
    _as_told("2 RTX PRO 6000 over PCIe, Qwen3-32B", shared("data", "vllm_runs", "rtxpro6000x2_qwen3-32b_tp2.csv"))


@pytest.mark.compiled
def test_the_peer_is_as_near_as_told():
    found = sim.against.vidur(shared("golden", "vidur", "cost_tables.npz").parent)
    for scheduler in ("sarathi", "prefill_first"):
        rows = found[found.scheduler == scheduler].set_index("quantity")
        (line,) = [line for line in PAGE.splitlines() if line.startswith(f"| `{scheduler}`")]
        _, requests, ttft, e2e = (cell.strip() for cell in line.strip("|").split("|"))
        assert requests == f"{rows.requests['TTFT']:,}"
        assert [float(cell.removesuffix(" s")) for cell in (ttft, e2e)] == pytest.approx(
            [rows.off_s["TTFT"], rows.off_s["E2E"]], rel=0.02
        )
        assert rows.off_s.max() < 1e-8


def test_every_test_that_the_page_names_exists():
    named = re.findall(r"`(tests/[\w/.]+)`", PAGE)
    assert len(named) >= 10
    for path in named:
        assert (ROOT / path).exists(), path


def test_the_readme_tells_rows_of_the_page_as_they_are():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = readme.partition("## What is validated, against what")[2].partition("\n[All lines")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ") and not line.startswith(("| what", "| ---"))]
    assert len(rows) >= 8
    for row in rows:
        assert f"\n{row}" in PAGE, row
