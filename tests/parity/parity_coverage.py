"""Count what the scenarios of the parity suite exercise, by listening to the reference."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from typing import Any

from sim.serving.contract import LOOKING, Fleet, GridCost, Requests
from sim.serving.reference import ReferenceEngine

TIED = ("arrival", "end", "expiry", "fail", "drain", "join", "set", "read", "reroute", "start")
"""The kinds of things that the rules order within an instant."""
LOOKED = ("arrival", "end", "expiry", "fail", "drain", "join", "read", "reroute", "start")
"""What a snapshot may share its instant with; a router that is set takes its own."""
LONG = 2
"""Passes of equal decodes, back to back, that make a stretch which a jump would take at once."""


class Stretch:
    """Passes of one replica, back to back, over the same sequences, all of them decodes."""

    def __init__(self) -> None:
        self.members: tuple[int, ...] = ()
        self.length = 0
        self.end_ps = -1

    def add(self, members: tuple[int, ...], pure: bool, start_ps: int, end_ps: int) -> None:
        same = pure and members == self.members and start_ps == self.end_ps
        self.length = self.length + 1 if same else int(pure)
        self.members, self.end_ps = members, end_ps

    def cut(self) -> bool:
        """End the stretch here; whether it had been long enough to be jumped."""
        long = self.length >= LONG
        self.length = 0
        return long


class Coverage:
    """Totals over all scenarios that it listened to; `engine` is a maker for `parity_play.play`."""

    def __init__(self) -> None:
        self.totals: Counter[str] = Counter()
        self.ties: Counter[tuple[str, str]] = Counter()
        self.looks: Counter[str] = Counter()

    def engine(self, fleet: Fleet, start_ps: int) -> ReferenceEngine:
        """A reference engine that is listened to."""
        self._at: defaultdict[int, Counter[str]] = defaultdict(Counter)
        self._stretches: defaultdict[int, Stretch] = defaultdict(Stretch)
        self._in_pass: set[int] = set()
        self._alive = 0
        self._origin_ps = start_ps
        self._first = [int(first) for first in fleet.offset]
        self._types = [fleet.types[i] for i, n in zip(fleet.node_type, fleet.replicas, strict=True) for _ in range(n)]
        coverage = self

        class Listened(ReferenceEngine):
            def offer(self, requests: Requests) -> None:
                if coverage._alive and requests.origin_ps != coverage._origin_ps:
                    coverage.totals["origin shifts with a backlog"] += 1
                coverage._origin_ps = requests.origin_ps
                super().offer(requests)

        self._listened = Listened(fleet, start_ps, observer=self._hear)
        return self._listened

    def close(self) -> None:
        """Add up the instants of the scenario that was played last."""
        for kinds in self._at.values():
            self.totals["two nodes fail at one instant"] += kinds["fail"] > 1
            for kind in filter(kinds.__contains__, LOOKED):
                self.looks[kind] += kinds["look"]
            if len(kinds) > 1:
                for one, other in itertools.combinations(filter(kinds.__contains__, TIED), 2):
                    self.ties[one, other] += kinds[one] * kinds[other]

    def _hear(self, kind: str, instant_ps: int, subject: int, detail: Any) -> None:
        if kind in TIED or kind == "look":
            self._at[instant_ps][kind] += 1
        hear = getattr(self, f"_hear_{kind}", None)
        if hear is not None:
            hear(instant_ps, subject, detail)

    def _hear_arrival(self, _instant_ps: int, _subject: int, _detail: Any) -> None:
        self._alive += 1

    def _hear_fate(self, _instant_ps: int, _subject: int, fate: Any) -> None:
        self._alive -= 1
        self.totals[f"fate {fate.name}"] += 1
        self.totals["disconnections"] += fate.name == "DISCONNECTED"
        self.totals["expiries"] += fate.name in ("ABANDONED", "DEADLINE", "DISCONNECTED")

    def _hear_routed(self, _instant_ps: int, _subject: int, replica: Any) -> None:
        routing = self._listened.routing
        seen = "a snapshot" if routing.snapshots else "the live state"
        self.totals[f"{routing.kind} by {seen}" if routing.kind in LOOKING else routing.kind] += 1
        self.totals["jumps cut by an arrival"] += self._stretches[replica.id].cut()

    def _hear_start(self, instant_ps: int, subject: int, forming: Any) -> None:
        stretch = self._stretches[subject]
        if forming.preempted and stretch.end_ps == instant_ps:
            self.totals["jumps cut by blocks"] += stretch.cut()
        members = tuple(request.id for request in forming.chunks)
        pure = all(request.tokens - request.kv_tokens == 1 and not request.reading for request in forming.chunks)
        stretch.add(members, pure, instant_ps, forming.end_ps)
        self._in_pass.add(subject)
        self.totals["passes"] += 1
        type_ = self._types[subject]
        self.totals["passes of whole prompts alone"] += type_.scheduler == "prefill_first" and not pure
        self.totals["passes told by tables"] += isinstance(type_.cost, GridCost)

    def _hear_end(self, _instant_ps: int, subject: int, _detail: Any) -> None:
        self._in_pass.discard(subject)

    def _hear_preempt(self, _instant_ps: int, _subject: int, replica: Any) -> None:
        self.totals["preemptions"] += 1
        self.totals[f"preemptions under {replica.type.scheduler}"] += 1

    def _hear_reroute(self, _instant_ps: int, _subject: int, retry: bool) -> None:
        self.totals["retries" if retry else "moves"] += 1

    def _hear_drain(self, _instant_ps: int, node: int, _detail: Any) -> None:
        self.totals["drains"] += 1
        self._cut_from_outside(node)

    def _hear_fail(self, _instant_ps: int, node: int, _detail: Any) -> None:
        self.totals["failures"] += 1
        self._cut_from_outside(node)
        self._in_pass -= set(range(self._first[node], self._first[node + 1]))

    def _cut_from_outside(self, node: int) -> None:
        for replica in range(self._first[node], self._first[node + 1]):
            if replica in self._in_pass:
                self.totals["jumps cut by an outer event"] += self._stretches[replica].cut()

    def _hear_read(self, _instant_ps: int, _subject: int, _detail: Any) -> None:
        # What is in flight now started before and ends later: ends of passes at this instant are past.
        self.totals["readings inside a pass"] += bool(self._in_pass)
        for replica in self._in_pass:
            self.totals["jumps cut by a reading"] += self._stretches[replica].cut()
