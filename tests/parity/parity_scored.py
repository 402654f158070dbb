"""Parity's scenarios under routers of a user's own: functions that read every field, tie often, and see live or late."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from unittest import mock

import numpy as np
import parity_mutants
from parity_cases import Event, Scenario, scenario
from parity_mutants import Mutant
from parity_play import Transcript, command, play

from sim.serving.contract import Routing
from sim.serving.reference import ReferenceEngine
from sim.serving.reference.replica import Replica
from sim.serving.reference.request import Request
from sim.serving.reference.routing import Router
from sim.serving.scoring import ReplicaRow, RequestRow


def shortest(replica, request):
    """As `least_outstanding`."""
    return replica.waiting + replica.running


def soonest(replica, request):
    """Work there and its own, and the way there and back, in nanoseconds; prompts that are cached weigh nothing."""
    own = (request.prompt - min(request.cached, request.prompt)) * replica.prompt_ps
    return replica.work_ns + (own + request.mean_output * replica.output_ps) // 1000 + replica.round_trip_ps // 1000


def fullest(replica, request):
    """Many branches and ties: packs by classes, spreads what comes back, and avoids a region."""
    if request.routes > 1:
        return -(replica.blocks // (1 + replica.outstanding))
    if replica.waiting > 1 or replica.running >= replica.max_num_seqs:
        return 1000 + replica.outstanding
    return (replica.region + request.region + request.klass) % 2 * 10 - replica.outstanding


def lottery(replica, request):
    """A draw by request, turned by replica and node: negative, large, and different at each routing."""
    turned = (request.draw ^ (replica.id * 2654435761 + replica.node * 40503 + request.id % 1000)) % 2**32
    return (turned - 2**31) * 2**30


def constant(replica, request):
    """All alike: the lowest id."""
    return 7


SCORES = (shortest, soonest, fullest, lottery, constant)


def scored(number: int) -> Scenario:
    """The scenario of that number, in which users' own functions stand for all routers, half of them seeing snapshots."""
    case, rng = scenario(number), np.random.default_rng([number, 30])

    def own(drawn: Routing) -> Routing:
        staleness = drawn.staleness_ps or (int(rng.integers(1, 5)) * max(1, case.end_ps // 200) if case.grid else 0)
        late = rng.random() < 0.5
        return Routing("scored", drawn.d, staleness if late else 0, score=SCORES[int(rng.integers(0, len(SCORES)))])

    events: tuple[Event, ...] = tuple(
        event if event.routing is None else dataclasses.replace(event, routing=own(event.routing))
        for event in case.events
    )
    return dataclasses.replace(
        case, fleet=dataclasses.replace(case.fleet, routing=own(case.fleet.routing)), events=events
    )


class _OwnSends(Router):
    """The router adds what it sent since to the snapshot it sees."""

    def choose(self, request: Request, live: Sequence[Replica]) -> Replica:
        chosen = super().choose(request, live)
        waiting, running, work_ns = self._seen_state.get(chosen, (0, 0, 0))
        self._seen_state[chosen] = (waiting + 1, running, work_ns)
        return chosen


class _AllWait(Router):
    """Who runs counts as waiting."""

    def _state(self, replica: Replica) -> tuple[int, int, int]:
        waiting, running, work_ns = super()._state(replica)
        return waiting + running, 0, work_ns


class _HomeTrips(Router):
    """All users are taken to live in the first region."""

    def _shown(self, request: Request, replica: Replica) -> ReplicaRow:
        region = int(self._fleet.region[replica.node.id])
        return super()._shown(request, replica)._replace(round_trip_ps=int(self._fleet.round_trip_ps[0, region]))


class _OneDraw(Router):
    """A request keeps its draw when it is routed again."""

    def _asked(self, request: Request) -> RequestRow:
        return super()._asked(dataclasses.replace(request, routes=0))._replace(routes=request.routes)


class _TrueOutput(Router):
    """The row shows what the request will really say."""

    def _asked(self, request: Request) -> RequestRow:
        return super()._asked(request)._replace(mean_output=request.output)


def _with(router: type[Router]) -> Callable[[Scenario], Transcript]:
    def faulty(case: Scenario) -> Transcript:
        with mock.patch("sim.serving.reference.engine.Router", router):
            return play(case, ReferenceEngine)

    return faulty


FAULTS: dict[str, Callable[[Scenario], Transcript]] = {
    "own sends": _with(_OwnSends),
    "who runs waits": _with(_AllWait),
    "round trips of the first region": _with(_HomeTrips),
    "one draw for all routings": _with(_OneDraw),
    "the true output": _with(_TrueOutput),
}
MUTANTS: dict[str, Mutant] = {
    "a user's function sees live what it should see late": Mutant(
        "scoring.py", "late = engine.staleness != 0", "late = engine.staleness < 0", 0, "loop"
    ),
    "the highest of equal scores": Mutant(
        "scoring.py", "if place == 0 or score < least:", "if place == 0 or score <= least:", 0, "loop"
    ),
    "passes that ended before the instant are not seen by a user's function": Mutant(
        "scoring.py", "        bring_due(s, t)", "        pass", 0, "loop"
    ),
    "a user's function sees the true output": Mutant(
        "scoring.py",
        "table[at + 5] = table[s.engine[0].numbers_at + CLASS_NUMBERS * slot.klass + MEAN_OUTPUT]",
        "table[at + 5] = slot.output",
        7,
        "loop",
    ),
    "a user's function sees the work of now in a snapshot": Mutant(
        "scoring.py", "rep.seen_work if late else rep.work", "rep.work", 7, "loop"
    ),
}
"""Faults in the kernels' own source, each with a seed whose scenario shows it."""


def compare(package: Path, seeds: Iterable[int], *engines: str) -> str:
    """As `parity_mutants.compare`, with the scenarios of this file."""
    env = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(package)}
    words = [sys.executable, __file__, ",".join(map(str, seeds)), *engines]
    done = subprocess.run(words, env=env, capture_output=True, text=True, check=False, timeout=300)
    return done.stdout + done.stderr


def outcome(mutant: Mutant, folder: Path) -> str:
    """What the comparison says of a mutant written into an empty folder."""
    with mock.patch("parity_mutants.compare", compare):
        return parity_mutants.outcome(mutant, folder)


if __name__ == "__main__":
    sys.exit(command(scored))
