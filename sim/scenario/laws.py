"""Parameters with a range: their law in the unit of their bounds, and a value for every probability.

A `Range` of a file (`{uniform: [0.08 USD/kWh, 0.25 USD/kWh]}`) becomes an `Axis` once its path says what it is a number of.
Values are written as a person would write them, to `DIGITS` significant digits in the unit of the lowest bound, and read
again like any other value of the file; whole numbers stay whole.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import ValidationError

from sim.errors import Problem
from sim.scenario import designs
from sim.scenario.assemble import tickers_of
from sim.scenario.nodes import Mark, Node, plain, split
from sim.scenario.paths import locate
from sim.scenario.problems import at
from sim.scenario.spec import Spec
from sim.scenario.study import Range
from sim.units import Money, Quantity, UnitError, unit_written

DIGITS = 6
"""Significant digits of a value that is drawn."""


@dataclasses.dataclass(frozen=True)
class Axis:
    """A parameter and its law. `bounds` are numbers in `unit` (empty: a plain number), lowest first, strictly rising.

    `whole`: only whole numbers, the bounds among them, are drawn.
    """

    path: str
    law: str
    bounds: tuple[float, ...]
    unit: str
    whole: bool
    key: Mark | None

    def number(self, probability: float) -> float:
        """The law's quantile at a probability in [0, 1], in `unit`, to `DIGITS` digits and never outside the bounds."""
        low, high = self.bounds[0], self.bounds[-1]
        # A whole number owns the half on either side of it, so that the bounds are as likely as those between.
        edge = 0.5 if self.whole else 0.0
        found = _quantile(self.law, (low - edge, *self.bounds[1:-1], high + edge), probability)
        found = round(found) if self.whole else float(f"{found:.{DIGITS}g}")
        return min(max(found, low), high)

    def text(self, number: float) -> str:
        """A number in `unit` as it is written in a file: `0.12 USD/kWh`."""
        return f"{number:.15g} {self.unit}".rstrip()

    def node(self, number: float) -> Node:
        """A number in `unit` as a value of the file, at the place of its law."""
        value: Any = int(number) if self.whole else float(number)
        text = self.text(value)
        mark = self.key
        assert mark is not None  # what stands in a map has a key
        typed = dataclasses.replace(mark, typed=text)
        return Node(text if self.unit else value, typed, mark)


class Drawn(Sequence[tuple[tuple[str, Node], ...]]):
    """The points of a sweep that are drawn, made when the first is asked for: reading a file takes no scipy."""

    def __init__(self, axes: Sequence[Axis], design: str, count: int, root: int) -> None:
        self._axes = tuple(axes)
        self._design = {"latin_hypercube": designs.latin_hypercube, "sobol": designs.sobol}[design]
        self._count = count
        self._root = root

    @functools.cached_property
    def _points(self) -> list[tuple[tuple[str, Node], ...]]:
        cube = self._design(self._count, len(self._axes), self._root, designs.SWEEP)
        return [
            tuple((axis.path, axis.node(axis.number(float(u)))) for axis, u in zip(self._axes, row, strict=True))
            for row in cube
        ]

    def __getitem__(self, index: Any) -> Any:
        return self._points[index]

    def __len__(self) -> int:
        return self._count


def _quantile(law: str, bounds: tuple[float, ...], u: float) -> float:
    """Inverse of the law's distribution function."""
    low, high = bounds[0], bounds[-1]
    if law == "uniform":
        return low + u * (high - low)
    if law == "log_uniform":
        return low * math.exp(u * math.log(high / low))
    mode = bounds[1]
    if u * (high - low) <= mode - low:
        return low + math.sqrt(u * (high - low) * (mode - low))
    return high - math.sqrt((1 - u) * (high - low) * (high - mode))


def axis(tree: Node, path: str, node: Node) -> Axis | Problem | None:
    """The axis of a range, or what is wrong with it; None where the reader tells what is wrong already.

    The path must name something (`overlay.path_problem`), and bounds be of the right unit and within the field's own limits.
    """
    try:
        block = Range.model_validate(
            {key: value for key, value in _plain_map(node).items() if key in Range.model_fields}, context={"yaml": True}
        )
    except ValidationError:
        return None
    law, written = block.law, block.bounds
    values = node.value[law]
    place = locate(Spec, tree, split(tree, path))
    quantity = place.kind.quantity
    if quantity is None and any(isinstance(each, bool) or not isinstance(each, (int, float)) for each in written):
        return None
    unit = unit_written(written[0]) if quantity is not None else ""
    try:
        numbers = _in_unit(written, unit, quantity, tree)
    except UnitError as error:
        return at(values.mark, error.kind, path, str(error), error.hint)
    wrong = _disorder(law, numbers)
    if wrong:
        return at(values.mark, "law", path, f"{values.mark.typed or written} found; {wrong[0]}", wrong[1])
    return Axis(path, law, numbers, unit, place.kind.type is int and quantity is None, node.key)


def number_problem(tree: Node, path: str, node: Node) -> Problem | None:
    """What is wrong with a path that should name a number; the path must name something."""
    kind = locate(Spec, tree, split(tree, path)).kind
    if kind.quantity is not None or kind.type in (int, float):
        return None
    message = f"`{path}` is no number, so it cannot have a range"
    return at(node.key, "law", path, message, "name a number, or list values in `vary`")


def _plain_map(node: Node) -> dict[str, Any]:
    return plain(node) if node.is_map else {}


def _in_unit(written: list[Any], unit: str, quantity: Quantity | None, tree: Node) -> tuple[float, ...]:
    if quantity is None:
        return tuple(float(each) for each in written)
    quantity = dataclasses.replace(quantity, dated=False)
    read = [quantity.read(each, tickers_of(tree)) for each in written]
    currencies = {each.currency for each in read if isinstance(each, Money)}
    if len(currencies) > 1:
        raise UnitError(f"bounds in {' and '.join(sorted(currencies))} found", "write all in one currency", "currency")
    size = dataclasses.replace(quantity, low=None, high=None, above=None).read(f"1 {unit}", tickers_of(tree))
    return tuple(_amount(each) / _amount(size) for each in read)


def _amount(value: Any) -> float:
    return value.amount if isinstance(value, Money) else float(value)


def _disorder(law: str, numbers: tuple[float, ...]) -> tuple[str, str] | None:
    if numbers[0] >= numbers[-1] or any(a > b for a, b in itertools.pairwise(numbers)):
        return "the lowest comes first, the highest last, and they differ", "write for example `{uniform: [1, 3]}`"
    if law == "log_uniform" and numbers[0] <= 0:
        return "a logarithmic scale needs bounds above 0", "use `uniform`, or raise the lowest"
    return None


def bounds_of(node: Node) -> Iterator[Node]:
    """The values of a law's list, whatever else stands beside it."""
    for name in ("uniform", "log_uniform", "triangular"):
        values = node.get(name)
        if values is not None and isinstance(values.value, list):
            yield from values.value
