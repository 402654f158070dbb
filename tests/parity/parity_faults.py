"""Engines with one planted fault each: the reference with a rule broken on purpose, to prove that parity would see it.

Each entry of `FAULTS` takes a scenario and gives what the faulty engine tells of it.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence
from unittest import mock

from parity_cases import Scenario, scenario
from parity_play import Transcript, difference, play

from sim.serving.contract import Fate, ReplicaType
from sim.serving.reference import ReferenceEngine
from sim.serving.reference import engine as engine_module
from sim.serving.reference.clock import ORDER, Step
from sim.serving.reference.replica import Pass, Replica
from sim.serving.reference.request import Request


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

    def _admit_waiting(self, forming: Pass) -> None:
        new = set(self.waiting) - self._known
        if not (self._decoding and new and forming.chunks):
            super()._admit_waiting(forming)
        self._known = frozenset(self.waiting)
        self._decoding = all(r.tokens - r.kv_tokens == 1 for r in forming.chunks)


class _StaleEngine(ReferenceEngine):
    """The patience of the first attempt is not called off by the first token, and ends a later wait."""

    def _meet_limit(self, request: Request) -> None:
        stale = request.first_token_ps is not None and request.patience_ps == self.clock.now_ps
        if stale and request.end_ps is None and not request.running:
            self.end(request, Fate.ABANDONED)
        else:
            super()._meet_limit(request)


def _with_replica(replica: type[Replica]) -> Callable[[Scenario], Transcript]:
    def faulty(case: Scenario) -> Transcript:
        with mock.patch.object(engine_module, "Replica", replica):
            return play(case, ReferenceEngine)

    return faulty


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


FAULTS: dict[str, Callable[[Scenario], Transcript]] = {
    "ends before arrivals": _swapped(Step.ARRIVAL, Step.END),
    "expiries before ends": _swapped(Step.END, Step.EXPIRY),
    "outer events before expiries": _swapped(Step.EXPIRY, Step.OUTER),
    "routing before outer events": _swapped(Step.OUTER, Step.ROUTE),
    "starts before routing": _swapped(Step.ROUTE, Step.START),
    "look-ahead": _with_replica(_AheadReplica),
    "stale cancel": lambda case: play(case, _StaleEngine),
    "one pass too far": _with_replica(_LateReplica),
    "one picosecond": _with_types(_one_picosecond),
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
