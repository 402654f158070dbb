"""Our intervals hold the truth as often as they say; what would not, an interval over single requests, is printed nowhere."""

import re

import pytest

from benchmarks.coverage import HIGH, LOW, NAIVE, ours
from sim.report.figures import entries
from sim.report.html import page
from sim.report.markdown import markdown
from sim.report.terminal import format_study
from sim.scenario import load
from sim.study import run
from tests.study.small import SMALL


@pytest.mark.slow
def test_nominal_95_percent_covers_93_to_97_on_queues_with_known_answers():
    rows = ours(1000)
    assert len(rows) == 9
    for row in rows:
        if row.method == NAIVE:
            assert row.covered < 0.7, row  # what single requests would claim
        else:
            assert LOW <= row.covered <= HIGH, row


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """`served(replications)`: the record of a study that serves some thousand requests."""
    folder = tmp_path_factory.mktemp("served")
    text = SMALL.replace("60 day", "2 day").replace("{mode: capacity}", "{mode: sampled, window: 10 min, per_epoch: 1}")
    (folder / "small.yaml").write_text(
        text.replace("tao.emission_coin]", "tao.ttft_p50_s, tao.e2e_p95_s]"), encoding="utf-8"
    )
    return lambda replications: run(load(folder / "small.yaml"), folder / "s", jobs=1, replications=replications)


def texts(record):
    """Everything that a reader is shown, as plain text; shares of replications (`came in 0 of 3`) have intervals of their own."""
    shown = entries(record)
    html = re.sub(r"<style>.*?</style>|<details>.*?</details>|<[^>]+>", " ", page(record, shown), flags=re.DOTALL)
    each = {"terminal": format_study(record), "markdown": markdown(record, shown).replace("\\", ""), "page": html}
    return {where: re.sub(r"came in \d+ of \d+\s+\[[^]]+\]", "", text) for where, text in each.items()}


INTERVAL = re.compile(r"\[[-−+]?\d[\d.,]*(?: M)?,\s[-−+]?\d[\d.,]*(?: M)?\]")


@pytest.mark.compiled
def test_one_run_of_thousands_of_requests_has_no_interval_anywhere(served):
    one = served(1)
    assert one.counts["completed"] > 2000
    assert all((row.low, row.high, row.sd) == (None, None, None) for row in one.outcomes)
    assert [where for where, text in texts(one).items() if INTERVAL.search(text)] == []
    # The same texts of three runs show what the pattern finds: intervals over runs.
    assert [where for where, text in texts(served(3)).items() if INTERVAL.search(text)] == [
        "terminal",
        "markdown",
        "page",
    ]


@pytest.mark.compiled
def test_every_interval_is_over_replications(served):
    three = served(3)
    spread = [row for row in three.outcomes if row.sd]
    assert {"tao.ttft_p50_s", "tao.e2e_p95_s"} <= {row.outcome for row in spread}
    for row in spread:
        half = 4.30265 * row.sd / 3**0.5  # t at 97.5 % with two degrees of freedom
        # Cut at most on one side, where the outcome cannot be.
        assert max(row.high - row.mean, row.mean - row.low) == pytest.approx(half, rel=1e-4)
        assert row.high - row.low <= 2 * half * 1.0001
