"""One run: a SimPy process that walks from epoch to epoch.

In each epoch: (1) dated rules; (2) operators decide; (3) users choose at current prices and last quality; (4) windows of
requests are served, with failures and repairs; (6) settlement, (7) emission and (8) the market, as `money` orders them;
(9) the ledger is closed and the book written; before (6), checks are drawn and verdicts fall (5).
"""

from __future__ import annotations

from collections.abc import Collection, Generator
from typing import Any

import numpy as np
import simpy

from sim.errors import ScenarioError
from sim.records.run import RunRecord, last_of, names_of
from sim.scenario.study import times
from sim.serving.contract import Fate
from sim.streams import Streams
from sim.tokenomics.ledger import Ledger
from sim.units import PS_PER_S, ps
from sim.world import compiled, lines, money, providers, treasury
from sim.world.adding_up import AddingUp
from sim.world.book import Book, latencies, lorenz, reasons
from sim.world.burning import credit_decimals
from sim.world.calendar import Calendar, Epoch, Sampling
from sim.world.dates import InForce, dates_of
from sim.world.loading import LOADING
from sim.world.moving import Moving
from sim.world.network import NetworkState, decimals_of, targets_of
from sim.world.people import Beliefs, views
from sim.world.plausible import remark
from sim.world.requests import Told
from sim.world.service import Scaler, Served, exact, from_capacity, scaled
from sim.world.serving import Continuous, Windows
from sim.world.shocks import Shocks
from sim.world.space import Space
from sim.world.steady import rescale, settle
from sim.world.tally import Tally
from sim.world.ticking import tick
from sim.world.training import Training
from sim.world.users import Asked, Users

SURPLUSES = ("world.consumer_surplus_usd_per_day", "world.total_surplus_usd_per_day")


def run(
    resolved: Any, replication: int, engine: str = "fast", told: Told | None = None, only: Collection[str] = ()
) -> RunRecord:
    """Simulate one case of a scenario.

    Parameters
    ----------
    resolved
        A `sim.scenario.ResolvedCase`.
    replication
        Number of the replication, >= 0: with the root seed it names every random stream.
    engine
        `fast`, `loop` or `reference`; the numbers are the same.
    told
        Takes every request that is served one by one, batch by batch (`sim.world.requests`); changes no number.
    only
        Outcome references that are asked for: the record holds what they read and nothing else (`RunRecord.only`). None: all of it.

    Raises
    ------
    ScenarioError
        Where only running shows that the scenario cannot be (users want more than the headroom, no class can be met).
    InvariantError
        A law was broken: the ledger, the sum of fates, the pool's reserves.

    """
    return World(resolved, replication, engine, told).run(only)


