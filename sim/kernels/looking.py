"""What routers see of the replicas: live loads, kept in trees where all are compared, or the loads of the last snapshot."""

from __future__ import annotations

from typing import Any

from sim.kernels.layout import LIVE_INDEX, NEVER, NO_INDEX, NOBODY
from sim.kernels.options import kernel
from sim.kernels.replica import run
from sim.kernels.trees import tree_fill, tree_first, tree_set


@kernel
def load_of(s: Any, rep: Any) -> int:
    """What a replica carries now, in the measure of the router: work, or the number of its requests."""
    return rep.work if s.engine[0].by_work != 0 else rep.waiting + rep.running


@kernel
def note(s: Any, r: int) -> None:
    """Tell the trees, which follow the live state, of a change at replica r."""
    engine, rep = s.engine[0], s.replicas[r]
    if rep.known != 0:
        tree_set(s.tables, engine.dues_at, engine.leaves, r, rep.due)
        tree_set(s.tables, engine.loads_at, engine.leaves, r, load_of(s, rep))


@kernel
def build(s: Any) -> None:
    """Make the trees anew from the rows of all live replicas."""
    engine = s.engine[0]
    if engine.index == NO_INDEX:
        return
    for r in range(s.replicas.shape[0] - 1):
        rep = s.replicas[r]
        s.tables[engine.dues_at + engine.leaves + r] = rep.due if rep.known != 0 else NEVER
        load = load_of(s, rep) if engine.index == LIVE_INDEX else rep.seen
        s.tables[engine.loads_at + engine.leaves + r] = load if rep.known != 0 else NOBODY
    tree_fill(s.tables, engine.dues_at, engine.leaves)
    tree_fill(s.tables, engine.loads_at, engine.leaves)


@kernel
def bring_all(s: Any, t: int, upto: int) -> None:
    """Run every replica and the gateway up to `upto`."""
    for r in range(s.replicas.shape[0]):
        if s.replicas[r].due <= upto:
            run(s, r, t, upto)


@kernel
def bring_due(s: Any, t: int) -> None:
    """Bring all live replicas to just before t: only those are touched at which something is due."""
    engine = s.engine[0]
    while s.tables[engine.dues_at] < t:
        r = tree_first(s.tables, engine.dues_at, engine.leaves)
        run(s, r, t, t - 1)
        note(s, r)


@kernel
def photograph(s: Any) -> None:
    """Keep the loads of this moment as what is seen."""
    for r in range(s.replicas.shape[0] - 1):
        rep = s.replicas[r]
        rep.seen = load_of(s, rep)
        rep.seen_running = rep.running
        rep.seen_work = rep.work
    build(s)


@kernel
def look(s: Any, t: int) -> None:
    """Take the last snapshot due by t, if one is: nothing may move a replica beyond its instant before.

    Snapshots between the last one taken and this one are seen by nobody.
    """
    engine = s.engine[0]
    if engine.look <= t:
        instant = engine.look + (t - engine.look) // engine.staleness * engine.staleness
        bring_all(s, instant, instant - 1)
        photograph(s)
        engine.look = instant + engine.staleness
