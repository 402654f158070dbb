"""How a run's requests are served: in windows that sample the epochs, or every one of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import numpy as np
import simpy

from sim.serving.contract import Fate
from sim.units import PS_PER_S, ps
from sim.world.calendar import Epoch, Sampling
from sim.world.expand import Expander
from sim.world.lifetimes import Lifetimes
from sim.world.luck import Seen
from sim.world.network import NetworkState
from sim.world.space import WHOLE, Part, Space, part_of, thin
from sim.world.tally import Tally
from sim.world.window import Stint, Window, serve

if TYPE_CHECKING:
    from sim.world.fleet import Roster
    from sim.world.run import World

CHANGE = 0.10
"""A change of nodes or of offered load beyond this calls for a window at once."""
MOST_FACTOR = 4
"""Warm-ups are stretched to this at most."""
E2ES = 3
"""Mean E2E that a warm-up lasts at least (specification of serving, section 4: max of 10 x longest patience, 3 x mean E2E, 300 s)."""
REHEARSALS = 4
"""The first window is served so often at most until its warm-up is long enough."""
BEYOND_NOISE = 4.0
"""Standard errors by which a window's halves may differ; requests of a queue are dependent, hence the wide band."""


class Windows:
    """`requests.mode: sampled`."""

    def __init__(self, world: World, sampling: Sampling, space: Space = WHOLE) -> None:
        self.world, self.sampling, self.space = world, sampling, space
        self.expanders: dict[tuple[str, str], Expander] = {}
        """Of each network and model: what scaled counts have left over."""
        self.lifetimes: dict[tuple[str, str], Lifetimes] = {}
        self._learned_ps = 0
        """End of the last epoch that users have learned from."""
        self._told: set[tuple[str, str]] = set()
        self._seen: list[Seen] = []
        """Of each network: what the windows of this epoch said of its slots."""

    def rehearse(self) -> None:
        """One window before the run, at the start's demand: what users and operators believe at first. Not counted.

        Warm-ups last three times the mean E2E that it measures at least, and it is repeated with a longer one: replicas that began
        empty have then turned over what they serve. What does not fit into an epoch is told.
        """
        epoch = self.world.calendar.epochs()[0]
        for _ in range(REHEARSALS):
            self.rehearse_at(epoch)
            need_ps, room_ps = ps(E2ES * self._slowest_s()), self.sampling.longest_warm_ps(epoch)
            if min(need_ps, room_ps) <= self.sampling.warm_ps:
                break
            self.sampling = dataclasses.replace(self.sampling, warm_ps=min(need_ps, room_ps))
            self.world.users.forget()
        if need_ps > self.sampling.warm_ps:
            self.world.notes.append(
                f"a request takes {self._slowest_s():.0f} s in the mean, and windows have room for a warm-up of {self.sampling.warm_ps / PS_PER_S:.0f} s "
                f"only, less than three times that: take fewer windows, a longer epoch, or `mode: all`"
            )

    def _slowest_s(self) -> float:
        """The longest mean E2E of any network in what was last measured; 0 where nothing completed."""
        tallies = [network.tally for network in self.world.networks if network.tally is not None]
        means = [float(t.e2e_us.sum()) / 1e6 / int(t.completed.sum()) for t in tallies if int(t.completed.sum())]
        return max(means, default=0.0)

    def rehearse_at(self, epoch: Epoch) -> None:
        """The same in a given epoch."""
        window = self.sampling.windows(epoch, 0)[0]
        env = simpy.Environment(initial_time=window.warm_ps)
        stints = self._stints(window)
        for _, _, stint in stints:
            stint.part.lifetimes = None  # the rehearsal stands outside of the run's time
        self.expanders.clear()  # the rehearsal counts nowhere, and leaves no remainders
        env.process(serve(env, window, [s for _, _, s in stints], self._draw(stints), self.world.streams))
        env.run()
        self._take(stints, None)

    def serve(self, epoch: Epoch) -> Generator[Any, None, None]:
        """The windows of an epoch, if any are due."""
        if not (self.sampling.due(epoch) or self._changed(epoch) or self._stirred(epoch)):
            return
        for network in self.world.networks:
            network.reweighed = False
        factor = max(network.warm_factor for network in self.world.networks)
        # Numbered by epoch, not by count: an extra window under one policy moves no other's draws.
        windows = self.sampling.windows(epoch, epoch.number * self.sampling.per_epoch + 1, factor)
        self._seen = [Seen(network.slots) for network in self.world.networks]
        for place, window in enumerate(windows):
            stints = self._stints(window)
            yield self.world.env.timeout(window.warm_ps - self.world.env.now)
            yield from serve(self.world.env, window, [s for _, _, s in stints], self._draw(stints), self.world.streams)
            self._take(stints, place)
            self._count(stints)
        measured_ps = sum(window.end_ps - window.work_ps for window in windows)
        for network, seen in zip(self.world.networks, self._seen, strict=True):
            network.last_size = self._size(network, epoch)
            network.scale_work(seen.ratios(network.spans, measured_ps / (epoch.end_ps - epoch.start_ps)))
        if windows:
            self._learn(epoch)

    def _learn(self, epoch: Epoch) -> None:
        """Users believe what the windows of an epoch say together, each by its requests, as it is where all are served.

        Window by window they would believe in too good a service: busy windows are slow, and more requests meet them.
        """
        for network in self.world.networks:
            assert network.tally is not None
            passed_s = (epoch.end_ps - self._learned_ps) / PS_PER_S
            self.world.users.learn(network.index, network.tally, passed_s, self.world.before.epoch)
        self._learned_ps = epoch.end_ps

    def _size(self, network: NetworkState, epoch: Epoch) -> tuple[float, float]:
        return float(network.nodes), float(self.world._wanted(network, epoch).sum()) / epoch.seconds

    def _changed(self, epoch: Epoch) -> bool:
        """Whether nodes or offered load of any network moved by more than 10 % since its last window, or a router's weights at all."""
        for network in self.world.networks:
            if network.reweighed:
                return True
            for old, new in zip(network.last_size, self._size(network, epoch), strict=True):
                if abs(new - old) > CHANGE * max(old, 1e-9):
                    return True
        return False

    def _stirred(self, epoch: Epoch) -> bool:
        """Whether a shock took nodes down or let them come back in this epoch or the one before."""
        since_ps = 2 * epoch.start_ps - epoch.end_ps
        return any(
            strike.stirs(since_ps, epoch.end_ps)
            for network in self.world.networks
            for strikes in network.strikes.values()
            for strike in strikes
        )

    def _stints(self, window: Window) -> list[tuple[NetworkState, str, Stint]]:
        return [
            (network, model, self._stint(network, model, self._part(network, model, roster, window), window))
            for network in self.world.networks
            for model in network.plans
            if len(roster := network.roster(model, window.warm_ps)) > 0
        ]

    def _stint(self, network: NetworkState, model: str, part: Part, window: Window) -> Stint:
        expander = self.expanders.setdefault((network.name, model), Expander())
        stint = Stint(part, expander, self.world.engine, len(self.world.users.names), self.world.targets, window)
        if network.subnets is not None:
            stint.timely = np.zeros(len(part.roster), np.int64)
        return stint

    def _part(self, network: NetworkState, model: str, roster: Roster, window: Window) -> Part:
        """The nodes that serve, with their lives: all of them, unless the scenario asks for fewer."""
        part = self._sample(network, model, roster, window)
        if self.world.before.requests.lives == "continued":
            by_name = {owners.name: owners.block.slots for owners in network.owners}
            slots = [by_name[member.name] for member in roster.plan.members]
            made = Lifetimes(roster.plan, slots, self.world.streams)
            part.lifetimes = self.lifetimes.setdefault((network.name, model), made)
        return part

    def _sample(self, network: NetworkState, model: str, roster: Roster, window: Window) -> Part:
        if not self.space.asked:
            return Part(roster)
        users = self.world.users
        base = users.base_requests(window.warm_ps / PS_PER_S, window.end_ps / PS_PER_S)
        mine = np.array([users.classes[name].model == model for name in users.names])
        expected = float((base * users.quantities[:, network.index])[mine].sum())
        return part_of(roster, self.space.share(expected), self.world.streams, window.number)

    def _draw(self, stints: list[tuple[NetworkState, str, Stint]]) -> Any:
        users = self.world.users
        options = {
            (k, network.index): place
            for place, (network, model, _) in enumerate(stints)
            for k, name in enumerate(users.names)
            if users.classes[name].model == model
        }
        if not any(stint.part.sampled for _, _, stint in stints):
            return lambda t0, t1: users.draw(options, t0, t1)
        shares = np.array([stint.part.shares(len(users.names)) for _, _, stint in stints])
        return lambda t0, t1: thin(users.draw(options, t0, t1), shares, self.world.streams)

    def _take(self, stints: list[tuple[NetworkState, str, Stint]], place: int | None) -> None:
        """What the window says becomes what networks know; `place` in its epoch, None for the rehearsal, which users believe."""
        classes = len(self.world.users.names)
        for network in self.world.networks:
            mine = [(model, stint) for owner, model, stint in stints if owner is network]
            tally = Tally(classes)
            work, timely = np.zeros((network.slots, 2)), np.zeros(network.slots)
            met, through = np.zeros((network.slots, 2), np.int64), np.zeros(network.slots, bool)
            for model, stint in mine:
                tally.add(stint.tally)
                self._place_work(network, model, stint, work, timely, met, through)
                self._watch_halves(network, stint)
            if not mine:
                tally.fates[:, Fate.ABANDONED] += 1
            if place is not None:
                self._seen[network.index].add(work.sum(axis=1), through)
            tally.seconds = max(tally.seconds / max(len(mine), 1), 1e-9)
            if place is None:
                self.world.users.learn(network.index, tally, 0.0, self.world.before.epoch)
            if place and network.tally is not None:
                # All windows of an epoch speak for it, each by its requests.
                tally.add(network.tally)
                work += network.work
                timely += network.timely
                met += network.met
            network.tally = tally
            network.take_work(work, timely, met)

    def _place_work(
        self,
        network: NetworkState,
        model: str,
        stint: Stint,
        work: np.ndarray,
        timely: np.ndarray,
        met: np.ndarray,
        through: np.ndarray,
    ) -> None:
        base = np.array(network.base_of(model))
        part, window = stint.part, stint.window
        places = base[part.whole.member] + part.whole.slot
        up = part.up_ps(window.work_ps, window.end_ps)
        np.add.at(work, places, part.work_of_all(stint.work, up))
        if stint.timely is not None:
            np.add.at(timely, places, part.work_of_all(stint.timely, up))
        np.add.at(met, places, np.stack([np.ones_like(up), up > 0], axis=1))
        through[places] = up == window.end_ps - window.work_ps

    def _watch_halves(self, network: NetworkState, stint: Stint) -> None:
        """A window whose halves differ beyond noise was not warm: later warm-ups are doubled, and the run says so."""
        (n1, s1, q1), (n2, s2, q2) = stint.halves
        if min(n1, n2) < 30 or network.warm_factor >= MOST_FACTOR:
            return
        noise = ((q1 / n1 - (s1 / n1) ** 2) / n1 + (q2 / n2 - (s2 / n2) ** 2) / n2) ** 0.5
        # Empty replicas make the first half too fast: only a rise is a sign of too short a warm-up.
        if s2 / n2 - s1 / n1 > BEYOND_NOISE * max(noise, 1.0) and s2 / n2 > 2 * s1 / n1:
            network.warm_factor *= 2
            self.world.notes.append(
                f"{network.name}: a window's second half was slower than its first beyond noise; warm-ups were doubled"
            )

    def _count(self, stints: list[tuple[NetworkState, str, Stint]]) -> None:
        """Add measured requests to the run's counts and book."""
        self.world.counts["windows"] += 1
        for network, model, stint in stints:
            reported = stint.window.start_ps >= self.world.policies_from_ps
            self.world.count(network, stint.tally, reported, stint.fates)
            if self.world.told is not None:
                self.world.told(stint.batch(network.name, model))
            if self.space.asked:
                self._tell(network, model, stint.part)

    def _tell(self, network: NetworkState, model: str, part: Part) -> None:
        """Count replicas of windows, those that served and all; the first sample of a fleet is told in words."""
        serving, there = part.replicas
        counts = self.world.counts
        counts["replica_windows"] = counts.get("replica_windows", 0) + there
        counts["replica_windows_served"] = counts.get("replica_windows_served", 0) + serving
        if part.sampled and (network.name, model) not in self._told:
            self._told.add((network.name, model))
            self.world.notes.append(
                f"{network.name}: windows were sampled in space; in the first, {serving:,} of {there:,} replicas of {model} served "
                f"their part of the requests, and stand for all"
            )


class Continuous:
    """`requests.mode: all`: engines that live as long as the run; every request is served and counted."""

    def __init__(self, world: World) -> None:
        from sim.world.continuous import Fleets

        self.world = world
        self.fleets = Fleets(world)

    def rehearse(self) -> None:
        """What users believe at first: a window of five minutes on the starting fleet, after ten of warm-up."""
        life = max(ps(block.deadline) for block in self.world.before.workload.values())
        sampling = Sampling(300 * PS_PER_S, 1, 1, 600 * PS_PER_S, life)
        span = sampling.warm_ps + sampling.window_ps + life
        Windows(self.world, sampling).rehearse_at(Epoch(0, 0, max(self.world.calendar.epoch_ps, 2 * span)))

    def serve(self, epoch: Epoch) -> Generator[Any, None, None]:
        """All requests of an epoch."""
        yield from self.fleets.serve(epoch)

    def tally(self, network: NetworkState) -> Tally:
        """What the epoch just served."""
        return self.fleets.tally(network)
