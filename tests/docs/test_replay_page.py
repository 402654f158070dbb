"""`docs/replay.md`: its command prints what the page shows, on the log that comes along."""

from __future__ import annotations

import shutil
from pathlib import Path

import pages
import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.compiled
def test_the_replay_of_the_page_prints_what_it_shows(tmp_path):
    shutil.copytree(ROOT / "scenarios" / "logs", tmp_path / "scenarios" / "logs")
    (step,) = pages.steps((ROOT / "docs" / "replay.md").read_text(encoding="utf-8"))
    done = pages.run(step, tmp_path)
    assert done.returncode == 0, done.stderr
    assert pages.differs(step.shown, pages.printed(done)) is None, pages.printed(done)
    assert (tmp_path / "reports" / "replay-rtx_4090_llama-3.1-8b" / "latencies.svg").is_file()
