"""Parts of scenario files on pages: laid over the first study's file, they have no key and no value that a file may not have."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pages
import pytest
import yaml

from sim.errors import ScenarioError
from sim.scenario import load
from sim.scenario.paths import field_names
from sim.scenario.spec import Spec

ROOT = Path(__file__).parents[2]
TEMPLATE = yaml.safe_load((ROOT / "sim" / "presets" / "templates" / "first-study.yaml").read_text(encoding="utf-8"))
ABOUT_THE_REST = {"missing", "unknown_path", "unknown_policy", "unknown_region", "ticker", "range", "mode", "varied"}
"""Kinds of problems that the page's own scenario would not have: its names, its mode, its length."""


def _fragments() -> list[Any]:
    found = []
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for number, block in enumerate(pages.blocks(page.read_text(encoding="utf-8"))):
            if block["language"] == "yaml" and not (block["note"] or "").startswith(("file:", "after:")):
                parsed = yaml.safe_load(block["body"])
                if isinstance(parsed, dict) and set(parsed) <= set(field_names(Spec)):
                    found.append(pytest.param(parsed, id=f"{page.name}-{number}"))
    return found


def _over(fragment: dict[str, Any]) -> dict[str, Any]:
    """The template with the fragment's keys; networks and classes of a kind of their own take the place of those there."""
    whole = copy.deepcopy(TEMPLATE)
    whole["horizon"] = "6 year"
    for key, value in fragment.items():
        if key in ("networks", "workload"):
            for name, block in value.items():
                own = "kind" in block or "extends" in block or name not in whole[key]
                first = {"extends": "bittensor_basic"} if key == "networks" and "kind" not in block else {}
                whole[key][name] = {**(first if own else whole[key][name]), **block}
        else:
            whole[key] = value
    return whole


@pytest.mark.parametrize("fragment", _fragments())
def test_a_part_of_a_file_has_keys_and_values_of_a_file(fragment: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "scenario.yaml"
    file.write_text(yaml.safe_dump(_over(fragment), sort_keys=False), encoding="utf-8")
    try:
        load(file)
    except ScenarioError as error:
        wrong = [p for p in error.problems if p.kind not in ABOUT_THE_REST and "unknown currency" not in p.message]
        assert wrong == []


def test_a_key_that_is_none_is_seen(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="unknown_key"):
        test_a_part_of_a_file_has_keys_and_values_of_a_file({"networks": {"net": {"prise": {}}}}, tmp_path)


def test_there_are_parts_to_try() -> None:
    assert len(_fragments()) > 12
