"""Dotted paths against the types of the blocks: which field a path names, its unit, its one line of documentation."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic.fields import FieldInfo

from sim.blocks import Block, OneOf
from sim.errors import nearest
from sim.scenario.nodes import Node, child
from sim.units import Quantity


class PathError(ValueError):
    """A step of a path names nothing; `at` is its index among the steps, `hint` what would do."""

    def __init__(self, message: str, hint: str, at: int) -> None:
        super().__init__(message)
        self.hint = hint
        self.at = at


@dataclasses.dataclass(frozen=True)
class Kind:
    """A type stripped of `Annotated` and `| None`, with its markers."""

    type: Any
    markers: tuple[Any, ...]

    def marker(self, wanted: type) -> Any:
        """The first marker of a class, or None."""
        return next((m for m in self.markers if isinstance(m, wanted)), None)

    @property
    def quantity(self) -> Quantity | None:
        """The quantity this is, or None."""
        marker: Quantity | None = self.marker(Quantity)
        return marker


@dataclasses.dataclass(frozen=True)
class Place:
    """What a path names: the field (None for entries of maps and lists), the block it belongs to, its type."""

    kind: Kind
    field: FieldInfo | None = None
    owner: type[Block] | None = None


def strip(annotation: Any, markers: Sequence[Any] = ()) -> Kind:
    """A type without `Annotated` and `None`, keeping the markers. Of several alternatives a block comes first."""
    found = list(markers)
    while True:
        origin = typing.get_origin(annotation)
        if origin is typing.Annotated:
            annotation, *inner = typing.get_args(annotation)
            found.extend(inner)
        elif origin in (typing.Union, types.UnionType):
            options = [option for option in typing.get_args(annotation) if option is not type(None)]
            annotation = next((o for o in options if block_of(strip(o), None) is not None), options[0])
        else:
            return Kind(annotation, tuple(found))


def kind_of(field: FieldInfo) -> Kind:
    """The type of a field."""
    return strip(field.annotation, field.metadata)


def block_of(kind: Kind, node: Node | None) -> type[Block] | None:
    """The block class that a value of this type is, looked up by `kind` where it is one of a table; else None."""
    choice: OneOf | None = kind.marker(OneOf)
    if choice is not None:
        named = node.get("kind") if node is not None else None
        name = named.value if named is not None else choice.default
        return choice.table.get(name) if isinstance(name, str) else None
    return kind.type if isinstance(kind.type, type) and issubclass(kind.type, Block) else None


def field_names(block: type[Block]) -> dict[str, FieldInfo]:
    """The keys of a block as they stand in YAML, with their fields."""
    return {field.alias or name: field for name, field in block.model_fields.items()}


def locate(root: type[Block], tree: Node | None, steps: Sequence[str], *, new_entry: bool = False) -> Place:
    """The place that `steps` name below a block of type `root` whose values stand in `tree`.

    Names in maps (networks, classes, operators) must exist in `tree`, but for the last step where `new_entry`. Raises
    `PathError` for a step that names nothing, with the nearest name. Inside a block whose kind is unknown, any path
    is taken: the block's own error is told elsewhere.
    """
    place = Place(Kind(root, ()))
    node = tree
    for index, step in enumerate(steps):
        block = block_of(place.kind, node)
        if block is not None:
            place = _field(block, step, index)
        elif place.kind.marker(OneOf) is not None or place.kind.type is Any:
            return Place(Kind(Any, ()))
        else:
            place = _entry(place.kind, node, step, index, new_entry and index == len(steps) - 1)
        node = child(node, step) if node is not None else None
    return place


def _field(block: type[Block], step: str, index: int) -> Place:
    fields = field_names(block)
    if step not in fields:
        raise PathError(f"`{step}` is not a key here", near_hint(step, fields), index)
    return Place(kind_of(fields[step]), fields[step], block)


def _entry(kind: Kind, node: Node | None, step: str, index: int, new_entry: bool) -> Place:
    origin = typing.get_origin(kind.type) or kind.type
    arguments = typing.get_args(kind.type)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        names = node.value if node is not None and node.is_map else {}
        if step not in names and not new_entry:
            raise PathError(f"there is no `{step}` here", near_hint(step, names), index)
        return Place(strip(arguments[1] if len(arguments) == 2 else Any))
    if isinstance(origin, type) and issubclass(origin, (list, tuple)) and step.isdigit():
        return Place(strip(arguments[0] if arguments else Any))
    raise PathError(f"`{step}` names nothing: the value before it has no keys", "shorten the path", index)


def near_hint(name: str, allowed: Any) -> str:
    """`did you mean`, or what there is."""
    names = list(allowed)
    near = nearest(name, names, 2)
    if near:
        return "did you mean " + " or ".join(f"`{n}`" for n in near) + "?"
    shown = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
    return f"there are: {shown}" if names else "there are none"
