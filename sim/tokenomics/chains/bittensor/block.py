"""The block `chain` of a scenario file: which rules hold, who validates, whose nodes mine where, what stakers and owners do.

What it leaves out is mainnet's: reserves, EMA prices and burned shares of 127 subnets at block 8,766,000 (`snapshot`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from sim.blocks import Block, OneOf, newer, sourced
from sim.tokenomics.chains.bittensor.agents import AGENTS
from sim.tokenomics.chains.bittensor.constants import MAINNET
from sim.tokenomics.chains.bittensor.permitted import Permits
from sim.tokenomics.chains.bittensor.rules import RULES, by_name, by_spec
from sim.tokenomics.chains.bittensor.snapshot import snapshot
from sim.tokenomics.chains.bittensor.validators import VALIDATORS
from sim.tokenomics.coin import Day
from sim.units import FixedAmount, FixedDuration, FixedShare, Money, Quantity, Rate, Share, share_parts

DATED = "dated"
MOST_UIDS: int = MAINNET["uids"].value
"""Uids of a subnet on mainnet; one stays the owner's."""


def _wrong(kind: str, message: str, hint: str = "") -> PydanticCustomError:
    return PydanticCustomError(kind, "{message}", {"message": message, "hint": hint})


def _rules(found: Any) -> Any:
    """The name of a rule set, of a spec version too; what is neither text nor a whole number is left to be told as that."""
    if found == DATED or isinstance(found, bool) or not isinstance(found, (str, int)):
        return found
    try:
        return (by_name(found) if isinstance(found, str) else by_spec(found)).name
    except LookupError as error:
        names = ", ".join(one.name for one in RULES)
        raise _wrong(
            "rules", str(error), f"`{DATED}`, a spec version from {RULES[0].spec} on or one of {names}"
        ) from None


def _netuids(netuids: list[int]) -> list[int]:
    known = snapshot().netuid.tolist()
    for netuid in netuids:
        if netuid not in known:
            raise _wrong("netuid", f"no subnet {netuid} at block 8,766,000", "for example `64`, the largest")
    if len(set(netuids)) < len(netuids) or not netuids:
        raise _wrong("netuid", f"{netuids} found; name each subnet once, at least one", "for example `[64]`")
    return netuids


class Scores(Block):
    """By what validators score miners: shares of three columns, each normalised over all miners, smoothed over a window."""

    work: FixedShare = sourced(
        0.55, "Chutes: 55 % compute, 20 % speed, 20 % availability, 5 % bounties (tao.media)", "borrowed", "who earns"
    )
    """Tokens served, those that a check found wrong left out."""
    speed: FixedShare = sourced(0.2, "the same", "borrowed", "who earns")
    """Tokens of requests that met their class's target (in `requests.mode: capacity` all that were served)."""
    uptime: FixedShare = sourced(
        0.25, "the same; bounties, which are not simulated, are counted here", "assumed", "who earns"
    )
    """Time that nodes stood, weighed by what they can serve."""
    window: FixedDuration = sourced(7 * 86_400.0, "Chutes: a window of 7 days (tao.media)", "borrowed", "how fast")
    """Time over which scores are smoothed, exponentially."""

    @model_validator(mode="after")
    def _whole(self) -> Scores:
        if share_parts(self.work) + share_parts(self.speed) + share_parts(self.uptime) != share_parts(1.0):
            total = (self.work + self.speed + self.uptime) * 100
            raise _wrong("sum", f"scores sum to {total:g} %; must be 100 %", "shares of work, speed and uptime")
        return self


class Stakers(Block):
    """Those who hold alpha of the subnets that serve: what they buy and sell beside the chain, operators and owners."""

    drift: Literal["solve", "none"] = "solve"
    """Constant net buying: what leaves alpha's price without drift at the start, or nothing."""
    pull: Rate = sourced(0.01 / 86_400.0, "as holders of coins: 1 % of the pool a day", "assumed", "alpha's price")
    """Rate at which they close the gap to the price at the start, as a part of the pool's TAO for each unit of its logarithm."""
    daily_sd: Annotated[float, Quantity("share", low=0, high=1)] = sourced(
        0.0, "none, so that differences between policies show", "assumed", "spread of outcomes"
    )
    """Standard deviation of what their trades move the logarithm of alpha's price by in a day."""


class Others(Block):
    """The subnets that serve nobody here: their alpha's price is a process of its own, made by trades in their pools."""

    daily_sd: Annotated[float, Quantity("share", low=0, high=1)] = sourced(
        0.05, "no published figure; TAO itself moves 6 % a day", "assumed", "shares of TAO"
    )
    """Standard deviation of the change of its logarithm in a day."""
    pull: Rate = sourced(0.02 / 86_400.0, "no published figure", "assumed", "shares of TAO over months")
    """Rate at which it comes back to the price at the start."""


