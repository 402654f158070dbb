"""Engines with one planted fault each: the reference with a rule broken on purpose, to prove that parity would see it.

Each entry of `FAULTS` takes a scenario and gives what the faulty engine tells of it.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from unittest import mock

from parity_cases import Scenario, scenario
from parity_play import Transcript, difference, play

from sim.serving.contract import MINUTE_PS, Fate, GridCost, ReplicaType
from sim.serving.reference import ReferenceEngine, schedulers
from sim.serving.reference import cost as cost_module
from sim.serving.reference import engine as engine_module
from sim.serving.reference.clock import ORDER, Step
from sim.serving.reference.rates import Rates
from sim.serving.reference.replica import Pass, Replica
from sim.serving.reference.request import Request, blocks_for
from sim.serving.reference.routing import Router
from sim.serving.reference.schedulers import PrefillFirst, Sarathi


def _swapped(one: Step, other: Step) -> Callable[[Scenario], Transcript]:
    """Two adjacent steps of the instant in the other order."""
    order = {**ORDER, one: ORDER[other], other: ORDER[one]}
    return lambda case: play(case, lambda fleet, start_ps: ReferenceEngine(fleet, start_ps, order=order))


class _AheadReplica(Replica):
    """Seen by routers, a request that completes in the pass ending at this instant is not held here any more."""

    @property
    def outstanding(self) -> int:
        held = len(self.waiting) + len(self.running)
        if self._pass is None or self._pass.end_ps != self._fleet.clock.now_ps:
            return held
        return held - sum(self._completes(request, k) for request, k in self._pass.chunks.items())

    def _completes(self, request: Request, k: int) -> bool:
        return request.kv_tokens + k == request.tokens and request.delivered + 1 == request.output


class _LateReplica(Replica):
    """A stretch of pure decodes runs one pass too far when an arrival should have cut it."""

    _known: frozenset[Request] = frozenset()
    _decoding = False

    def _form(self) -> Pass:
        late = self._decoding and self.running and set(self.waiting) - self._known
        kept, self.waiting = (self.waiting, []) if late else ([], self.waiting)
        forming = super()._form()
        self.waiting += kept
        self._known = frozenset(self.waiting)
        self._decoding = all(r.tokens - r.kv_tokens == 1 for r in forming.chunks)
        return forming


class _StaleEngine(ReferenceEngine):
    """The patience of the first attempt is not called off by the first token, and ends a later wait."""

    def _meet_limit(self, request: Request) -> None:
        stale = request.first_token_ps is not None and request.patience_ps == self.clock.now_ps
        if stale and request.end_ps is None and not request.running:
            self.end(request, Fate.ABANDONED)
        else:
            super()._meet_limit(request)


class _Greedy(Sarathi):
    """A decode asks for a free block only if it takes one."""

    def _decode(self, replica: Replica, forming: Pass) -> None:
        for request in [running for running in replica.running if not running.reading]:
            wanted = blocks_for(request.kv_tokens + 1) - request.blocks
            while request.running and replica.free_blocks < wanted:
                replica.preempt(replica.running[-1], forming)
            if request.running:
                replica.take_blocks(request, wanted)
                forming.give(request, 1)


class _LastTokenDecodes(Sarathi):
    """The last token of a prompt counts as a decode."""

    def decodes(self, request: Request) -> bool:
        return request.tokens - request.kv_tokens == 1


class _Mixed(PrefillFirst):
    """Decodes go on beside the prompts of a pass."""

    def form(self, replica: Replica, forming: Pass) -> None:
        self._admit(replica, forming)
        self._decode(replica, forming)


class _Unpadded(PrefillFirst):
    """The prompts of a pass count by their tokens, not by their number times the longest."""

    def _admit(self, replica: Replica, forming: Pass) -> None:
        while replica.waiting and self._has_room(replica, replica.waiting[0]):
            request = replica.waiting[0]
            chunk = request.tokens - schedulers.known_tokens(request)
            if chunk > forming.budget:
                return
            self._start(replica, request)
            forming.give(request, chunk)


def _with_scheduler(name: str, scheduler: schedulers.Scheduler) -> Callable[[Scenario], Transcript]:
    changed = {**schedulers.SCHEDULERS, name: scheduler}
    return lambda case: _patched(case, "sim.serving.reference.replica.SCHEDULERS", changed)


def _patched(case: Scenario, where: str, what: object) -> Transcript:
    with mock.patch(where, what):
        return play(case, ReferenceEngine)


def _all_known(request: Request) -> int:
    """A prompt that is cached whole leaves nothing to compute but one token, whatever its blocks."""
    return min(request.cached, request.tokens - 1)


def _limits(case: Scenario, change: Callable[[Request], None]) -> Transcript:
    """The reference with limits of requests changed as they arrive."""
    arrive = ReferenceEngine._arrive

    def changed(engine: ReferenceEngine, request: Request) -> None:
        change(request)
        arrive(engine, request)

    with mock.patch.object(ReferenceEngine, "_arrive", changed):
        return play(case, ReferenceEngine)


def _deaf(request: Request) -> None:
    request.disconnect_ps = None


def _cold(request: Request) -> None:
    request.cached = 0


class _BreaksFirst(Request):
    """At one instant the connection breaks before the deadline passes."""

    def limits(self) -> list[tuple[int, Fate]]:
        ranks = {Fate.ABANDONED: 0, Fate.DISCONNECTED: 1, Fate.DEADLINE: 2}
        return sorted(super().limits(), key=lambda limit: (limit[0], ranks[limit[1]]))


def _held_together(cost: GridCost, decodes: Sequence[int], prefills: cost_module.Prefills) -> int:
    """Held tokens are added up before they are rounded."""
    together = [(sum(c for c, _ in prefills), 0), *((0, k) for _, k in prefills)] if prefills else []
    return _FROM_TABLES(cost, decodes, together)


def _mean_up(cost: GridCost, decodes: Sequence[int], prefills: cost_module.Prefills) -> int:
    """The mean context is rounded up."""
    return _FROM_TABLES(cost, [-(-sum(decodes) // len(decodes))] * len(decodes) if decodes else [], prefills)


_FROM_TABLES = cost_module._from_tables


def _with_types(change: Callable[[ReplicaType], ReplicaType]) -> Callable[[Scenario], Transcript]:
    def faulty(case: Scenario) -> Transcript:
        changed = dataclasses.replace(case.fleet, types=tuple(map(change, case.fleet.types)))
        return play(dataclasses.replace(case, fleet=changed), ReferenceEngine)

    return faulty


def _one_picosecond(type_: ReplicaType) -> ReplicaType:
    """One entry of the table of tokens is off by one."""
    dense = type_.cost.dense.copy()
    dense[3] += 1
    return dataclasses.replace(type_, cost=dataclasses.replace(type_.cost, dense=dense))


class _LateLook(ReferenceEngine):
    """A snapshot sees the passes that end at its instant."""

    def _look_again(self, number: int, staleness_ps: int) -> Iterator[Any]:
        while True:
            yield self.clock.at((self.clock.now_ps // staleness_ps + 1) * staleness_ps, Step.EXPIRY, 2**62)
            if number != self._snapshots:
                return
            self._look()


class _FullJoiner(Router):
    """Who joined after the snapshot is seen as it is, not as empty."""

    def _seen_load(self, replica: Replica) -> int:
        return self._seen.get(replica, self._load(replica)) if self.routing.snapshots else self._load(replica)


class _OwnSends(Router):
    """The router adds what it sent since to what it saw."""

    def choose(self, request: Request, live: Sequence[Replica]) -> Replica:
        chosen = super().choose(request, live)
        self._seen[chosen] = self._seen.get(chosen, 0) + 1
        return chosen


class _TrueWork(Router):
    """Work counts the answer that a request will get, not its class's mean."""

    def _work(self, request: Request, replica: Replica) -> int:
        prompt_ps, output_ps = self._token_work[id(replica.type)]
        return (request.prompt * prompt_ps + request.output * output_ps) // 1000


