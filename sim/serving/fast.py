"""The engines `loop` and `fast`: the verbs of the contract over the compiled core in `sim.kernels`.

The two differ in one bit: `fast` takes stretches of pure decoding in one go, `loop` steps through every pass. Python
keeps what happens rarely (which nodes serve, detections, the origin of time, growing arrays); requests and passes
live in the kernels. A replica is brought forward only when a router, an event at its node or a reading looks at it.

Room for live requests and finished rows is made between calls of the core, a chunk of arrivals at a time. A slot whose
request has ended but is not known to have ended still counts as taken; the core brings all replicas forward before it
rejects a request because the pool is full, so `POOL_FULL` is exact.
"""

from __future__ import annotations

from collections import deque
from typing import Literal

import numpy as np

from sim.kernels import core, layout
from sim.serving.compiled_score import Pointer, pointer
from sim.serving.contract import (
    FINISHED,
    LIMIT_PS,
    REQUEST,
    Fleet,
    Reading,
    Requests,
    Routing,
)
from sim.serving.rows import CHUNK, blank_rows, blank_state, list_live, plain, raw, with_router

REACH_PS = 2**60
"""How far from the origin `now` may be: with a deadline of 10 days every stored time stays below 2^61."""
_OFF, _LIVE, _DRAINING, _FAILED = layout.OFF, layout.LIVE, layout.DRAINING, layout.FAILED
_STATES = ("not joined", "live", "draining", "failed")


