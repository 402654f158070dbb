"""What a pass costs, as people write it down: curves and coefficients in seconds, each set with its source and flag.

Figures belong to one GPU, one model and one tensor-parallel degree. `sim.serving.derive` makes of them what a replica
pays, `sim.serving.tables` the integers of the engines.
"""

from __future__ import annotations

import itertools
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from sim.blocks import Block, OneOf, Table
from sim.units import Quantity

MOST_COUNTS = 1_048_576
"""Counts of a curve end here, as the tokens of a pass do: a table holds an entry a count."""

Seconds = Annotated[float, Quantity("duration", low=0, dated=False)]
"""Seconds, >= 0, the same for the whole run."""


class Knots(Block):
    """A measured curve: seconds at growing counts, linear in between.

    Below the first count the first value holds; after the last the curve goes on with `beyond` seconds a count.
    """

    counts: list[int]
    """Tokens of a pass, or sequences in it; strictly ascending, from 1 on."""
    seconds: list[float]
    """Seconds at each count, > 0."""
    beyond: float = Field(0.0, ge=0)
    """Seconds for each further count after the last."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        _require_ascending(self.counts, "counts")
        if len(self.seconds) != len(self.counts) or min(self.seconds) <= 0:
            text = f"`seconds` must hold {len(self.counts)} positive numbers, one a count; {len(self.seconds)} found"
            raise _wrong(text, "seconds")
        return self


class Experts(Block):
    """Measured times of a mixture's experts over all layers: seconds by tokens of a pass and experts that it wakes.

    Linear between the points given, in tokens and in experts, and carried on past the last ones.
    """

    tokens: list[int] = Field(max_length=128)
    """Tokens of a pass; strictly ascending, from 1 on."""
    activated: list[int] = Field(max_length=1024)
    """Experts of a layer that the pass wakes; strictly ascending, from 1 on."""
    seconds: list[list[float]]
    """One row a number of tokens: seconds, > 0, for the first ones of `activated`, as far as so many tokens can wake."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        _require_ascending(self.tokens, "tokens")
        _require_ascending(self.activated, "activated")
        widths = [len(row) for row in self.seconds]
        if len(widths) != len(self.tokens) or not all(1 <= width <= len(self.activated) for width in widths):
            text = f"`seconds` must hold {len(self.tokens)} rows of 1 to {len(self.activated)} numbers"
            raise _wrong(text, "seconds")
        if min(min(row) for row in self.seconds) <= 0:
            raise _wrong("`seconds` must be positive", "seconds")
        return self


def _require_ascending(counts: list[int], key: str) -> None:
    if not counts or counts[0] < 1 or not all(a < b for a, b in itertools.pairwise(counts)):
        raise _wrong(f"`{key}` must ascend strictly from 1 or more", key)
    if counts[-1] > MOST_COUNTS:
        raise _wrong(f"`{key}` ends at {counts[-1]}; must end at {MOST_COUNTS} or before", key)


def _wrong(message: str, key: str) -> PydanticCustomError:
    return PydanticCustomError("knots", "{message}", {"message": message, "hint": "", "at": key})


Flag = Literal["measured", "fitted", "borrowed", "assumed"]
FIGURES = Table("costs")
"""The kinds of cost figures by name; a file that says no kind means `linear`."""


@FIGURES.register
class CostFigures(Block):
    """What a pass costs on one GPU with one model (`docs/serving-rules.md`, section 4), in seconds.

    `dense` and `per_sequence` hold over all layers. A pass of decodes alone pays `a0 + a1*Nd + a2*Cd` for attention; a
    pass with prefill pays `m0 + m1*Nd + m2*Cd + m3*Tp + m4 * sum k*(c + k/2)` over its prefill chunks, k tokens each on
    top of c held ones. Of a tensor-parallel group each GPU's part is meant, without the exchange between them.
    """

    kind: Literal["linear"] = "linear"
    """How attention is told: by lines."""
    dense: Knots
    """All matrix products and element-wise work of a pass, by its tokens; without the experts of a mixture."""
    experts: Experts | None = None
    """The experts of a mixture, where they were measured."""
    per_sequence: Knots
    """Output head and sampling, once a pass, by its sequences."""
    a0: Seconds
    """Decode attention: once a pass without prefill."""
    a1: Seconds
    """Decode attention: per decode."""
    a2: Seconds
    """Decode attention: per token of context."""
    m0: Seconds
    """Attention of a pass with prefill: once."""
    m1: Seconds
    """Attention of a pass with prefill: per decode in it."""
    m2: Seconds
    """Attention of a pass with prefill: per token of the decodes' context."""
    m3: Seconds
    """Attention of a pass with prefill: per prefill token."""
    m4: Seconds
    """Attention of a pass with prefill: per pair of a prefill token and a token it attends to, chunk * (held + chunk/2)."""
    source: str
    """Document and place."""
    date: str
    """When it was published or read."""
    licence: str
    """Licence of the source."""
    error: str
    """How far the figures are from what they were made of."""
    flag: Flag
    """What the figures are worth."""


@FIGURES.register
class GridFigures(Block):
    """The same read off a file of tables, as a peer's predictor gives them or a server was measured: `sim.serving.grid`.

    They hold for one degree, one model of 16 bits, and as far as they reach; nothing is borrowed from them or scaled.
    """

    kind: Literal["grid"] = "grid"
    """How attention is told: by tables."""
    file: str
    """A file of four numpy arrays (.npz) beside this one, milliseconds a layer: `docs/gpus-and-models.md`."""
    source: str
    """Document and place."""
    date: str
    """When it was published or read."""
    licence: str
    """Licence of the source."""
    error: str
    """How far the figures are from what they were made of."""
    flag: Flag
    """What the figures are worth."""


Costs = dict[str, dict[str, Annotated[Any, OneOf(FIGURES, "linear")]]]
"""Cost figures by partner (model or GPU), then by degree: `tp1`, `tp2`, ..."""
