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
    steps = pages.steps(TEXT)
    assert [step.language for step in steps] == ["python", "sh", "sh", "sh"]
    for step in steps:
        if step.note.startswith("file: "):
            (tmp_path / step.note.removeprefix("file: ")).write_text(step.body, encoding="utf-8")
            continue
        done = pages.run(step, tmp_path)
        assert done.returncode == step.exit_code, f"{step.body}\n{done.stdout}\n{done.stderr}"
        assert step.shown is None or pages.differs(step.shown, pages.printed(done)) is None, (
            f"{step.body}\n{pages.printed(done)}"
        )
    assert (tmp_path / "reports" / "scenario" / "report.html").is_file()


@pytest.mark.parametrize(("head", "row"), [("replica", ReplicaRow), ("request", RequestRow)])
def test_its_tables_are_the_rows(head: str, row: type):
    (table,) = re.findall(rf"\| {head} \| unit \| what it is \|\n\| --- \| --- \| --- \|\n((?:\|.*\n)+)", TEXT)
    assert re.findall(r"^\| `(\w+)`", table, re.MULTILINE) == list(row._fields)
