"""The blocks of `networks:`: a network with a coin, a subnet of Bittensor, and the centralized cloud beside them."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from sim.blocks import Block, OneOf, Table, newer, sourced
from sim.scenario.study import Name
from sim.serving.catalogue import Interconnect, ServingSettings
from sim.serving.routers import ROUTERS
from sim.tokenomics.burnmint import BURNMINT
from sim.tokenomics.chains.bittensor.block import BittensorChain
from sim.tokenomics.coin import Coin
from sim.tokenomics.market import MARKET
from sim.tokenomics.operators import OperatorClass
from sim.tokenomics.operators.strategies import Strategy
from sim.tokenomics.oracle import Oracle
from sim.tokenomics.payout import PAYOUT
from sim.tokenomics.payout.work import Work
from sim.tokenomics.price import PRICE
from sim.tokenomics.settle import Settle
from sim.tokenomics.slash import SLASH
from sim.tokenomics.split import Split
from sim.tokenomics.stake import STAKE
from sim.tokenomics.supply import SUPPLY, HalvingBySupply
from sim.tokenomics.target import TARGET
from sim.tokenomics.treasury import TREASURY
from sim.tokenomics.verify import VERIFY
from sim.tokenomics.vesting import VESTING
from sim.units import Money, Quantity

Recipient = Literal["operators", "validators", "owner", "treasury", "holders"]
"""Who gets a part of emission."""


class Plausible(Block):
    """Ranges in which the network lies in year 1, each with its source; a run outside them says so, and why."""

    gpus: Annotated[list[float], Field(min_length=2, max_length=2)] | None = None
    """Fewest and most GPUs."""
    mtok_per_day: Annotated[list[float], Field(min_length=2, max_length=2)] | None = None
    """Fewest and most million tokens served a day."""
    usd_per_day: Annotated[list[float], Field(min_length=2, max_length=2)] | None = None
    """Least and most that users pay a day."""
    note: str = ""
    """Why the network lies outside where it does."""


class Operators(OperatorClass):
    """A class of operators, with what only serving asks of its nodes."""

    interconnect: Interconnect | None = None
    """What the GPUs of such a node are joined by, where it is not what their type has."""
    strategies: dict[Name, Strategy] = Field(default_factory=dict)
    """What parts of the owners do in place of serving honestly, by name."""
    sell: Annotated[float, Quantity("share", low=0, high=1)] | None = newer(None)
    """Part of the alpha they earn that these operators sell at once (`kind: bittensor`; default `settle.sell`)."""
    netuid: int | None = newer(None)
    """Subnet in which the nodes mine (`kind: bittensor`; default the first of `chain.serves`)."""


class Slashing(Block):
    """What each offence costs; an offence that is left out costs nothing."""

    invalid: Annotated[Any, OneOf(SLASH)] | None = None
    """A wrong answer that verification proved."""
    downtime: Annotated[Any, OneOf(SLASH)] | None = None
    """Time missed beyond `above`."""
    termination: Annotated[Any, OneOf(SLASH)] | None = None
    """Leaving: taken as the stake begins to unbond."""


class Network(Block):
    """What every network has."""

    price: Annotated[Any, OneOf(PRICE)]
    """What users are asked to pay."""
    settle: Settle = Field(default_factory=Settle)
    """In what prices are quoted and paid, and when they are converted."""
    router: Annotated[Any, OneOf(ROUTERS)] = sourced(
        ROUTERS["power_of_two"](),
        "a common balancer of inference gateways",
        "assumed",
        "waiting times, and who of the operators gets work",
    )
    """How requests find a replica."""
    serving: ServingSettings = Field(default_factory=ServingSettings)
    """How engines are set."""
    operators: Annotated[dict[Name, Operators], Field(min_length=1)]
    """Classes of owners of hardware, by name."""
    verify: Annotated[Any, OneOf(VERIFY)] | None = None
    """How answers are checked; left out, nobody looks."""
    plausible: Plausible | None = None
    """Ranges in which the network lies in year 1."""


class CoinNetwork(Network):
    """A network that pays its operators in a coin of its own."""

    kind: Literal["coin"] = "coin"
    coin: Coin
    """The coin."""
    supply: Annotated[Any, OneOf(SUPPLY)]
    """How coins come into being."""
    split: Split
    """Who gets what is minted."""
    payout: Annotated[Any, OneOf(PAYOUT)]
    """By what operators share their part of what is minted."""
    stake: Annotated[Any, OneOf(STAKE)] | None = None
    """What a node locks up before it joins; left out, nothing."""
    slash: Slashing = Field(default_factory=Slashing)
    """What offences cost of it."""
    target: Annotated[Any, OneOf(TARGET)] | None = None
    """What operators are to get in dollars, whatever the schedule gives."""
    vesting: dict[Recipient, Annotated[Any, OneOf(VESTING)]] = Field(default_factory=dict)
    """When what a recipient of emission gets may be spent; who is not named may at once."""
    burnmint: dict[Name, Annotated[Any, OneOf(BURNMINT)]] = Field(default_factory=dict)
    """Rules that burn coins, by name."""
    treasury: dict[Name, Annotated[Any, OneOf(TREASURY)]] = newer({})
    """Rules by which the treasury spends the coins it holds, by name."""
    market: Annotated[Any, OneOf(MARKET)]
    """What makes the coin's price."""
    oracle: Oracle = Field(default_factory=Oracle)
    """What the protocol sees of the coin's price."""


