"""Every resolved value of a scenario as a row: path, text, place, unit, meaning, and where a constant comes from."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pydantic.fields import FieldInfo

from sim.blocks import Block, meaning
from sim.records.study import Assumption
from sim.scenario.nodes import Node, child
from sim.scenario.paths import Kind, field_names, kind_of, strip
from sim.units import DIMENSIONS, Dated, Money, readable, text_of


@dataclasses.dataclass(frozen=True)
class Step:
    """A value that holds from `begins` (a day, or an instant within one) until the next step, and where it comes from."""

    begins: datetime.date
    text: str
    where: str = ""
    source: str = ""
    date: str = ""
    flag: str = ""


@dataclasses.dataclass(frozen=True)
class Source:
    """One resolved value: `text` as written (or the default's), `where` it stands (`file:line`, or `default`).

    `source`, `date`, `flag` (`measured | fitted | borrowed | assumed | illustrative`), `changes` are told for constants that carry
    them. `meaning` is the key's line of documentation, `unit` what it is measured in.
    """

    path: str
    text: str
    where: str
    file: str = ""
    line: int = 0
    unit: str = ""
    meaning: str = ""
    source: str = ""
    date: str = ""
    flag: str = ""
    changes: str = ""
    steps: tuple[Step, ...] = ()
    """For a value that changes at dates: which holds when, in order of time."""


class _Key(NamedTuple):
    """A key of a block, which a value stands under, itself or in a map or list."""

    owner: type[Block]
    name: str
    field: FieldInfo


def rows(block: Block, tree: Node | None, path: str = "") -> Iterator[Source]:
    """The rows of a block, keys in the order of its documentation; maps and inner blocks are entered."""
    for name, field in field_names(type(block)).items():
        attribute = next(key for key, other in type(block).model_fields.items() if other is field)
        node = child(tree, name) if tree is not None and tree.is_map else None
        below = f"{path}.{name}" if path else name
        yield from _of_value(getattr(block, attribute), node, below, kind_of(field), _Key(type(block), name, field))


def _of_value(value: Any, node: Node | None, path: str, kind: Kind, key: _Key) -> Iterator[Source]:
    if isinstance(value, Block):
        yield from rows(value, node, path)
    elif isinstance(value, Mapping) and value and not _is_leaf_map(kind):
        inner = _inner(kind)
        for name, item in value.items():
            yield from _of_value(item, child(node, name) if node is not None else None, f"{path}.{name}", inner, key)
    elif (
        isinstance(value, (list, tuple))
        and not isinstance(value, Money)
        and any(isinstance(item, Block) for item in value)
    ):
        for index, item in enumerate(value):
            yield from _of_value(
                item, child(node, index) if node is not None else None, f"{path}.{index}", Kind(type(item), ()), key
            )
    elif value is not None or node is not None:
        yield _row(value, node, path, kind, key)


def _is_leaf_map(kind: Kind) -> bool:
    return kind.type is Any


def _inner(kind: Kind) -> Kind:
    import typing

    arguments = typing.get_args(kind.type)
    return strip(arguments[1]) if len(arguments) == 2 else Kind(Any, ())


def _row(value: Any, node: Node | None, path: str, kind: Kind, key: _Key) -> Source:
    quantity = kind.quantity
    dimension = quantity.dimension if quantity is not None else ""
    told = _told(key.field) if node is None else {}
    if node is not None and node.origin is not None:
        told = {key: getattr(node.origin, key) for key in ("source", "date", "flag", "changes")}
    return Source(
        path=path,
        text=_text(value, dimension, node),
        where=node.mark.where if node is not None else "default",
        file=node.mark.text.name if node is not None else "",
        line=node.mark.line if node is not None else 0,
        unit=DIMENSIONS[dimension].label if dimension else "",
        meaning=(meaning(key.owner, key.name).splitlines() or [""])[0],
        steps=_steps(value, node, dimension) if isinstance(value, Dated) and dimension else (),
        **told,
    )


def _steps(value: Dated, node: Node | None, dimension: str) -> tuple[Step, ...]:
    """The steps of a dated value; one that brings no source of its own has that of the whole."""
    found = []
    for day, each in value.steps:
        own = child(node, day.isoformat()) if node is not None else None
        origin = (own.origin if own is not None else None) or (node.origin if node is not None else None)
        told = {key: getattr(origin, key) for key in ("source", "date", "flag")} if origin is not None else {}
        found.append(Step(day, text_of(each, dimension), own.mark.where if own is not None else "", **told))
    return tuple(found)


def _text(value: Any, dimension: str, node: Node | None) -> str:
    if node is not None and isinstance(node.value, str):
        return node.value
    if node is not None and node.mark.typed and not isinstance(node.value, (dict, list)):
        return node.mark.typed
    if isinstance(value, Dated) and dimension:
        return ", ".join(f"{day}: {text_of(step, dimension)}" for day, step in value.steps)
    if dimension and isinstance(value, (int, float, Money)) and not isinstance(value, bool):
        return readable(value, dimension)
    return "" if value is None else flow(value)


def flow(value: Any) -> str:
    """A plain value on one line as a file would have it: `{first: 2026-05-01, every: 26 week}`."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _told(field: FieldInfo | None) -> dict[str, str]:
    extra = field.json_schema_extra if field is not None else None
    if not isinstance(extra, dict) or "flag" not in extra:
        return {}
    return {key: str(extra.get(key, "")) for key in ("source", "flag", "changes")}


def assumptions(block: Block, tree: Node | None) -> list[Assumption]:
    """The constants that a run rests on: values that carry a flag, and tables of figures that carry one as a whole."""
    found = []
    for row in rows(block, tree):
        if row.flag:
            found.append(Assumption(row.path, row.text, row.flag, row.source, row.date, row.changes, row.where))
        else:
            found += [
                Assumption(
                    f"{row.path} from {step.begins}", step.text, step.flag, step.source, step.date, "", step.where
                )
                for step in row.steps
                if step.flag
            ]
    return found + list(_tables(block, tree, ""))


def _tables(value: Any, node: Node | None, path: str) -> Iterator[Assumption]:
    if isinstance(value, Block):
        flag, source = getattr(value, "flag", None), getattr(value, "source", None)
        if isinstance(flag, str) and isinstance(source, str):
            where = node.mark.where if node is not None else "default"
            yield Assumption(path, "table of figures", flag, source, str(getattr(value, "date", "")), "", where)
            return
        pairs: Any = [(name, getattr(value, name)) for name in type(value).model_fields]
    elif isinstance(value, Mapping):
        pairs = value.items()
    else:
        return
    for name, item in pairs:
        yield from _tables(
            item, child(node, name) if node is not None else None, f"{path}.{name}" if path else str(name)
        )
