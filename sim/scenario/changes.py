"""What a policy or the command line changed: path, old text, new text, and the line that says so."""

from __future__ import annotations

from sim.records.study import PolicyChange
from sim.scenario.nodes import Node, leaves, plain

_LINE = 200
"""Characters of a file's line that are kept beside a change."""


def changes_between(policy: str, before: Node, after: Node) -> list[PolicyChange]:
    """The leaves that differ, in the order of `after`; what a replaced block lost is told by its `kind` alone."""
    old, new = dict(leaves(before)), dict(leaves(after))
    rekinded = tuple(
        path.removesuffix("kind")
        for path, node in new.items()
        if path.endswith(".kind") and path in old and plain(old[path]) != plain(node)
    )
    changes = []
    for path, node in new.items():
        was = old.get(path)
        if was is None or plain(was) != plain(node):
            changes.append(_change(policy, path, _typed(was), node))
    for path, node in old.items():
        if path not in new and not path.startswith(rekinded) and not any(other.startswith(f"{path}.") for other in new):
            changes.append(PolicyChange(policy, path, _typed(node), "", node.mark.text.name, 0))
    return changes


def _change(policy: str, path: str, old: str, node: Node) -> PolicyChange:
    mark = node.mark
    return PolicyChange(
        policy, path, old, _typed(node), mark.text.name, mark.line, mark.text.line(mark.line).strip()[:_LINE]
    )


def _typed(node: Node | None) -> str:
    if node is None:
        return ""
    if isinstance(node.value, list):
        return "[" + ", ".join(_typed(item) for item in node.value) + "]"
    if isinstance(node.value, dict):
        return "{" + ", ".join(f"{key}: {_typed(item)}" for key, item in node.value.items()) + "}"
    return node.mark.typed or str(node.value)