class World:
    """One case and replication. `before` holds until `policies_from`, `after` from then on."""

    def __init__(self, resolved: Any, replication: int, engine: str, told: Told | None = None) -> None:
        self.told = told
        self.case, self.replication, self.engine = resolved.case, replication, engine
        self.before, self.after = resolved.before, resolved.after
        spec = self.before
        self.calendar = Calendar.of(spec.start, spec.horizon, spec.epoch)
        self.streams = Streams(spec.seeds.root, replication)
        self.users = Users(spec, self.streams, spec.start)
        self.ledger = Ledger({**decimals_of(spec), **credit_decimals(self.before, self.after)})
        means = model_means(spec, self.users)
        # Policies act from the start of an epoch on: what they are judged by begins there too.
        self.policies_from_ps = self.calendar.first_from(ps(spec.policies_from))
        self.in_force = InForce(self.before, self.after, self.calendar, self.policies_from_ps)
        first = self.in_force.on(spec, spec.start)
        self.networks = [
            NetworkState(name, i, first, means, self.streams, self.ledger) for i, name in enumerate(spec.networks)
        ]
        self.moving = Moving(self.networks, self.streams, self.before, self.after)
        self.shocks = Shocks(spec, self.calendar)
        self.targets = targets_of(spec)
        self.book = Book(self.users.networks, len(self.users.names), self.policies_from_ps / PS_PER_S)
        # What either side of `policies_from` can tell is told.
        told_first = reasons(spec, spec.requests.mode)
        later = told_first if self.after is spec else reasons(self.after, spec.requests.mode)
        self.book.unsupported = {n: why for n, why in told_first.items() if n in later}
        self.scalers = [Scaler(len(self.users.names)) for _ in self.networks]
        self.counts: dict[str, int] = dict.fromkeys(
            ["measured_requests", "windows", *(f.name.lower() for f in Fate)], 0
        )
        self.training = Training(spec.jobs, self.streams, self.calendar.horizon_ps) if spec.jobs else None
        self.notes: list[str] = []
        self.env = simpy.Environment()
        self.serving = self._serving(spec)
        self._base_of: tuple[Epoch, np.ndarray] | None = None
        self._told: dict[str, tuple[Tally, dict[str, float | None]]] = {}

    def _serving(self, spec: Any) -> Windows | Continuous | None:
        requests = spec.requests
        if requests.mode == "capacity":
            return None
        if requests.mode == "all":
            return Continuous(self)
        # Windows are laid out once: for the longest deadline and patience of any date.
        blocks = [block.at(day) for block in spec.workload.values() for day in {spec.start, *dates_of(block)}]
        life = max((ps(block.deadline) for block in blocks), default=0)
        longest = max((mean_of(block.patience) for block in blocks if block.patience), default=0.0)
        warm = ps(max(10 * longest, 300.0))
        sampling = Sampling(ps(requests.window), requests.per_epoch, requests.every, warm, life)
        sampling.check(self.calendar.epoch_ps)
        return Windows(self, sampling, Space(requests.replicas, requests.budget))

    def run(self, only: Collection[str] = ()) -> RunRecord:
        """Start, walk through all epochs, and gather what is left: all, or what the references `only` read."""
        self.start()
        if self.engine != "fast" or not (
            compiled.possible(self) and LOADING.worthwhile(self) and compiled.walk(self, only)
        ):
            # What is still on its way at the horizon never comes.
            self.env.run(until=self.env.process(self._walk()))
        return self.part(only) if only else self.record()

    # -- the start --------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Calibrate under the baseline: nodes, tastes, holders' drift. Every policy starts from the same state."""
        self.users.begin()
        first = self.calendar.epochs()[0]
        for network in self.networks:
            network.stakes.appraise(first)
        settle(self.networks, self.users, self.before, self.calendar.epochs()[0])
        if self.serving is not None:
            self.serving.rehearse()
        self.users.calibrate(self.prices(0))
        if self.before.initial.scale is not None:
            rescale(self.networks, self.users, times(self.before.initial.scale), self.calendar.epochs()[0])
        for network in self.networks:
            network.stakes.begin(first)
        self.ledger.close("the start")
        self.adding_up = AddingUp(self.networks)

    def prices(self, now_ps: int) -> list[Asked]:
        """Every network's prices as users see them."""
        return [n.prices_usd(now_ps) for n in self.networks]

    # -- the epochs -------------------------------------------------------------------------------------------

    def _walk(self) -> Generator[Any, None, None]:
        for epoch in self.calendar.epochs():
            self._open(epoch)
            if self.serving is not None:
                yield from self.serving.serve(epoch)
            if self.env.now < epoch.end_ps:
                yield self.env.timeout(epoch.end_ps - self.env.now)
            self._close(epoch)

    def _open(self, epoch: Epoch) -> None:
        """Steps 1 to 3."""
        spec = self.in_force.at(epoch)
        self.users.level = self.shocks.demand(epoch)
        for network in self.networks:
            network.use(self.shocks.block(network.name, spec.networks[network.name], epoch))
            self.shocks.coins(network, epoch)
            treasury.act(network)
            network.register(epoch)
        if epoch.number:
            for network in self.networks:
                network.purses.leave()
            self.moving.act(self.env, lambda network: self._beliefs(network, epoch), epoch)
            for network in self.networks:
                network.stakes.appraise(epoch)
                seen = views(network.owners, self._beliefs(network, epoch))
                for owners, view in zip(network.owners, seen, strict=True):
                    owners.act(self.env, view, epoch)
                network.stakes.turn(epoch)
            for network in self.networks:
                network.names.register(epoch)
        for network in self.networks:
            network.quote = network.look(epoch.start_ps)
            providers.note_asks(network)
        tick(self.networks, epoch, lambda: self._choose(epoch))
        rates = self._choose(epoch)
        for network in self.networks:
            network.checks.decide(epoch, float(rates[network.index]))

    def _beliefs(self, network: NetworkState, epoch: Epoch) -> Beliefs:
        return Beliefs(
            network.emission_coin_per_day(epoch).get("operators", 0.0) * network.coin_usd,
            float(self._wanted(network, epoch).sum()) / epoch.seconds,
            epoch.start_ps,
        )

    def _choose(self, epoch: Epoch) -> np.ndarray:
        """Users choose at the prices in force; gives the requests a second of each network."""
        self.users.choose(self.prices(epoch.start_ps), self._base(epoch) / epoch.days)
        return np.asarray(self._base(epoch) @ self.users.quantities) / epoch.seconds

    def _wanted(self, network: NetworkState, epoch: Epoch) -> np.ndarray:
        """Expected requests of each class that choose the network in an epoch."""
        return np.asarray(self._base(epoch) * self.users.quantities[:, network.index])

    def _close(self, epoch: Epoch) -> None:
        """Steps 5 to 9."""
        label = f"epoch {epoch.number}"
        written: dict[str, Any] = {}
        curves: dict[str, list[float] | None] = {}
        spared_usd = 0.0
        for network in self.networks:
            network.names.close(epoch)
        for network in self.networks:
            wanted = self._wanted(network, epoch)
            served = self._served(network, epoch, wanted)
            served.check(f"{label}, {network.name}")
            for owners in network.owners:
                owners.utilization = served.utilization if served.utilization is not None else owners.utilization
            network.checks.close(epoch, served)
            account = money.close(network, epoch, served)
            treasury.remember(network, epoch, account)
            spared_usd += account.spared_usd
            if self.training is not None:
                self.training.paid_usd += account.jobs_usd
            seen = lines.incomes(network, account)
            written[network.name] = lines.line(network, epoch, served, account, wanted, seen) | self._latencies(network)
            curves[network.name] = lorenz(seen)
            lines.believe(network, epoch, account)
        surplus = self.users.surplus_usd(self._base(epoch))
        # Users chose at the list; what they get back of it is theirs too.
        written["world"] = (
            {} if surplus is None else {"consumer_surplus_usd_per_day": (surplus + spared_usd) / epoch.days}
        )
        written["world"] |= lines.total_surplus(written, self.networks, epoch.days)
        if self.training is not None:
            written["world"] |= self.training.close(epoch.end_ps)
        lines.shares(
            written,
            {n.name: float(self._wanted(n, epoch).sum()) for n in self.networks},
            float(self._base(epoch).sum()),
        )
        for network in self.networks:
            money.check_market(network, label)
        self.adding_up.check(label, epoch, self.ledger.close(label), written)
        self.book.write(epoch.end_ps / PS_PER_S, written, curves)

    def _base(self, epoch: Epoch) -> np.ndarray:
        """Expected requests of each class at base demand; the last epoch's are kept, as several steps ask for them."""
        if self._base_of is None or self._base_of[0] != epoch:
            self._base_of = (epoch, self.users.base_requests(epoch.start_ps / PS_PER_S, epoch.end_ps / PS_PER_S))
        return self._base_of[1]

    def _served(self, network: NetworkState, epoch: Epoch, wanted: np.ndarray) -> Served:
        """What the network's fleets did with the epoch's requests."""
        if isinstance(self.serving, Continuous):
            served = exact(self.serving.tally(network), epoch.seconds)
            served.job_parts, served.job_tokens = self.serving.fleets.job_work.get(network.name, (0, 0))
            return served
        arrived = self.scalers[network.index].whole(wanted)
        if self.serving is None:
            means = np.array([self.users.means[name] for name in self.users.names])
            busy = sum(o.live * o.machine.watts(1.0) for o in network.owners)
            idle = sum(o.live * o.machine.watts(0.0) for o in network.owners)
            standing = network.standing(epoch)
            used = network.busy_frac(float(arrived.sum()) / epoch.seconds, standing)
            return from_capacity(arrived, means, standing, used, (busy, idle), epoch.seconds, self.users.cached)
        assert network.tally is not None  # the rehearsal measured every network
        return scaled(network.tally, arrived, epoch.seconds)

    def _latencies(self, network: NetworkState) -> dict[str, float | None]:
        """Quantiles of what was measured last: one tally tells of all epochs until the next."""
        if network.tally is None:
            return {}
        known = self._told.get(network.name)
        if known is None or known[0] is not network.tally:
            self._told[network.name] = known = network.tally, latencies(network.tally)
        return known[1]

    def count(self, network: NetworkState, tally: Tally, reported: bool, fates: np.ndarray) -> None:
        """Add the requests that were served one by one (`fates`, by fate) to the run's counts, and what they tell, from
        `policies_from` on, to the book's tallies.
        """
        self.counts["measured_requests"] += int(fates.sum())
        for fate in Fate:
            self.counts[fate.name.lower()] += int(fates[fate])
        if reported:
            self.book.tallies[network.name].add(tally)

    # -- the end ----------------------------------------------------------------------------------------------

    def part(self, only: Collection[str]) -> RunRecord:
        """`record().only(only)`, without making the rest."""
        names, whole, ends = names_of(only)
        outcomes, unsupported = self.book.outcomes(names), self._unsupported()
        series = {
            **self.book.series(whole),
            **{name: [last_of(values)] for name, values in self.book.series(ends).items()},
        }
        return RunRecord(
            self.case.policy, self.case.coin_price, self.case.point, self.replication, self.book.ends_s if whole else [], outcomes,
            {name: values for name, values in series.items() if name not in unsupported},
            self.book.times(names), {}, [], [], {}, {},
            {name: why for name, why in unsupported.items() if name in names}, [],
        )  # fmt: skip

    def _unsupported(self) -> dict[str, str]:
        """Outcomes that the run has no number for, and why."""
        found = {**self.book.unsupported}
        for name in SURPLUSES:
            if not self.book.tells(name):
                found.setdefault(name, "a class with fixed demand has no finite consumer surplus")
        return found

    def record(self) -> RunRecord:
        """What the run leaves, once its epochs are over."""
        outcomes, series, unsupported = self.book.outcomes(), self.book.series(), self._unsupported()
        if self.training is not None:
            self.counts |= self.training.counts()
        for network in self.networks:
            self.notes += network.notes
            self.notes += [
                f"{network.name}.{o.name}: all {o.block.slots} node slots are taken; raise max_nodes"
                for o in network.owners
                if o.full
            ]
            plausible = self.before.networks[network.name].plausible
            if said := remark(network.name, plausible, self.book.ends_s, series):
                self.notes.append(said)
        if self.before.requests.mode == "sampled":
            self.notes += lines.backlogs(self.book, self.before.workload)
        return RunRecord(
            policy=self.case.policy,
            coin_price=self.case.coin_price,
            point=self.case.point,
            replication=self.replication,
            epoch_end_s=self.book.ends_s,
            outcomes=outcomes,
            series={name: values for name, values in series.items() if name not in unsupported},
            times=self.book.times(),
            histograms=self.book.histograms(),
            operators=lines.operators(self.networks, self.book),
            flows=self.ledger.flows(),
            counts=self.counts,
            residuals=self.ledger.residuals(),
            unsupported=unsupported,
            notes=sorted(set(self.notes)),
            classes=lines.classes(self.book, self.users.names, self.targets),
            lorenz=self.book.lorenz(),
            break_evens=lines.break_evens(self.networks),
        )


def model_means(spec: Any, users: Users) -> dict[str, tuple[float, float]]:
    """Mean (prompt, output) tokens of requests by model, classes weighted by their base rate at the start."""
    sums: dict[str, np.ndarray] = {}
    rates = users.base_requests(0.0, spec.epoch)
    for rate, (name, block) in zip(rates.tolist(), spec.workload.items(), strict=True):
        prompt, output = users.means[name]
        sums[block.model] = sums.get(block.model, np.zeros(3)) + np.array([rate, rate * prompt, rate * output])
    for model, (rate, _, _) in sums.items():
        if rate <= 0:
            raise ScenarioError(
                f"workload: no requests for model {model} in the first epoch; give its classes a rate above 0"
            )
    return {model: (float(s[1] / s[0]), float(s[2] / s[0])) for model, s in sums.items()}


def mean_of(patience: Any) -> float:
    """Mean patience in seconds of a patience block."""
    return float(patience.mean)
