"""Records as text: JSON that is the same for the same content, by pydantic's own writer and reader (five times as fast as Python's).

Numbers come back as they were, to the last bit: floats are written by their shortest text, integers of any size in full.
"""

from __future__ import annotations

import dataclasses
from typing import Any

_PLAIN = frozenset({float, int, str, bool, type(None)})


def canonical(record: Any) -> str:
    """A record (and the rows in it) as JSON: sorted keys, no blanks. `ValueError` where a number is not finite."""
    from pydantic_core import from_json, to_json

    text = to_json(_in_order(record), inf_nan_mode="constants")
    if b"NaN" in text or b"Infinity" in text:
        try:
            from_json(text, allow_inf_nan=False)  # a text may say so
        except ValueError:
            raise ValueError("a number of the record is not finite") from None
    return text.decode()


def read(text: str) -> Any:
    """What a JSON text says. `ValueError` where it is none."""
    from pydantic_core import from_json

    return from_json(text, allow_inf_nan=False)


def _in_order(value: Any) -> Any:
    """The same with keys sorted, and rows of a class as tables of their fields."""
    if isinstance(value, (list, tuple)):
        return value if _PLAIN.issuperset(map(type, value)) else [_in_order(each) for each in value]
    if dataclasses.is_dataclass(value):
        value = vars(value)
    if not isinstance(value, dict):
        return value
    # Most of what stands in a record is a number or a text: to call for each would take longest of all.
    return {key: item if type(item := value[key]) in _PLAIN else _in_order(item) for key in sorted(value)}
