"""Shocks by name: ready ones of `sim/presets/shocks/`, and files of that form beside the scenario.

A name in the list (`shocks: [coin_crash]`) stands for the file's own list; `{extends: coin_crash, at: 2 year}` changes keys of
each of its shocks. Where nothing says when it begins, it begins a third of the way from `policies_from` to the horizon.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from sim.errors import Problem, ScenarioError
from sim.scenario.library import Library
from sim.scenario.nodes import Node, merge
from sim.scenario.problems import at
from sim.units import UnitError, parse

FOLDER = "shocks"
ADDED = "shocks+"
"""Path under which the command line adds a shock by name to those of the file."""
WHEN = 1 / 3
"""Part of the time from `policies_from` to the horizon after which a ready shock begins (assumed)."""


def with_shocks(tree: Node, library: Library, added: Sequence[Node]) -> tuple[Node, list[Problem]]:
    """The tree with every shock by name written out, those `added` at the end; and what is wrong with them."""
    listed = tree.get("shocks")
    if listed is None and not added:
        return tree, []
    if listed is not None and not isinstance(listed.value, list):
        return tree, []  # its own error is told with the rest
    items = [*(listed.value if listed is not None else []), *added]
    found, problems = [], list[Problem]()
    for item in items:
        try:
            found += _written(item, tree, library)
        except ScenarioError as error:
            problems += error.problems
    whole = Node(found, tree.mark) if listed is None else dataclasses.replace(listed, value=found)
    return tree.with_("shocks", whole), problems


def _written(item: Node, tree: Node, library: Library) -> list[Node]:
    """The shocks that an entry of the list stands for."""
    asked = item if isinstance(item.value, str) else item.get("extends")
    if asked is None:
        return [item]
    if not isinstance(asked.value, str):
        raise ScenarioError(
            [at(asked.mark, "extends", "", "a shock extends one by name", "write for example `extends: coin_crash`")]
        )
    block = library.block(FOLDER, asked.value, asked)
    shocks = block.get("shocks")
    if shocks is None or not isinstance(shocks.value, list) or not all(one.is_map for one in shocks.value):
        raise ScenarioError(
            [at(block.mark, "block", "shocks", "this file must hold a list of shocks", "write `shocks: [{…}]`")]
        )
    own = item.without("extends") if item.is_map else Node({}, item.mark)
    return [_dated(merge(one, own), asked, tree) for one in shocks.value]


def _dated(shock: Node, asked: Node, tree: Node) -> Node:
    """The shock with the instant at which it begins; as it is where times of the scenario cannot be read."""
    if shock.get("at") is not None:
        return shock
    start, horizon = _seconds(tree.get("policies_from"), 0.0), _seconds(tree.get("horizon"), None)
    if start is None or horizon is None or horizon <= start:
        return shock
    return shock.with_("at", Node(f"{round(start + WHEN * (horizon - start))} s", asked.mark))


def _seconds(node: Node | None, missing: float | None) -> float | None:
    if node is None:
        return missing
    try:
        value: Any = parse(node.value, "duration")
    except UnitError:
        return None
    return float(value)


def shown(library_file: Node) -> str:
    """What a ready shock hits, for lists."""
    shocks = library_file.get("shocks")
    items = shocks.value if shocks is not None and isinstance(shocks.value, list) else []
    return ", ".join(str(target.value) for item in items if (target := item.get("target")) is not None)
