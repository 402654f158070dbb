"""The JSON Schema (draft-07) of a scenario file, for editors: generated from the blocks, never written by hand.

Editors flag unknown keys, wrong units and unknown kinds at their line and complete names. What `extends` may bring
(keys of networks and classes) is not asked for here; `validate` does that. Written to `sim/presets/scenario.schema.json`
and `scenarios/scenario.schema.json` by `python -m sim.scenario.schema`; a test fails when they are stale.
"""

from __future__ import annotations

import datetime
import inspect
import json
import types
import typing
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import TypeAdapter

from sim.blocks import Block, OneOf, Table, meaning
from sim.records.outcomes import AGGREGATES, OUTCOMES
from sim.scenario.library import PRESETS
from sim.scenario.paths import Kind, field_names, strip
from sim.scenario.spec import RESOLVED_KEYS, Spec
from sim.scenario.study import ByName, Short
from sim.scenario.wrapped import KEYS
from sim.units import DIMENSIONS, Quantity

Schema = dict[str, Any]

FILES = (PRESETS / "scenario.schema.json", PRESETS.parent.parent / "scenarios" / "scenario.schema.json")
_NAME = r"^[a-z][a-z0-9_]*$"
_PARTIAL = ("workload", "networks", "shocks")
"""Sections whose blocks may leave keys to what they extend, and whose constants may bring their source."""


def schema() -> Schema:
    """The schema as a JSON document."""
    return _Writer().document()


def text() -> str:
    """The schema as it stands in its files."""
    return json.dumps(schema(), indent=1, sort_keys=False) + "\n"


class _Writer:
    """Collects one definition a block, kind and dimension while the blocks are walked."""

    def __init__(self) -> None:
        self.definitions: dict[str, Schema] = {"sourced": _sourced()}

    def document(self) -> Schema:
        """The whole schema."""
        top = self._object(Spec, partial=False, leave_out=RESOLVED_KEYS)
        _references(top["properties"], self.definitions)
        return {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "title": "infermint scenario, format 1",
            **top,
            "definitions": dict(sorted(self.definitions.items())),
        }

    def _object(self, block: type[Block], partial: bool, leave_out: tuple[str, ...] = ()) -> Schema:
        fields = {name: field for name, field in field_names(block).items() if name not in leave_out}
        properties: dict[str, Schema] = {}
        for name, field in fields.items():
            value = self._field(field.annotation, field.metadata, partial or (block is Spec and name in _PARTIAL))
            if partial and type(None) in typing.get_args(field.annotation) and _is_block(field.annotation):
                # Takes away the block that `extends` brings.
                value = {"if": {"type": "null"}, "then": {}, "else": value}
            described = meaning(block, name)
            # draft-07 ignores what stands beside `$ref`: wrap it, so that the line of documentation is shown.
            properties[name] = (
                {"description": described, **({"allOf": [value]} if "$ref" in value else value)} if described else value
            )
        made: Schema = {
            "type": "object",
            "description": inspect.cleandoc(block.__doc__ or ""),
            "properties": properties,
            "additionalProperties": False,
        }
        required = [name for name, field in fields.items() if field.is_required()]
        if required and not partial:
            made["required"] = required
        return made

    def _field(self, annotation: Any, metadata: Any, partial: bool) -> Schema:
        options = options_of(annotation)
        if len(options) > 1:
            return {"anyOf": [self._value(strip(option), partial) for option in options]}
        kind = strip(annotation, metadata)
        return self._value(kind, partial)

    def _value(self, kind: Kind, partial: bool) -> Schema:
        short = kind.marker(Short)
        if short is not None:
            return {"anyOf": [{"enum": list(short.words)}, self._block(kind.type, partial)]}
        if kind.marker(ByName) is not None:
            return {"anyOf": [{"type": "string", "pattern": _NAME}, self._block(kind.type, partial)]}
        if kind.quantity is not None:
            return self._quantity(kind.quantity)
        choice = kind.marker(OneOf)
        if choice is not None:
            return self._choice(choice.table, partial)
        if isinstance(kind.type, type) and issubclass(kind.type, Block):
            return self._block(kind.type, partial)
        origin = typing.get_origin(kind.type)
        arguments = typing.get_args(kind.type)
        if isinstance(origin, type) and issubclass(origin, Mapping):
            return self._map(arguments, partial)
        if origin is list and not any(
            type(marker).__module__.startswith("pydantic.functional") for marker in kind.markers
        ):
            return {"type": "array", "items": self._field(arguments[0], (), partial), **_sizes(kind)}
        return self._leaf(kind, partial)

    def _map(self, arguments: Any, partial: bool) -> Schema:
        made: Schema = {"type": "object", "additionalProperties": self._field(arguments[1], (), partial)}
        if "Name" in str(arguments[0]) or typing.get_origin(arguments[0]) is Annotated:
            made["propertyNames"] = {"pattern": _NAME}
        return made

    def _leaf(self, kind: Kind, partial: bool) -> Schema:
        if kind.type is Any and not kind.markers:
            return {}
        if kind.type is datetime.date:
            return {
                "type": "string",
                "pattern": r"^\d{4}-\d{2}-\d{2}$",
                "patternErrorMessage": "expected a date, e.g. 2028-01-01",
            }
        wanted: Any = Annotated[(kind.type, *kind.markers)] if kind.markers else kind.type
        made = TypeAdapter(wanted).json_schema()
        made.pop("description", None)
        made.pop("title", None)
        if partial and made.get("type") in ("number", "integer"):
            return {"if": {"type": "object"}, "then": {"$ref": "#/definitions/sourced"}, "else": made}
        return made

    def _block(self, block: type[Block], partial: bool) -> Schema:
        name = f"{block.__module__.removeprefix('sim.')}.{block.__name__}"
        if name not in self.definitions:
            self.definitions[name] = {}
            made = self._object(block, partial)
            if partial and name.endswith(("WorkloadClass", "Shock")):
                made["properties"]["extends"] = _EXTENDS
            self.definitions[name] = made
        return {"$ref": f"#/definitions/{name}"}

    def _choice(self, table: Table, partial: bool) -> Schema:
        """A block of one of a table's kinds: its keys by `kind`; without `kind`, the keys of all."""
        name = f"one_of_{table.name}"
        if name in self.definitions:
            return {"$ref": f"#/definitions/{name}"}
        self.definitions[name] = {}
        blocks = {kind: self._object(block, partial) for kind, block in table.items()}
        keys: dict[str, Schema] = {}
        for kind, made in blocks.items():
            made["properties"]["kind"] = {"const": kind, "description": made["description"]}
            if table.name == "networks":
                made["properties"]["extends"] = _EXTENDS
            for key, value in made["properties"].items():
                keys.setdefault(key, value if key != "kind" else {"enum": list(table)})
        branches = [
            {"if": {"required": ["kind"], "properties": {"kind": {"const": kind}}}, "then": made}
            for kind, made in blocks.items()
        ]
        branches.append(
            {"if": {"not": {"required": ["kind"]}}, "then": {"properties": keys, "additionalProperties": False}}
        )
        self.definitions[name] = {
            "type": "object",
            "properties": {"kind": {"enum": list(table), "description": f"Kind of {table.name}."}},
            "allOf": branches,
        }
        return {"$ref": f"#/definitions/{name}"}

    def _quantity(self, quantity: Quantity) -> Schema:
        name = quantity.dimension if quantity.dated else f"{quantity.dimension}_fixed"
        if name not in self.definitions:
            dimension = DIMENSIONS[quantity.dimension]
            scalar = {
                "type": "string",
                "pattern": quantity.pattern(),
                "patternErrorMessage": f"expected {dimension.label}, e.g. {dimension.example}",
            }
            step = {"if": {"type": "object"}, "then": _with_source(scalar), "else": scalar}
            dated = {
                "patternProperties": {r"^\d{4}-\d{2}-\d{2}$": step},
                "additionalProperties": False,
                "minProperties": 1,
            }
            with_source = _with_source({"$ref": f"#/definitions/{name}"})
            inner = {
                "if": {"required": ["value"]},
                "then": with_source,
                "else": dated if quantity.dated else {"$ref": "#/definitions/sourced"},
            }
            self.definitions[name] = {"if": {"type": "object"}, "then": inner, "else": scalar}
        return {"$ref": f"#/definitions/{name}"}


