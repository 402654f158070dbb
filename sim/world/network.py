"""One network in a run: its blocks in force, its operators, its accounts and its market. State and reading, no steps."""

from __future__ import annotations

import datetime
from itertools import pairwise
from typing import Any

import numpy as np

from sim.serving.contract import NEVER
from sim.streams import Streams
from sim.tokenomics.chains.bittensor.network import alpha_of
from sim.tokenomics.ledger import Ledger
from sim.tokenomics.meter import Meter
from sim.tokenomics.operators import LIVE
from sim.tokenomics.payment import Held
from sim.tokenomics.price import OBSERVED, STATE, ByProvider, PerToken
from sim.tokenomics.settle import PRICE_ONE, Terms, terms, usd_of
from sim.tokenomics.supply import DAY_PS, GPU_ONE
from sim.units import SHARE_ONE, ps
from sim.workload.classes import batch_of
from sim.world import providers
from sim.world.calendar import Epoch
from sim.world.checks import Checks
from sim.world.fleet import Plan, Roster
from sim.world.hardware import Hardware, hardware_of, plans_of
from sim.world.identities import Identities
from sim.world.locked import Locked
from sim.world.people import Owners, expected
from sim.world.purses import Purses
from sim.world.schemes import Schemes
from sim.world.second_names import SecondNames
from sim.world.stakes import Stakes
from sim.world.steering import divide
from sim.world.strikes import down_frac, strikes_of
from sim.world.subnets import Subnets
from sim.world.tally import Tally, Targets
from sim.world.users import Asked


def decimals_of(spec: Any) -> dict[str, int]:
    """Decimals of every coin's ledger unit, by ticker."""
    coined = [n for n in spec.networks.values() if n.kind != "central"]
    alphas = {ticker: 9 for n in coined if n.kind == "bittensor" for ticker in map(alpha_of, n.chain.serves)}
    return {n.coin.ticker: n.coin.units(n.supply.limit) for n in coined} | alphas


def targets_of(spec: Any) -> Targets:
    """SLO of every class in picoseconds."""
    slos = [block.slo for block in spec.workload.values()]

    def limit(value: float | None) -> int:
        return NEVER if value is None else ps(value)

    return Targets(
        np.array([limit(slo.ttft if slo else None) for slo in slos], np.int64),
        np.array([limit(slo.tpot if slo else None) for slo in slos], np.int64),
    )


SEEN_DOWN = 2
"""Windows of an epoch that must find a slot down, each of them, for it to have done nothing: one alone says too little of the other hours
(assumed; docs/decisions/2026-11-28-nodes-that-did-nothing.md)."""
LOCKS = ("stake", "unbonding", "vesting", "escrow", "vault", "root", "subnets")
"""Accounts of a network whose coins nobody can pay with."""


