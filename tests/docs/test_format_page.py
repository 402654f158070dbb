"""The page of every key: in step with the blocks, whole, and with links that lead somewhere."""

from __future__ import annotations

import re

from sim.blocks import Block, Table
from sim.scenario.catalogue import tables
from sim.scenario.format_page import FILE, page
from sim.scenario.paths import field_names
from sim.scenario.spec import RESOLVED_KEYS, Spec
from sim.tokenomics.supply import SUPPLY
from sim.units import DIMENSIONS

TEXT = FILE.read_text(encoding="utf-8")
ROWS = [line for line in TEXT.splitlines() if line.startswith("| `")]


def _section(head: str) -> str:
    return TEXT.split(f"\n{head}\n", 1)[1].split("\n## ", 1)[0].split("\n### ", 1)[0]


def test_the_page_is_in_step_with_the_blocks():
    assert page() == TEXT, "run: make docs"


def test_every_top_level_key_and_every_kind_of_every_table_is_there():
    top = _section("## Top level")
    for name in field_names(Spec):
        assert (f"| `{name}` |" in top) is (name not in RESOLVED_KEYS), name
    for table in tables():
        for kind, block in table.items():
            shown = _section(f"### {table.name}: {kind}")
            for key in field_names(block):
                assert key == "kind" or f"| `{key}` |" in shown, f"{table.name}: {kind}: {key}"


def test_every_key_has_a_value_and_a_meaning():
    assert len(ROWS) > 500
    for row in ROWS:
        cells = re.split(r"(?<!\\)\|", row)[1:-1]
        assert len(cells) == 4 and all(cell.strip() for cell in cells), row


def test_every_quantity_leads_to_a_unit():
    assert {name for name in DIMENSIONS if f"| {name} |" not in _section("## Units")} == set()
    assert "| `deadline` | [duration](#units) above 0 and at most 10 day, dated | `10 min`, *assumed* |" in TEXT


def test_what_a_user_registers_is_on_a_page_made_then():
    class Flood(Block):
        """Coins without end."""

        kind: str = "flood"
        height: int = 3
        """How high it stands."""

    assert isinstance(SUPPLY, Table)
    SUPPLY.register(Flood)
    try:
        assert "### supply: flood\n\nCoins without end.\n" in page()
        assert "| `height` | whole number | `3` | How high it stands. |" in page()
    finally:
        SUPPLY.remove("flood")
    assert "flood" not in page()