class CentralNetwork(Network):
    """A cloud with one owner: no coin, prices in USD."""

    kind: Literal["central"] = "central"
    payout: Annotated[Any, OneOf(PAYOUT)] | None = None
    """Nothing is minted here, so nothing is shared out: operators get what their users pay. Without effect."""


class BittensorNetwork(Network):
    """An inference subnet on Bittensor's chain: validators score what operators serve, who earn the subnet's alpha."""

    kind: Literal["bittensor"] = "bittensor"
    coin: Coin
    """TAO: what is issued at the start. Who holds it, `chain` says."""
    chain: BittensorChain
    """The chain: rules, subnets, validators, stakers."""
    market: Annotated[Any, OneOf(MARKET)]
    """What makes the coin's price."""
    oracle: Oracle = Field(default_factory=Oracle)
    """What the protocol sees of the coin's price."""

    # What the chain itself decides: no keys, but what the world asks every network with a coin for.
    supply: ClassVar[HalvingBySupply] = HalvingBySupply(initial=Money(7200.0, "TAO"), cap=Money(21e6, "TAO"))
    split: ClassVar[Split] = Split(operators=0.41, validators=0.41, owner=0.18, remainder="owner")
    payout: ClassVar[Work] = Work()
    stake: ClassVar[None] = None
    slash: ClassVar[Slashing] = Slashing()
    target: ClassVar[None] = None
    vesting: ClassVar[dict[str, Any]] = {}
    burnmint: ClassVar[dict[str, Any]] = {}
    treasury: ClassVar[dict[str, Any]] = {}

    @model_validator(mode="after")
    def _is_tao(self) -> BittensorNetwork:
        wrong = ""
        if (self.coin.ticker, self.coin.decimals) != ("TAO", 9):
            wrong = f"{self.coin.ticker} with {self.coin.decimals} decimals found; the chain's coin is TAO with 9"
        elif self.coin.held or self.coin.locked:
            wrong = "`held` and `locked` have no place here: root and pools say who holds TAO"
        elif lost := [
            n for one in self.operators.values() if (n := one.netuid) is not None and n not in self.chain.serves
        ]:
            wrong = f"operators mine in subnet {lost[0]}, which is not among `chain.serves`"
        elif self.settle.via is not None:
            wrong = "`settle.via` has no place here: use is paid once an epoch"
        if wrong:
            raise PydanticCustomError("chain", "{message}", {"message": wrong, "hint": "see docs/bittensor.md"})
        return self


COINED = (CoinNetwork, BittensorNetwork)
"""The kinds with a coin."""
NETWORKS = Table("networks")
for _kind in (CoinNetwork, CentralNetwork, BittensorNetwork):
    NETWORKS.register(_kind)
