"""A YAML file as a tree whose every value knows where it was written.

`Node` is a scalar, a mapping or a list with the `Mark` of the value and of its key. Merging (`extends`, policies,
command line) works on these trees, so that a value keeps its place however far it travels.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Text:
    """A file that was read: the name shown to people, the path on disk, and its lines for quoting."""

    name: str
    path: str
    lines: tuple[str, ...]

    def line(self, number: int) -> str:
        """Line `number` (from 1), or empty beyond the file."""
        return self.lines[number - 1] if 1 <= number <= len(self.lines) else ""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Mark:
    """A place in a file: line and column from 1, how many characters, and the text as typed."""

    text: Text
    line: int
    column: int
    length: int
    typed: str

    @property
    def where(self) -> str:
        """`file:line`, or the file's name alone where there is no line (the command line)."""
        return f"{self.text.name}:{self.line}" if self.line else self.text.name


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Origin:
    """What a sourced value says about itself: `{value: 10 %, source: ..., assumed: true, ...}`."""

    source: str = ""
    date: str = ""
    flag: str = ""
    licence: str = ""
    error: str = ""
    changes: str = ""
    note: str = ""
    range: str = ""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A scalar (None, bool, int, float, str, date), a `dict[str, Node]` or a `list[Node]`, with its marks."""

    value: Any
    mark: Mark
    key: Mark | None = None
    origin: Origin | None = None

    @property
    def is_map(self) -> bool:
        """Whether this is a mapping."""
        return isinstance(self.value, dict)

    def get(self, name: str) -> Node | None:
        """The child under `name`, or None where there is none or this is no mapping."""
        return self.value.get(name) if isinstance(self.value, dict) else None

    def under(self, key: Mark | None) -> Node:
        """The same value under another key."""
        return dataclasses.replace(self, key=key)

    def with_(self, name: str, child: Node) -> Node:
        """A copy of this mapping with `name` set."""
        return dataclasses.replace(self, value={**self.value, name: child})

    def without(self, *names: str) -> Node:
        """A copy of this mapping without `names`."""
        return dataclasses.replace(self, value={k: v for k, v in self.value.items() if k not in names})


def plain(node: Node) -> Any:
    """The tree as plain dicts, lists and scalars."""
    if isinstance(node.value, dict):
        return {name: plain(child) for name, child in node.value.items()}
    if isinstance(node.value, list):
        return [plain(child) for child in node.value]
    return node.value


def child(node: Node, step: str | int) -> Node | None:
    """The child under a key or at an index; None where there is none."""
    if isinstance(node.value, dict):
        return node.value.get(str(step))
    if isinstance(node.value, list):
        index = int(step) if str(step).isdigit() else -1
        return node.value[index] if 0 <= index < len(node.value) else None
    return None


def find(node: Node, path: str) -> Node | None:
    """The node at a dotted path, or None."""
    found: Node | None = node
    for step in split(node, path):
        if found is None:
            return None
        found = child(found, step)
    return found


def split(node: Node | None, path: str) -> list[str]:
    """The steps of a dotted path. A name that holds dots itself (`llama-3.1-8b`) is one step where `node` has it."""
    parts, steps = path.split("."), []
    while parts:
        take = 1
        if node is not None and node.is_map:
            take = next((n for n in range(len(parts), 0, -1) if ".".join(parts[:n]) in node.value), 1)
        steps.append(".".join(parts[:take]))
        node = child(node, steps[-1]) if node is not None else None
        parts = parts[take:]
    return steps


def leaves(node: Node, path: str = "") -> Iterator[tuple[str, Node]]:
    """All scalars, lists and empty maps with their dotted path, in order."""
    if isinstance(node.value, dict) and node.value:
        for name, item in node.value.items():
            yield from leaves(item, f"{path}.{name}" if path else name)
    else:
        yield path, node


def merge(base: Node, over: Node) -> Node:
    """`over` laid on `base`: maps merge deep; scalars and lists are replaced; a block of another `kind` is replaced whole.

    A block whose `kind` is stated on one side only counts as the same kind: the other side leaves it unsaid.
    """
    if not (base.is_map and over.is_map) or _rekinded(base, over) or _is_dated(base) or _is_dated(over):
        return over if over.key is not None or base.key is None else over.under(base.key)
    merged = dict(base.value)
    for name, item in over.value.items():
        merged[name] = merge(merged[name], item) if name in merged else item
    return Node(merged, over.mark, over.key or base.key, over.origin or base.origin)


def _rekinded(base: Node, over: Node) -> bool:
    old, new = base.get("kind"), over.get("kind")
    return old is not None and new is not None and old.value != new.value


def _is_dated(node: Node) -> bool:
    """A map whose keys are dates is one value, not a block."""
    return bool(node.value) and all(name[:4].isdigit() for name in node.value)


def short(words: str, most: int = 400) -> str:
    """A message without the middle of an endless value that it quotes."""
    return words if len(words) <= most else f"{words[: most // 2]} … {words[-most // 2 + 3 :]}"
