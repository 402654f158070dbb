"""`docs/model-description.md`: each item of ODD and STRESS-DES once and in order, and the kinds and files that the code has."""

from __future__ import annotations

import re
from pathlib import Path

from sim.scenario.catalogue import tables
from sim.serving.contract import Fate

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "model-description.md").read_text(encoding="utf-8")
# Grimm et al. 2020, figure 1; Monks et al. 2019, table of STRESS-DES 1.0 (2.5 is the five components).
CONCEPTS = """Basic principles, Emergence, Adaptation, Objectives, Learning, Prediction, Sensing, Interaction, Stochasticity,
 Collectives, Observation"""
ITEMS = """1.1 1.2 1.3 2.1 2.2 2.3 2.4 2.5.1 2.5.2 2.5.3 2.5.4 2.5.5 3.1 3.2 3.3 3.4 4.1 4.2 4.3 5.1 5.2 5.3 5.4 6.1"""


def test_the_seven_elements_and_eleven_concepts_of_odd_are_there_in_order():
    heads = re.findall(r"^## (\d)\. ", TEXT, re.MULTILINE)
    assert heads == list("1234567")
    concepts = re.findall(r"^- \*\*(\D[^*]*)\.\*\*", TEXT, re.MULTILINE)
    assert concepts == [concept.strip() for concept in CONCEPTS.split(",")]


def test_each_item_of_the_checklist_is_answered_in_order():
    answers = re.findall(r"^- \*\*([\d.]+) [^*]+\.\*\* (\S.*)", TEXT, re.MULTILINE)
    assert [number for number, _ in answers] == ITEMS.split()


def test_its_submodels_are_the_kinds_that_come_along():
    rows = dict(re.findall(r"^\| ([a-z]+) \| (`[^|]*`) \|", TEXT, re.MULTILINE))
    own = {table.name: ", ".join(f"`{kind}`" for kind in table) for table in tables()}
    # Networks are entities of the model, not a submodel.
    assert rows == {name: kinds for name, kinds in own.items() if name != "networks"}


def test_its_fates_are_those_of_a_request():
    (told,) = re.findall(r"one of seven fates: ([^.]*) at the end\.", TEXT)
    assert {name.replace(" ", "_").upper() for name in told.split(", ")} == {fate.name for fate in Fate} | {"IN_FLIGHT"}


def test_files_that_it_names_are_there():
    named = re.findall(r"`((?:sim|tests|benchmarks|requirements)/[\w/.]+)`", TEXT)
    assert len(named) > 25
    assert [name for name in named if not (ROOT / name).exists()] == []
