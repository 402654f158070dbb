"""Pages that say how a network, a GPU or a schedule of one's own is added, followed word for word."""

from __future__ import annotations

import datetime
import re
import sys
from pathlib import Path

import numpy as np
import pages
import pytest
import yaml

from sim.command import load_plugin
from sim.kernels.rules import compiled
from sim.scenario.network import CoinNetwork
from sim.tokenomics.supply import DAY_PS, NOTHING, SIGNATURE, SUPPLY

DOCS = Path(__file__).parents[2] / "docs"
LANGUAGES = {
    "add-a-network.md": ["yaml", "yaml", "sh", "sh", "sh", "sh"],
    "add-a-gpu.md": ["sh", "yaml", "sh", "sh", "sh"],
    "add-a-schedule.md": ["python", "python", "sh", "yaml", "sh", "sh", "sh"],
}
"""What the blocks of each page are, so that none is left out unseen."""


def _text(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")


@pytest.mark.compiled
@pytest.mark.parametrize("page", LANGUAGES)
def test_the_page_can_be_followed_word_for_word(page: str, tmp_path: Path):
    assert [step.language for step in pages.steps(_text(page))] == LANGUAGES[page]
    pages.follow(_text(page), tmp_path)
    assert (tmp_path / "reports" / "scenario" / "report.html").is_file()


def test_every_number_of_the_pages_network_has_a_source_or_says_that_it_is_assumed():
    network = yaml.safe_load(pages.steps(_text("add-a-network.md"))[0].body)
    told = list(_numbers(network))
    assert len(told) >= 30
    assert [item for item in told if not ("source" in item or ("assumed" in item and "changes" in item))] == []


def _numbers(block: dict):
    for item in block.values():
        if isinstance(item, dict) and "value" in item:
            # `constant` is a law's name: how holders value the coin.
            yield from [item] if item["value"] != "constant" else []
        elif isinstance(item, dict):
            yield from _numbers(item)


def test_the_table_of_blocks_names_keys_that_a_network_has():
    rows = re.findall(r"^\| (`[^|]*`) \|", _text("add-a-network.md"), re.MULTILINE)
    named = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert len(named) > 10
    assert set(named) <= set(CoinNetwork.model_fields)


@pytest.mark.compiled
def test_the_pages_schedule_pays_the_same_compiled_and_interpreted(tmp_path: Path):
    file = tmp_path / "linear.py"
    file.write_text(pages.steps(_text("add-a-schedule.md"))[0].body, encoding="utf-8")
    modules = set(sys.modules)
    load_plugin(file)
    try:
        schedule = SUPPLY["linear"].model_validate({"total": "5.26 MTAO", "over": "8 year", "cap": "21 MTAO"})
        start = datetime.date(2026, 1, 1)
        row, state = schedule.row(start, 9), np.zeros(0, np.int64)
        rule = compiled(SUPPLY["linear"].rule, SIGNATURE)
        for supply in (0, 20_999_000 * 10**9, 21_000_000 * 10**9):
            for day in (0, 1, 800, 2921, 2922, 4000):
                ends = (day * DAY_PS + 12_345, (day + 9) * DAY_PS + 777_777_777)
                interval = (*divmod(ends[0], DAY_PS), *divmod(ends[1], DAY_PS))
                assert rule(*interval, supply, row, NOTHING.copy(), state) == schedule.issued(*ends, supply, start, 9)
        # The cap leaves nothing, and less than the line pays.
        assert schedule.issued(0, DAY_PS, 21_000_000 * 10**9, start, 9) == 0
        assert schedule.issued(0, DAY_PS, 20_999_000 * 10**9, start, 9) == 1000 * 10**9
    finally:
        SUPPLY.remove("linear")
        for name in set(sys.modules) - modules:
            if name.startswith("infermint_plugin_"):
                del sys.modules[name]
