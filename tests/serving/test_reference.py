"""The reference engine against hand calculation: every number here was worked out on paper from the rules of serving.

Unless a test says otherwise a pass over T tokens takes 100 + T ps.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from sim.serving.contract import (
    FINISHED,
    NEVER,
    REQUEST,
    Fate,
    Fleet,
    LinearCost,
    Reading,
    Reason,
    ReplicaType,
    Requests,
    Routing,
    bucket_of,
    make,
)
from sim.serving.reference import ReferenceEngine
from sim.serving.reference.cost import pass_ps
from sim.serving.reference.routing import GOLDEN, draw, mix

COST = LinearCost(np.arange(513, dtype=np.int64), np.zeros(65, np.int64), 100, 0, 0, 0, 0, 0, 0, 0, 0)
ROUND_ROBIN = Routing("round_robin")


def fleet(
    nodes: int = 1, routing: Routing = ROUND_ROBIN, pool: int = 100, max_attempts: int = 3, **settings: object
) -> Fleet:
    kept = {"blocks": 100, "max_num_seqs": 8, "max_batched_tokens": 64, "max_model_len": 4096} | settings
    type_ = ReplicaType("t", COST, **kept)  # type: ignore[arg-type]
    ones = np.ones(nodes, np.int32)
    return Fleet((type_,), ones * 0, ones, 1, routing, 7, detect_ps=1000, max_attempts=max_attempts, pool=pool)


def engine(joined: Fleet, *requests: tuple[int, ...], join: bool = True, **limits: int) -> ReferenceEngine:
    """An engine with all nodes joined at 0 and requests (id, arrival, prompt, output); limits hold for the last one."""
    made = make("reference", joined, 0)
    for node in range(len(joined.replicas) if join else 0):
        made.join(node)
    rows = np.zeros(len(requests), REQUEST)
    for name in ("patience", "disconnect"):
        rows[name] = NEVER
    rows["deadline"] = 10**9
    for row, (id_, arrival, prompt, output) in zip(rows, requests, strict=True):
        row["id"], row["arrival"], row["prompt"], row["output"] = id_, arrival, prompt, output
    for name, value in limits.items():
        rows[name][-1] = value
    made.offer(Requests(0, rows))
    return made  # type: ignore[return-value]


def ended(made: ReferenceEngine, by: int = 10**6) -> dict[int, dict[str, int]]:
    made.advance(by)
    return rows_of(made.read())


def rows_of(reading: Reading) -> dict[int, dict[str, int]]:
    names = FINISHED.names
    return {int(row["id"]): {name: int(row[name]) for name in names} for row in reading.finished}


def test_a_lone_request_takes_a_prefill_and_a_decode_per_further_token():
    made = engine(fleet(), (3, 50, 10, 3))
    made.advance(1000)
    reading = made.read()
    (row,) = rows_of(reading).values()
    # 110 for the prompt, then 101 + 101: the first token comes with the prefill, the last one is never computed.
    assert (row["first_token"], row["end"], row["delivered"], row["computed"]) == (110, 312, 3, 12)
    assert (row["fate"], row["attempts"], row["routes"], row["replica"]) == (Fate.COMPLETED, 1, 1, 0)
    assert (reading.busy_ps[0], reading.live_ps[0], reading.passes[0], reading.computed[0]) == (312, 1000, 3, 12)
    assert reading.free_blocks[0] == 100
    assert (reading.offered, reading.in_flight) == (1, 0)
    assert reading.gaps[0, bucket_of(101)] == 2
    assert reading.gaps.sum() == 2


def test_a_prompt_above_the_budget_is_computed_in_chunks():
    row = ended(engine(fleet(), (0, 50, 100, 1)))[0]
    assert (row["first_token"], row["end"], row["computed"]) == (164 + 136, 300, 100)  # 64 tokens, then 36


def test_running_requests_come_before_waiting_ones_and_share_the_budget():
    # At 160 the decode of request 0 takes 1 of 64 tokens, request 1 gets 63 of its 70, the rest in the next pass.
    rows = ended(engine(fleet(), (0, 50, 10, 2), (1, 60, 70, 1)))
    assert rows[0]["end"] == 160 + 164 - 50
    assert rows[1]["end"] == 324 + 107 - 60


def test_the_cost_of_a_pass_is_the_formula():
    cost = LinearCost(np.arange(99) * 1000, np.arange(9) * 500, 7, 10, 20, 3, 11, 22, 4, 5, 6)
    # Decodes with c = 9 and 30: dense 2000, per sequence 1000, host 7, 10 + 2 * 20 + 3 * (10 + 31).
    assert pass_ps(cost, [9, 30], []) == 2000 + 1000 + 7 + 10 + 40 + 123
    # A decode at c = 9 and chunks k = 16 at c = 32 and k = 1 at c = 0 with n = 5; Q = 16 * 80 + 1 = 1281.
    mixed = 11 + 22 + 4 * 10 + 5 * 17 + 6 * 1281 // 2048
    assert pass_ps(cost, [9], [(32, 16), (0, 1)]) == 18_000 + 1500 + 7 + mixed


def test_under_vllm_v1_its_last_token_alone_makes_even_a_prompt_of_one_token_a_decode():
    cost = LinearCost(np.arange(65) * 1000, np.arange(9) * 500, 7, 10, 20, 3, 11, 22, 4, 5, 6)
    lone = fleet()
    lone = dataclasses.replace(lone, types=(dataclasses.replace(lone.types[0], cost=cost),))
    assert ended(engine(lone, (0, 50, 1, 1)))[0]["end"] == 1000 + 500 + 7 + 10 + 20 + 3


PREEMPTED = ((0, 1, 30, 10), (1, 1, 30, 10))
"""With 4 blocks both run to 32 tokens in 2 blocks each; at 365 the first needs a third, and the second is preempted."""


@pytest.mark.parametrize(("recompute", "chunk"), [("cached", 17), ("full", 33)])
def test_the_last_of_running_is_preempted_and_finds_its_first_block_again(recompute: str, chunk: int):
    rows = ended(engine(fleet(blocks=4, recompute=recompute), *PREEMPTED))
    # Passes end at 161, 263, 365; then the first decodes alone, 7 tokens of 101 ps.
    assert rows[0]["end"] == 365 + 7 * 101 - 1
    # It took one block from the free list: of the two freed ones, one (16 tokens) survives; n is 33.
    assert rows[1]["end"] == 1072 + 100 + chunk + 6 * 101 - 1
    assert (rows[1]["computed"], rows[1]["preemptions"], rows[0]["preemptions"]) == (32 + chunk + 6, 1, 0)


def test_a_preempted_sequence_waits_at_the_head_and_nobody_overtakes():
    # Request 2 needs one block, and one is free from 365 on; but the preempted one before it needs three.
    rows = ended(engine(fleet(blocks=4), *PREEMPTED, (2, 300, 16, 1)))
    assert rows[2]["end"] == 1072 + 100 + 17 + 16 - 300


def test_cached_prompt_tokens_count_in_whole_blocks_and_leave_one_token():
    assert ended(engine(fleet(), (0, 50, 40, 1), cached=39))[0]["computed"] == 40 - 32
    assert ended(engine(fleet(), (0, 50, 32, 1), cached=32))[0]["computed"] == 32 - 16


@pytest.mark.parametrize(
    ("deadline", "fate", "end", "delivered", "computed"),
    [
        (210, Fate.DEADLINE, 211, 1, 11),  # inside the second pass: its token is computed, not delivered
        (211, Fate.DEADLINE, 211, 2, 11),  # at its end: the token was sampled before
        (312, Fate.COMPLETED, 312, 3, 12),  # at the instant of completion
    ],
)
def test_a_running_request_ends_at_the_first_end_of_a_pass_from_its_deadline_on(
    deadline: int, fate: Fate, end: int, delivered: int, computed: int
):
    row = ended(engine(fleet(), (0, 50, 10, 3), deadline=deadline))[0]
    assert (row["fate"], row["end"], row["delivered"], row["computed"]) == (fate, end, delivered, computed)


def test_patience_that_ends_when_the_place_gets_free_is_too_short():
    first = (0, 50, 10, 3)  # ends at 362
    rows = ended(engine(fleet(max_num_seqs=1), first, (1, 60, 10, 2), patience=302))
    assert (rows[1]["fate"], rows[1]["end"], rows[1]["computed"]) == (Fate.ABANDONED, 302, 0)
    rows = ended(engine(fleet(max_num_seqs=1), first, (1, 60, 10, 2), patience=303))
    assert (rows[1]["fate"], rows[1]["end"]) == (Fate.COMPLETED, 302 + 110 + 101)


def test_of_limits_at_one_instant_patience_comes_first_then_deadline():
    first = (0, 50, 10, 3)
    limits = {"patience": 100, "deadline": 100, "disconnect": 100}
    assert ended(engine(fleet(max_num_seqs=1), first, (1, 60, 10, 2), **limits))[1]["fate"] == Fate.ABANDONED
    limits["patience"] = 101
    assert ended(engine(fleet(max_num_seqs=1), first, (1, 60, 10, 2), **limits))[1]["fate"] == Fate.DEADLINE
    limits["deadline"] = 101
    assert ended(engine(fleet(max_num_seqs=1), first, (1, 60, 10, 2), **limits))[1]["fate"] == Fate.DISCONNECTED


IMPATIENT = ((0, 1, 16, 30), (1, 1, 64, 1))
"""With 5 blocks and 32 tokens a pass, request 1 is preempted at 265 in the midst of its prompt; the pass ends at 366."""


def test_a_preempted_request_whose_patience_went_by_ends_with_the_pass():
    row = ended(engine(fleet(blocks=5, max_batched_tokens=32), *IMPATIENT, patience=100))[1]
    assert (row["fate"], row["end"], row["preemptions"], row["computed"]) == (Fate.ABANDONED, 365, 1, 16 + 31)


def test_a_preempted_request_whose_patience_went_by_ends_at_the_detection_if_its_node_fails_first():
    made = engine(fleet(blocks=5, max_batched_tokens=32), *IMPATIENT, patience=100, deadline=500)
    made.advance(300)
    made.leave(0, "fail")
    row = ended(made)[1]
    assert (row["fate"], row["end"], row["attempts"]) == (Fate.ABANDONED, 1299, 1)


def test_a_preempted_request_whose_patience_went_by_ends_at_once_if_its_node_is_drained_first():
    made = engine(fleet(nodes=2, blocks=5, max_batched_tokens=32), *IMPATIENT, join=False, patience=100)
    made.advance(0)
    made.join(0)
    made.advance(300)
    made.join(1)
    made.leave(0, "drain")
    row = ended(made)[1]
    assert (row["fate"], row["end"], row["routes"]) == (Fate.ABANDONED, 299, 1)


def test_an_arrival_does_not_see_the_end_of_a_pass_at_its_instant():
    for arrival, reason in ((362, Reason.POOL_FULL), (363, Reason.NONE)):
        row = ended(engine(fleet(pool=1), (0, 50, 10, 3), (1, arrival, 10, 1)))[1]
        assert row["reason"] == reason
    assert (row["attempts"], row["routes"]) == (1, 1)
    row = ended(engine(fleet(pool=1), (0, 50, 10, 3), (1, 362, 10, 1)))[1]
    assert (row["attempts"], row["routes"], row["replica"], row["end"]) == (0, 0, -1, 0)


def test_a_request_is_rejected_for_its_length_before_the_queue():
    made = engine(fleet(blocks=4, max_waiting=0), (0, 50, 60, 5), (1, 51, 60, 6), (2, 52, 9, 4088))
    rows = ended(made)
    # 60 + 5 - 1 = 64 tokens are 4 blocks, one more are 5; 9 + 4088 tokens exceed the model's 4096.
    assert [rows[i]["reason"] for i in range(3)] == [Reason.QUEUE_FULL, Reason.TOO_LONG, Reason.TOO_LONG]
    assert all((row["fate"], row["attempts"], row["routes"]) == (Fate.REJECTED, 1, 1) for row in rows.values())


def test_a_draining_node_finishes_what_runs_and_hands_on_what_waits():
    made = engine(fleet(nodes=2, max_num_seqs=1), (0, 50, 10, 3), (1, 51, 10, 3), (2, 60, 10, 1))
    made.advance(100)
    made.leave(0, "drain")
    with pytest.raises(ValueError, match="node 0 joins while it is draining"):
        made.join(0)
    made.advance(1000)
    reading = made.read()
    rows = rows_of(reading)
    assert reading.gone == ((0, 362),)
    assert (rows[0]["end"], rows[2]["replica"], rows[2]["routes"], rows[2]["attempts"]) == (312, 1, 2, 1)
    assert rows[2]["end"] == 363 + 110 - 60  # behind request 1, which ends at 363
    assert list(reading.live_ps) == [362, 1000]
    made.join(0)


def test_a_drained_node_without_running_requests_is_gone_at_once():
    made = engine(fleet())
    made.advance(40)
    made.leave(0, "drain")
    reading = made.read()
    assert (reading.gone, reading.live_ps[0], reading.free_blocks[0]) == (((0, 40),), 40, 0)


def test_a_failure_voids_the_pass_and_is_noticed_after_the_detection_time():
    made = engine(fleet(nodes=2), (0, 50, 10, 3))
    made.advance(200)
    made.leave(0, "fail")
    made.advance(1199)
    with pytest.raises(ValueError, match="node 0 joins while it is failed"):
        made.join(0)
    made.advance(2000)
    reading = made.read()
    row = rows_of(reading)[0]
    # First token at 160; the pass from 160 is void at 200; at 1200 its 11 tokens are recomputed elsewhere: 111, 101.
    assert (row["first_token"], row["end"], row["attempts"], row["replica"]) == (110, 1200 + 111 + 101 - 50, 2, 1)
    assert row["computed"] == 10 + 1 + 11 + 1
    assert (list(reading.busy_ps), list(reading.passes), list(reading.computed)) == ([150, 212], [1, 2], [11, 12])
    assert list(reading.live_ps) == [200, 2000]
    assert reading.gaps[0, bucket_of(1311 - 160)] == 1
    assert reading.gaps[0, bucket_of(101)] == 1


def test_routers_go_on_sending_to_a_failed_node_until_it_is_noticed():
    made = engine(fleet(nodes=2, max_attempts=1), (0, 500, 10, 1), (1, 501, 10, 1), (2, 502, 10, 1))
    made.advance(200)
    made.leave(0, "fail")
    rows = ended(made)
    assert [(rows[i]["fate"], rows[i]["replica"]) for i in range(3)] == [(5, 0), (0, 1), (5, 0)]
    assert [rows[i]["end"] for i in range(3)] == [700, 110, 698]  # FAILED at 1200


def test_a_node_may_be_back_at_the_instant_of_its_detection():
    made = engine(fleet(), (0, 50, 10, 3))
    made.advance(200)
    made.leave(0, "fail")
    made.advance(1200)
    made.join(0)
    assert ended(made)[0]["end"] == 1200 + 111 + 101 - 50


def test_without_a_live_replica_requests_wait_at_the_gateway():
    made = engine(fleet(), (0, 50, 10, 1), (1, 60, 10, 1), join=False, patience=100)
    made.advance(300)
    assert made.read().in_flight == 1
    made.join(0)
    row = ended(made)[0]
    assert (row["end"], row["attempts"], row["routes"]) == (250 + 110, 1, 1)


def test_round_robin_goes_on_above_the_last_one_given():
    made = engine(fleet(nodes=3), *((i, 10 + i, 10, 9) for i in range(3)), *((i, 40 + i, 10, 9) for i in range(3, 6)))
    made.advance(12)
    made.leave(1, "drain")
    rows = ended(made)
    assert [rows[i]["replica"] for i in range(6)] == [0, 1, 2, 0, 2, 0]


def test_the_routing_word_is_splitmix64():
    # First two outputs of splitmix64 with seed 1234567, as published with the generator in Rosetta Code.
    assert mix((1234567 + GOLDEN) % 2**64) == 6457827717110365317
    assert mix((1234567 + 2 * GOLDEN) % 2**64) == 3203168211198807973
    word = mix((mix(7 ^ 5) + (2 * 16 + 1) * GOLDEN) % 2**64)
    assert draw(7, 5, 2, 1, 10) == word * 10 // 2**64  # the high 32 bits decide


def test_power_of_two_takes_the_shorter_of_its_draws_and_the_lower_id_of_equals():
    both = next(i for i in range(99) if [draw(7, i, 0, j, 2) for j in (0, 1)] == [1, 0])
    ones = next(i for i in range(both + 1, 99) if [draw(7, i, 0, j, 2) for j in (0, 1)] == [1, 1])
    later = next(i for i in range(ones + 1, 99) if [draw(7, i, 0, j, 2) for j in (0, 1)] == [1, 0])
    made = engine(fleet(2, Routing("power_of_two", 2)), (both, 10, 10, 9), (later, 11, 10, 9), (ones, 12, 10, 9))
    rows = ended(made)
    # Equal at first: the lower id. Then replica 0 has one and 1 has none. The last drew replica 1 twice.
    assert [rows[i]["replica"] for i in (both, later, ones)] == [0, 1, 1]


def test_reading_sees_a_pass_in_flight_by_its_time_alone():
    made = engine(fleet(), (0, 50, 10, 1))
    made.advance(100)
    reading = made.read()
    assert (reading.busy_ps[0], reading.passes[0], reading.computed[0], reading.running[0]) == (50, 0, 0, 1)
    assert reading.free_blocks[0] == 99
    made.advance(400)
    reading = made.read()
    assert (reading.busy_ps[0], reading.passes[0], reading.computed[0]) == (60, 1, 10)


def test_an_arrival_that_is_not_later_than_now_is_refused():
    made = engine(fleet())
    made.advance(50)
    rows = np.zeros(1, REQUEST)
    rows["arrival"] = 50
    with pytest.raises(ValueError, match="request 0 arrives at 50 ps; must be later than 50 ps"):
        made.offer(Requests(0, rows))