class Adjustment(Block):
    """A correction of the TAO that is issued, once, beside what blocks create; people hold it, or held it."""

    day: Day
    """When it is done, with the first epoch that begins on this day or later; one before the run is in the supply at the start."""
    kind: Literal["mint", "recycle", "burn"] = "mint"
    """Count it as issued; take it back, so that blocks create it again; or put it where nobody can spend it, still counted."""
    amount: FixedAmount
    """How much, in TAO."""

    @model_validator(mode="after")
    def _in_tao(self) -> Adjustment:
        if self.amount.currency != "TAO":
            raise _wrong(
                "currency", f"{self.amount.currency} found; the chain's coin is TAO", "for example `172001.44 TAO`"
            )
        return self


class BittensorChain(Block):
    """Bittensor's chain under a network, and who acts on it."""

    rules: Annotated[str, BeforeValidator(_rules), WithJsonSchema({"type": ["string", "integer"]})] = DATED
    """A rule set by its name or by a spec version (`441`); `dated`: the one of each day, as they changed on mainnet."""
    serves: Annotated[list[int], AfterValidator(_netuids), Field(default_factory=lambda: [64])]
    """Numbers of the subnets whose miners are this network's operators."""
    simulated: Annotated[int, Field(ge=2, le=127)] = 127
    """How many subnets there are, with those that serve: the largest pools of the snapshot."""
    level: Annotated[float, Quantity("share", above=0, high=100, dated=False)] = 1.0
    """Price at the start of alpha of the subnets that serve, over the snapshot's: TAO in the pool and EMA price are scaled."""
    root: FixedAmount = sourced(
        Money(5_454_229.64, "TAO"), "mainnet at block 9,240,388 (2026-10-08)", "borrowed", "root's part of dividends"
    )
    """TAO staked on root."""
    validators: Annotated[Mapping[str, Annotated[Any, OneOf(VALIDATORS)]], Field(min_length=1)]
    """Groups of validators, by name."""
    miners: Annotated[int, Field(ge=1, le=192)] = 64
    """Uids of miners in each subnet that serves: operators' node slots are dealt to them in turn."""
    reveal: Annotated[int, Field(ge=0, le=100)] = 1
    """Epochs after which weights count; 0: at once, commit and reveal is off."""
    permits: Permits | None = newer(None)
    """Who of the validators may vote in the subnets that serve; none: all of them do, in every epoch."""
    consensus: Literal["yuma", "yuma3", "liquid"] = "yuma"
    """The classic rule, that of relative bonds, or the latter with liquid alpha."""
    scores: Scores = Scores()
    """By what validators score."""
    stakers: Stakers = Stakers()
    """Who else trades alpha of these subnets."""
    others: Others = Others()
    """Prices of all other subnets."""
    buys: Share = sourced(0.0, "no published figure", "assumed", "alpha's price, so what operators earn")
    """Part of the owner's coins from users' payments that buys alpha of the first subnet and is kept staked."""

    agents: Mapping[str, Annotated[Any, OneOf(AGENTS)]] = Field(default_factory=dict)
    """Who else acts on the chain, by name."""
    adjustments: list[Adjustment] = newer([])
    """Corrections of what is issued, each on its day."""
    masks: bool = True
    """Whether weights that were written for who had a uid before are masked for a newcomer; off only to ask what if."""

    @model_validator(mode="after")
    def _fits(self) -> BittensorChain:
        total = sum(share_parts(group.stake) for group in self.validators.values())
        if total != share_parts(1.0):
            raise _wrong(
                "sum", f"groups of validators hold {total / share_parts(1.0) * 100:g} %; must be 100 %", "keys `stake`"
            )
        if self.uids > MOST_UIDS:
            raise _wrong("uids", f"{self.uids} uids found; a subnet has {MOST_UIDS}", "fewer miners or validators")
        if self.simulated < len(self.serves):
            raise _wrong("range", "more subnets serve than are simulated", "raise `simulated`")
        return self

    @property
    def voters(self) -> int:
        """Validators of a subnet."""
        return sum(group.count for group in self.validators.values())

    @property
    def own_miners(self) -> int:
        """Uids of miners that validators hold themselves."""
        return sum(group.miners for group in self.validators.values())

    @property
    def uids(self) -> int:
        """All uids of a subnet: validators, operators' miners, validators' own ones, the owner."""
        return self.voters + self.miners + self.own_miners + 1
