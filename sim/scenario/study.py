"""The blocks of a scenario that say what to compare: requests, sweeps, shocks, seeds, comparison and checks."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, StringConstraints, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

from sim.blocks import Block, sourced
from sim.scenario.references import Measure, Zone, measure, zone
from sim.units import FixedDuration, FixedHourly, Quantity, Share

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
"""A name that a scenario gives: lower case, digits, `_`."""
CoinPriceKind = Literal["path", "pool", "quantity"]


def refuse(message: str, hint: str, at: str = "") -> PydanticCustomError:
    """An error of a block in the form that the reader tells: `at` names the key it belongs to."""
    return PydanticCustomError("rule", "{message}", {"message": message, "hint": hint, **({"at": at} if at else {})})


class Requests(Block):
    """Which requests are simulated one by one."""

    mode: Literal["all", "sampled", "capacity"] = "sampled"
    """Every request; those of windows; or none (capacity from the cost tables)."""
    window: FixedDuration = 300.0
    """Length of a measured window (`sampled`)."""
    per_epoch: Annotated[int, Field(ge=1, le=1000)] = 2
    """Windows in a measured epoch (`sampled`)."""
    every: Annotated[int, Field(ge=1, le=10_000)] = 1
    """Windows lie in every n-th epoch (`sampled`)."""
    lives: Literal["anew", "continued"] = "continued"
    """Lives of nodes go on from window to window as in `all`, or those of every window are drawn as if they had run for ever (`sampled`)."""
    replicas: Annotated[float, Quantity("share", above=0, high=1, dated=False)] | None = None
    """Share of each fleet's replicas that serves in a window, with that part of its requests: at least 100, 1,000 or 2,000 by router (`sampled`)."""
    budget: Annotated[int, Field(ge=1)] | None = None
    """Requests that a fleet expects in a window with its warm-up at most: one that expects more has a part of its replicas serve, at least 100, 1,000 or 2,000 by router (`sampled`)."""
    headroom: Annotated[int, Field(ge=1, le=15)] = sourced(
        2, "a modelling choice", "assumed", "how far demand can grow above its base before a run stops"
    )
    """Most that a class may want, in units of its base demand; raising it draws more requests and renumbers none."""

    @model_validator(mode="after")
    def _one_way_to_sample(self) -> Requests:
        if self.replicas is not None and self.budget is not None:
            raise refuse(
                "`replicas` and `budget` found; one of them says how many replicas serve", "leave one out", "budget"
            )
        return self


def _multiple(value: Any) -> str:
    match = _TIMES.match(str(value).strip())
    if match is None or not 0 < float(match[1]) <= 100 or float(match[1]) == 1:
        raise refuse(
            f"'{value}' found; must be a multiple of the nodes, above 0x, at most 100x, not 1x",
            "for example `0.3x` or `3x`",
        )
    return f"{float(match[1]):g}x"


_TIMES = re.compile(r"^([0-9]+(?:\.[0-9]+)?)x$")
Multiple = Annotated[str, BeforeValidator(_multiple)]
"""`0.3x`: so many times of something."""


def times(multiple: str) -> float:
    """The number of a `Multiple`."""
    return float(multiple.removesuffix("x"))


class Initial(Block):
    """The state at the start."""

    kind: Literal["given", "steady"] = "given"
    """As the file says, or solved so that nothing drifts under the baseline."""
    alternatives: Annotated[list[Multiple], Field(max_length=5)] | None = None
    """Other starts to try beside the given one, as multiples of its nodes: `[0.3x, 3x]`."""
    scale: Multiple | None = None
    """The run begins with so many times the nodes of the start, which itself is found without them."""

    @field_validator("alternatives")
    @classmethod
    def _each_once(cls, value: list[str] | None) -> list[str] | None:
        if value is not None and len({times(one) for one in value}) < len(value):
            raise refuse("a start stands twice", "name each once")
        return value


def _initial(value: Any) -> Any:
    return {"kind": value} if isinstance(value, str) else value


@dataclasses.dataclass(frozen=True)
class Short:
    """Marks a block that may be written as one word: editors are told which."""

    words: tuple[str, ...]


Start = Annotated[Initial, BeforeValidator(_initial), Short(("given", "steady"))]
"""`given` or `steady`, short for `{kind: ...}`."""


class ByName:
    """Marks a block that may be written as the name of a file that holds it: editors are told so."""


class Shock(Block):
    """A change of something from outside, for a time; the same for all policies."""

    begins: FixedDuration = Field(alias="at")
    """When it begins, from the start of the run (`at`). Nodes go down at that instant, all else moves with the first epoch from then on."""
    target: str
    """Dotted path of what is hit, `*` for every network or class of operators: see `infermint list targets`."""
    by: Annotated[float, Quantity("share", low=-1, dated=False)] | None = None
    """Relative change: -50% is half; of nodes, the share that is down."""
    adds: FixedHourly | None = None
    """In place of `by`: an amount that is added to `outside_rent` or `hosting`."""
    lasts: FixedDuration
    """How long."""
    shape: Literal["step", "decay"] = "step"
    """In full until the end, or fading evenly from full to nothing."""

    @model_validator(mode="after")
    def _one_size(self) -> Shock:
        if (self.by is None) == (self.adds is None):
            found = "neither" if self.by is None else "both"
            raise refuse(f"{found} of `by` and `adds` found; one is needed", "write for example `by: -50 %`")
        return self


