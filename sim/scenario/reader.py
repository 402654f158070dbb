"""Bytes of YAML to a tree of `Node`s, or every problem with line, column and a fix.

The events of PyYAML's parser (libyaml where it exists) are built into nodes here, without recursion and with the
scalar rules of YAML 1.2 (`sim.scenario.scalars`). No tag, anchor or alias is taken: `extends` does what they would.
Limits: 5 MB by size before reading, 40 levels, 50,000 values.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from sim.errors import Problem, ScenarioError
from sim.scenario.nodes import Mark, Node, Text, short
from sim.scenario.scalars import ScalarError, resolve
from sim.scenario.syntax import syntax_problem
from sim.scenario.wrapped import unwrap

MAX_BYTES = 5_000_000
MAX_DEPTH = 40
MAX_VALUES = 50_000

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_LINE_END = re.compile(r"\r\n|\n|\r")
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


def read_file(path: str | os.PathLike[str], name: str = "") -> Node:
    """The tree of a YAML file. `name` is what messages call it (default: the path as given). Raises `ScenarioError`."""
    shown = name or os.fspath(path)
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            raise _file_error(shown, "is not a file", "give the path of a scenario file")
        if status.st_size > MAX_BYTES:
            raise _file_error(
                shown,
                f"has {status.st_size:,} bytes; a scenario has at most {MAX_BYTES:,}",
                "keep data in CSV files and name them",
            )
        data = Path(path).read_bytes()
    except FileNotFoundError:
        raise _file_error(shown, "no such file", "check the path", "missing_file") from None
    except (OSError, ValueError) as error:
        raise _file_error(
            shown, f"cannot be read: {getattr(error, 'strerror', None) or error}", "check the path and its rights"
        ) from None
    return read_bytes(data, shown, os.fspath(path))


def read_bytes(data: bytes, name: str, path: str = "") -> Node:
    """The tree of YAML given as bytes. Raises `ScenarioError`."""
    if len(data) > MAX_BYTES:
        raise _file_error(
            name,
            f"has {len(data):,} bytes; a scenario has at most {MAX_BYTES:,}",
            "keep data in CSV files and name them",
        )
    content = _decode(data, name)
    text = Text(name, path, tuple(_LINE_END.split(content)))
    _refuse_characters(content, text)
    return _Builder(text).build(content)


def read_value(words: str, name: str) -> Node:
    """The tree of one value typed on a command line (`3 year`, `{kind: fixed}`). Raises `ScenarioError`."""
    node = read_bytes(words.encode(), name)
    return _unplaced(node, Text(name, "", ()))


def _unplaced(node: Node, text: Text) -> Node:
    """The same tree with marks that know no line: what stands on a command line has none."""
    value = node.value
    if isinstance(value, dict):
        value = {key: _unplaced(item, text) for key, item in value.items()}
    elif isinstance(value, list):
        value = [_unplaced(item, text) for item in value]
    mark = Mark(text, 0, 0, 1, node.mark.typed)
    return Node(value, mark, mark if node.key else None, node.origin)


def _file_error(name: str, message: str, fix: str, kind: str = "file") -> ScenarioError:
    return ScenarioError([Problem(kind, "", f"`{name}`: {message}", fix, file=name)])


def _decode(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        problem = Problem(
            "encoding", "", f"byte 0x{data[error.start]:02x} is not UTF-8", "save the file as UTF-8", name, line, column
        )
        raise ScenarioError([problem]) from None


def _refuse_characters(content: str, text: Text) -> None:
    found = _FORBIDDEN.search(content)
    if found is None:
        return
    before = _LINE_END.split(content[: found.start()])
    line, column = len(before), len(before[-1]) + 1
    message = f"invisible or forbidden character U+{ord(found[0]):04X}"
    raise ScenarioError([Problem("character", "", message, "remove it", text.name, line, column, text.line(line))])


class _Frame:
    """A mapping or list under construction."""

    __slots__ = ("items", "key", "mark", "own_key")

    def __init__(self, items: Any, mark: Any, own_key: Mark | None) -> None:
        self.items = items
        self.mark = mark
        self.own_key = own_key
        self.key: tuple[str, Mark] | None = None


class _Builder:
    """Builds the tree from the parser's events; problems of single values are collected, of syntax are final."""

    def __init__(self, text: Text) -> None:
        self.text = text
        self.problems: list[Problem] = []
        self.stack: list[_Frame] = []
        self.root: Node | None = None
        self.values = 0

    def build(self, content: str) -> Node:
        try:
            for event in yaml.parse(content, Loader=_LOADER):
                self._take(event)
        except yaml.YAMLError as error:
            self.problems.append(syntax_problem(error, self.text))
        except _StopError:
            pass
        if self.problems:
            raise ScenarioError(self.problems)
        if self.root is None:
            raise ScenarioError(
                [
                    Problem(
                        "empty",
                        "",
                        "the file is empty",
                        "write `format: 1` and the rest; `init` gives a start",
                        self.text.name,
                        1,
                        1,
                    )
                ]
            )
        return self.root

    def _take(self, event: Any) -> None:
        rule = _RULES.get(type(event))
        if rule is not None:
            rule(self, event)

    def _mark(self, start: Any, end: Any) -> Mark:
        line = self.text.line(start.line + 1)
        stop = end.column if end.line == start.line else len(line)
        typed = line[start.column : stop].rstrip()
        return Mark(self.text, start.line + 1, start.column + 1, max(1, len(typed)), typed)

    def report(self, kind: str, mark: Mark, message: str, fix: str, final: bool = False) -> None:
        """Note a problem; `final` ends the reading."""
        where = self._path(mark)
        self.problems.append(
            Problem(
                kind,
                where,
                short(message),
                short(fix),
                mark.text.name,
                mark.line,
                mark.column,
                mark.text.line(mark.line),
                mark.length,
            )
        )
        if final:
            raise _StopError

    def _path(self, mark: Mark) -> str:
        steps = []
        for frame in self.stack:
            if isinstance(frame.items, list):
                steps.append(str(len(frame.items)))
            elif frame.key is not None:
                steps.append(frame.key[0])
        return ".".join(steps)

    def _document(self, event: Any) -> None:
        if self.root is not None:
            self.report(
                "document",
                self._mark(event.start_mark, event.end_mark),
                "a second document begins here",
                "keep one document a file: remove `---`",
                final=True,
            )
        if event.version is not None or event.tags:
            self.report(
                "directive",
                self._mark(event.start_mark, event.end_mark),
                "directives (`%`) are not taken; the format is YAML 1.2",
                "remove the line",
                final=True,
            )

    def _check(self, event: Any) -> None:
        self.values += 1
        mark = self._mark(event.start_mark, event.end_mark)
        if self.values > MAX_VALUES:
            self.report(
                "size", mark, f"more than {MAX_VALUES:,} values", "keep data in CSV files and name them", final=True
            )
        if event.anchor is not None:
            self.report(
                "anchor",
                mark,
                f"anchor `&{event.anchor}`: anchors and aliases are not taken",
                "use `extends`, or write the values out",
                final=True,
            )
        if event.tag is not None:
            self._refuse_tag(event)

    def _refuse_tag(self, event: Any) -> None:
        line = self.text.line(event.start_mark.line + 1)
        typed = re.match(r"\S+", line[event.start_mark.column :])
        word = typed[0] if typed else event.tag
        mark = Mark(self.text, event.start_mark.line + 1, event.start_mark.column + 1, len(word), word)
        self.report("tag", mark, f"tag `{word}` is not allowed", "remove it: values have no tags here")

    def _alias(self, event: Any) -> None:
        mark = self._mark(event.start_mark, event.end_mark)
        self.report(
            "alias",
            mark,
            f"alias `*{event.anchor}`: anchors and aliases are not taken",
            "use `extends`, or write the values out",
            final=True,
        )

    def _scalar(self, event: Any) -> None:
        self._check(event)
        mark = self._mark(event.start_mark, event.end_mark)
        if self._wants_key():
            self._key(event.value, mark)
            return
        value: Any = event.value
        if not event.style and event.tag is None:
            try:
                value = resolve(event.value)
            except ScalarError as error:
                self.report(error.kind, mark, str(error), error.fix)
                value = None
        self._add(Node(value, mark))

    def _wants_key(self) -> bool:
        return bool(self.stack) and isinstance(self.stack[-1].items, dict) and self.stack[-1].key is None

    def _key(self, name: str, mark: Mark) -> None:
        frame = self.stack[-1]
        if name == "<<":
            self.report("merge_key", mark, "merge key `<<` is not taken", "use `extends`", final=True)
        if not name:
            self.report("empty_key", mark, "a key is empty", "write its name before the colon")
        if name in frame.items and (first := frame.items[name].key) is not None:
            self.report(
                "duplicate_key", mark, f"key `{name}` stands twice; first on line {first.line}", "remove one of the two"
            )
        frame.key = (name, mark)

    def _open(self, event: Any) -> None:
        self._check(event)
        if self._wants_key():
            mark = self._mark(event.start_mark, event.end_mark)
            self.report(
                "complex_key",
                mark,
                "a map or list stands where a key is wanted",
                "write a name before the colon; quote text that begins with { or [",
                final=True,
            )
        own_key = (
            self.stack[-1].key[1]
            if self.stack and isinstance(self.stack[-1].items, dict) and self.stack[-1].key
            else None
        )
        if len(self.stack) >= MAX_DEPTH:
            self.report(
                "depth",
                self._mark(event.start_mark, event.end_mark),
                f"more than {MAX_DEPTH} levels",
                "a scenario needs fewer levels: check the brackets",
                final=True,
            )
        items: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
        self.stack.append(_Frame(items, event.start_mark, own_key))

    def _close(self, event: Any) -> None:
        frame = self.stack.pop()
        node = Node(frame.items, self._mark(frame.mark, event.end_mark))
        if isinstance(frame.items, dict):
            node = unwrap(node, self.report)
        self._add(node)

    def _add(self, node: Node) -> None:
        if not self.stack:
            self.root = node
            return
        frame = self.stack[-1]
        if isinstance(frame.items, list):
            frame.items.append(node)
            return
        if frame.key is not None:
            name, mark = frame.key
            frame.items[name] = node.under(mark)
            frame.key = None


class _StopError(Exception):
    """A problem after which reading on makes no sense."""


_RULES: dict[type, Callable[[_Builder, Any], None]] = {
    yaml.DocumentStartEvent: _Builder._document,
    yaml.ScalarEvent: _Builder._scalar,
    yaml.AliasEvent: _Builder._alias,
    yaml.MappingStartEvent: _Builder._open,
    yaml.SequenceStartEvent: _Builder._open,
    yaml.MappingEndEvent: _Builder._close,
    yaml.SequenceEndEvent: _Builder._close,
}
