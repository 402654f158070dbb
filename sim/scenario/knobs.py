"""What is turned until policies are equal: a value of a policy, or a factor on one.

`compare.equalize` turns the value at a path between two bounds. `compare.hold` turns a factor on what a network emits
(`supply.initial`, `supply.total` or `supply.rate`) or on both prices per token.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from sim.errors import Problem
from sim.scenario.effects import taken_once
from sim.scenario.nodes import Node, find, split
from sim.scenario.overlay import path_problem
from sim.scenario.paths import PathError, locate
from sim.scenario.problems import at
from sim.scenario.spec import Spec
from sim.units import Dated, Money, Quantity, UnitError, text_of

Values = tuple[tuple[str, str], ...]
"""Texts by dotted path, as they are laid on a policy."""
LEAST, MOST = 1 / 16, 16.0
"""Factors are looked for between these."""
ASKS = ("input", "output", "hour", "request")
"""Keys of the kinds of `price` that scale what users pay."""
EMITS = ("initial", "total", "rate")
"""Keys of the kinds of `supply` that scale what is emitted, the first that a block gives."""
OPEN = ("networks",)


@dataclasses.dataclass(frozen=True)
class Knob:
    """Turned to x, low <= x <= high: the paths' values times x where it is a factor, else x itself (in base units)."""

    paths: tuple[str, ...]
    low: float
    high: float
    factor: bool
    currency: str = ""

    def values(self, spec: Any, tree: Node, x: float) -> Values:
        """What stands at the paths of a case, `spec` without them, when the knob is at x."""
        return tuple((path, self._text(spec, tree, path, x)) for path in self.paths)

    def _text(self, spec: Any, tree: Node, path: str, x: float) -> str:
        quantity = quantity_at(tree, path)
        assert quantity is not None  # checked when the file was read
        if not self.factor:
            return text_of(Money(x, self.currency) if self.currency else x, quantity.dimension)
        return _scaled(value_at(spec, path), x, quantity.dimension)


def _scaled(value: Any, factor: float, dimension: str) -> str:
    if isinstance(value, Dated):
        return "{" + ", ".join(f"{day}: {_scaled(step, factor, dimension)}" for day, step in value.steps) + "}"
    if isinstance(value, Money):
        return text_of(Money(value.amount * factor, value.currency), dimension)
    return text_of(value * factor, dimension)


def quantity_at(tree: Node, path: str) -> Quantity | None:
    """The quantity that a path names; None where it names none."""
    try:
        return locate(Spec, tree, split(tree, path)).kind.quantity
    except PathError:
        return None


def value_at(spec: Any, path: str) -> Any:
    """The value of a resolved scenario at a path."""
    for step in path.split("."):
        spec = spec[step] if isinstance(spec, dict) else getattr(spec, step)
    return spec


def knob_of_hold(hold: str, network: str, block: Any) -> Knob | None:
    """The factor that a network's block is held equal by; None where nothing can be scaled (no emission)."""
    head = f"networks.{network}"
    if hold == "user_price":
        lists = {f"{head}.price.lists.{name}": one for name, one in getattr(block.price, "lists", {}).items()}
        asked = tuple(
            f"{path}.{key}"
            for path, one in (lists or {f"{head}.price": block.price}).items()
            for key in ASKS
            if getattr(one, key, None) is not None
        )
        return Knob(asked, LEAST, MOST, True) if asked else None
    # A chain's own schedule is no key.
    supply = block.supply if "supply" in type(block).model_fields else None
    key = next((key for key in EMITS if getattr(supply, key, None) is not None), None)
    return Knob((f"{head}.supply.{key}",), LEAST, MOST, True) if key else None


def knob_of_equalize(spec: Any, tree: Node) -> Knob:
    """The value that `compare.equalize` turns."""
    asked = spec.compare.equalize
    quantity = quantity_at(tree, asked.by)
    assert quantity is not None  # checked when the file was read
    low, high = (quantity.read(text, _tickers(spec)) for text in asked.within)
    currency = low.currency if isinstance(low, Money) else ""
    return Knob((asked.by,), _number(low), _number(high), False, currency)


def knob_problems(spec: Any, tree: Node) -> Iterator[Problem]:
    """What is wrong with the knob of `compare.equalize`."""
    asked = spec.compare.equalize
    if asked is None:
        return
    node = find(tree, "compare.equalize.by") or tree
    problem = path_problem(tree, asked.by, dataclasses.replace(node, key=None), OPEN, "`compare.equalize`")
    quantity = quantity_at(tree, asked.by)
    if problem is None and quantity is None:
        problem = at(
            node.mark,
            "knob",
            "",
            f"`{asked.by}` is no quantity",
            "name a value with a unit, for example `networks.NET.price.output`",
        )
    if problem is None and taken_once(asked.by):
        told = f"`{asked.by}` is set up at the start of a run, before policies begin"
        problem = at(node.mark, "taken_once", "", told, "turn a value that a run reads anew")
    if problem is not None:
        yield dataclasses.replace(problem, path="compare.equalize.by")
        return
    yield from _bounds(spec, tree, quantity)


def _bounds(spec: Any, tree: Node, quantity: Any) -> Iterator[Problem]:
    bounds = []
    for index, text in enumerate(spec.compare.equalize.within):
        path = f"compare.equalize.within.{index}"
        node = find(tree, path) or tree
        try:
            bounds.append(quantity.read(text, _tickers(spec)))
        except UnitError as error:
            yield at(node.mark, error.kind, path, str(error), error.hint)
    kinds = {bound.currency if isinstance(bound, Money) else "" for bound in bounds}
    if len(bounds) == 2 and (len(kinds) > 1 or not _number(bounds[0]) < _number(bounds[1])):
        node = find(tree, "compare.equalize.within") or tree
        yield at(
            node.mark,
            "range",
            "compare.equalize.within",
            "two values of one unit are needed, the lower one first",
            "write for example `[0.1 USD/Mtok, 1 USD/Mtok]`",
        )


def _number(value: Any) -> float:
    return value.amount if isinstance(value, Money) else float(value)


def _tickers(spec: Any) -> frozenset[str]:
    return frozenset(n.coin.ticker for n in spec.networks.values() if n.kind != "central")