_EXTENDS: Schema = {
    "type": "string",
    "pattern": r"^[a-z0-9][a-z0-9._-]*$",
    "description": "Preset, or file NAME.yaml beside the scenario, whose keys hold where this block has none.",
}


def _with_source(value: Schema) -> Schema:
    """A value in a map with its source."""
    return {"allOf": [{"$ref": "#/definitions/sourced"}, {"properties": {"value": value}}]}


def _sourced() -> Schema:
    properties: dict[str, Schema] = {key: {"type": "string"} for key in KEYS if key not in ("value", "assumed")}
    return {
        "type": "object",
        "description": "A value with its source, or marked as assumed.",
        "properties": {"value": {}, "assumed": {"type": "boolean"}, **properties},
        "required": ["value"],
        "anyOf": [{"required": ["source"]}, {"required": ["assumed"]}],
        "additionalProperties": False,
    }


def _is_block(annotation: Any) -> bool:
    """Whether a field holds a block, of one kind or of several."""
    kinds = [strip(option) for option in options_of(annotation)]
    return any(k.marker(OneOf) is not None or (isinstance(k.type, type) and issubclass(k.type, Block)) for k in kinds)


def options_of(annotation: Any) -> list[Any]:
    """What a field may be: the members of a union but None, or the one type that it is."""
    if typing.get_origin(annotation) not in (typing.Union, types.UnionType):
        return [annotation]
    return [option for option in typing.get_args(annotation) if option is not type(None)]


def _sizes(kind: Kind) -> Schema:
    sizes: Schema = {}
    for marker in kind.markers:
        for ours, theirs in (("min_length", "minItems"), ("max_length", "maxItems")):
            if getattr(marker, ours, None) is not None:
                sizes[theirs] = getattr(marker, ours)
    return sizes


def _references(properties: dict[str, Schema], definitions: dict[str, Schema]) -> None:
    """Paths and outcome references are text with a form: told to editors as patterns."""
    names = "|".join(OUTCOMES)
    when = "|".join(AGGREGATES)
    outcome = {
        "type": "string",
        "pattern": rf"^(?:[a-z][a-z0-9_]*\.)?(?:{names})(?:@(?:{when}|\d{{4}}-\d{{2}}-\d{{2}}))?$",
        "patternErrorMessage": "expected network.outcome, with @end, @min, @max or @DATE if wanted; see `infermint list outcomes`",
    }
    path = {"pattern": r"^(?:networks|workload|latency|outages|jobs|gpus|models)\..+$"}
    policy = {"type": "object", "propertyNames": {"pattern": r"^(?:networks|workload)\..+$"}}
    properties["policies"]["additionalProperties"] = policy
    properties["uncertain"]["propertyNames"] = path
    keys = {name: definitions[f"scenario.study.{name}"]["properties"] for name in ("Vary", "Compare", "Check")}
    keys["Vary"]["over"]["propertyNames"] = path
    keys["Compare"]["outcomes"]["items"] = outcome
    keys["Check"]["outcome"].update(outcome)


def write() -> None:
    """Write the schema into its files."""
    for path in FILES:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text(), encoding="utf-8")


if __name__ == "__main__":
    write()
