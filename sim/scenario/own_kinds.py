"""Kinds that are not the simulator's own: a run depends on their source, so its key does too."""

from __future__ import annotations

import functools
import hashlib
import inspect
import sys
from pathlib import Path
from typing import Any

from sim.blocks import Block, Table
from sim.kept import Kept

_HOLDERS = (Block, dict, list, tuple)
_PLAIN = frozenset({float, int, str})


def own_kinds(value: Any) -> dict[str, str]:
    """SHA-256 of the source of every registered kind used in a resolved scenario, by module and class."""
    if not Table.foreign:
        return {}
    return dict(sorted((f"{kind.__module__}.{kind.__qualname__}", _digest(kind)) for kind in _foreign(value)))


_NAMED: Kept[set[type[Block]]] = Kept()
"""By the blocks that stand under a name, as networks and classes do: most cases of a study share them."""


def _foreign(value: Any) -> set[type[Block]]:
    """Kinds of a block, map or list, and of all that stands in it."""
    found = set[type[Block]]()
    # Most of what stands in blocks is a number or a text: to go into each would take longest of all.
    if isinstance(value, Block):
        if not type(value).__module__.startswith("sim."):
            found.add(type(value))
        inner = [_foreign(item) for item in vars(value).values() if isinstance(item, _HOLDERS)]
    elif isinstance(value, dict):
        inner = [_named(item) for item in value.values() if isinstance(item, _HOLDERS)]
    else:
        held = () if _PLAIN.issuperset(map(type, value)) else value
        inner = [_foreign(item) for item in held if isinstance(item, _HOLDERS)]
    return found.union(*inner)


def _named(value: Any) -> set[type[Block]]:
    if isinstance(value, Block):
        return _NAMED.get((value,), (), functools.partial(_foreign, value))
    return _foreign(value)


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
