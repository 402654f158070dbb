"""Who serves what was paid for, who looks, and what comes of it: step 5 of an epoch.

At the start of an epoch owners who count decide whether a cheaper model pays. They really serve it: its passes in windows and where
every request is simulated, its capacity where none is. At the end checks are drawn by named streams, verdicts fall when they are
due, and what is found bad is not paid for. Checks are work of the network's own nodes: every pass takes longer by the load they
make, but where every request is simulated they are requests too (`sim.world.rechecks`).
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.serving.pace import slowed
from sim.tokenomics.operators import LIVE
from sim.tokenomics.operators.strategies import COLLUDES, PRETENDERS, cheats
from sim.tokenomics.slash import Offence
from sim.tokenomics.verify import Dispute, Odds, Refereed, Verify, at_least_once, settle
from sim.tokenomics.verify.reputation import EPOCH_ONE
from sim.units import DAY_S, ps
from sim.world.calendar import Epoch
from sim.world.dealing import dealers, disposed
from sim.world.fleet import Plan, Variant
from sim.world.hardware import Hardware, machine_of
from sim.world.service import Served, share_out

if TYPE_CHECKING:
    from sim.streams import Streams
    from sim.world.network import NetworkState
    from sim.world.people import Owners


@dataclasses.dataclass(frozen=True)
class Pending:
    """A verdict to come: `times` offences of a slot."""

    due_ps: int
    slot: int
    offence: Offence
    times: int


@dataclasses.dataclass
class Seen:
    """What an epoch's checks told, in requests: served, served badly, of these found, honest ones held bad.

    `looked` and `exposed` are checks of nodes that are not what they are said to be, and those of them that told so.
    """

    served: int = 0
    bad: int = 0
    found: int = 0
    wronged: int = 0
    looked: int = 0
    exposed: int = 0


class Checks:
    """State of one network; arrays have an entry a slot. Empty and without effect where nobody looks and nobody cheats."""

    def __init__(self, network: NetworkState, spec: Any, streams: Streams) -> None:
        self.network, self.streams = network, streams
        size = network.slots
        self.disposed = np.zeros(size, np.int8)
        """HONEST, LAZY or COLLUDES: of the slot's owner, for the run."""
        self.cheaper: dict[str, list[tuple[np.ndarray, Hardware, bool]]] = {}
        """By class, of each strategy: its slots of the class, the machine with the cheaper model (or the GPU that is really there),
        whether come what may."""
        self.pretends = np.zeros(size, bool)
        """Slots whose node is not what it is said to be: another GPU, or one node shown as many."""
        for i, owners in enumerate(network.owners):
            self._dispose(i, owners, spec)
        self.dealing = dealers(network, streams)
        """Slots whose owner, one for all of them, buys their service himself."""
        self.cheating = np.zeros(size, bool)
        self.epochs = np.zeros(size, np.int64)
        """Epochs served, and millionths of one lost: what reputation comes of."""
        self.lost = np.zeros(size, np.int64)
        self.odds: list[Odds] = []
        self.load = 0.0
        """Computing of checks, as a part of that of serving."""
        self.loads = np.zeros(size)
        """The same of each slot's answers: float64[slots]."""
        self.paid = np.ones(size)
        """Part of the epoch's work that is paid for."""
        self.pending: list[Pending] = []
        self.barred_ps: dict[int, int] = {}
        """Until when slots may not serve."""
        self.barred_before: dict[int, int] = {}
        """The same as the epoch began: a verdict at its end does not act on what was done in it."""
        self.seen = Seen()

    def _dispose(self, place: int, owners: Owners, spec: Any) -> None:
        network, first = self.network, int(self.network.offset[place])
        strategies = network.block.operators[owners.name].strategies
        for name, mine in disposed(network, owners, self.streams).items():
            strategy, span = strategies[name], slice(first, first + len(mine))
            self.pretends[span] |= mine & (strategy.kind in PRETENDERS)
            if strategy.model is None and strategy.gpu is None:
                continue
            self.disposed[span][mine] = strategy.code
            model = strategy.model or owners.machine.model
            machine = machine_of(spec, network.block, owners.name, model, owners.machine.mean_tokens, strategy.gpu)
            always = strategy.when == "always" or strategy.gpu is not None
            self.cheaper.setdefault(owners.name, []).append((mine, machine, always))
            if strategy.gpu is not None:
                # The bill is that of the GPU that is there, at full load.
                owners.columns.cost_factor[mine] *= machine.watts(1.0) / owners.machine.watts(1.0)

    @property
    def verify(self) -> Verify | None:
        """How answers are checked now."""
        found: Verify | None = self.network.block.verify
        return found

    @property
    def active(self) -> bool:
        """Whether anybody looks, may cheat, or is yet to be judged."""
        block = self.network.block
        down = block.slash.downtime if self.network.coin is not None else None
        looks = block.verify is not None and block.verify.looks
        lies = bool(self.cheaper or self.pending or self.barred_ps) or bool(self.pretends.any())
        return looks or lies or down is not None

    # -- the start of an epoch ----------------------------------------------------------------------------------

    def decide(self, epoch: Epoch, wanted_rps: float) -> None:
        """Owners who count decide; then what checks will cost is known."""
        self.paid, self.barred_before = np.ones(self.network.slots), dict(self.barred_ps)
        self.load, self.loads, self.odds, self.seen = 0.0, np.zeros(self.network.slots), [], Seen()
        if not self.active:
            return
        live = self.network.live_mask()
        self.epochs[~live] = self.lost[~live] = 0
        self.odds = self._odds(wanted_rps, live)
        self.loads = np.array([odds.load for odds in self.odds])
        self.cheating[:] = False
        for i, owners in enumerate(self.network.owners):
            for mine, machine, always in self.cheaper.get(owners.name, []):
                for place in np.flatnonzero(mine & (owners.columns.state == LIVE)).tolist():
                    slot = int(self.network.offset[i]) + place
                    self.cheating[slot] = always or self._pays(owners, machine, slot, place, wanted_rps)
        capacity = np.where(live, self.network.capacities(), 0.0)
        if capacity.any():
            self.load = float(
                sum(c * odds.load for c, odds in zip(capacity, self.odds, strict=True) if c) / capacity.sum()
            )

    def _odds(self, wanted_rps: float, live: np.ndarray) -> list[Odds]:
        """What comes of checking each slot; equal slots are asked about once."""
        verify = self.verify
        if verify is None:
            return [Odds(0.0, 0.0, 0.0, 0.0)] * self.network.slots
        capacity = np.where(live, self.network.capacities(), 0.0)
        total, colluding = float(capacity.sum()), float(capacity[self.disposed == COLLUDES].sum())
        breach = self.streams[f"breach.{self.network.name}"].uniforms(0, self.network.slots)
        known: dict[tuple[float, ...], Odds] = {}
        found, reputations = [], self._reputations()
        for slot in range(self.network.slots):
            sides = 0.0
            if self.disposed[slot] == COLLUDES and total > capacity[slot]:
                sides = (colluding - float(capacity[slot])) / (total - float(capacity[slot]))
            key = (wanted_rps, reputations[slot], max(sides, 0.0), 1.0, float(breach[slot]))
            if not verify.by_node:
                key = (*key[:-1], 1.0)
            if key not in known:
                known[key] = verify.odds(np.array(key))
            found.append(known[key])
        return found

    def _reputations(self) -> list[float]:
        """Reputation of each slot, 0 to 100; 100 where the network keeps none. Slots with one past are asked about once."""
        rule = getattr(self.verify, "reputation", None)
        if rule is None:
            return [100.0] * self.network.slots
        pasts = list(zip(self.epochs.tolist(), self.lost.tolist(), strict=True))
        known = {past: float(rule.of(*past)) for past in set(pasts)}
        return [known[past] for past in pasts]

    def _pays(self, owners: Owners, machine: Hardware, slot: int, place: int, wanted_rps: float) -> bool:
        """Whether serving the cheaper model saves more than is lost by being found, in USD a trial.

        What it saves is machine time, worth what that time costs the owner; what is lost is the pay of the request, the stake
        that the offence takes, and the income of a node that may not serve.
        """
        network, odds = self.network, self.odds[slot]
        per_day = wanted_rps * DAY_S * owners.machine.capacity_rps / max(network.capacity_rps, 1e-12)
        if per_day <= 0 or machine.capacity_rps <= owners.machine.capacity_rps:
            return False
        daily = float(owners.avoidable_usd_per_day()[place]) - owners.stake_usd_per_day
        spared = daily * (1 - owners.machine.capacity_rps / machine.capacity_rps)
        income = owners.fee_usd_per_node_day + owners.coin_usd_per_node_day
        trials = 1.0 if self.verify is not None and self.verify.trials == "day" else per_day
        return cheats(spared / trials, self._found(odds), income / trials, self._loss_usd(owners, slot, income))

    def _found(self, odds: Odds) -> float:
        """Chance that a trial served badly becomes an offence: none where so many failures are tolerated."""
        verify = self.verify
        if verify is None or odds.checked <= 0 or odds.found / odds.checked <= verify.tolerance:
            return 0.0
        return odds.found

    def _loss_usd(self, owners: Owners, slot: int, income_usd_per_day: float) -> float:
        network = self.network
        rule = network.block.slash.invalid if network.coin is not None else None
        if rule is None:
            return 0.0
        stakes = network.stakes
        locked = int(stakes.locked.amounts[slot]) if stakes.held else 0
        unbonding = int(stakes.unbonding.amounts[slot]) if stakes.held else 0
        taken = rule.taken(locked, unbonding, stakes.reward.get(owners.name, 0))
        return float(network.value_usd(taken.total) + income_usd_per_day * rule.cooldown / DAY_S)

    # -- serving ------------------------------------------------------------------------------------------------

    @property
    def verifiable(self) -> float:
        """How much longer every pass takes for being verifiable."""
        return 1 + (self.verify.overhead if self.verify is not None else 0.0)

    @property
    def slower(self) -> float:
        """How much longer every pass takes: what being verifiable costs, and the checks of others."""
        return self.verifiable * (1 + self.load)

    def plan(self, plan: Plan) -> Plan:
        """The fleet's plan as it serves in this epoch."""
        return self._planned(plan, self.slower, self.cheating) if self.active else plan

    def plan_of_run(self, plan: Plan) -> Plan:
        """The fleet's plan where checks are requests of their own: variants are what its owners may serve in some epoch."""
        if not self.active:
            return plan
        return self._planned(plan, self.verifiable, np.ones(self.network.slots, bool))

    def _planned(self, plan: Plan, factor: float, cheating: np.ndarray) -> Plan:
        members = tuple(dataclasses.replace(m, rtype=slowed(m.rtype, factor)) for m in plan.members)
        return dataclasses.replace(plan, members=members, variants=self._variants(factor, cheating))

    def _variants(self, factor: float, cheating: np.ndarray) -> dict[str, tuple[Variant, ...]]:
        found = {}
        for owners, span in zip(self.network.owners, self.network.spans, strict=True):
            kinds = [
                Variant(slowed(machine.rtype, factor), mine & cheating[span])
                for mine, machine, _ in self.cheaper.get(owners.name, [])
                if (mine & cheating[span]).any()
            ]
            if kinds:
                found[owners.name] = tuple(kinds)
        return found

    def speeds(self) -> np.ndarray | None:
        """What each slot serves over what it would honestly and unchecked; None where that is 1 for all."""
        if not self.active:
            return None
        speed = np.full(self.network.slots, 1 / self.slower)
        for owners, span in zip(self.network.owners, self.network.spans, strict=True):
            for mine, machine, _ in self.cheaper.get(owners.name, []):
                faster = machine.capacity_rps / owners.machine.capacity_rps
                speed[span] = np.where(mine & self.cheating[span], speed[span] * faster, speed[span])
        return speed

    def allowed(self, epoch: Epoch) -> np.ndarray | None:
        """Part of an epoch in which each slot may serve; None where nobody is barred."""
        self.barred_ps = {slot: until for slot, until in self.barred_ps.items() if until > epoch.start_ps}
        if not self.barred_ps:
            return None
        parts = np.ones(self.network.slots)
        for slot, until in self.barred_ps.items():
            parts[slot] = max(0.0, (epoch.end_ps - until) / (epoch.end_ps - epoch.start_ps))
        return parts

    # -- the end of an epoch ------------------------------------------------------------------------------------

    def close(self, epoch: Epoch, served: Served) -> None:
        """Draw the epoch's checks, note what they found, and carry out the verdicts that are due by its end."""
        if not self.active:
            return
        missed = self._missed(epoch)
        if self.verify is not None or self.cheating.any() or self.pretends.any():
            missed = self._check(epoch, served, missed)
        self._remember(missed)
        due = [verdict for verdict in self.pending if verdict.due_ps <= epoch.end_ps]
        self.pending = [verdict for verdict in self.pending if verdict.due_ps > epoch.end_ps]
        for verdict in due:
            self._carry_out(verdict, epoch, served.counted)

    def _check(self, epoch: Epoch, served: Served, missed: np.ndarray) -> np.ndarray:
        """One epoch's checks; gives what each slot missed, all of the epoch where it was found out."""
        network, live = self.network, self.network.live_mask()
        done = served.completed + served.job_parts
        weights = network.work_weights(epoch, served.counted).sum(axis=1)
        requests = share_out(done, weights) if weights.any() else np.zeros(network.slots, np.int64)
        checked, failed = self._draw(epoch, requests, live)
        bad = self.cheating & ~self.pretends
        honest = failed[~(self.cheating | self.pretends)]
        self.seen = Seen(
            int(requests.sum()), int(requests[bad].sum()), int(failed[bad].sum()), int(honest.sum()),
            int(checked[self.pretends].sum()), int(failed[self.pretends].sum()),
        )  # fmt: skip
        tolerance = self.verify.tolerance if self.verify is not None else 0.0
        offends = failed > tolerance * checked
        by_request = self.verify is None or self.verify.trials == "request"
        for slot in np.flatnonzero(offends).tolist():
            # Where some failures are known to be false alarms, so many together are one offence.
            times = int(failed[slot]) if tolerance == 0 else 1
            self._sentence(epoch, slot, "invalid", times)
            spoilt = failed[slot] / requests[slot] if by_request and requests[slot] else 1.0
            self.paid[slot] = max(0.0, 1 - spoilt)
        return np.where(offends, 1.0, missed)

    def _draw(self, epoch: Epoch, requests: np.ndarray, live: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Checks of each slot, and those that failed: int64 each, by the slot's own uniforms."""
        from scipy.stats import binom

        network, verify = self.network, self.verify
        if verify is None:
            return np.zeros(network.slots, np.int64), np.zeros(network.slots, np.int64)
        uniforms = np.concatenate([
            self.streams[f"verify.{network.name}.{o.name}"].uniforms(2 * epoch.number * o.block.slots, 2 * o.block.slots)
            .reshape(2, -1)
            for o in network.owners
        ], axis=1)  # fmt: skip
        rate = np.array([odds.checked for odds in self.odds])
        bad = np.where(self.pretends, verify.attests, self.cheating)
        fails = np.array([_fails(odds, one) for odds, one in zip(self.odds, bad.tolist(), strict=True)])
        if verify.trials == "day":
            rate = np.array([at_least_once(chance, epoch.days) for chance in rate])
        trials = np.where(live, requests if verify.trials == "request" else 1, 0)
        # The quantile of 0 is -1.
        checked = np.maximum(binom.ppf(uniforms[0], trials, rate), 0).astype(np.int64)
        return checked, np.maximum(binom.ppf(uniforms[1], checked, fails), 0).astype(np.int64)

    def _missed(self, epoch: Epoch) -> np.ndarray:
        """Part of its time that shocks held each live slot down."""
        live = np.concatenate([owners.live_ps(epoch) for owners in self.network.owners]).astype(float)
        stood = self.network.standing_ps(epoch).astype(float)
        missed = np.where(live > 0, 1 - stood / np.maximum(live, 1.0), 0.0)
        rule = self.network.block.slash.downtime if self.network.coin is not None else None
        for slot in np.flatnonzero(missed > (rule.above if rule is not None else 1.0)).tolist():
            self._sentence(epoch, slot, "downtime", 1)
        return np.asarray(missed)

    def _remember(self, missed: np.ndarray) -> None:
        live, rule = self.network.live_mask(), getattr(self.verify, "reputation", None)
        self.epochs[live] += 1
        if rule is not None:
            for slot in np.flatnonzero(live & (missed > 0)).tolist():
                self.lost[slot] += rule.lost(float(missed[slot]))
        # What was lost is regained by serving: it is never more than all that was served.
        self.lost = np.minimum(self.lost, self.epochs * EPOCH_ONE)

    def offend(self, epoch: Epoch, slot: int) -> None:
        """Note an offence that was not found by checks of answers or nodes."""
        self.pending.append(Pending(epoch.end_ps, slot, "invalid", 1))

    def _sentence(self, epoch: Epoch, slot: int, offence: Offence, times: int) -> None:
        """A verdict falls when its time has come; that of a dispute when it has been played."""
        verify, wait_s = self.verify, 0.0
        if verify is not None and offence == "invalid":
            wait_s = verify.verdict_s
            if isinstance(verify, Refereed):
                wait_s = verify.delay + verify.message * self._dispute(verify, epoch, slot)
        self.pending.append(Pending(epoch.end_ps + ps(wait_s), slot, offence, times))

    def _dispute(self, verify: Refereed, epoch: Epoch, slot: int) -> int:
        """Messages of the dispute that the slot's lie starts, at an operator drawn for it."""
        draw = self.streams[f"dispute.{self.network.name}"].uniforms((epoch.number * self.network.slots + slot) * 2, 2)
        lie = (int(draw[0] * verify.checkpoints), int(draw[1] * verify.operators))
        last = verify.operators - 1
        honest = Dispute(lambda c: (c, last, False), lambda c, o: (c, o, False))
        liar = Dispute(lambda c: (c, last, (c, last) >= lie), lambda c, o: (c, o, (c, o) >= lie))
        verdict = settle((honest, liar), verify.checkpoints, verify.operators, honest.output)
        assert verdict is not None
        assert verdict.liars == (1,)
        return verdict.messages

    def _carry_out(self, verdict: Pending, epoch: Epoch, counted: bool) -> None:
        network = self.network
        rule = getattr(network.block.slash, verdict.offence) if network.coin is not None else None
        place = next(i for i in range(len(network.owners)) if verdict.slot < network.offset[i + 1])
        owners, slot = network.owners[place], verdict.slot - int(network.offset[place])
        if rule is None or self.barred_ps.get(verdict.slot, 0) > epoch.end_ps:
            return  # who is barred already is not punished again
        times = 1 if rule.cooldown > 0 else verdict.times
        network.stakes.slash(verdict.offence, verdict.slot, times, epoch.end_ps)
        if rule.cooldown > 0 and owners.columns.state[slot] == LIVE:
            self.barred_ps[verdict.slot] = epoch.end_ps + ps(rule.cooldown)
            owners.bar(slot, self.barred_ps[verdict.slot], counted)


def _fails(odds: Odds, bad: bool) -> float:
    """Chance that a check fails, of one who serves badly or not."""
    if odds.checked <= 0:
        return 0.0
    return min(1.0, (odds.found if bad else odds.wronged) / odds.checked)
