"""A block of a scenario file, and tables of kinds of blocks.

`Block` is the frozen pydantic model whose fields ARE the YAML keys; a docstring under a field is its one line of
documentation. `Table` maps a kind's name to its block; a field annotated with `Annotated[Any, OneOf(TABLE)]` reads
a block by its `kind`, looked up when a file is read, so that a registered user's kind is found too.
"""

from __future__ import annotations

import ast
import contextlib
import datetime
import functools
import inspect
import itertools
import sys
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import PydanticCustomError, core_schema

from sim.errors import nearest
from sim.units import Dated


class Block(BaseModel):
    """Base of everything that stands in YAML: unknown keys refused, values never changed after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    def at(self, day: datetime.date) -> Self:
        """Give this block with every dated value replaced by the one in force on `day`; itself where nothing is dated."""
        changed: dict[str, Any] = {}
        for name in type(self).model_fields:
            value = getattr(self, name)
            now = _at(value, day)
            if now is not value:
                changed[name] = now
        return self.model_copy(update=changed) if changed else self


def _at(value: Any, day: datetime.date) -> Any:
    if isinstance(value, Dated):
        return value.at(day)
    if isinstance(value, Block):
        return value.at(day)
    if isinstance(value, Mapping):
        now = {key: _at(item, day) for key, item in value.items()}
        return now if any(now[key] is not item for key, item in value.items()) else value
    return value


def meaning(block: type[Block], key: str) -> str:
    """What the docstring under a field says, by its key in YAML; that of the class it comes from; empty where there is none.

    Read from the source when it is asked for: pydantic's own `use_attribute_docstrings` reads it at the start of every process,
    a third of a second for all blocks together.
    """
    attribute = next((name for name, field in block.model_fields.items() if field.alias == key), key)
    said = (_docstrings(base).get(attribute) for base in block.__mro__ if issubclass(base, Block))
    return next((text for text in said if text is not None), "")


@functools.cache
def _docstrings(block: type[Block]) -> dict[str, str]:
    """Docstrings under the fields that a class brings itself."""
    tree = _module(block.__module__)
    for name in block.__qualname__.replace(".<locals>", "").split("."):
        tree = next((node for node in getattr(tree, "body", []) if getattr(node, "name", None) == name), None)
    if not isinstance(tree, ast.ClassDef):
        tree = _typed(block)
    body = tree.body if tree is not None else []
    return {
        field.target.id: inspect.cleandoc(below.value.value)
        for field, below in itertools.pairwise(body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) and isinstance(below.value.value, str)
    }


@functools.cache
def _module(name: str) -> ast.AST | None:
    """The source of a module as a tree; None where it has none to read."""
    with contextlib.suppress(KeyError, OSError, TypeError, SyntaxError):
        return ast.parse(inspect.getsource(sys.modules[name]))
    return None


def _typed(block: type[Block]) -> ast.ClassDef | None:
    """A class that its module's source does not show at its place: typed into a notebook, or below an `if`. None: not to be read."""
    with contextlib.suppress(OSError, TypeError, SyntaxError):
        tree = ast.parse(textwrap.dedent(inspect.getsource(block)))
        return next((node for node in tree.body if isinstance(node, ast.ClassDef)), None)
    return None


class Table(Mapping[str, type[Block]]):
    """The kinds of one primitive by name, in the order of registration; `kind` is a field of each block.

    `later` names kinds that a later version brings: a file that uses one is told so.
    """

    foreign: ClassVar[bool] = False
    """Whether any table ever held a kind that is not the simulator's own."""

    def __init__(self, name: str, later: tuple[str, ...] = ()) -> None:
        self.name = name
        self.later = later
        self._kinds: dict[str, type[Block]] = {}

    def register(self, kind: type[Block]) -> type[Block]:
        """Add a block whose `kind` field has a literal default; returns it, so that it serves as a decorator."""
        name = kind.model_fields["kind"].default
        if not isinstance(name, str):
            raise TypeError(f"{kind.__name__}.kind must have a string as default; {name!r} found")
        if name in self._kinds:
            raise ValueError(f"{self.name}: kind {name!r} is registered already")
        self._kinds[name] = kind
        if not kind.__module__.startswith("sim."):
            Table.foreign = True
        return kind

    def remove(self, name: str) -> None:
        """Take a kind out again (tests of registration use it)."""
        del self._kinds[name]

    def without(self, *names: str) -> Table:
        """The table less some kinds, those registered later included: what may stand inside a kind of the table itself."""
        return _Without(self, names)

    def __getitem__(self, name: str) -> type[Block]:
        return self._kinds[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._kinds)

    def __len__(self) -> int:
        return len(self._kinds)


