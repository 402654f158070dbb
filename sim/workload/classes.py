"""A client class: who users are, how often they come, what they ask for and how long they wait."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self

import numpy as np
from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from sim.blocks import Block, OneOf, newer, sourced
from sim.errors import Problem
from sim.units import DAY_S, FixedDuration, Quantity, Rate
from sim.workload.arrivals import ARRIVALS, PoissonArrivals
from sim.workload.arrivals.replayed import Replayed
from sim.workload.cached import CACHED, SHARES
from sim.workload.growth import GROWTH, NoGrowth
from sim.workload.lengths import LENGTHS
from sim.workload.modulation import correlations
from sim.workload.patience import PATIENCE

MAX_DEADLINE_S = 10 * DAY_S
"""The longest deadline that 64-bit picoseconds leave room for."""
MOST_PER_S = 10**12 / 60
"""The fastest rate limit that whole picoseconds between two units can tell."""


def _refused(value: Any, info: ValidationInfo) -> Any:
    if value is not None:
        raise PydanticCustomError(
            "later",
            "{message}",
            {"message": f"`{info.field_name}` is read but not simulated yet in this version", "hint": "leave it out"},
        )
    return value


Later = Annotated[Any, BeforeValidator(_refused)]
"""A key of the format that no engine obeys yet: refused by name rather than ignored."""


def _day(profile: tuple[float, ...]) -> tuple[float, ...]:
    if len(profile) != 24:
        raise PydanticCustomError(
            "profile",
            "{message}",
            {"message": f"{len(profile)} numbers found; must be 24, one an hour of the day", "hint": ""},
        )
    if not sum(profile):
        raise PydanticCustomError(
            "profile", "{message}", {"message": "all 24 numbers are 0", "hint": "at least one must be above 0"}
        )
    return profile


Profile = Annotated[tuple[Annotated[float, Field(ge=0)], ...], Field(strict=False), AfterValidator(_day)]
"""24 numbers >= 0, not all 0."""


class RateLimit(Block):
    """How much a class may ask in a minute; what is beyond is rejected on arrival (serving rules, section 2). Bursts of a minute pass."""

    requests: Annotated[float, Quantity("rate", low=1 / 60, high=MOST_PER_S, dated=False)] | None = None
    """Requests; at least one a minute."""
    tokens: Annotated[float, Quantity("token_rate", low=1 / 60, high=MOST_PER_S, dated=False)] | None = None
    """Prompt tokens and the class's mean output; a request of more than a minute's is always rejected."""


class Slo(Block):
    """The latencies that a request must keep to count as served well."""

    ttft: FixedDuration
    """Longest time to the first token."""
    tpot: FixedDuration
    """Longest time per output token after the first."""


class ClientClass(Block):
    """Users of one kind: rate, lengths, patience, target.

    Replayed classes (arrivals of kind `trace` or `bootstrap`) take rate and lengths from their trace; other classes need `rate`,
    `prompt` and `output`.
    """

    model: str
    """The model they ask for."""
    rate: Rate | None = None
    """Requests per second at the start, before growth, profile and modulation."""
    arrivals: Annotated[Any, OneOf(ARRIVALS)] = PoissonArrivals()
    """When they come."""
    prompt: Annotated[Any, OneOf(LENGTHS)] | None = None
    """Prompt tokens; left out under a trace, the trace's own."""
    output: Annotated[Any, OneOf(LENGTHS)] | None = None
    """Output tokens; left out under a trace, the trace's own."""
    profile: Profile | None = None
    """24 numbers, one an hour of the day (UTC), in any scale: their mean is the rate."""
    correlation: dict[str, Annotated[float, Field(ge=-1, le=1)]] = Field(default_factory=dict)
    """Correlation with the rates of other log-OU classes, by their name."""
    growth: Annotated[Any, OneOf(GROWTH)] = NoGrowth()
    """How the rate grows."""
    patience: Annotated[Any, OneOf(PATIENCE)] | None = None
    """How long they wait for the first token; left out, to the deadline."""
    deadline: Annotated[float, Quantity("duration", above=0, high=MAX_DEADLINE_S)] = sourced(
        600.0,
        "no published figure; ten minutes is the time-out of common client libraries",
        "assumed",
        "how long requests are kept in overload, and how many end unserved",
    )
    """Time after arrival at which a request ends whatever its state; at most 10 days."""
    disconnect: Rate | None = None
    """Hazard of a broken connection: a request, waiting or running, lasts so long at most as an exponential of this rate."""
    cached_tokens: Annotated[Any, OneOf(CACHED)] | None = None
    """Prompt tokens whose KV is in the server already; left out, a trace's own, else none."""
    slo: Slo | None = None
    """Target latencies."""
    batch: bool = newer(False)
    """Whether requests go through the service's batch door: they pay its `price.batch`, and are served like all others."""

    region: str | None = None
    """Where users are: a row of `latency`."""

    rate_limit: RateLimit | None = None
    """Most requests and tokens a minute at each network, of all users of the class together."""
    jobs: Later = None
    """Not simulated yet: training work."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if isinstance(self.arrivals, Replayed):
            for key in ("rate", "profile"):
                if getattr(self, key) is not None:
                    raise _misfit(
                        key, f"`{key}` found beside arrivals from a trace, which brings its own", f"leave `{key}` out"
                    )
            if self.growth.kind != "none":
                raise _misfit(
                    "growth",
                    "`growth` found beside arrivals from a trace, which brings its own rate",
                    "leave `growth` out",
                )
            return self
        for key, example in (
            ("rate", "rate: 40 /s"),
            ("prompt", "prompt: {kind: constant, tokens: 1000}"),
            ("output", "output: {kind: constant, tokens: 200}"),
        ):
            if getattr(self, key) is None:
                raise _misfit("", f"`{key}` is missing", f"write for example `{example}`")
        return self


def _misfit(at: str, message: str, hint: str) -> PydanticCustomError:
    return PydanticCustomError("misfit", "{message}", {"message": message, "hint": hint, "at": at})


def problems(classes: Mapping[str, ClientClass]) -> list[Problem]:
    """What is wrong with classes taken together (their correlations); paths begin with `workload.`."""
    return correlations(classes)[1]


def class_means(cls: ClientClass) -> tuple[float, float]:
    """Mean prompt and mean output tokens of a request of the class."""
    return _mean(cls, cls.prompt, "prompt_tokens"), _mean(cls, cls.output, "output_tokens")


def cached_mean(cls: ClientClass) -> float:
    """Mean prompt tokens of a request of the class that are cached: of the law's mean, at most the mean prompt."""
    prompt, law = class_means(cls)[0], cls.cached_tokens
    if law is not None:
        return min(prompt * law.mean if isinstance(law, SHARES) else law.mean, prompt)
    # As when requests are drawn: another prompt law than the trace's breaks the tie between its rows.
    if cls.prompt is not None or not hasattr(cls.arrivals, "trace"):
        return 0.0
    return min(float(cls.arrivals.trace().cached_tokens.mean()), prompt)


def batch_of(classes: Mapping[str, ClientClass]) -> np.ndarray:
    """Which classes send batch requests: bool[classes]."""
    return np.array([cls.batch for cls in classes.values()], bool)


def _mean(cls: ClientClass, law: Any, column: str) -> float:
    return float(law.mean) if law is not None else float(getattr(cls.arrivals.trace(), column).mean())