Pair = Annotated[list[Any], Field(min_length=2, max_length=2)]
Triple = Annotated[list[Any], Field(min_length=3, max_length=3)]


class Range(Block):
    """Where a number lies: bounds in its own unit, and how likely the values between them are."""

    uniform: Pair | None = None
    """Lowest and highest value, all between equally likely."""
    log_uniform: Pair | None = None
    """The same on a logarithmic scale."""
    triangular: Triple | None = None
    """Lowest, likeliest and highest value."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(law is not None for law in (self.uniform, self.log_uniform, self.triangular)) != 1:
            raise refuse("one law is needed", "write for example `{uniform: [-2.5, -0.5]}`")
        return self

    @property
    def law(self) -> Literal["uniform", "log_uniform", "triangular"]:
        """Which law it is."""
        return "uniform" if self.uniform else "log_uniform" if self.log_uniform else "triangular"

    @property
    def bounds(self) -> list[Any]:
        """The law's values as written, lowest first."""
        return self.uniform or self.log_uniform or self.triangular or []


DRAWN = ("latin_hypercube", "sobol")
"""Designs whose points are drawn from ranges, not listed."""


class Vary(Block):
    """Values that are run side by side, crossed with the policies."""

    design: Literal["grid", "zip", "latin_hypercube", "sobol"] = "grid"
    """Every combination; the first with the first, the second with the second; or points drawn from ranges: one value in each
    of as many strata, or Sobol' points, which lie most evenly."""
    points: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """How many points are drawn (`latin_hypercube`, `sobol`); of `sobol` a power of two."""
    over: dict[str, list[Any] | Range] = Field(min_length=1)
    """By dotted path the values (`grid`, `zip`), or a range such as `{uniform: [0.08 USD/kWh, 0.25 USD/kWh]}`."""

    @field_validator("over", mode="before")
    @classmethod
    def _ranges(cls, value: Any, info: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        read, wrong = dict(value), []
        for path, item in value.items():
            try:
                read[path] = Range.model_validate(item, context=info.context) if isinstance(item, Mapping) else item
            except ValidationError as error:
                wrong += [{**one, "loc": (path, *one["loc"])} for one in error.errors()]
        if wrong:
            raise PydanticCustomError("nested", "{count} problems", {"count": len(wrong), "errors": wrong})
        return read

    @model_validator(mode="after")
    def _lengths(self) -> Vary:
        for path, values in self.over.items():
            if self.design in DRAWN and isinstance(values, list):
                hint = "write for example `{uniform: [lowest, highest]}`, or use `grid`"
                raise refuse(f"`{path}` has a list; `{self.design}` draws from ranges", hint, "over")
            if self.design not in DRAWN and isinstance(values, Range):
                hint = "write a list, or `design: latin_hypercube` with `points: 64`"
                raise refuse(f"`{path}` has a range; `{self.design}` needs lists of values", hint, "over")
            if not values:
                raise refuse(f"`{path}` has no values", "write at least one", "over")
        lengths = {path: len(values) for path, values in self.over.items() if isinstance(values, list)}
        if self.design == "zip" and len(set(lengths.values())) > 1:
            told = ", ".join(f"{path} has {count}" for path, count in lengths.items())
            raise refuse(f"`zip` needs lists of one length: {told}", "add or remove values, or use `grid`", "over")
        return self

    @model_validator(mode="after")
    def _count(self) -> Vary:
        if self.design not in DRAWN:
            if self.points is not None:
                raise refuse(f"`points` found; those of `{self.design}` are what `over` lists", "remove it", "points")
            return self
        if self.points is None:
            raise refuse(f"`points` is missing: how many does `{self.design}` draw?", "write for example `points: 64`")
        if self.design == "sobol" and self.points & (self.points - 1):
            below = 1 << self.points.bit_length() - 1
            hint = f"write `points: {below}` or `points: {2 * below}`"
            raise refuse(f"{self.points} found; Sobol' points are even only by powers of two", hint, "points")
        return self


class Law(Range):
    """What is known about a parameter: its range, what that rests on, and which parameters move with it."""

    status: Literal["measured", "fitted", "borrowed", "assumed", "illustrative"] | None = None
    """What the range rests on: it decides what a headline may claim; default that of the value itself, else `assumed`."""
    group: Name | None = None
    """Parameters of one group move together, each as its `correlation` says."""
    correlation: Annotated[float, Field(ge=-1, le=1)] | None = None
    """How closely it follows its group: two members correlate by the root of the product of theirs, of opposite signs negatively."""

    @model_validator(mode="after")
    def _in_a_group(self) -> Self:
        if (self.group is None) != (self.correlation is None):
            found, other = ("group", "correlation") if self.group is not None else ("correlation", "group")
            hint = "write for example `{uniform: [0.1, 0.3], group: costs, correlation: 0.7}`"
            raise refuse(f"`{found}` found without `{other}`", hint, found)
        return self


class Seeds(Block):
    """Where randomness comes from."""

    root: Annotated[int, Field(ge=0, lt=2**63)] = 1
    """The root seed: every stream follows from it and its own name."""
    replications: Annotated[int, Field(ge=1, le=100_000)] = 10
    """Runs of each case, all with the same users under every policy."""
    per_set: Annotated[int, Field(ge=1, le=100_000)] = 2
    """Runs of each case in each set of `--uncertain N`: the first of the replications, so all sets meet the same users."""


class Equalize(Block):
    """A value of each policy is turned, by bisection over the same users, until the mean of an outcome is what is asked for."""

    outcome: str
    """`network.outcome[@...]`, over all replications."""
    value: Any
    """What it must be, in its unit; or `baseline`, what it is under the baseline."""
    by: str
    """Dotted path of the value that is turned."""
    within: Pair
    """Between which two values it is looked for."""


class Compare(Block):
    """What policies are judged by."""

    baseline: str | None = None
    """The policy that the others are compared with; default the first."""
    coin_price: Annotated[list[CoinPriceKind], Field(min_length=1)] | None = None
    """Kinds of coin price that every case runs under; default both where policies differ in what moves it."""
    outcomes: list[str] = Field(default_factory=list)
    """The outcomes compared, `network.outcome[@end | @min | @max | @DATE]`: one family for Holm's correction."""
    indifferent: dict[str, Any] = Field(default_factory=dict)
    """Differences that do not matter: `default` and single outcomes; relative (`2%`) or in the outcome's unit (`3 nodes`)."""
    equalize: Equalize | None = None
    """Turn a value of each policy until an outcome is equal."""
    hold: Literal["emission_total", "emission_value_usd", "user_price"] | None = None
    """Scale each policy to the baseline's coins emitted, their value, or the price that users paid."""

    @model_validator(mode="after")
    def _one_way(self) -> Compare:
        if self.equalize is not None and self.hold is not None:
            raise refuse("`equalize` and `hold` found; one of them makes policies equal", "leave one out", "hold")
        return self

    @field_validator("coin_price")
    @classmethod
    def _once(cls, value: list[str] | None) -> list[str] | None:
        if value is not None and len(set(value)) < len(value):
            raise refuse("a kind of coin price stands twice", "name each once")
        return value

    @property
    def zones(self) -> dict[str, Zone]:
        """The zones of indifference by outcome reference and `default` (2 % unless given)."""
        read = {name: zone(value, name) for name, value in self.indifferent.items()}
        return {"default": Zone(relative=0.02), **read}


Promise = Literal["at_most", "at_least", "below", "monotone_in"]
PROMISES: tuple[Promise, ...] = ("at_most", "at_least", "below", "monotone_in")
"""What a check may promise; one of them."""


class Check(Block):
    """A promise about an outcome, told at the end of a study."""

    outcome: str
    """`network.outcome[@...]`."""
    policy: str | None = None
    """The policy it is about; default all."""
    at_most: Any = None
    """Limit in the outcome's unit."""
    at_least: Any = None
    """Limit in the outcome's unit."""
    below: str | None = None
    """Another policy whose value must be higher."""
    monotone_in: str | None = None
    """A path of the sweep (`vary.over`): the outcome goes one way along its values, whatever the others are."""
    direction: Literal["rising", "falling"] | None = None
    """Which way it goes with `monotone_in` (needed there, and only there)."""
    confidence: Annotated[Share, Field()] = 0.95
    """Confidence of the one-sided statement."""
    severity: Literal["error", "warn"] = "error"
    """Whether a failure fails the command."""

    @model_validator(mode="after")
    def _one(self) -> Check:
        given = [name for name in PROMISES if getattr(self, name) is not None]
        if len(given) != 1:
            found = ", ".join(f"`{name}`" for name in given) or "none of them"
            raise refuse(
                f"{found} found; one of {', '.join(f'`{name}`' for name in PROMISES)} is needed",
                "write for example `at_most: 8 s`",
            )
        if (self.monotone_in is None) != (self.direction is None):
            raise refuse(
                "`monotone_in` and `direction` belong together",
                "write for example `monotone_in: networks.tao.price.output, direction: rising`",
            )
        return self

    @property
    def kind(self) -> Promise:
        """Which promise it is."""
        return next(name for name in PROMISES if getattr(self, name) is not None)

    def limit(self, ticker: str = "") -> Measure | None:
        """The limit in the outcome's unit; None for `below` and `monotone_in`. Raises `UnitError` where it is not in that unit."""
        text = self.at_most if self.at_most is not None else self.at_least
        return None if text is None else measure(text, self.outcome, ticker)
