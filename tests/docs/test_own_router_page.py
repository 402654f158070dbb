"""`docs/your-own-router.md`, followed word for word; and its tables name every field of the rows, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import pages
import pytest

from sim.serving.scoring import ReplicaRow, RequestRow

TEXT = (Path(__file__).parents[2] / "docs" / "your-own-router.md").read_text(encoding="utf-8")


@pytest.mark.compiled
def test_the_page_can_be_followed_word_for_word(tmp_path):
    assert [step.language for step in pages.steps(TEXT)] == ["python", "sh", "sh", "sh"]
    pages.follow(TEXT, tmp_path)
    assert (tmp_path / "reports" / "scenario" / "report.html").is_file()


@pytest.mark.parametrize(("head", "row"), [("replica", ReplicaRow), ("request", RequestRow)])
def test_its_tables_are_the_rows(head: str, row: type):
    (table,) = re.findall(rf"\| {head} \| unit \| what it is \|\n\| --- \| --- \| --- \|\n((?:\|.*\n)+)", TEXT)
    assert re.findall(r"^\| `(\w+)`", table, re.MULTILINE) == list(row._fields)
