"""The page of queues with known answers: its rows are the packaged cases, and its verdicts follow from its figures."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sim.verify.page import BEGIN, END, cases
from sim.verify.plans import PLANS, relative
from sim.verify.rounding import shift
from sim.verify.rule import STATED

TABLES = (
    (Path(__file__).parents[2] / "docs" / "verification.md")
    .read_text(encoding="utf-8")
    .partition(BEGIN)[2]
    .partition(END)[0]
)
ROWS = [
    [cell.strip().strip("*") for cell in line.strip("|").split("|")]
    for line in TABLES.splitlines()
    if line.startswith("| ")
]
NAMES = {case.name: case for case in cases()}
OF_CASES = [row for row in ROWS if len(row) == 9 and row[1] in NAMES]
OF_QUANTITIES = [row for row in ROWS if row[0] in NAMES]


def test_every_case_has_a_row_or_is_named_as_not_run():
    listed = re.search(r"Not run whole yet: (.*)\.\n", TABLES)
    missing = listed[1].split(", ") if listed else []
    assert sorted([*missing, *(row[1] for row in OF_CASES)]) == sorted(NAMES)


def test_every_quantity_of_a_case_has_a_row_with_its_theory():
    for _, name, *_ in OF_CASES:
        found = {row[1]: row[2] for row in OF_QUANTITIES if row[0] == name}
        assert found == {quantity: f"{value:.6g}" for quantity, value in NAMES[name].values.items()}


@pytest.mark.parametrize(
    "row", [row for row in OF_QUANTITIES if row[1] not in STATED], ids=lambda row: f"{row[0]}:{row[1]}"
)
def test_verdicts_follow_from_the_figures(row: list[str]):
    name, _, theory, estimate, interval, error, _, verdict, rule = row
    low, high = (float(end) for end in interval.split(" .. "))
    value, found = float(theory), float(estimate)
    # Figures have six digits: where the last of them decides, either word is right.
    digits = 2e-6 * abs(value)
    assert (verdict == "contains") is (low <= value <= high) or min(abs(value - low), abs(value - high)) <= digits
    off = abs(found - value)
    if rule == "met":
        assert off <= 4 * float(error) * 1.06 + digits
        assert off <= relative(NAMES[name]) * abs(value) + digits
    else:
        assert off > min(4 * float(error) * 0.94, relative(NAMES[name]) * abs(value)) - digits


def test_the_sum_of_the_page_is_that_of_its_rows():
    met = sum(row[8] == "met" for row in OF_CASES)
    assert f"\n{met} of {len(NAMES)} estimated cases meet both parts of the rule" in TABLES


@pytest.mark.long
@pytest.mark.parametrize("row", OF_CASES, ids=lambda row: row[1])
def test_discretisation_is_below_a_quarter_of_both_bounds(row: list[str]):
    """Of the quantity that speaks for the case: a quarter of four standard errors is one."""
    case = NAMES[row[1]]
    headline = PLANS[case.family].headline
    ((theory, error),) = [(found[2], found[5]) for found in OF_QUANTITIES if found[:2] == [case.name, headline]]
    assert shift(case) < relative(case) / 4
    assert shift(case) < float(error) / abs(float(theory))