class _MovingWork(Router):
    """Work gets less with every token."""

    def _work(self, request: Request, replica: Replica) -> int:
        return max(0, super()._work(request, replica) - request.delivered)


class _OneAhead(Router):
    """The turn goes on from the highest live replica, not from the one before."""

    def _next(self, live: Sequence[Replica]) -> Replica:
        chosen = super()._next(live)
        return live[(live.index(chosen) + 1) % len(live)] if len(live) > 2 else chosen


class _SameDraw(Router):
    """A request that is given a second time draws the same number again."""

    def _drawn(self, request: Request, size: int) -> list[int]:
        routes, request.routes = request.routes, min(request.routes, 1)
        drawn = super()._drawn(request, size)
        request.routes = routes
        return drawn


class _LastOfEqual(Router):
    """Equal loads: the highest id."""

    def _least(self, among: Sequence[Replica]) -> Replica:
        return min(among, key=lambda replica: (self._seen_load(replica), -replica.id))


class _LastRegion(Router):
    """Equal round trips: the region of the highest number."""

    def _nearest(self, request: Request, live: Sequence[Replica]) -> list[Replica]:
        region = {replica: int(self._fleet.region[replica.node.id]) for replica in live}
        trips = self._fleet.round_trip_ps[request.region]
        nearest = min(set(region.values()), key=lambda place: (int(trips[place]), -place))
        return [replica for replica in live if region[replica] == nearest]