class KernelEngine:
    """A fleet served by the compiled core.

    Parameters
    ----------
    fleet
        Node slots, replica types, router and bounds.
    start_ps
        The instant at which the engine begins to exist, with no node joined.
    jump
        True: stretches of pure decoding at once (`fast`); False: pass by pass (`loop`).
    turns_from
        Arrivals a replica, of those served at once, from which on each replica serves its own in one turn where the router
        looks at none (`sim.kernels.turns`); changes no number. With few, dealing them out costs more than it saves.

    """

    def __init__(self, fleet: Fleet, start_ps: int = 0, jump: bool = True, turns_from: int = 16) -> None:
        self._fleet = fleet
        self._now = start_ps
        self._origin = self._read_origin = start_ps
        self._offset = [int(i) for i in fleet.offset]
        self._nodes = [_OFF] * len(fleet.replicas)
        self._known = np.zeros(len(fleet.replicas), bool)  # nodes that routers send to
        blank = [layout.empty_replica(i, kind.blocks) for i, kind in enumerate(fleet.types)]
        self._blank = layout.table(np.concatenate(blank))[:, :_COUNTED_FROM]  # a replica that joins, by its type
        self._blank_at: int | None = None  # the instant, from the origin, that stands in it
        self._kinds = [int(kind) for kind in fleet.node_type]
        self._state = blank_state(fleet, jump, turns_from)
        self._table = layout.table(self._state.replicas)[:, :_COUNTED_FROM]
        self._blocks: deque[Requests] = deque()
        self._next = 0  # first row of the first block that has not arrived
        self._offered = 0
        self._detections: deque[tuple[int, int]] = deque()  # (instant, node), in order
        self._drains: dict[int, int] = {}  # draining node -> instant of the drain
        self._gone: list[tuple[int, int]] = []
        self._pointer: Pointer | None = None  # to the user's function, if one routes
        self._back: list[tuple[np.ndarray, int]] = []  # (slots put back, 1 if retried), routed when time moves
        self._joined = False
        self._stale = True  # the list of replicas live for routers is to be made anew
        self._moved = False  # replicas were brought forward from outside: what routers keep of them is to be made anew
        self.set(fleet.routing)

    # --- the six verbs -------------------------------------------------------------------------------------------

    def offer(self, requests: Requests) -> None:
        """Take requests that arrive later than now, in order; ValueError for others."""
        rows = requests.rows
        if rows.dtype != REQUEST:
            raise ValueError(f"rows of dtype {rows.dtype} found; must be REQUEST")
        after = (
            self._now
            if not self._blocks
            else self._blocks[-1].origin_ps + int(self._blocks[-1].rows["arrival"][-1]) - 1
        )
        if len(rows) and requests.origin_ps + int(rows["arrival"][0]) <= after:
            raise ValueError(
                f"a request arrives at {requests.origin_ps + int(rows['arrival'][0])} ps; must be later than {after} ps"
            )
        if len(rows):
            _check(rows, len(self._fleet.round_trip_ps))
            self._blocks.append(Requests(requests.origin_ps, plain(np.ascontiguousarray(rows))))
        self._read_origin = requests.origin_ps
        if requests.origin_ps != self._origin and abs(requests.origin_ps - self._now) < REACH_PS // 2:
            self._rebase(requests.origin_ps)

    def advance(self, until_ps: int) -> None:
        """Do steps 1 to 3 of every instant <= until_ps; an earlier or equal instant does nothing."""
        while self._now < until_ps:
            self._reroute()
            if self._now - self._origin > REACH_PS // 2:
                self._rebase(self._now)
            stop = min(until_ps, self._origin + REACH_PS)
            if self._detections:
                stop = min(stop, self._detections[0][0])
            self._arrive(stop)
            self._now = stop

    def join(self, node: int) -> None:
        """The node serves from now on; ValueError while it is live, draining or not yet known to have failed."""
        self._make_free(node)
        first, last = self._span(node)
        if self._blank_at != self._rel():
            self._blank[:, _JOIN_TIMES] = self._blank_at = self._rel()
        # A fleet of hundreds joins at the start of every window: two assignments a node, and no field by name.
        self._table[first:last] = self._blank[self._kinds[node]]
        self._state.lanes[first:last] = 0
        self._nodes[node] = _LIVE
        self._known[node] = True
        self._joined = self._stale = True

    def leave(self, node: int, how: Literal["drain", "fail"]) -> None:
        """The node fails, noticed `detect_ps` later, or is drained; ValueError unless it is live (or draining, to fail)."""
        if how == "drain" and self._nodes[node] == _LIVE:
            self._drain(node)
        elif how == "fail" and self._nodes[node] in (_LIVE, _DRAINING) and not self._is_gone(node):
            self._fail(node)
        else:
            raise ValueError(
                f"node {node} leaves by {how} while it is {_STATES[self._nodes[node]]}; must be live (or draining, to fail)"
            )

    def set(self, routing: Routing) -> None:
        """Change the router; one that sees snapshots takes its first at once. ValueError for weights that do not fit."""
        self._weights = self._fleet.node_weights(routing)
        self._state = with_router(self._state, self._fleet, routing)
        self._pointer = None if routing.score is None else pointer(routing.score)
        self._state.engine["score"] = 0 if self._pointer is None else self._pointer.address
        self._stale = True
        if routing.snapshots:
            first = routing.staleness_ps - self._now % routing.staleness_ps
            core.begin_snapshots(self._state, self._rel() + first, self._rel())

    def read(self) -> Reading:
        """What happened since the last reading; all replicas are brought to now, which changes nothing else."""
        state, now = self._state, self._rel()
        core.settle_all(state, 0, len(state.replicas), now)
        self._moved = True
        for node in list(self._drains):
            self._is_gone(node)
        replicas = state.replicas[:-1]
        serving = (replicas["mode"] == _LIVE) | (replicas["mode"] == _DRAINING)
        _count_time(replicas, serving, now)
        reading = Reading(
            origin_ps=self._read_origin,
            finished=self._take_finished(),
            in_flight=int(state.engine["live"][0]),
            offered=self._offered,
            busy_ps=replicas["busy"].copy(),
            live_ps=replicas["live"].copy(),
            passes=replicas["passes"].copy(),
            computed=replicas["computed"].copy(),
            waiting=np.where(serving, replicas["waiting"], 0).astype(np.int32),
            running=np.where(serving, replicas["running"], 0).astype(np.int32),
            free_blocks=np.where(serving, replicas["free"], 0).astype(np.int32),
            gone=tuple((node, at) for at, node in sorted(self._gone)),
            gaps=state.gaps.copy(),
        )
        for name in _COUNTERS:
            replicas[name] = 0
        state.gaps[:] = 0
        self._offered = 0
        self._gone = []
        return reading

    # --- nodes ---------------------------------------------------------------------------------------------------

    def _span(self, node: int) -> tuple[int, int]:
        return self._offset[node], self._offset[node + 1]

    def _rel(self) -> int:
        return self._now - self._origin

    def _make_free(self, node: int) -> None:
        """See to it that the node's rows may be overwritten, or raise."""
        if self._nodes[node] == _FAILED and (self._now, node) in self._detections:
            self._detect(node)
        if (
            self._nodes[node] == _LIVE
            or self._nodes[node] == _FAILED
            or (self._nodes[node] == _DRAINING and not self._is_gone(node))
        ):
            raise ValueError(
                f"node {node} joins while it is {_STATES[self._nodes[node]]}; must be gone, or its failure detected"
            )

    def _fail(self, node: int) -> None:
        first, last = self._span(node)
        core.halt_all(self._state, first, last, self._rel())
        self._moved = True
        self._drains.pop(node, None)
        self._nodes[node] = _FAILED
        self._detections.append((self._now + self._fleet.detect_ps, node))

    def _drain(self, node: int) -> None:
        first, last = self._span(node)
        self._gather(first, last, 0)
        self._state.replicas["mode"][first:last] = _DRAINING
        self._nodes[node] = _DRAINING
        self._drains[node] = self._now
        self._known[node] = False
        self._stale = True
        self._is_gone(node)

    def _detect(self, node: int) -> None:
        """The failure is noticed now: all that the node holds is put back."""
        self._detections.remove((self._now, node))
        first, last = self._span(node)
        self._gather(first, last, 1)
        self._state.replicas["mode"][first:last] = _OFF
        self._nodes[node] = _OFF
        self._known[node] = False
        self._stale = True

    def _is_gone(self, node: int) -> bool:
        """Whether a draining node has ended its last request by now; if so it is taken off."""
        if node not in self._drains:
            return False
        first, last = self._span(node)
        core.settle_all(self._state, first, last, self._rel())
        self._moved = True
        rows = self._state.replicas[first:last]
        if (rows["running"] + rows["waiting"]).any():
            return False
        end = max(self._drains.pop(node) - self._origin, int(rows["clock"].max()))
        rows["live"] += end - rows["live_from"]
        rows["mode"] = self._nodes[node] = _OFF
        self._gone.append((self._origin + end, node))
        return True

    # --- routing of what is put back, and arrivals -----------------------------------------------------------------

    def _gather(self, first: int, last: int, retried: int) -> None:
        picked = np.empty(int(self._state.engine["live"][0]), np.int64)
        count = core.gather(self._state, first, last, self._rel(), picked)
        if count:
            self._back.append((picked[:count], retried))

    def _reroute(self) -> None:
        """Step 5 of now."""
        while self._detections and self._detections[0][0] <= self._now:
            self._detect(self._detections[0][1])
        if self._joined:
            self._gather(len(self._state.replicas) - 1, len(self._state.replicas), 0)
        if self._stale:
            # A failed node is known until detection, unless it drained.
            list_live(self._state, self._fleet, self._known, self._weights)
        if self._stale or self._moved:
            core.index(self._state)
        self._joined = self._stale = self._moved = False
        if self._back:
            picked = np.concatenate([slots for slots, _ in self._back])
            retried = np.concatenate([np.full(len(slots), flag, np.int64) for slots, flag in self._back])
            order = np.argsort(self._state.slots["id"][picked])
            self._back = []
            self._make_rows(0)
            core.put_back(self._state, picked[order], retried[order], self._rel())
            self._check_scores()

    def _arrive(self, stop: int) -> None:
        """Route all arrivals up to `stop`."""
        while self._blocks:
            block = self._blocks[0]
            arrivals = block.rows["arrival"]
            bound = stop - block.origin_ps
            last = int(np.searchsorted(arrivals, bound, side="right")) if bound < int(arrivals[-1]) else len(arrivals)
            for first in range(self._next, last, CHUNK):
                self._serve(block, first, min(first + CHUNK, last))
            self._next = last
            if last < len(arrivals):
                return
            self._blocks.popleft()
            self._next = 0

    def _serve(self, block: Requests, first: int, last: int) -> None:
        shift = block.origin_ps - self._origin
        self._make_slots(last - first, int(block.rows["arrival"][first]) + shift)
        self._make_rows(last - first)
        core.serve(self._state, block.rows, first, last, shift)
        self._offered += last - first
        self._check_scores()

    def _check_scores(self) -> None:
        """Tell what the user's function did where it raised, if it did."""
        raised = int(self._state.engine["raised"][0])
        if raised != layout.NONE and self._pointer is not None:
            shown, asked = int(self._state.engine["shown_at"][0]), int(self._state.engine["asked_at"][0])
            first = shown + layout.SHOWN * raised
            tables = self._state.tables
            raise self._pointer.blame(tables[first : first + layout.SHOWN], tables[asked : asked + layout.ASKED])

    # --- room ----------------------------------------------------------------------------------------------------

    def _make_slots(self, arrivals: int, t: int) -> None:
        """Room for so many more live requests, of which the first arrives at t, or for a full pool."""
        slots, engine = self._state.slots, self._state.engine
        if len(slots) >= min(int(engine["live"][0]) + arrivals, self._fleet.pool):
            return
        if engine["live"][0] > len(slots) // 2:
            core.refresh(self._state, t)
        wanted = min(int(engine["live"][0]) + arrivals, self._fleet.pool)
        if len(slots) < wanted:
            grown = plain(blank_rows(min(max(wanted, 2 * len(slots)), self._fleet.pool), layout.SLOT))
            raw(grown)[: len(slots)] = raw(slots)
            self._state = self._state._replace(slots=grown)

    def _make_rows(self, arrivals: int) -> None:
        """Room for the rows of all that live and of so many arrivals."""
        used, rows = int(self._state.engine["finished"][0]), self._state.finished
        wanted = used + int(self._state.engine["live"][0]) + arrivals
        if wanted > len(rows):
            grown = plain(np.empty(max(wanted, 2 * len(rows)), FINISHED))
            raw(grown)[:used] = raw(rows[:used])
            self._state = self._state._replace(finished=grown)

    def _take_finished(self) -> np.ndarray:
        """The finished rows, sorted by (end instant, id), relative to the reading's origin."""
        count = int(self._state.engine["finished"][0])
        rows = self._state.finished[:count]
        order = _order(rows["arrival"] + rows["end"], rows["id"])
        taken = raw(rows)[order].view(FINISHED)
        taken["arrival"] += self._origin - self._read_origin
        self._state.engine["finished"] = 0
        return taken

    def _rebase(self, origin: int) -> None:
        """Move the origin: all stored times are shifted, after everybody has been brought to now."""
        state, now, delta = self._state, self._rel(), origin - self._origin
        count = int(state.engine["finished"][0])
        if count and int(state.finished["arrival"][:count].min()) - delta < -layout.NEVER:
            raise ValueError("finished requests have not been read for 50 days; read more often")
        core.settle_all(state, 0, len(state.replicas), now)
        self._moved = True
        for node in list(self._drains):
            self._is_gone(node)
        rows = state.replicas
        _count_time(rows, (rows["mode"] == _LIVE) | (rows["mode"] == _DRAINING), now)
        core.move_origin(state, delta)
        self._origin = origin


