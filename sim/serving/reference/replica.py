"""One replica: its blocks, its two queues, and its life, a pass after another."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, Protocol

from sim.serving.contract import Fate, Reason, ReplicaType
from sim.serving.reference.clock import Clock, Step
from sim.serving.reference.cost import pass_ps
from sim.serving.reference.meter import Meter
from sim.serving.reference.request import Footprint, Request
from sim.serving.reference.schedulers import SCHEDULERS


class Fleet(Protocol):
    """What a replica needs of the fleet around it: the time, and somebody to tell."""

    clock: Clock

    def sample(self, request: Request) -> None:
        """A token of the request is sampled now."""

    def end(self, request: Request, fate: Fate) -> None:
        """The request ends now; the fleet calls `let_go`."""

    def expire_with_pass(self, request: Request, replica: Replica, end_ps: int) -> None:
        """The request ends, if it is still here, in step 3 of that instant."""

    def tell(self, kind: str, subject: int, detail: Any = None) -> None:
        """Something happened."""


@dataclasses.dataclass
class Pass:
    """One pass: the tokens k of each sequence in it, who was preempted in forming it, budget left, and its end."""

    chunks: dict[Request, int] = dataclasses.field(default_factory=dict)
    preempted: list[Request] = dataclasses.field(default_factory=list)
    budget: int = 0
    end_ps: int = 0

    def give(self, request: Request, tokens: int) -> None:
        """Put the next tokens of a sequence into the pass."""
        self.chunks[request] = tokens
        self.budget -= tokens
        request.computed += tokens


@dataclasses.dataclass(eq=False)
class Node:
    """A node from a join to its end: `live`, `draining`, `failed`, then `gone` (drained, or its failure detected)."""

    id: int
    state: str = "live"
    replicas: list[Replica] = dataclasses.field(default_factory=list)
    detected_ps: int | None = None

    @property
    def dead(self) -> bool:
        """Whether nothing runs here any more."""
        return self.state in ("failed", "gone")

    def held(self) -> list[Request]:
        """Every request held here."""
        return [request for replica in self.replicas for request in replica.held()]

    def may_join_again(self, now_ps: int) -> bool:
        """Whether its slot is free: it is gone, or failed and detected no later than now."""
        return self.state == "gone" or (self.detected_ps is not None and self.detected_ps <= now_ps)


class Replica:
    """A model on some GPUs of a node, from a join of the node to its end; a node that joins again has new ones.

    Parameters
    ----------
    fleet
        Whose clock it lives by and to whom it tells ends and tokens.
    node
        Its node.
    meter
        The counters of its id, which go on over several lives.
    type_
        Cost tables and settings.

    """

    def __init__(self, fleet: Fleet, node: Node, meter: Meter, type_: ReplicaType) -> None:
        self.id = meter.replica_id
        self.node = node
        self.type = type_
        self.waiting: list[Request] = []
        self.running: list[Request] = []
        self.free_blocks = type_.blocks
        self.taken_blocks = 0
        self._scheduler = SCHEDULERS[type_.scheduler]
        self._fleet = fleet
        self._meter = meter
        self._pass: Pass | None = None
        self._bell: Any = None
        meter.live.start(fleet.clock.now_ps)
        fleet.clock.live(self._life())

    @property
    def outstanding(self) -> int:
        """Requests held here, as routers see them."""
        return len(self.waiting) + len(self.running)

    @property
    def in_pass(self) -> bool:
        """Whether a pass is in flight."""
        return self._pass is not None

    def held(self) -> list[Request]:
        """Every request held here."""
        return self.waiting + self.running

    def refusal(self, request: Request) -> Reason:
        """Why a request routed here is rejected, or NONE."""
        if not self._scheduler.serves(request, self.type):
            return Reason.TOO_LONG
        return Reason.QUEUE_FULL if len(self.waiting) >= self.type.max_waiting else Reason.NONE

    def take(self, request: Request) -> None:
        """Let a request that was routed here wait at the tail."""
        request.replica, request.footprint = self, None
        self.waiting.append(request)
        self._ring()

    def let_go(self, request: Request) -> None:
        """Forget a request that ends here or moves on; its blocks are free at once."""
        (self.running if request.running else self.waiting).remove(request)
        self._free(request)
        request.running, request.replica = False, None

    def stop(self) -> None:
        """Fail: the pass in flight is void, and all who ran wait for somebody to notice."""
        now_ps = self._fleet.clock.now_ps
        if self._pass is not None:
            self._meter.computed += sum(self._pass.chunks.values())
            self._meter.busy.stop(now_ps)
            self._pass = None
        for request in self.running:
            self._free(request)
            request.running = False
        self.waiting += self.running
        self.running = []
        self.close()

    def close(self) -> None:
        """End its live time."""
        self._meter.live.stop(self._fleet.clock.now_ps)

    # ----------------------------------------------------------------- its life

    def _life(self) -> Iterator[Any]:
        clock = self._fleet.clock
        while not self.node.dead:
            if not self.held():
                self._bell = clock.bell()
                yield self._bell
            # Also after a pass or a bell: all else at this instant comes first, and may take the work away again.
            yield clock.at(clock.now_ps, Step.START, self.id)
            if self.held() and not self.node.dead:
                forming = self._form()
                forming.end_ps = clock.now_ps + self._duration_ps(forming)
                self._begin(forming)
                yield clock.at(forming.end_ps, Step.END, self.id)
                if self._pass is forming:  # and not void, the node failed
                    self._end()

    def _ring(self) -> None:
        if self._bell is not None and not self._bell.triggered:
            self._bell.succeed()

    def _begin(self, forming: Pass) -> None:
        self._pass = forming
        self._meter.busy.start(self._fleet.clock.now_ps)
        self._fleet.tell("start", self.id, forming)
        for request in forming.preempted:
            if request.lapsed(self._fleet.clock.now_ps):
                self._fleet.expire_with_pass(request, self, forming.end_ps)

    def _end(self) -> None:
        """Step 2: c grows, tokens are sampled, requests complete; those whose limit went by in the pass get no token."""
        now_ps = self._fleet.clock.now_ps
        ended, self._pass = self._pass, None
        assert ended is not None
        self._meter.busy.stop(now_ps)
        self._meter.passes += 1
        self._meter.computed += sum(ended.chunks.values())
        self._fleet.tell("end", self.id, ended)
        for request in list(self.running):
            if request.lapsed(now_ps - 1):
                self._fleet.end(request, request.limits()[0][1])
                continue
            request.kv_tokens += ended.chunks.get(request, 0)
            if request.kv_tokens == request.tokens:
                self._fleet.sample(request)
                if request.delivered == request.output:
                    self._fleet.end(request, Fate.COMPLETED)

    # ------------------------------------------------------- forming a pass (section 3)

    def _form(self) -> Pass:
        """Step 6: which sequences compute how many tokens."""
        forming = Pass(budget=self.type.max_batched_tokens)
        self._scheduler.form(self, forming)
        return forming

    def preempt(self, request: Request, forming: Pass) -> None:
        """Send a running request back to the head of `waiting`, without KV; its tokens are kept."""
        mark = self.taken_blocks + self.free_blocks
        request.footprint = Footprint(mark, request.blocks, request.kv_tokens)
        request.preemptions += 1
        self._free(request)
        self.running.remove(request)
        request.running = False
        self.waiting.insert(0, request)
        forming.preempted.append(request)
        self._fleet.tell("preempt", request.id, self)

    def start(self, request: Request, kv_tokens: int) -> None:
        """Let a waiting request run from now on, behind all others, with the KV of so many tokens."""
        self.waiting.remove(request)
        self.running.append(request)
        request.running, request.kv_tokens = True, kv_tokens

    def _duration_ps(self, forming: Pass) -> int:
        chunks = forming.chunks.items()
        decodes = [request.kv_tokens for request, _ in chunks if self._scheduler.decodes(request)]
        prefills = [(request.kv_tokens, k) for request, k in chunks if not self._scheduler.decodes(request)]
        return pass_ps(self.type.cost, decodes, prefills)

    # ------------------------------------------------------------------ its blocks

    def take_blocks(self, request: Request, blocks: int, again: int = 0) -> None:
        """Take blocks from the head of the free list, but `again` of them, found again, from its middle."""
        self.free_blocks -= blocks
        self.taken_blocks += blocks - again
        request.blocks += blocks

    def _free(self, request: Request) -> None:
        self.free_blocks += request.blocks
        request.blocks = request.kv_tokens = 0
        request.reading = False
