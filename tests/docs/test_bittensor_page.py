"""The page of Bittensor: dates that it tells are those that the functions it names give."""

from __future__ import annotations

import datetime
import re
from pathlib import Path

from sim.tokenomics.chains.bittensor.constants import MAINNET
from sim.tokenomics.chains.bittensor.issuance import LEAK, OBSERVED, halving, second_halving

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "bittensor.md").read_text(encoding="utf-8")


def cells(head: str) -> list[str]:
    """Of a row of a table, what stands behind its first cell."""
    (row,) = re.findall(rf"^\| {re.escape(head)} \| (.+) \|$", PAGE, re.MULTILINE)
    return [cell.strip() for cell in row.split("|")]


def test_percentiles_of_the_second_halving_are_those_of_its_distribution() -> None:
    draws = [float(cell.removesuffix(" %")) / 100 for cell in cells("percentile")]
    assert draws == sorted(draws) and len(draws) == 5
    dates = [(OBSERVED[-1].at + datetime.timedelta(days=days)).date() for days in second_halving(draws)]
    assert cells("second halving") == [day.isoformat() for day in dates]
    assert f"nothing is recycled it is on {halving(OBSERVED[-1], 2)[1].date()}" in PAGE


def test_what_the_percentiles_rest_on_is_told() -> None:
    assert f"the {MAINNET['recycled_a_day'].value:g} TAO a day that were measured, three times as" in PAGE
    assert MAINNET["recycling_spread"].value == 3
    assert f"With the {LEAK / 1e9:g} TAO" in PAGE.replace("with the", "With the")
    assert f"first halving falls on {halving(OBSERVED[0], 1, LEAK)[1].date()}" in PAGE


def test_rules_that_the_table_says_act_in_no_run_are_asked_for_by_nothing() -> None:
    _, _, rest = PAGE.partition("| mechanism | file | how near | in a run |")
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in rest.splitlines()[2:] if line.startswith("|")
    ]
    idle = {file for row in rows if row[3] == "no" for file in re.findall(r"`(\w+)\.py`", row[1])} - {"masks"}
    assert idle == {"v3", "superellipse", "childkeys", "community"}
    sources = {file: file.read_text(encoding="utf-8") for file in (ROOT / "sim").rglob("*.py")}
    for name in idle:
        asks = re.compile(rf"bittensor\.{name}\b|import .*\b{name}\b")
        assert [file.name for file, text in sources.items() if "bittensor" in text and asks.search(text)] == [], name
    for function, callers in (("reset_bonds", []), ("stakes_of", ["permitted.py"]), ("take_of", [])):
        found = [file.name for file, text in sources.items() if re.search(rf"(?<!def ){function}\(", text)]
        assert found == callers, function
