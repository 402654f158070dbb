"""Values that bring their source: `{value: 10 %, source: "paper, page, date read"}` or `{value: 10 %, assumed: true}`.

A map that has `value` and one of `source` or `assumed` is such a value; the reader takes the value and keeps the rest
as its `Origin`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from sim.errors import nearest
from sim.scenario.nodes import Mark, Node, Origin

FLAGS = ("measured", "fitted", "borrowed", "assumed", "illustrative")
FALSE_WORDS = ("no", "off", "n", "0", "false")
KEYS = ("value", "assumed", *(field.name for field in dataclasses.fields(Origin)))


def unwrap(node: Node, report: Callable[[str, Mark, str, str], None]) -> Node:
    """The value inside a sourced value, with its origin; any other map as it is. `report` is told what is wrong."""
    items: dict[str, Node] = node.value
    if "value" not in items or not ("source" in items or "assumed" in items):
        return node
    for name, item in items.items():
        if name not in KEYS and item.key is not None:
            near = nearest(name, KEYS, 1)
            report(
                "unknown_key",
                item.key,
                f"`{name}` is not a key of a sourced value",
                f"did you mean `{near[0]}`?" if near else f"keys here: {', '.join(KEYS)}",
            )
    told = {name: _word(item) for name, item in items.items() if name in KEYS and name not in ("value", "assumed")}
    assumed = items.get("assumed")
    if assumed is not None and not isinstance(assumed.value, bool):
        report(
            "bool_type",
            assumed.mark,
            f"'{assumed.mark.typed}' found; must be `true` or `false`",
            f"write `{'false' if str(assumed.value).lower() in FALSE_WORDS else 'true'}`",
        )
    elif assumed is not None and assumed.value:
        told.setdefault("flag", "assumed")
    flag = told.get("flag", "")
    if flag and flag not in FLAGS:
        report(
            "flag", items["flag"].mark, f"'{flag}' is not one of {', '.join(FLAGS)}", f"write for example `{FLAGS[0]}`"
        )
    inner = items["value"]
    return Node(inner.value, inner.mark, node.key, Origin(**told))


def _word(node: Node) -> str:
    value: Any = node.value
    return (
        value.isoformat()
        if hasattr(value, "isoformat")
        else str(value)
        if not isinstance(value, (dict, list))
        else node.mark.typed
    )
