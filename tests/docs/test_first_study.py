"""`docs/first-study.md`, followed word for word in an empty folder.

`INFERMINT_RECORD=1` writes what was printed into the page, in place of what it shows, where that has no `…`.
"""

from __future__ import annotations

import os
from pathlib import Path

import pages
import pytest

PAGE = Path(__file__).parents[2] / "docs" / "first-study.md"
RECORD = os.environ.get("INFERMINT_RECORD") == "1"


@pytest.mark.compiled
def test_the_first_study_can_be_followed_word_for_word(tmp_path):
    text = PAGE.read_text(encoding="utf-8")
    steps = pages.steps(text)
    assert len(steps) >= 10
    # A quarter of an hour is promised: two hundred words a minute leave half of it for the commands and the report.
    assert len(text.split()) < 200 * 7.5
    recorded = []
    for step in steps:
        if step.language == "yaml":
            pages.put(step, tmp_path / "study" / "scenario.yaml")
            continue
        done = pages.run(step, tmp_path)
        assert done.returncode == step.exit_code, f"{step.body}\n{done.stdout}\n{done.stderr}"
        if RECORD and step.shown is not None and "…" not in step.shown:
            recorded.append((step.span, pages.printed(done).strip("\n") + "\n"))
        elif step.shown is not None:
            assert step.shown.strip(), f"nothing is shown for {step.body}"
            assert pages.differs(step.shown, pages.printed(done)) is None, f"{step.body}\n{pages.printed(done)}"
    for name in ("report.html", "differences.csv", "study.sqlite"):
        assert (tmp_path / "study" / "result" / name).is_file()
    for (begin, end), said in reversed(recorded):
        text = text[:begin] + said + text[end:]
    if recorded:
        PAGE.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("shown", "found", "same"),
    [
        ("3 of 3 runs", "3  of 3\nruns", True),
        ("37 % fewer [-53, -21]", "38 % fewer [-52, -22]", True),
        ("37 % fewer", "57 % fewer", False),
        ("no difference", "lower", False),
        ("… the end", "any words, then the end", True),
        ("… the end", "the end is not yet", False),
        ("failed: a … b …", "failed: a 1 2 b 3", True),
        ("passed", "passed and more", False),
    ],
)
def test_texts_are_alike_up_to_blanks_last_digits_and_gaps(shown, found, same):
    assert (pages.differs(shown, found) is None) is same