_COUNTERS = ["busy", "live", "passes", "computed"]
_COUNTED_FROM = layout.column(layout.REPLICA, "busy")
"""Columns of a replica from here on outlive its node's leaving: an earlier life of the slot is still to be read."""
_JOIN_TIMES = [layout.column(layout.REPLICA, name) for name in ("clock", "landed", "busy_from", "live_from")]


def _count_time(replicas: np.ndarray, serving: np.ndarray, now: int) -> None:
    """Bring the counters of busy and live time to now."""
    flying = replicas["end"] != layout.NEVER
    replicas["busy"] += np.where(flying, now - replicas["busy_from"], 0)
    replicas["live"] += np.where(serving, now - replicas["live_from"], 0)
    replicas["busy_from"] = now
    replicas["live_from"] = now


def _order(end: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """Places by (end, id). Most ends differ: only those alike are sorted by both."""
    order: np.ndarray = np.argsort(end)
    alike = np.zeros(len(end), bool)
    placed = end[order]
    alike[1:] = placed[1:] == placed[:-1]
    alike[:-1] |= alike[1:]
    tied = order[alike]
    order[alike] = tied[np.lexsort((ids[tied], end[tied]))]
    return order


def _check(rows: np.ndarray, regions: int) -> None:
    """Refuse columns that break the contract: out of order, without a deadline, or with lengths below 1."""
    arrivals, ids = rows["arrival"], rows["id"]
    later = arrivals[1:] - arrivals[:-1]
    if not ((later > 0) | ((later == 0) & (ids[1:] > ids[:-1]))).all():
        raise ValueError("requests found out of order; must be sorted by (arrival, id)")
    if not ((rows["deadline"] > 0) & (rows["deadline"] <= LIMIT_PS)).all():
        raise ValueError(
            f"deadlines from {rows['deadline'].min()} to {rows['deadline'].max()} ps found; must be in (0, {LIMIT_PS}]"
        )
    if rows["region"].min() < 0 or rows["region"].max() >= regions:
        raise ValueError(
            f"regions {rows['region'].min()} to {rows['region'].max()} found; must be in 0 .. {regions - 1}"
        )
    if rows["prompt"].min() < 1 or rows["output"].min() < 1:
        raise ValueError(
            f"a prompt of {rows['prompt'].min()} or an output of {rows['output'].min()} tokens found; both must be >= 1"
        )