class NetworkState:
    """Everything of one network that changes during a run. `block` is the network's block with the values in force."""

    def __init__(
        self, name: str, index: int, spec: Any, means: dict[str, tuple[float, float]], streams: Streams, ledger: Ledger
    ) -> None:
        self.name, self.index, self.ledger, self.streams = name, index, ledger, streams
        self.block = spec.networks[name]
        self.start_date: datetime.date = spec.start
        self.machines: dict[str, Hardware] = {
            key: hardware_of(spec, self.block, key, means) for key in self.block.operators
        }
        self.plans = plans_of(name, spec, self.machines, streams)
        self.router, self.by_capacity = self.block.router, spec.requests.mode == "capacity"
        self.reweighed = False
        """Whether the router's weights have moved since requests were last measured."""
        self.owners = [
            Owners(name, key, block, self.machines[key], streams, spec.start)
            for key, block in self.block.operators.items()
        ]
        self.offset = np.concatenate(([0], np.cumsum([o.block.slots for o in self.owners]))).astype(int)
        self.spans = [slice(int(first), int(last)) for first, last in pairwise(self.offset)]
        """The slots of each class, in the network's numbering."""
        self.slots = int(self.offset[-1])
        self.purses = Purses(self)
        self.batch = batch_of(spec.workload)
        """Which client classes send batch requests."""
        self.coin = self.block.coin if self.block.kind != "central" else None
        self.ticker: str = self.coin.ticker if self.coin else ""
        self.decimals = ledger.decimals.get(self.ticker, 9)
        self.terms: Terms = self._terms()
        self.meter = Meter(self.slots)
        self.price_state = np.zeros(STATE, np.int64)
        """What the kind of price keeps between ticks."""
        self.quote: PerToken | None = None
        """The price in force in this epoch; None before the first one begins."""
        self.held = Held.nothing(self.slots)
        """What users have locked for their payments."""
        self.held_by = ("", "USD")
        """The kind that locked it, and the currency."""
        self.programs: dict[str, np.ndarray] = {}
        """What programs of `burnmint` keep, by name."""
        self.earned: np.ndarray | None = None
        """What each slot earned in the last settlement: by what coins are minted for it."""
        self.over: np.ndarray | None = None
        """What the treasury's rules see of the epoch that is over."""
        self.spent_burned, self.grants = 0, np.zeros(self.slots, np.int64)
        """What the treasury burned, and gave each slot, since the last epoch was closed."""
        self.outflow = 0
        """What flowed out of the treasury by its rules since then, base units."""
        self.outflows: list[tuple[float, int]] = []
        """Days and outflow of each epoch that is over."""
        self.deposit_pusd = 0
        """What a locked coin cost, pico-dollars."""
        self.tally: Tally | None = None
        self.work = np.zeros((self.slots, 2))
        """Prompt and output tokens of each slot in the last measured windows: what later work is shared out by."""
        self.timely = np.zeros(self.slots)
        """Of these, tokens of requests that met their target; counted for a chain's validators alone."""
        self.met = np.zeros((self.slots, 2), np.int64)
        """Windows of the last epoch with any in which each slot was there, and those in which it was up at all."""
        self.to_sell = np.zeros(self.slots, np.int64)
        self.others_sell: dict[str, int] = {}
        self.price_times: list[int] = [0]
        self.prices_pusd: list[int] = []
        self.strikes = strikes_of(name, spec, streams)
        """What shocks take down, by class of operators."""
        self.value_level = 1.0
        """What holders take the coin to be worth, over their own rule: shocks move it."""
        self.notes: list[str] = []
        self.stakes = Stakes(self)
        self.checks = Checks(self, spec, streams)
        self.identities = Identities(self, streams)
        self.schemes = Schemes(self, streams)
        self.names = SecondNames(self, streams)
        self.moving_nano = 0
        """What taking nodes here from other networks has cost since the last epoch was closed, nano-dollars."""
        self.last_paid_usd = 0.0
        self.last_fees = np.zeros(self.slots)
        """USD that users paid in the last epoch, and what of it was for each slot's work."""
        self.warm_factor = 1
        self.last_size = (0.0, 0.0)
        self.subnets: Subnets | None = None
        """The chain, where the network is a subnet of one."""
        self._weigh()
        if self.coin:
            self._open_market()

    def _weigh(self) -> None:
        """Let a router that goes by providers' prices take those in force."""
        plans = {model: providers.weighed(self, plan) for model, plan in self.plans.items()}
        self.reweighed |= any(plan.shares != self.plans[model].shares for model, plan in plans.items())
        self.plans = plans

    def _terms(self) -> Terms:
        return terms(
            self.block.settle,
            self.block.price.currency,
            self.block.price.pay,
            self.coin is not None,
            f"networks.{self.name}.settle",
        )

    def _open_market(self) -> None:
        self.market = self.block.market.open(self.decimals)
        self.market.first_day = self.start_date.toordinal()
        self.prices_pusd.append(self.market.price_pusd)
        self.schedule = self.block.supply.begin(self.start_date, self.decimals)
        self.burned, self._burned_before = 0, 0
        """Base units of the coin burned a day in the last epoch, and those burned until its end."""
        self.locked = Locked()
        self.target_state = self._target_state()
        if self.block.kind == "bittensor":
            self.subnets = Subnets(self)
            genesis = self.subnets.genesis()
        else:
            genesis = self.coin.genesis(self.decimals, pool=self.market.coins)  # type: ignore[union-attr]
        self.ledger.open(
            self.ticker, {self.account(holder): amount for holder, amount in genesis.items() if holder != "operators"}
        )
        for name, amount in self.coin.allocations(self.decimals, self.market.coins).items():  # type: ignore[union-attr]
            one = self.coin.locked[name]  # type: ignore[union-attr]
            self.locked.grant(one.to, one.vesting, 0, np.array([amount], dtype=np.int64))
        column = self.ledger.column(self.account("operators"), self.ticker, self.slots)
        if genesis.get("operators"):
            first = np.zeros(self.slots, np.int64)
            first[0] = genesis["operators"]
            self.ledger.mint("genesis", self.ticker, genesis["operators"], column.account)
            column.amounts += first
        self.ledger.transfer("pool opened", "USD", self.market.usd, "outside", self.account("pool"))

    def _target_state(self) -> np.ndarray:
        target = self.block.target
        return np.zeros(0, np.int64) if target is None else np.asarray(target.begin())

    def register(self, epoch: Epoch) -> None:
        """Let classes serve whose listing begins, with what the others earn as a first belief, and let those go whose listing is over."""
        for owners in self.owners:
            listed = owners.listed_at(epoch.start_ps)
            if listed and not owners.on_list:
                fees, coins = expected(self.owners, owners)
                owners.enlist(epoch.start_ps)
                owners.fee_usd_per_node_day, owners.coin_usd_per_node_day = fees, coins
            elif owners.on_list and not listed:
                owners.delist()

    def account(self, role: str) -> str:
        """The ledger account of a role in this network."""
        return f"{self.name}.{role}"

    def use(self, block: Any) -> None:
        """Put other values in force (a date, a policy). Hardware slots stay as they are."""
        if block is self.block:
            return
        if self.coin and block.supply.shape != self.block.supply.shape:
            # Another schedule begins as it would have at the run's start.
            self.schedule = block.supply.begin(self.start_date, self.decimals)
        steered = self.coin and getattr(block.target, "kind", "") != getattr(self.block.target, "kind", "")
        self.block = block
        if steered:
            self.target_state = self._target_state()
        for owners in self.owners:
            owners.block = block.operators[owners.name]
        self.terms = self._terms()
        self._weigh()

    @property
    def coin_usd(self) -> float:
        """Market price of the coin; 0 without one."""
        return self.market.price_usd if self.coin else 0.0

    @property
    def free_coins(self) -> float:
        """Coins in existence but for those that stakes, vesting, escrows and vaults of this network lock."""
        held = sum(self.ledger.balance(self.account(role), self.ticker) for role in LOCKS)
        return (self.ledger.supply(self.ticker) - held) / 10**self.decimals

    def oracle_pusd(self, now_ps: int) -> int:
        """The coin price that policies see, pico-dollars per coin."""
        return int(self.block.oracle.read(self.price_times, self.prices_pusd, now_ps))

    def per_token(self) -> PerToken:
        """What use costs now, in the price list's currency."""
        return self.quote if self.quote is not None else self.look(0)

    def look(self, now_ps: int, load: float = 0.0, ticks: int = 0) -> PerToken:
        """The price that its rule gives at an instant; the kind's state moves by `ticks` at use over capacity of `load`."""
        price = self.block.price
        if isinstance(price, ByProvider):
            return providers.mean_quote(self, price)
        live = np.array([there.sum() for there in self.there()], float)
        if (whose := getattr(price, "of", None)) is not None:
            live = np.array([owners.name == whose for owners in self.owners], float)
        machines = [owners.machine for owners in self.owners]
        nodes = max(float(live.sum()), 1.0)
        seen = np.zeros(len(OBSERVED))
        seen[0] = load if ticks else self.owners[0].utilization
        seen[2], seen[3] = self.coin_usd, self.oracle_pusd(now_ps) / PRICE_ONE if self.coin else 0.0
        seen[4] = float((live * [m.gpus for m in machines]).sum()) / nodes
        for i in range(2):
            seen[5 + i] = float((live * [m.capacity_rps * m.mean_tokens[i] for m in machines]).sum()) / nodes
        seen[7] = ticks
        asks = self._asks_pusd() if price.looks_at_asks else None
        quote: PerToken = price.per_token(self.ledger.decimals, seen, asks, self.price_state)
        return quote

    def there(self) -> list[np.ndarray]:
        """Which slots of each class serve; before any does, those that the file begins with."""
        live = [owners.columns.state == LIVE for owners in self.owners]
        if any(there.any() for there in live):
            return live
        return [np.arange(o.block.slots) < (o.block.nodes if o.listed_at(0) else 0) for o in self.owners]

    def _asks_pusd(self) -> np.ndarray:
        """What it costs each live node's owner to serve what a mean live node serves in an hour at most, capital service
        included: pico-dollars, ascending. So a slow and a fast node are bid against each other by what they do.
        """
        pairs = list(zip(self.owners, self.there(), strict=True))
        nodes = sum(int(there.sum()) for _, there in pairs)
        mean = sum(int(there.sum()) * owners.machine.capacity_rps for owners, there in pairs) / max(1, nodes)
        costs = [
            (owners.avoidable_usd_per_day() + owners.block.capital_usd_per_day())[there]
            * (mean / owners.machine.capacity_rps)
            for owners, there in pairs
            if owners.machine.capacity_rps > 0
        ]
        return np.sort(np.rint(np.concatenate(costs or [np.zeros(0)]) / 24 * PRICE_ONE).astype(np.int64))

    def prices_usd(self, now_ps: int) -> Asked:
        """The prices in force as users see them: those in coins at the oracle's rate, with what is paid on top."""
        quote, settle = self.per_token(), self.block.settle
        top = 1 + settle.make_rate * (1 - settle.fee_discount)
        parts = quote.input, quote.output, quote.cached, quote.request / 1e6
        if quote.currency == "USD":
            seen = [part / 1e6 * top for part in parts]
        else:
            unit = 1e6 / 1000 / 10**self.decimals * (self.oracle_pusd(now_ps) / PRICE_ONE)
            seen = [part * unit * top for part in parts]
        return Asked._make([*seen, self.block.price.batch_parts / SHARE_ONE])

    def issued(self, start_ps: int, end_ps: int, passes: bool = False) -> int:
        """Base units that the schedule issues in [start, end) at today's supply; `passes` moves its state on to the end."""
        state = self.schedule if passes else self.schedule.copy()
        supply, seen = self.ledger.supply(self.ticker), self.seen()
        return int(self.block.supply.issued(start_ps, end_ps, supply, self.start_date, self.decimals, seen, state))

    def note_burns(self, epoch: Epoch) -> None:
        """Take down what was burned in an epoch that is over, whoever burned it."""
        burned = self.ledger.burned(self.ticker)
        self.burned = (burned - self._burned_before) * DAY_PS // (epoch.end_ps - epoch.start_ps)
        self._burned_before = burned

    def seen(self) -> np.ndarray:
        """What the schedule reacts to (`supply.SEEN`): burns of the last epoch, and what is staked and live now."""
        staked = sum(self.ledger.balance(self.account(role), self.ticker) for role in ("validators", "stake"))
        return np.array([self.burned, staked, self.gpus * GPU_ONE], dtype=np.int64)

    @property
    def vaulted(self) -> bool:
        """Whether operators are paid out of vaults."""
        return bool(self.coin and self.block.target is not None and self.block.target.vaults)

    def emission_coin_per_day(self, epoch: Epoch) -> dict[str, float]:
        """Coins a day by recipient that the schedule announces for an epoch at today's supply; empty without a coin."""
        if self.coin is None:
            return {}
        if self.subnets is not None:
            return self.subnets.announced_tao_per_day()
        parts = divide(self, self.issued(epoch.start_ps, epoch.end_ps))
        return {party: amount / 10**self.decimals / epoch.days for party, amount in parts.items()}

    def value_usd(self, coins: int) -> float:
        """Base units of coin at the market price, in USD."""
        return usd_of(coins, self.market.price_pusd, self.decimals) / 1e9 if self.coin else 0.0

    def roster(self, model: str, at_ps: int) -> Roster:
        """The nodes that serve a model at an instant: live ones, but for those that still load."""
        plan: Plan = self.checks.plan(self.plans[model])
        by_name = {owners.name: owners for owners in self.owners}
        return Roster(plan, [by_name[member.name].serving(at_ps) for member in plan.members])

    def base_of(self, model: str) -> list[int]:
        """First slot of each member of a model's plan, in the network's numbering."""
        place = {owners.name: int(self.offset[i]) for i, owners in enumerate(self.owners)}
        return [place[member.name] for member in self.plans[model].members]

    @property
    def capacity_rps(self) -> float:
        """Requests a second that the live nodes serve at most."""
        return sum(owners.capacity for owners in self.owners)

    def down_frac(self, owners: Owners, start_ps: int, end_ps: int) -> np.ndarray | None:
        """Part of a span in which shocks hold each slot of a class down; None where they hold none."""
        strikes = self.strikes.get(owners.name)
        return down_frac(strikes, owners.block.slots, start_ps, end_ps) if strikes else None

    def standing(self, epoch: Epoch) -> list[tuple[float, float]]:
        """Parts of an epoch with the capacity, requests a second, that stands in each: shocks may hold nodes down."""
        pace = self._pace(epoch)
        return [(share, rps * pace) for share, rps in self._standing(epoch)]

    def _pace(self, epoch: Epoch) -> float:
        """What live nodes serve over what they would unchecked, with nobody cheating or barred."""
        speeds, allowed = self.checks.speeds(), self.checks.allowed(epoch)
        if speeds is None and allowed is None:
            return 1.0
        capacity = np.where(self.live_mask(), self.capacities(), 0.0)
        serving = capacity * (1.0 if speeds is None else speeds) * (1.0 if allowed is None else allowed)
        return float(serving.sum() / capacity.sum()) if capacity.any() else 1.0

    def _standing(self, epoch: Epoch) -> list[tuple[float, float]]:
        if not self.strikes:
            return [(1.0, self.capacity_rps)]
        edges = {epoch.start_ps, epoch.end_ps}
        for strikes in self.strikes.values():
            edges.update(edge for strike in strikes for edge in (strike.begin_ps, *strike.ends_ps))
        times = sorted(edge for edge in edges if epoch.start_ps <= edge <= epoch.end_ps)
        length_ps = epoch.end_ps - epoch.start_ps
        return [((over - begin) / length_ps, self._standing_rps(begin, over)) for begin, over in pairwise(times)]

    def _standing_rps(self, start_ps: int, end_ps: int) -> float:
        capacity = self.capacity_rps
        for owners in self.owners:
            down = self.down_frac(owners, start_ps, end_ps)
            if down is not None:
                capacity -= float(down[owners.columns.state == LIVE].sum()) * owners.machine.capacity_rps
        return max(capacity, 0.0)

    def busy_frac(self, wanted_rps: float, standing: list[tuple[float, float]]) -> float | None:
        """Share of time in which the live nodes' replicas compute if so many requests a second come; None without nodes that stand.

        Classes share requests by their capacity, as routers that look at replicas do.
        """
        replicas = sum(owners.live * owners.machine.replicas for owners in self.owners)
        there = sum(share for share, rps in standing if rps > 0)
        if not replicas or not there:
            return None
        total, choices = 0.0, self.block.router.routing().choices
        for share, rps in standing:
            if rps > 0:
                load = wanted_rps / rps
                busy = sum(o.live * o.machine.replicas * o.machine.busy_frac(load, choices) for o in self.owners)
                total += share * busy / replicas
        return total / there

    def down_nodes(self, at_ps: int) -> dict[str, int]:
        """Live nodes of each class that shocks hold down just before an instant."""
        found = {}
        for owners in self.owners:
            down = self.down_frac(owners, at_ps - 1, at_ps)
            if down is not None:
                found[owners.name] = int((down[owners.columns.state == LIVE] > 0).sum())
        return found

    @property
    def nodes(self) -> int:
        """Live nodes."""
        return sum(owners.live for owners in self.owners)

    @property
    def gpus(self) -> int:
        """Their GPUs."""
        return sum(owners.live * owners.machine.gpus for owners in self.owners)

    def capacities(self) -> np.ndarray:
        """Requests a second that a node of each slot serves at most."""
        return np.concatenate([np.full(o.block.slots, o.machine.capacity_rps) for o in self.owners])

    def live_mask(self) -> np.ndarray:
        """Which slots are live, in the network's numbering."""
        return np.concatenate([owners.columns.state == LIVE for owners in self.owners])

    def paid_mask(self) -> np.ndarray:
        """Which slots may be paid: live ones, and names of nodes that work elsewhere."""
        live = self.live_mask()
        return live | self.names.slots if self.names.claims else live

    def take_work(self, work: np.ndarray, timely: np.ndarray, met: np.ndarray | None = None) -> None:
        """Note measured tokens of each slot, those within target where a chain's validators look at them, and what windows met."""
        self.work, self.timely = work, timely
        if met is not None:
            self.met = met

    def scale_work(self, ratios: np.ndarray) -> None:
        """Multiply each slot's measured tokens, and those within target, by float[slots]."""
        self.work = self.work * ratios[:, None]
        self.timely = self.timely * ratios

    @property
    def on_time(self) -> np.ndarray:
        """Part of each slot's measured tokens whose request met its target; 1 where nothing was measured."""
        done = self.work.sum(axis=1)
        return np.where(done > 0, self.timely / np.maximum(done, 1.0), 1.0)

    def standing_ps(self, epoch: Epoch) -> np.ndarray:
        """Time each slot was there in an epoch that is over, less what shocks held it down: int64."""
        parts = []
        for owners in self.owners:
            live, down = owners.live_ps(epoch), self.down_frac(owners, epoch.start_ps, epoch.end_ps)
            parts.append(live if down is None else np.rint(live * (1 - down)).astype(np.int64))
        return np.concatenate(parts)

    def work_weights(self, epoch: Epoch, counted: bool) -> np.ndarray:
        """Float[slots, 2]: by what prompt and output tokens of the epoch are shared out over live slots.

        `counted` says that the epoch's tokens were all counted, not taken from windows.

        A live slot's own measured tokens. One of which windows say nothing (it was not there yet, a single window found it down,
        it was up and no request came) counts as its class's mean, a class of which they say nothing as its capacity beside the whole
        network's. A slot that `SEEN_DOWN` windows or more of an epoch found down, each of them, did nothing; and where every token was
        counted, each slot did what it did. With no token at all, everybody counts by capacity.
        """
        weights = np.zeros((self.slots, 2))
        speeds, allowed = self.checks.speeds(), self.checks.allowed(epoch)
        total, capacity = self.work.sum(axis=0), self.capacity_rps
        for owners, span in zip(self.owners, self.spans, strict=True):
            live = owners.columns.state == LIVE
            seen = self.work[span].sum(axis=1) > 0
            if total.any():
                there, up = self.met[span].T
                seen |= counted | ((there >= SEEN_DOWN) & (up == 0))
            mean = (
                self.work[span][seen].mean(axis=0)
                if seen.any()
                else total * owners.machine.capacity_rps / max(capacity, 1e-9)
            )
            if not mean.any():
                mean = np.full(2, owners.machine.capacity_rps)
            if speeds is not None:
                # Unmeasured slots share by what they can serve; measured ones have shown it.
                mean = mean * (speeds[span] * self.checks.slower)[:, None]
            work = np.where(seen[:, None], self.work[span], mean)
            if allowed is not None and not counted:
                work = work * allowed[span][:, None]
            if (down := self.down_frac(owners, epoch.start_ps, epoch.end_ps)) is not None:
                # A slot works while no shock holds it; where every token was counted, what it did says so itself.
                work = np.where((seen & counted)[:, None], work, work * (1 - down)[:, None])
            weights[span] = work * live[:, None]
        return weights