class _PerNode(Router):
    """The weight of a node is that of its first replica alone."""

    def _weighted(self, request: Request, live: Sequence[Replica]) -> Replica:
        firsts = [replica for replica in live if replica is replica.node.replicas[0]]
        return super()._weighted(request, firsts or live)


class _Charging(Rates):
    """A refused request takes from the bucket of requests all the same."""

    def admit(self, request: Request) -> bool:
        admitted = super().admit(request)
        if not admitted:
            self._buckets[request.klass][0].take(request.arrival_ps, 1)
        return admitted


class _Slow(Rates):
    """No burst: half a minute."""

    def admit(self, request: Request) -> bool:
        with mock.patch("sim.serving.reference.rates.MINUTE_PS", MINUTE_PS // 2):
            return super().admit(request)


class _PoolFirst(ReferenceEngine):
    """The pool is looked at before the limits of the class."""

    def _arrive(self, request: Request) -> None:
        if self._in_flight >= self._fleet.pool:
            with mock.patch.object(self._rates, "admit", lambda _: True):
                super()._arrive(request)
        else:
            super()._arrive(request)


def _with(name: str, faulty: type) -> Callable[[Scenario], Transcript]:
    """The reference with another class of that name."""

    def play_faulty(case: Scenario) -> Transcript:
        with mock.patch.object(engine_module, name, faulty):
            return play(case, ReferenceEngine)

    return play_faulty


FAULTS: dict[str, Callable[[Scenario], Transcript]] = {
    "ends before arrivals": _swapped(Step.ARRIVAL, Step.END),
    "expiries before ends": _swapped(Step.END, Step.EXPIRY),
    "outer events before expiries": _swapped(Step.EXPIRY, Step.OUTER),
    "routing before outer events": _swapped(Step.OUTER, Step.ROUTE),
    "starts before routing": _swapped(Step.ROUTE, Step.START),
    "look-ahead": _with("Replica", _AheadReplica),
    "stale cancel": lambda case: play(case, _StaleEngine),
    "one pass too far": _with("Replica", _LateReplica),
    "one picosecond": _with_types(_one_picosecond),
    "a free block only for those who take one": _with_scheduler("sarathi", _Greedy()),
    "the last token of a prompt decodes": _with_scheduler("sarathi", _LastTokenDecodes()),
    "decodes beside whole prompts": _with_scheduler("prefill_first", _Mixed()),
    "prompts that are not padded": _with_scheduler("prefill_first", _Unpadded()),
    "no watermark": lambda case: _patched(case, "sim.serving.reference.schedulers.watermark_blocks", lambda _: 0),
    "held tokens rounded together": lambda case: _patched(
        case, "sim.serving.reference.cost._from_tables", _held_together
    ),
    "mean context rounded up": lambda case: _patched(case, "sim.serving.reference.cost._from_tables", _mean_up),
    "a snapshot after its instant": lambda case: play(case, _LateLook),
    "a joined replica is not seen as empty": _with("Router", _FullJoiner),
    "a snapshot that grows": _with("Router", _OwnSends),
    "work of the true answer": _with("Router", _TrueWork),
    "work that moves": _with("Router", _MovingWork),
    "the highest of equals": _with("Router", _LastOfEqual),
    "the highest of equally near regions": _with("Router", _LastRegion),
    "weights of nodes": _with("Router", _PerNode),
    "refused requests take": _with("Rates", _Charging),
    "half a burst": _with("Rates", _Slow),
    "the pool before the limits": lambda case: play(case, _PoolFirst),
    "broken connections are not heard": lambda case: _limits(case, _deaf),
    "a connection breaks before a deadline": _with("Request", _BreaksFirst),
    "cached prefixes are computed": lambda case: _limits(case, _cold),
    "cached tokens that are no whole block": lambda case: _patched(
        case, "sim.serving.reference.schedulers.known_tokens", _all_known
    ),
    "a turn that skips one": _with("Router", _OneAhead),
    "the same draw again": _with("Router", _SameDraw),
    "one block": _with_types(lambda type_: dataclasses.replace(type_, blocks=type_.blocks + 1)),
}


@functools.cache
def _right(seed: int) -> Transcript:
    return play(scenario(seed), ReferenceEngine)


def first_red(fault: str, seeds: Sequence[int]) -> int | None:
    """The first of the seeds whose scenario tells the faulty engine from the reference."""
    for seed in seeds:
        if difference(FAULTS[fault](scenario(seed)), _right(seed)):
            return seed
    return None
