"""A router of the user's own: a score of every live replica, given by a function behind a pointer."""

from __future__ import annotations

import ctypes
from typing import Any

from numba import types
from numba.core import cgutils, config
from numba.extending import intrinsic

from sim.kernels.layout import (
    ASKED,
    CLASS_NUMBERS,
    LIVE_INDEX,
    MEAN_OUTPUT,
    NONE,
    OUTSTANDING,
    RAISED,
    REGION,
    ROUND_TRIP,
    RUNNING,
    SHOWN,
    WAITING,
    WORK,
)
from sim.kernels.looking import bring_due
from sim.kernels.options import kernel
from sim.kernels.words import choice

if config.DISABLE_JIT:

    def score_at(address: Any, table: Any, replica: int, request: int) -> int:
        """The score that the Python function at an address gives for the rows that begin at two places of a table."""
        rows = table[replica : replica + SHOWN], table[request : request + ASKED]
        return ctypes.cast(int(address), ctypes.py_object).value(*rows)

else:

    @intrinsic
    def score_at(_context: Any, address: Any, table: Any, replica: Any, request: Any) -> Any:
        """The score that the C function at an address gives for the rows that begin at two places of a table.

        An address and no function as argument: what is compiled does not depend on whose function it is, so it stays cached.
        """

        def call(target: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            function, numbers, *places = arguments
            begin = target.make_array(table)(target, builder, numbers).data
            word = cgutils.ir.IntType(64)
            typed = cgutils.ir.FunctionType(word, [begin.type, begin.type]).as_pointer()
            return builder.call(builder.inttoptr(function, typed), [builder.gep(begin, [place]) for place in places])

        return types.int64(types.int64, table, types.int64, types.int64), call


@kernel
def ask(s: Any, slot: Any, seed: Any) -> None:
    """Write down what may be seen of the request, in the order of its row."""
    at, table = s.engine[0].asked_at, s.tables
    table[at] = slot.id
    table[at + 1] = slot.klass
    table[at + 2] = slot.region
    table[at + 3] = slot.prompt
    table[at + 4] = slot.cached
    table[at + 5] = table[s.engine[0].numbers_at + CLASS_NUMBERS * slot.klass + MEAN_OUTPUT]
    table[at + 6] = slot.routes
    table[at + 7] = choice(seed, slot.routes * 16, 1 << 32)


@kernel
def show(s: Any, r: int, at: int, region: int) -> None:
    """Write down, in its row from `at` on, what of replica r may be seen now, or at the last snapshot, by a user of that region."""
    engine, rep, table = s.engine[0], s.replicas[r], s.tables
    late = engine.staleness != 0
    table[at + OUTSTANDING] = rep.seen if late else rep.waiting + rep.running
    table[at + RUNNING] = rep.seen_running if late else rep.running
    table[at + WAITING] = table[at + OUTSTANDING] - table[at + RUNNING]
    table[at + WORK] = rep.seen_work if late else rep.work
    table[at + ROUND_TRIP] = table[engine.trips_at + region * engine.places + table[at + REGION]]


@kernel
def least_score(s: Any, slot: Any, seed: Any, t: int, upto: int) -> int:
    """The live replica with the least score, ties to the lowest id. Once a score has raised, none is asked any more."""
    engine = s.engine[0]
    best, least = s.tables[engine.ids_at], RAISED
    if engine.raised != NONE:
        return best
    if engine.index == LIVE_INDEX and upto < t:
        bring_due(s, t)
    ask(s, slot, seed)
    for place in range(engine.listed):
        r = s.tables[engine.ids_at + place]
        at = engine.shown_at + SHOWN * r
        show(s, r, at, slot.region)
        score = score_at(engine.score, s.tables, at, engine.asked_at)
        if score == RAISED:
            engine.raised = r
            return r
        if place == 0 or score < least:
            best, least = r, score
    return best
