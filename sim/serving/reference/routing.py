"""Who gets a request: the routers of `docs/serving-rules.md`, section 7, each as a look at all live replicas."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sim.serving.contract import WEIGHTED, Fleet, Routing
from sim.serving.reference.replica import Replica
from sim.serving.reference.request import Request
from sim.serving.scoring import ReplicaRow, RequestRow, score_of
from sim.serving.work import token_work_ps

WORD = 2**64
GOLDEN = 0x9E3779B97F4A7C15


def mix(z: int) -> int:
    """splitmix64's finalizer, a bijection of 64-bit words.

    Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014, figure 17 with Stafford's
    variant 13 (`http://xoshiro.di.unimi.it/splitmix64.c`).
    """
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % WORD
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB % WORD
    return z ^ (z >> 31)


def draw(route_key: int, request_id: int, routes: int, choice: int, live: int) -> int:
    """The index, 0 .. live - 1, of one choice: a pure function of the run's key, the request and its routings so far."""
    word = mix((mix(route_key ^ request_id) + (routes * 16 + choice) * GOLDEN) % WORD)
    return (word >> 32) * live >> 32


class Router:
    """The router in force. Its state is the replica that round robin gave last, and the last snapshot if it sees snapshots.

    Parameters
    ----------
    fleet
        Key of the run's routing stream, regions and round trips, mean outputs; and the router at first.

    """

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._route_key = fleet.route_key % WORD
        self._token_work = {id(kind): token_work_ps(kind) for kind in fleet.types}
        self._last_given = -1
        self.set(fleet.routing)

    def set(self, routing: Routing) -> None:
        """Route in this way from now on; round robin remembers whom it gave last."""
        self._weights = [int(weight) for weight in self._fleet.node_weights(routing)]
        self.routing = routing
        self._seen: dict[Replica, int] = {}
        self._seen_state: dict[Replica, tuple[int, int, int]] = {}

    def look(self, replicas: Iterable[Replica]) -> None:
        """Take a snapshot: these are the loads seen from now on; who is not among them counts as empty."""
        looked = list(replicas)
        self._seen = {replica: self._load(replica) for replica in looked}
        if self.routing.score is not None:
            self._seen_state = {replica: self._state(replica) for replica in looked}

    def choose(self, request: Request, live: Sequence[Replica]) -> Replica:
        """One of the live replicas (ascending id, at least one) for a request."""
        kind = self.routing.kind
        if kind == "round_robin":
            return self._next(live)
        if kind in WEIGHTED:
            return self._weighted(request, live)
        if kind in ("least_outstanding", "least_work"):
            return self._least(live)
        if kind == "scored":
            return self._best(request, live)
        if kind == "region_nearest":
            live = self._nearest(request, live)
        return self._least([live[i] for i in self._drawn(request, len(live))])

    def _drawn(self, request: Request, size: int) -> list[int]:
        choices = 1 if self.routing.kind == "random" else self.routing.d
        return [draw(self._route_key, request.id, request.routes, j, size) for j in range(choices)]

    def _least(self, among: Sequence[Replica]) -> Replica:
        return min(among, key=lambda replica: (self._seen_load(replica), replica.id))

    def _seen_load(self, replica: Replica) -> int:
        return self._seen.get(replica, 0) if self.routing.snapshots else self._load(replica)

    def _load(self, replica: Replica) -> int:
        if self.routing.kind == "least_work":
            return sum(self._work(request, replica) for request in replica.held())
        return replica.outstanding

    def _work(self, request: Request, replica: Replica) -> int:
        """Nanoseconds of a request at a replica; what it will really say is not read."""
        prompt_ps, output_ps = self._token_work[id(replica.type)]
        said = int(self._fleet.mean_output[request.klass])
        return min((request.prompt * prompt_ps + said * output_ps) // 1000, 2**62 // self._fleet.pool)

    def _best(self, request: Request, live: Sequence[Replica]) -> Replica:
        """The least score of the user's function over all live replicas, ties to the lowest id."""
        score, asked = self.routing.score, self._asked(request)
        assert score is not None
        # In ascending id, so that the first one to raise is the same in every engine.
        scores = {replica: score_of(score, self._shown(request, replica), asked) for replica in live}
        return min(live, key=lambda replica: (scores[replica], replica.id))

    def _asked(self, request: Request) -> RequestRow:
        said = int(self._fleet.mean_output[request.klass])
        word = draw(self._route_key, request.id, request.routes, 0, 2**32)
        return RequestRow(
            request.id, request.klass, request.region, request.prompt, request.cached, said, request.routes, word
        )

    def _shown(self, request: Request, replica: Replica) -> ReplicaRow:
        snapshots = self.routing.snapshots
        waiting, running, work_ns = self._seen_state.get(replica, (0, 0, 0)) if snapshots else self._state(replica)
        node, kind = replica.node.id, replica.type
        region = int(self._fleet.region[node])
        state = (waiting, running, waiting + running, work_ns)
        trip_ps = int(self._fleet.round_trip_ps[request.region, region])
        return ReplicaRow(
            replica.id, node, region, *state, *self._token_work[id(kind)], kind.blocks, kind.max_num_seqs, trip_ps
        )

    def _state(self, replica: Replica) -> tuple[int, int, int]:
        """Waiting, running and nanoseconds of work of all that is held."""
        work_ns = sum(self._work(request, replica) for request in replica.held())
        return len(replica.waiting), len(replica.running), work_ns

    def _nearest(self, request: Request, live: Sequence[Replica]) -> list[Replica]:
        """The live replicas of the region that is nearest to the user, of those that have any."""
        region = {replica: int(self._fleet.region[replica.node.id]) for replica in live}
        trips = self._fleet.round_trip_ps[request.region]
        nearest = min(set(region.values()), key=lambda place: (int(trips[place]), place))
        return [replica for replica in live if region[replica] == nearest]

    def _weighted(self, request: Request, live: Sequence[Replica]) -> Replica:
        weights = [self._weights[replica.node.id] for replica in live]
        if not any(weights):
            weights = [1] * len(live)
        place = draw(self._route_key, request.id, request.routes, 0, sum(weights))
        for replica, weight in zip(live, weights, strict=True):
            place -= weight
            if place < 0:
                return replica
        raise AssertionError("a draw beyond the sum of weights")

    def _next(self, live: Sequence[Replica]) -> Replica:
        given = next((replica for replica in live if replica.id > self._last_given), live[0])
        self._last_given = given.id
        return given
