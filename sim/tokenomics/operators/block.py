"""The block of a class of operators: hardware, costs, and how fast they act."""

from __future__ import annotations

import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from sim.blocks import Block, OneOf, newer, sourced
from sim.tokenomics.coin import Day
from sim.tokenomics.operators.registration import Registration
from sim.tokenomics.spells import SPELLS, ExponentialSpell
from sim.units import (
    Amount,
    Bandwidth,
    Bytes,
    Duration,
    EnergyPrice,
    FixedAmount,
    FixedDuration,
    Hourly,
    Money,
    PositiveDuration,
    Quantity,
    Rate,
    Share,
)

Spell = Annotated[float, Quantity("duration", low=1, dated=False)]
"""Seconds, >= 1, the same for the whole run: a node's turns can be counted."""
_WEEK = 604_800.0
_EVIDENCE = "capacity series 2011-2026 condensed in docs/operators.md"


class OperatorClass(Block):
    """Node slots of one kind of hardware whose owners decide alike; one owner a slot."""

    nodes: Annotated[int, Field(ge=0, le=100_000)]
    """Nodes at the start (`initial: steady` rescales them)."""
    gpu: str
    """Name of a GPU of the catalogue."""
    per_node: Annotated[int, Field(ge=1, le=16)] = 1
    """GPUs a node has."""
    model: str | None = None
    """Model the nodes serve; default the only one of the workload."""
    region: str | None = None
    """Region of the nodes: which `outages` hit them, and how far users are (`latency`)."""
    decides: Literal["free_entry", "planned", "fixed", "contest"] = "free_entry"
    """How the number of nodes moves: owners' own decisions, one planner following demand, not at all, or one owner of the
    whole class who sees what his own nodes do to the pay of all (`contest`)."""
    electricity: EnergyPrice
    """What a kWh costs the owner."""
    hosting: Hourly = sourced(0.0, "hosting at home costs nothing extra", "assumed", "avoidable cost of a node")
    """Hosting, connection and care of one node."""
    capex: Amount = sourced(Money(0.0, "USD"), "hardware owned already", "assumed", "entry and capital service")
    """Price of one GPU with its share of the node; counts at entry only."""
    life: PositiveDuration = sourced(
        4 * 31_557_600.0, "common depreciation of accelerators", "assumed", "capital service"
    )
    """Years of service a buyer counts on."""
    resale: Share = sourced(
        0.3, "residual value after 36 months 25-35 % (weblidera.com, 2026-03)", "borrowed", "capital service"
    )
    """Value left at the end of life, as a share of the price."""
    discount: Share = sourced(0.15, "no published figure", "assumed", "capital service and entry")
    """Discount rate a year."""
    outside_rent: Hourly = sourced(0.0, "no rental market reached", "assumed", "when operators leave")
    """What a GPU could earn per hour elsewhere; part of the avoidable cost."""
    lead: Duration = sourced(45 * 86_400.0, _EVIDENCE + ": 1 to 2 months", "fitted", "overshoot of entry")
    """Time from the order to the node being there (model load comes on top)."""
    patience: Duration = sourced(4 * _WEEK, "no published figure", "assumed", "how late operators stop")
    """How long expected income lies below avoidable cost before an owner begins to stop."""
    cost_factor: Annotated[float, Field(gt=0)] = sourced(
        1.35, _EVIDENCE + ": own variable cost over card power", "fitted", "break-even of operators", gt=0
    )
    """Median of an owner's power cost over that of the cards alone."""
    cost_spread: Annotated[float, Field(ge=0, le=2)] = sourced(
        0.4, _EVIDENCE + ": 0.3 to 0.6", "fitted", "how many leave at a given loss of income", ge=0, le=2
    )
    """Sigma of the lognormal spread of owners' power costs."""
    exit_speed: Rate = sourced(0.07 / _WEEK, _EVIDENCE + ": 0.03 to 0.13 a week", "fitted", "speed of exit")
    """Rate at which losing owners stop where hardware has no other use."""
    switch_speed: Rate = sourced(
        0.24 / _WEEK, _EVIDENCE + ": 0.15 to 0.35 a week", "fitted", "speed of exit to a rival use"
    )
    """The same where `outside_rent` is above 0."""
    entry_speed: Rate = sourced(0.1 / _WEEK, "between the speeds of exit and switching", "assumed", "speed of entry")
    """Rate at which the gap between wanted and ordered capacity is ordered."""
    entry_elasticity: Annotated[float, Field(gt=0)] = sourced(
        1.1, _EVIDENCE + ": 0.9 to 1.3", "fitted", "size of entry", gt=0
    )
    """Wanted capacity per relative excess of expected income over full cost."""
    restart: Annotated[float, Field(ge=1)] = sourced(1.5, _EVIDENCE + ": 1.0 to 2.1", "fitted", "hysteresis", ge=1)
    """Income at which a stopped owner starts again, over the income at which owners stop."""
    idle_life: FixedDuration = sourced(31_557_600.0, "no published figure", "assumed", "when stopped hardware is gone")
    """How long stopped hardware is kept before it leaves for good."""
    cash: FixedAmount | None = newer(None)
    """USD of his own that the owner of a node has at first, and keeps at most; without it and `funding` his money has no end."""
    funding: FixedAmount | None = newer(None)
    """USD that others lend the owner of a node at most; who needs more is insolvent, and leaves."""
    utilization: Share = sourced(0.6, "planning rule of thumb", "assumed", "capacity of a planned fleet")
    """Load that a planner aims at (`decides: planned`)."""
    behind: str | None = newer(None)
    """A planned class before this one: this one plans only for what the other's nodes do not cover (`decides: planned`)."""
    up_time: Spell = sourced(30 * 86_400.0, "no published figure", "assumed", "failures")
    """Mean time between failures of a node; at least 1 s. Under `up_law: {states: median}` the median."""
    up_law: Annotated[Any, OneOf(SPELLS, "exponential")] = ExponentialSpell()
    """How times between failures scatter; `exponential` has no memory, `lognormal` is heavy-tailed."""
    repair: Spell = sourced(3600.0, "no published figure", "assumed", "availability")
    """Mean time until a failed node works again, once a crew has it; at least 1 s. What follows, `after_repair` says."""
    repair_law: Annotated[Any, OneOf(SPELLS, "exponential")] = ExponentialSpell()
    """How repair times scatter."""
    crews: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """Nodes of the class that can be in repair at once; first failed, first repaired. Left out: all of them."""
    after_repair: Literal["serve", "load", "pull"] = sourced(
        "serve", "a modelling choice: published times to repair end with service", "assumed", "availability"
    )
    """What follows a repair: nothing (`repair` ends with service), loading the model, or fetching the image before."""
    image: Bytes | None = None
    """Image and weights that a new node fetches over `link` before it loads the model."""
    link: Bandwidth | None = None
    """Bandwidth at which it does."""
    pull: FixedDuration | None = None
    """Time to fetch them, in place of `image` and `link`; left out, none."""
    stakes: Share = 1.0
    """Part of the stake that the network asks for which the owners lock; less backs less of a node's weight."""
    register_in: dict[str, Registration] | None = newer(None)
    """Networks in which these nodes may work instead, by name: their classes of this class's name are the same machines."""
    listed_from: Day | None = newer(None)
    """Day from which the class stands in the network's registry: before it, its nodes get no requests and no pay, and users do
    not see its price. Its `nodes` serve from the first epoch on that begins that day or later (default: from the start)."""
    listed_until: Day | None = newer(None)
    """First day on which it stands there no more: its nodes leave (default: it stays)."""
    max_nodes: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """Node slots kept for the class; default four times `nodes`. A class that fills them stops growing and says so."""

    @model_validator(mode="after")
    def _money_in_usd(self) -> Self:
        for key in ("cash", "funding"):
            stated = getattr(self, key)
            if stated is not None and stated.currency != "USD":
                told = {
                    "message": f"`{key}` is in {stated.currency}; bills are in USD",
                    "hint": f"for example `{key}: 500 USD`",
                    "at": key,
                }
                raise PydanticCustomError("currency", "{message}", told)
        return self

    @model_validator(mode="after")
    def _one_way_to_fetch(self) -> Self:
        pair = [key for key in ("image", "link") if getattr(self, key) is not None]
        if len(pair) == 1 or (pair and self.pull is not None):
            found = ", ".join(f"`{key}`" for key in (*pair, *(["pull"] if self.pull is not None else [])))
            told = {
                "message": f"{found} found; must be `image` and `link`, or `pull` alone",
                "hint": "write for example `image: 20 GB, link: 100 MB/s`, or `pull: 10 min`",
                "at": pair[0],
            }
            raise PydanticCustomError("pull", "{message}", told)
        return self

    @model_validator(mode="after")
    def _listed_for_a_while(self) -> Self:
        first, last = self.listed_from, self.listed_until
        if first is not None and last is not None and last <= first:
            told = {
                "message": f"{last} found; must be after `listed_from`, {first}",
                "hint": "write a later day",
                "at": "listed_until",
            }
            raise PydanticCustomError("range", "{message}", told)
        return self

    def listed_on(self, day: datetime.date) -> bool:
        """Whether the class stands in the registry on a day."""
        first, last = self.listed_from, self.listed_until
        return (first is None or first <= day) and (last is None or day < last)

    @property
    def pull_s(self) -> float:
        """Seconds in which a new node fetches image and weights."""
        if self.image is not None and self.link is not None:
            return self.image / self.link
        return self.pull or 0.0

    @property
    def slots(self) -> int:
        """Node slots of the class."""
        return self.max_nodes if self.max_nodes is not None else max(4 * self.nodes, 8)

    def capital_usd_per_day(self) -> float:
        """Capital service of a node: the level payment a day that repays its price less resale over its life.

        Annuity at `discount` a year: (capex - resale x capex x (1+r)^-L) x r / (1 - (1+r)^-L).
        """
        years = self.life / 31_557_600.0
        price = self.capex.amount * self.per_node
        left = (1 + self.discount) ** -years
        rate = self.discount / (1 - left) if self.discount > 0 else 1 / years
        return price * (1 - self.resale * left) * rate / 365.25
