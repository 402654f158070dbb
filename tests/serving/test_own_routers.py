"""Users' own routers: what they see, what goes wrong with them, and that the core is not compiled anew for them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sim.errors import ScenarioError
from sim.kernels import layout
from sim.serving import contract
from sim.serving.contract import REQUEST, Fleet, LinearCost, ReplicaType, Requests, Routing, make
from sim.serving.routers import LeastOutstanding
from sim.serving.routers.own import OwnRouter, own_router
from sim.serving.scoring import ReplicaRow, RequestRow, score_of

ROOT = Path(__file__).parents[2]
ENGINES = ("reference", "loop", "fast")
REPLICA = ReplicaRow(*range(1, 13))
REQUESTED = RequestRow(*range(1, 9))


def fleet(routing: Routing) -> Fleet:
    """Two nodes of two replicas in two regions, whose passes last 10 and 20 ps."""
    kinds = []
    for pass_ps in (10, 20):
        cost = LinearCost(np.full(17, pass_ps), np.zeros(5, np.int64), *[0] * 9)
        kinds.append(ReplicaType(f"t{pass_ps}", cost, 40, 4, 16, 400, work_ps=(1000 * pass_ps, 2000 * pass_ps)))
    return Fleet(
        tuple(kinds), np.array([0, 1]), np.array([2, 2]), 2, routing, 99, region=np.array([0, 1]),
        round_trip_ps=np.array([[5, 7], [11, 13]]), mean_output=np.array([3, 4]),
    )  # fmt: skip


def requests(count: int, gap: int = 1) -> Requests:
    rows = np.zeros(count, REQUEST)
    rows["id"] = np.arange(count) + 100
    rows["arrival"] = np.arange(1, count + 1) * gap
    rows["klass"], rows["region"] = np.arange(count) % 2, np.arange(count) % 2
    rows["prompt"], rows["output"], rows["cached"] = 10 + np.arange(count), 5, 3
    rows["patience"] = rows["disconnect"] = contract.NEVER
    rows["deadline"] = 10**12
    return Requests(0, rows)


def served(engine: str, score, count: int = 12, staleness: int = 0, gap: int = 1) -> np.ndarray:
    """What became of requests on the small fleet, by id."""
    made = make(engine, fleet(Routing("scored", staleness_ps=staleness, score=score)))  # type: ignore[arg-type]
    for node in (0, 1):
        made.join(node)
    made.offer(requests(count, gap))
    made.advance(10**6)
    return np.sort(made.read().finished, order="id")


def fewest(replica, request):
    """As `least_outstanding`."""
    return replica.outstanding


# --- what rows are -------------------------------------------------------------------------------------------------


def test_rows_of_the_core_have_the_fields_of_the_rows_in_order_and_none_is_the_output():
    assert (len(ReplicaRow._fields), len(RequestRow._fields)) == (layout.SHOWN, layout.ASKED)
    places = layout.REGION, layout.WAITING, layout.RUNNING, layout.OUTSTANDING, layout.WORK, layout.ROUND_TRIP
    names = "region", "waiting", "running", "outstanding", "work_ns", "round_trip_ps"
    assert tuple(ReplicaRow._fields[place] for place in places) == names
    assert not {"output", "output_tokens", "wanted", "deadline"} & {*ReplicaRow._fields, *RequestRow._fields}


@pytest.mark.compiled
@pytest.mark.parametrize("field", ReplicaRow._fields)
def test_each_field_of_a_replica_is_told_alike_in_all_engines(field: str):
    # Weighs one field, so that a wrong one sends requests elsewhere; the sign by the request, so that both ends are looked for.
    code = f"def one(replica, request):\n    return replica.{field} * (1 - 2 * (request.id % 2))\n"
    space: dict[str, object] = {}
    exec(code, space)
    told = [served(engine, space["one"], gap=7)["replica"].tolist() for engine in ENGINES]
    assert told[0] == told[1] == told[2]


@pytest.mark.compiled
@pytest.mark.parametrize("engine", ENGINES)
def test_fields_are_what_the_page_says(engine: str):
    # Hand calculation: the third request (id 102, class 0, region 0, prompt 12) meets two others at replicas 0 and 1.
    def all_right(replica, request):
        if request.id != 102:
            return replica.outstanding
        static = replica.blocks == 40 and replica.max_num_seqs == 4 and replica.node == replica.id // 2
        region = replica.region == replica.node and replica.round_trip_ps == 5 + 2 * replica.region
        speed = replica.prompt_ps == 10000 * (1 + replica.node) and replica.output_ps == 20000 * (1 + replica.node)
        # Request 100: prompt 10, class 0; request 101: prompt 11, class 1; both run after 2 and 1 ps, none waits.
        work_ns = 10 * 10 + 3 * 20 if replica.id == 0 else 11 * 10 + 4 * 20 if replica.id == 1 else 0
        held = 1 if replica.id < 2 else 0
        counts = replica.outstanding == held and replica.running == held and replica.waiting == 0
        who = request.klass == 0 and request.region == 0 and request.prompt == 12 and request.cached == 3
        more = request.mean_output == 3 and request.routes == 0 and 0 <= request.draw < 2**32
        right = static and region and speed and counts and replica.work_ns == work_ns and who and more
        # All right: replica 3. Anything wrong at 3, or at another: that other.
        return 3 - replica.id if right else 10 if replica.id == 3 else -1

    assert served(engine, all_right, 3)["replica"].tolist() == [0, 1, 3]


@pytest.mark.compiled
@pytest.mark.parametrize("staleness", [0, 40])
@pytest.mark.parametrize("engine", ENGINES)
def test_the_fewest_requests_are_those_of_the_built_in_router(engine: str, staleness: int):
    own = served(engine, fewest, 60, staleness, gap=3)
    made = make(engine, fleet(Routing("least_outstanding", staleness_ps=staleness)))  # type: ignore[arg-type]
    for node in (0, 1):
        made.join(node)
    made.offer(requests(60, 3))
    made.advance(10**6)
    assert np.array_equal(own, np.sort(made.read().finished, order="id"))
    assert len(set(own["replica"].tolist())) == 4


# --- what goes wrong -----------------------------------------------------------------------------------------------


def late(replica, request):
    return 1 // (request.id - 107)


def misses(replica, request):
    return replica.queue if request.id > 104 else 0


def half(replica, request):
    return replica.outstanding / 2


def truth(replica, request):
    return replica.outstanding > 2


def nothing(replica, request):
    replica.outstanding


def huge(replica, request):
    return 2**63 - 1 + request.routes + replica.outstanding


def assigns(replica, request):
    replica.work_ns = 3
    return 0


@pytest.mark.parametrize(
    ("score", "told"),
    [
        (half, r"router `half` gave float 1\.5 for ReplicaRow\(id=1, .*\) and RequestRow\(id=7, .*; must be a whole number"),
        (truth, r"router `truth` gave bool True for .*; must be a whole number"),
        (nothing, r"router `nothing` gave NoneType None for .*; must be a whole number"),
        (assigns, r"router `assigns` raised AttributeError: can't set attribute"),
        (lambda replica: 0, r"router `<lambda>\(replica\)` found; must take two rows"),
        (lambda replica, request, third: 0, r"must take two rows: `<lambda>\(replica, request\)`"),
        (lambda replica, request: 1 // 0, r"router `<lambda>` raised ZeroDivisionError: .*, for ReplicaRow\(id=1"),
        (lambda replica, request: replica.queue, r"no attribute 'queue'.*; a replica has id, node, .*; a request has id, klass,"),
        (huge, r"router `huge` gave 9223372036854775810 .*; must be within -2\^63 \+ 1 \.\. 2\^63 - 1"),
        (3, r"router 3 found; must be a function `score\(replica, request\)`"),
        (dict, r"router <class 'dict'> found; must be a function"),
    ],
)  # fmt: skip
def test_what_could_never_route_is_refused_when_it_is_registered(score, told: str):
    with pytest.raises(ScenarioError, match=told):
        own_router(score)


@pytest.mark.compiled
@pytest.mark.parametrize("engine", ENGINES)
def test_a_function_that_raises_in_a_run_is_told_with_both_rows_and_no_number_is_given(engine: str):
    own_router(late)
    told = (
        r"router `late` raised ZeroDivisionError: .*, for ReplicaRow\(id=0, node=0, .*\) and RequestRow\(id=107, klass=1, "
        r"region=1, prompt=17, cached=3, mean_output=4, routes=0, draw=\d+\)$"
    )
    with pytest.raises(ScenarioError, match=told):
        served(engine, late)


@pytest.mark.compiled
def test_all_engines_blame_the_same_rows():
    told = set()
    for engine in ENGINES:
        with pytest.raises(ScenarioError) as caught:
            served(engine, late, gap=7)
        told.add(str(caught.value))
    assert len(told) == 1


@pytest.mark.compiled
@pytest.mark.parametrize("engine", ("loop", "fast"))
@pytest.mark.parametrize(
    ("score", "told"),
    [
        (misses, r"router `misses` cannot be compiled: .*queue.*; a replica has id, node, .*; plain Python runs on"),
        (half, r"router `half` gives float64 when compiled; must be a whole number \(int64\)"),
        (truth, r"router `truth` gives bool when compiled; must be a whole number"),
        (lambda replica, request: len(str(replica.id) + open.__name__), r"router `<lambda>` cannot be compiled: "),
    ],
)
def test_what_cannot_be_compiled_is_told_when_the_engine_is_made(engine: str, score, told: str):
    with pytest.raises(ScenarioError, match=told):
        make(engine, fleet(Routing("scored", score=score)))  # type: ignore[arg-type]


def test_plain_python_that_numba_cannot_take_routes_on_the_reference():
    def by_words(replica, request):
        return int(f"{replica.outstanding:d}")

    told = served("reference", by_words)
    assert np.array_equal(told, served("reference", fewest))


@pytest.mark.parametrize("routing", [{"kind": "scored"}, {"kind": "random", "score": fewest}])
def test_a_function_belongs_to_its_router_alone(routing):
    with pytest.raises(ValueError, match="a function belongs to `scored` alone"):
        Routing(**routing)


def test_a_function_becomes_a_block_with_its_name_its_first_line_and_staleness():
    kind = own_router(fewest)
    block = kind(staleness=2.5)
    assert isinstance(block, OwnRouter)
    assert (block.kind, kind.__doc__, kind.__module__) == ("fewest", "As `least_outstanding`.", __name__)  # type: ignore[attr-defined]
    routing = block.routing()
    assert (routing.kind, routing.staleness_ps, routing.snapshots) == ("scored", 25 * 10**11, True)
    assert routing.score is fewest
    assert LeastOutstanding(staleness=2.5).routing().staleness_ps == routing.staleness_ps
    assert score_of(fewest, REPLICA, REQUESTED) == REPLICA.outstanding


# --- compiled once -------------------------------------------------------------------------------------------------

CALLS = """
import json, sys
from collections import Counter
from numba.core import event

compiled = event.RecordingListener()
event.register("numba:compile", compiled)
sys.path[:0] = [{parity!r}]
from parity_play import maker, play
from parity_scored import scored

for number in (0, 1, 3):
    for name in ("loop", "fast"):
        play(scored(number), maker(name))
begun = [record.data["dispatcher"].py_func for _, record in compiled.buffer if record.is_start]
print(json.dumps(Counter(f"{{f.__module__}}.{{f.__qualname__}}" for f in begun)))
"""


@pytest.mark.compiled
def test_a_second_process_compiles_the_users_functions_and_nothing_else():
    def compiled() -> dict[str, int]:
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        env.pop("NUMBA_DISABLE_JIT", None)
        command = [sys.executable, "-c", CALLS.format(parity=str(ROOT / "tests" / "parity"))]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    compiled()
    second = compiled()
    # Each function once, for all engines and scenarios of the process; what numba builds tuples with is numba's own.
    ours = {name: count for name, count in second.items() if not name.startswith("numba.")}
    assert set(ours) <= {f"parity_scored.{name}" for name in ("shortest", "soonest", "fullest", "lottery", "constant")}
    assert len(ours) >= 4
    assert set(ours.values()) == {1}