class _Without(Table):
    def __init__(self, table: Table, names: tuple[str, ...]) -> None:
        super().__init__(f"{table.name} without {', '.join(names)}", table.later)
        self._table, self._names = table, names

    def __getitem__(self, name: str) -> type[Block]:
        if name in self._names:
            raise KeyError(name)
        return self._table[name]

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._table if name not in self._names)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class OneOf:
    """Pydantic marker: a block of any kind of `table`, chosen by its `kind` key (default `default`).

    Errors of the inner block are raised as one error of type `nested` whose context carries pydantic's list under
    `errors`; the scenario reader flattens them and adds the outer path.
    """

    def __init__(self, table: Table, default: str | None = None) -> None:
        self.table = table
        self.default = default

    def _read(self, value: Any, info: Any) -> Block:
        if isinstance(value, Block):
            return value
        if not isinstance(value, Mapping):
            raise PydanticCustomError(
                "block",
                "{message}",
                {"message": f"{value!r} found; must be a block with `kind`", "hint": f"kinds: {', '.join(self.table)}"},
            )
        kind = value.get("kind", self.default)
        if kind is None:
            raise PydanticCustomError(
                "missing_kind", "{message}", {"message": "`kind` is missing", "hint": f"one of {', '.join(self.table)}"}
            )
        known = isinstance(kind, str) and kind in self.table
        if not known and isinstance(kind, str) and kind in self.table.later:
            message = f"`{kind}` is read but not simulated yet in this version"
            raise PydanticCustomError(
                "later", "{message}", {"message": message, "hint": f"one of {', '.join(self.table)}", "at": "kind"}
            )
        if not known:
            near = nearest(str(kind), self.table, 1)
            hint = f"did you mean `{near[0]}`?" if near else ""
            raise PydanticCustomError(
                "union_tag_invalid",
                "{message}",
                {"message": f"'{kind}' is not one of {', '.join(self.table)}", "hint": hint, "at": "kind"},
            )
        try:
            return self.table[kind].model_validate({**value, "kind": kind}, context=info.context)
        except ValidationError as error:
            raise PydanticCustomError(
                "nested", "{count} problems", {"count": error.error_count(), "errors": error.errors()}
            ) from None

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        return core_schema.with_info_plain_validator_function(
            self._read,
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda block: block.model_dump(mode="json"), when_used="json-unless-none"
            ),
        )

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        return {"oneOf": [handler(block.__pydantic_core_schema__) for block in self.table.values()]}


def sourced(default: Any, source: str, flag: str, changes: str = "", **bounds: Any) -> Any:
    """A pydantic field with a default whose origin is told: `source` (document, date) and a flag.

    `flag` is `measured | fitted | borrowed | assumed`; `changes` says what another value would alter. Fields left at
    such a default are listed among the assumptions a run rests on.
    """
    from pydantic import Field

    if flag not in FLAGS:
        raise ValueError(f"flag {flag!r} found; must be one of {', '.join(FLAGS)}")
    return Field(default, json_schema_extra={"source": source, "flag": flag, "changes": changes}, **bounds)


def newer(default: Any = None, **bounds: Any) -> Any:
    """A pydantic field of a key that came later than files without it: left out wherever it is written at its default.

    So a resolved scenario that does not use the key has the text, and a run the store's key, that they had before.
    """
    from pydantic import Field

    return Field(default, exclude_if=lambda value: value == default, **bounds)


FLAGS = ("measured", "fitted", "borrowed", "assumed", "illustrative")
