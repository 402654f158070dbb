"""Kinds that are not the simulator's own: a run depends on their source, so its key does too."""

from __future__ import annotations

import functools
import hashlib
import inspect
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sim.blocks import Block


def own_kinds(value: Any) -> dict[str, str]:
    """SHA-256 of the source of every registered kind used in a resolved scenario, by module and class."""
    return dict(sorted((f"{kind.__module__}.{kind.__qualname__}", _digest(kind)) for kind in set(_foreign(value))))


def _foreign(value: Any) -> Iterator[type[Block]]:
    if isinstance(value, Block):
        if not type(value).__module__.startswith("sim."):
            yield type(value)
        for name in type(value).model_fields:
            yield from _foreign(getattr(value, name))
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _foreign(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _foreign(item)


@functools.lru_cache(maxsize=64)
def _digest(kind: type[Block]) -> str:
    return hashlib.sha256(_source(kind)).hexdigest()


def _source(kind: type[Block]) -> bytes:
    """The whole file, as rules call their neighbours; in a notebook the class and its rule alone."""
    file = getattr(sys.modules.get(kind.__module__), "__file__", None)
    if file is not None and Path(file).is_file():
        return Path(file).read_bytes()
    rule = getattr(kind, "rule", None)
    try:
        parts = [inspect.getsource(kind), inspect.getsource(rule) if callable(rule) else ""]
    except (OSError, TypeError):
        # Typed into a prompt that keeps no source: the name is all there is.
        parts = [kind.__qualname__]
    return "\n".join(parts).encode()
