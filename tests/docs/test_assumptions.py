"""The page of assumptions: in step with presets and code, complete, and made of parameters that something reads."""

from __future__ import annotations

import ast

import pytest

from sim.blocks import Block
from sim.scenario.assumptions import FILE, FOLDERS, fields, fixed, is_table, of_chain, of_code, of_preset, page
from sim.scenario.library import PRESETS, preset_names
from sim.scenario.nodes import leaves
from sim.scenario.reader import read_file
from sim.scenario.spec import Spec
from sim.serving.catalogue import Gpu, LlmModel
from sim.units import readable

PRESET_FILES = [(folder, name) for folder in FOLDERS for name in preset_names(folder)]

UNREAD = {
    "plausible": "tests hold the shipped networks to it",
    "mtok_per_day": "the same",
    "usd_per_day": "the same",
    "bf16_tflops": "benchmarks/borrow_figures.py makes cost figures of it",
    "intermediate": "the same; a model's shape",
    "head_dim": "the same",
    "vocabulary": "the same",
    "quality": "what demand and verification will see of a model",
}
"""Keys of the format that no code of the simulator reads, and why they are there."""


@pytest.mark.long
def test_the_page_is_in_step_with_presets_and_code():
    assert FILE.read_text(encoding="utf-8") == page(), "run: python -m sim.scenario.assumptions"


@pytest.mark.parametrize(("folder", "name"), PRESET_FILES)
def test_every_figure_of_a_preset_is_sourced_or_assumed_and_says_what_it_alters(folder, name):
    for row in of_preset(folder, name):
        assert row.source or row.flag == "assumed", row.key
        assert row.alters, f"{folder}/{name}.yaml: {row.key} does not say what another value would alter"


@pytest.mark.parametrize(("folder", "name"), PRESET_FILES)
def test_no_number_of_a_preset_is_missing_from_the_page(folder, name):
    told = [row.key for row in of_preset(folder, name)]
    for path, leaf in leaves(read_file(PRESETS / folder / f"{name}.yaml")):
        number = isinstance(leaf.value, (int, float)) or (isinstance(leaf.value, str) and leaf.value[:1].isdigit())
        # `per_node` is the count that the file's other figures are for, not a figure by itself.
        if number and not path.endswith(".per_node"):
            assert any(path == key or path.startswith(f"{key}.") for key in told), f"{folder}/{name}.yaml: {path}"


@pytest.mark.parametrize("folder", ["gpus", "workloads"])
def test_condensed_figures_carry_source_licence_error_and_flag(folder):
    tables = 0
    for name in preset_names(folder):
        for path, node in _maps(read_file(PRESETS / folder / f"{name}.yaml")):
            if is_table(node):
                tables += 1
                missing = [key for key in ("source", "date", "licence", "flag") if node.get(key) is None]
                # What was counted, not fitted, has no error of its own.
                if node.get("flag").value != "measured" and node.get("error") is None:
                    missing.append("error")
                assert not missing, f"{folder}/{name}.yaml: {path} lacks {missing}"
    assert tables >= 3


def _maps(node, path=""):
    if node.is_map:
        yield path, node
        for key, item in node.value.items():
            yield from _maps(item, f"{path}.{key}")


def test_every_sourced_default_of_a_block_is_on_the_page():
    listed = {row.key.rpartition(".")[2] for row in of_code()}
    for block in _subclasses(Block):
        for name, field in block.model_fields.items():
            extra = field.json_schema_extra
            if block.__module__.startswith("sim.") and isinstance(extra, dict) and "flag" in extra:
                assert name in listed, f"{block.__name__}.{name}"


def _subclasses(block):
    for each in block.__subclasses__():
        yield each
        yield from _subclasses(each)


@pytest.mark.long
def test_constants_that_code_calls_assumed_are_on_the_page():
    assert {row.key.split()[0] for row in fixed()} >= {"FEE_HALF_LIFE_S"}
    assumed = {row.key.split()[0]: row for row in of_chain() if row.flag == "assumed"}
    assert set(assumed) == {"recycling_spread", "age_blocks", "most_of_stake"}
    assert all(row.alters and f"| `{row.key}` |" in page() for row in assumed.values())


@pytest.mark.long
def test_every_declared_parameter_is_read_somewhere():
    read: set[str] = set()
    for path in PRESETS.parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                read.add(node.attr)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                read.add(node.value)
    declared = {path.rpartition(".")[2] for root in (Spec, Gpu, LlmModel) for path, _ in fields(root)}
    assert len(declared) > 100
    assert {name for name in declared if name not in read} <= set(UNREAD) <= declared


@pytest.mark.parametrize(
    ("value", "dimension", "text"),
    [(600.0, "duration", "10 min"), (3_888_000.0, "duration", "45 day"), (0.24 / 604_800, "rate", "0.24 /week")],
)
def test_a_default_is_told_in_the_unit_in_which_it_is_shortest(value, dimension, text):
    assert readable(value, dimension) == text
