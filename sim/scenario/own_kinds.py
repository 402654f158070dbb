"""Kinds that are not the simulator's own: a run depends on their source, so its key does too."""

from __future__ import annotations

import functools
import hashlib
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sim.blocks import Block, Table

_HOLDERS = (Block, dict, list, tuple)


def own_kinds(value: Any) -> dict[str, str]:
    """SHA-256 of the source of every registered kind used in a resolved scenario, by module and class."""
    if not Table.foreign:
        return {}
    return dict(sorted((f"{kind.__module__}.{kind.__qualname__}", _digest(kind)) for kind in set(_foreign(value))))


def _foreign(value: Any) -> Iterator[type[Block]]:
    if isinstance(value, Block):
        if not type(value).__module__.startswith("sim."):
            yield type(value)
        for item in vars(value).values():
            # Most of what stands in blocks is a number or a text: to go into each would take longest of all.
            if isinstance(item, _HOLDERS):
                yield from _foreign(item)
    elif isinstance(value, dict):
        for item in value.values():
            if isinstance(item, _HOLDERS):
                yield from _foreign(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            if isinstance(item, _HOLDERS):
                yield from _foreign(item)


@functools.lru_cache(maxsize=64)
def _digest(kind: type[Block]) -> str:
    return hashlib.sha256(_source(kind)).hexdigest()


def _source(kind: type[Block]) -> bytes:
    """The whole file, as rules call their neighbours; in a notebook the class and its rule or score alone."""
    file = getattr(sys.modules.get(kind.__module__), "__file__", None)
    if file is not None and Path(file).is_file():
        return Path(file).read_bytes()
    rules = [getattr(kind, name, None) for name in ("rule", "score")]
    # A function that numba has decorated stands before the plain one.
    parts = [_text(part) for part in (kind, *(getattr(rule, "py_func", rule) for rule in rules if callable(rule)))]
    return "\n".join(filter(None, parts)).encode() or kind.__qualname__.encode()


def _text(part: Any) -> str:
    """The source of a class or function; none where it was typed into a prompt that keeps no source, or made of a function."""
    try:
        return inspect.getsource(part)
    except (OSError, TypeError):
        return ""
