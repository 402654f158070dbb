"""The page of Bittensor: dates that it tells are those that the functions it names give."""

from __future__ import annotations

import datetime
import re
from pathlib import Path

from sim.tokenomics.chains.bittensor.constants import MAINNET
from sim.tokenomics.chains.bittensor.issuance import LEAK, OBSERVED, halving, second_halving

PAGE = (Path(__file__).parents[2] / "docs" / "bittensor.md").read_text(encoding="utf-8")


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
