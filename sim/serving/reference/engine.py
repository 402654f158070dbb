"""The six verbs, and one request's life from arrival to end."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

import numpy as np

from sim.serving.contract import (
    FINISHED,
    GAP_BUCKETS,
    Fate,
    Fleet,
    Reading,
    Reason,
    Requests,
    Routing,
    bucket_of,
)
from sim.serving.reference.clock import ORDER, Clock, Step
from sim.serving.reference.meter import Meter
from sim.serving.reference.rates import Rates
from sim.serving.reference.replica import Node, Replica
from sim.serving.reference.request import Request
from sim.serving.reference.routing import Router

Observer = Callable[[str, int, int, Any], None]
"""Told of everything that happens: kind, instant in ps, id of request, replica or node, and details."""


@dataclasses.dataclass
class Returning:
    """What step 5 of an instant routes: who was moved by a drain, nodes whose failure is seen, the gateway after a join."""

    moved: list[Request] = dataclasses.field(default_factory=list)
    detected: list[Node] = dataclasses.field(default_factory=list)
    joined: bool = False


class ReferenceEngine:
    """The fleet of one network serving one model, one event a pass. Verbs: `sim.serving.contract.Engine`.

    Parameters
    ----------
    fleet
        Every node slot that may ever exist; none is joined at first.
    start_ps
        Where time stands.
    observer
        Called with everything that happens; it must change nothing.
    order
        Place of each step within an instant; another one than the rules' is for tests that plant faults.

    """

    def __init__(
        self, fleet: Fleet, start_ps: int, observer: Observer | None = None, order: Mapping[Step, int] = ORDER
    ) -> None:
        self.clock = Clock(start_ps, order)
        self._fleet = fleet
        self._observer = observer
        self._offset = [int(first) for first in fleet.offset]
        self._meters = [Meter(replica_id) for replica_id in range(self._offset[-1])]
        self._nodes: dict[int, Node] = {}
        self._draining: list[Node] = []
        self._routable: list[Replica] = []
        self._router = Router(fleet)
        self._rates = Rates(fleet)
        self._snapshots = 0  # the schedule of snapshots in force
        self._gateway: list[Request] = []
        self._returning: dict[int, Returning] = {}
        self._in_flight = 0
        self._origin_ps = start_ps
        self._offered = 0
        self._finished: list[Request] = []
        self._gone: list[tuple[int, int]] = []
        self._gaps = np.zeros((fleet.classes, GAP_BUCKETS), np.int64)
        self._begin_snapshots()

    @property
    def routing(self) -> Routing:
        """The router in force."""
        return self._router.routing

    # ------------------------------------------------------------------ verbs

    def offer(self, requests: Requests) -> None:
        """Take requests that arrive later than now; ValueError for earlier ones."""
        self._origin_ps = requests.origin_ps
        for row in requests.rows:
            request = Request.from_row(row, requests.origin_ps)
            if request.arrival_ps <= self.clock.now_ps:
                raise ValueError(
                    f"request {request.id} arrives at {request.arrival_ps} ps; must be later than {self.clock.now_ps} ps"
                )
            self.clock.live(self._life(request))

    def advance(self, until_ps: int) -> None:
        """Do steps 1 to 3 of every instant <= until_ps; nothing if time stands there already."""
        if until_ps > self.clock.now_ps:
            self.clock.run(until_ps)

    def join(self, node: int) -> None:
        """Serve with a node from now on; ValueError while its slot is live, draining or not yet seen to have failed."""
        before = self._nodes.get(node)
        if before is not None and not before.may_join_again(self.clock.now_ps):
            raise ValueError(f"node {node} joins while it is {before.state}; must be gone, or its failure detected")
        self.tell("join", node)
        joined = self._nodes[node] = Node(node)
        type_ = self._fleet.types[int(self._fleet.node_type[node])]
        for replica_id in range(self._offset[node], self._offset[node + 1]):
            joined.replicas.append(Replica(self, joined, self._meters[replica_id], type_))
        # A node may be back at the instant of its detection: until step 5 its former replicas are not routable either.
        self._routable = [replica for replica in self._routable if replica.node is not before] + joined.replicas
        self._routable.sort(key=lambda replica: replica.id)
        self._return_at(self.clock.now_ps).joined = True

    def leave(self, node: int, how: Literal["drain", "fail"]) -> None:
        """Drain a live node, or fail a live or draining one; ValueError for any other."""
        leaving = self._nodes.get(node)
        allowed = ("live",) if how == "drain" else ("live", "draining")
        if leaving is None or leaving.state not in allowed:
            found = "not joined" if leaving is None else leaving.state
            raise ValueError(f"node {node} leaves by {how} while it is {found}; must be {' or '.join(allowed)}")
        self.tell(how, node)
        (self._drain if how == "drain" else self._fail)(leaving)

    def set(self, routing: Routing) -> None:
        """Change the router from step 5 of this instant on; one that sees snapshots takes its first at once."""
        self._router.set(routing)
        self.tell("set", 0)
        self._begin_snapshots()

    def read(self) -> Reading:
        """Counters and finished requests since the last read, and the state now."""
        self.tell("read", 0)
        now_ps, origin_ps, meters = self.clock.now_ps, self._origin_ps, self._meters
        finished = sorted(self._finished, key=lambda request: (request.end_ps, request.id))
        serving = {replica.id: replica for node in self._nodes.values() if not node.dead for replica in node.replicas}

        def state(measure: Callable[[Replica], int]) -> np.ndarray:
            measured = {replica_id: measure(replica) for replica_id, replica in serving.items()}
            return np.array([measured.get(meter.replica_id, 0) for meter in meters], np.int32)

        reading = Reading(
            origin_ps=origin_ps,
            finished=np.array([request.row(origin_ps) for request in finished], FINISHED),
            in_flight=self._in_flight,
            offered=self._offered,
            busy_ps=np.array([meter.busy.lap(now_ps) for meter in meters], np.int64),
            live_ps=np.array([meter.live.lap(now_ps) for meter in meters], np.int64),
            passes=np.array([meter.passes for meter in meters], np.int64),
            computed=np.array([meter.computed for meter in meters], np.int64),
            waiting=state(lambda replica: len(replica.waiting)),
            running=state(lambda replica: len(replica.running)),
            free_blocks=state(lambda replica: replica.free_blocks),
            gone=tuple(sorted(self._gone, key=lambda pair: (pair[1], pair[0]))),
            gaps=self._gaps.copy(),
        )
        self._forget()
        return reading

    def _forget(self) -> None:
        self._finished, self._gone, self._offered = [], [], 0
        self._gaps[:] = 0
        for meter in self._meters:
            meter.passes = meter.computed = 0

    # ------------------------------------------------------- one request's life

    def _life(self, request: Request) -> Iterator[Any]:
        yield self.clock.at(request.arrival_ps, Step.ARRIVAL, request.id)
        self._arrive(request)
        for instant_ps in request.instants():
            if request.end_ps is not None:
                return
            yield self.clock.at(instant_ps, Step.EXPIRY, request.id)
            self._meet_limit(request)

    def _arrive(self, request: Request) -> None:
        """Step 1: it is live from now on, and routed at once unless its class asks too fast or the pool is full."""
        self.tell("arrival", request.id, request)
        self._offered += 1
        self._in_flight += 1
        if not self._rates.admit(request):
            self.end(request, Fate.REJECTED, Reason.RATE_LIMITED)
        elif self._in_flight > self._fleet.pool:
            self.end(request, Fate.REJECTED, Reason.POOL_FULL)
        else:
            self._route(request)

    def _route(self, request: Request) -> None:
        if not self._routable:
            self._gateway.append(request)
            return
        replica = self._router.choose(request, self._routable)
        request.attempts = max(request.attempts, 1)
        request.routes += 1
        request.last_replica = replica.id
        self.tell("routed", request.id, replica)
        reason = replica.refusal(request)
        if reason is Reason.NONE:
            replica.take(request)
        else:
            self.end(request, Fate.REJECTED, reason)

    def _meet_limit(self, request: Request) -> None:
        """Step 3: end it if its limit is this instant, and no pass is in flight over it."""
        if request.end_ps is not None or (request.running and request.replica is not None and request.replica.in_pass):
            return
        limits = request.limits()
        if limits and limits[0][0] == self.clock.now_ps:
            self._expire(request)

    def expire_with_pass(self, request: Request, replica: Replica, end_ps: int) -> None:
        """End a request that was preempted with a limit gone by in step 3 of the end of the pass that preempted it."""

        def act() -> None:
            # If the replica failed or was drained in the meantime, step 5 of the detection or the drain ends it.
            if request.end_ps is None and request.replica is replica and not replica.node.dead:
                self._expire(request)

        self.clock.call(end_ps, Step.EXPIRY, request.id, act)

    def _expire(self, request: Request) -> None:
        self.tell("expiry", request.id, request)
        self.end(request, request.limits()[0][1])

    def sample(self, request: Request) -> None:
        """Stream one more token of a request to its user."""
        now_ps = self.clock.now_ps
        request.delivered += 1
        request.reading = False
        if request.last_token_ps is None:
            request.first_token_ps = now_ps
        else:
            self._gaps[request.klass, bucket_of(now_ps - request.last_token_ps)] += 1
        request.last_token_ps = now_ps

    def end(self, request: Request, fate: Fate, reason: Reason = Reason.NONE) -> None:
        """End a request now, wherever it is."""
        self.tell("fate", request.id, fate)
        request.end_ps, request.fate, request.reason = self.clock.now_ps, fate, reason
        self._in_flight -= 1
        self._finished.append(request)
        if request.replica is not None:
            request.replica.let_go(request)
            self._close_drained()
        elif request in self._gateway:
            self._gateway.remove(request)

    # --------------------------------------------------------- what routers see

    def _begin_snapshots(self) -> None:
        """Take a snapshot now and at every multiple of the router's staleness from now on, until the router changes."""
        self._snapshots += 1
        if self._router.routing.snapshots:
            self._look()
            self.clock.live(self._look_again(self._snapshots, self._router.routing.staleness_ps))

    def _look_again(self, number: int, staleness_ps: int) -> Iterator[Any]:
        while True:
            # Before the arrivals of the instant: no id is below 0.
            yield self.clock.at((self.clock.now_ps // staleness_ps + 1) * staleness_ps, Step.ARRIVAL, -1)
            if number != self._snapshots:
                return
            self.tell("look", 0)
            self._look()

    def _look(self) -> None:
        self._router.look([replica for node in self._nodes.values() for replica in node.replicas])

    # -------------------------------------------------- nodes that come and go

    def _drain(self, node: Node) -> None:
        node.state = "draining"
        self._routable = [replica for replica in self._routable if replica.node is not node]
        for replica in node.replicas:
            for request in list(replica.waiting):
                replica.let_go(request)
                self._return_at(self.clock.now_ps).moved.append(request)
        self._draining.append(node)
        self._close_drained()

    def _close_drained(self) -> None:
        for node in [node for node in self._draining if not node.held()]:
            node.state = "gone"
            self._gone.append((node.id, self.clock.now_ps))
            self._draining.remove(node)
            for replica in node.replicas:
                replica.close()

    def _fail(self, node: Node) -> None:
        """Step 4: nothing runs here from now on, but the routers do not know it before the detection."""
        if node.state == "draining":
            self._draining.remove(node)
        node.state = "failed"
        node.detected_ps = self.clock.now_ps + self._fleet.detect_ps
        for replica in node.replicas:
            replica.stop()
        self._return_at(node.detected_ps).detected.append(node)

    def _return_at(self, instant_ps: int) -> Returning:
        """What step 5 of an instant will route; there is one such step, however many events of that instant ask for it."""
        if instant_ps not in self._returning:
            self._returning[instant_ps] = Returning()
            self.clock.call(instant_ps, Step.ROUTE, 0, self._route_returning)
        return self._returning[instant_ps]

    def _route_returning(self) -> None:
        """Step 5: nodes seen to have failed leave the routers, then everybody without a place is routed, by id."""
        returning = self._returning.pop(self.clock.now_ps)
        self._routable = [replica for replica in self._routable if replica.node not in returning.detected]
        retried = [request for node in returning.detected for request in self._take_all(node)]
        noticed = set(retried)
        gateway: list[Request] = []
        if returning.joined:
            gateway, self._gateway = self._gateway, []
        for request in sorted(retried + returning.moved + gateway, key=lambda request: request.id):
            self._reroute(request, retry=request in noticed)

    def _take_all(self, node: Node) -> list[Request]:
        node.state = "gone"
        held = [(replica, request) for replica in node.replicas for request in replica.held()]
        for replica, request in held:
            replica.let_go(request)
        return [request for _, request in held]

    def _reroute(self, request: Request, retry: bool) -> None:
        self.tell("reroute", request.id, retry)
        if request.lapsed(self.clock.now_ps):
            self._expire(request)
        elif retry and request.attempts >= self._fleet.max_attempts:
            self.end(request, Fate.FAILED)
        else:
            request.attempts += retry
            self._route(request)

    def tell(self, kind: str, subject: int, detail: Any = None) -> None:
        """Tell the observer, if there is one."""
        if self._observer is not None:
            self._observer(kind, self.clock.now_ps, subject, detail)
