"""The JSON Schema: in sync with the blocks, right for right files, and strict where reading is strict."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from sim.scenario.schema import FILES, schema, text

jsonschema = pytest.importorskip("jsonschema")

ROOT = Path(__file__).parents[2]
PINNED = ROOT / "tests" / "scenarios" / "format-v1.yaml"


def _data(content: str):
    """YAML as an editor sees it: dates and units are text."""
    loader = type(
        "Loader",
        (yaml.SafeLoader,),
        {
            "yaml_implicit_resolvers": {
                k: [r for r in v if r[0] != "tag:yaml.org,2002:timestamp"]
                for k, v in yaml.SafeLoader.yaml_implicit_resolvers.items()
            }
        },
    )
    return yaml.load(content, Loader=loader)


@pytest.fixture(scope="module")
def errors():
    validator = jsonschema.Draft7Validator(schema())

    def _errors(content: str) -> list[str]:
        return [".".join(map(str, error.absolute_path)) for error in validator.iter_errors(_data(content))]

    return _errors


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_the_files_are_in_sync(path):
    assert path.read_text(encoding="utf-8") == text(), "stale: run `python -m sim.scenario.schema`"


def test_it_is_draft_07():
    jsonschema.Draft7Validator.check_schema(schema())
    assert schema()["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert json.loads(text()) == schema()


@pytest.mark.parametrize(
    "path",
    [
        PINNED,
        *sorted((ROOT / "scenarios").glob("*.yaml")),
        *sorted((ROOT / "sim" / "presets" / "templates").glob("*.yaml")),
    ],
    ids=lambda path: path.name,
)
def test_our_own_scenarios_are_right(errors, path):
    assert errors(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        (
            "electricity: 0.15 USD/kWh, lead: 14 day",
            "electrcity: 0.15 USD/kWh, lead: 14 day",
            "networks.tao.operators.home",
        ),
        (
            "electricity: 0.15 USD/kWh, lead: 14 day",
            "electricity: 0.15 USD/Mtok, lead: 14 day",
            "networks.tao.operators.home.electricity",
        ),
        (
            "electricity: 0.15 USD/kWh, lead: 14 day",
            "electricity: 0.15, lead: 14 day",
            "networks.tao.operators.home.electricity",
        ),
        ("supply: {kind: halving,", "supply: {kind: halvin,", "networks.tao.supply.kind"),
        ("kind: logit,", "kind: logitt,", "workload.steady.demand.kind"),
        ("horizon: 6 year", "horizn: 6 year", ""),
        ("window: 5 min", "window: 5", "requests.window"),
        ("tao.slo_met_frac", "tao.slo_met_fraq", "compare.outcomes.1"),
        ("baseline: four_years", "base: four_years", "compare"),
        ("design: grid", "design: gird", "vary.design"),
        ("rate: 40 /s", "rate: {2026-01-01: 40 /s, soon: 50 /s}", "workload.steady.rate"),
        ("initial: steady", "initial: stedy", "initial"),
    ],
)
def test_mistakes_are_flagged_at_their_place(errors, old, new, where):
    found = errors(PINNED.read_text(encoding="utf-8").replace(old, new, 1))
    assert where in found


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("rate: 40 /s", "rate: {2026-01-01: 40 /s, 2027-01-01: 50 /s}"),
        ("rate: 40 /s", "rate: {2026-01-01: {value: 40 /s, source: log}, 2027-01-01: 50 /s}"),
        ("rate: 40 /s", "rate: {value: 40 /s, source: log, date: 2026-01-01}"),
        ("nodes: 300", "nodes: {value: 300, assumed: true, changes: size}"),
        ("initial: steady", "initial: {kind: steady}"),
        ("cap: 21 MTAO", "cap: 21000000 TAO"),
    ],
)
def test_other_ways_to_write_are_taken(errors, old, new):
    assert errors(PINNED.read_text(encoding="utf-8").replace(old, new, 1)) == []


def test_every_key_has_its_line_of_documentation():
    bare = [
        f"{name}.{key}"
        for name, block in schema()["definitions"].items()
        for key, value in block.get("properties", {}).items()
        if name != "sourced" and not value.get("description")
    ]
    assert bare == []
