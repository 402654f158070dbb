"""The schedulers `sarathi` and `prefill_first`, and `grid` costs, against hand calculation.

Unless a test says otherwise a pass over T tokens takes 100 + T ps, and one block of memory must stay free at an admission.
"""

from __future__ import annotations

import numpy as np
import pytest

from sim.serving.contract import GridCost, Reason, bucket_of
from sim.serving.reference.cost import pass_ps
from tests.serving.test_reference import ended, engine, fleet, rows_of

BOTH = ("sarathi", "prefill_first")


def test_decodes_of_sarathi_go_on_beside_a_chunk():
    # At 160 the decode takes 1 of 64 tokens, the prompt 63 of its 70, the rest in the next pass.
    rows = ended(engine(fleet(scheduler="sarathi"), (0, 50, 10, 2), (1, 60, 70, 1)))
    assert (rows[0]["end"], rows[1]["end"]) == (160 + 164 - 50, 324 + 107 - 60)


def test_decodes_of_prefill_first_wait_while_a_prompt_is_read():
    made = engine(fleet(scheduler="prefill_first"), (0, 50, 10, 3), (1, 60, 20, 1))
    made.advance(1000)
    reading = made.read()
    rows = rows_of(reading)
    # The first prompt ends at 160, the second at 280; the decodes at 381 and 482.
    assert (rows[1]["end"], rows[0]["end"]) == (280 - 60, 482 - 50)
    assert (reading.gaps[0, bucket_of(381 - 160)], reading.gaps[0, bucket_of(101)]) == (1, 1)


@pytest.mark.parametrize(("first", "ends"), [(40, (140, 260)), (30, (150, 150))])
def test_prompts_share_a_pass_while_their_number_times_the_longest_is_within_the_budget(first, ends):
    # Twice 40 tokens exceed 64, twice 30 do not.
    rows = ended(engine(fleet(scheduler="prefill_first"), (0, 50, first, 1), (1, 50, 20, 1)))
    assert (rows[0]["end"], rows[1]["end"]) == ends


@pytest.mark.parametrize("scheduler", BOTH)
@pytest.mark.parametrize(("blocks", "end"), [(5, 160), (4, 260)])
def test_an_admission_leaves_a_block_free(scheduler, blocks, end):
    # Two prompts of two blocks each: with 4 blocks the second has to wait for the first.
    rows = ended(engine(fleet(scheduler=scheduler, blocks=blocks), (0, 50, 30, 1), (1, 50, 30, 1)))
    assert rows[1]["end"] == end


@pytest.mark.parametrize("scheduler", BOTH)
def test_what_could_not_come_back_is_too_long(scheduler):
    rows = ended(engine(fleet(scheduler=scheduler, blocks=4), (0, 50, 48, 1), (1, 50, 49, 1)))
    assert [rows[i]["reason"] for i in (0, 1)] == [Reason.NONE, Reason.TOO_LONG]


def test_prefill_first_takes_no_sequence_that_outgrows_a_pass():
    rows = ended(engine(fleet(scheduler="prefill_first"), (0, 50, 60, 5), (1, 50, 60, 6)))
    assert [rows[i]["reason"] for i in (0, 1)] == [Reason.NONE, Reason.TOO_LONG]


@pytest.mark.parametrize("scheduler", BOTH)
def test_the_last_of_running_restarts_and_computes_everything_anew(scheduler):
    rows = ended(engine(fleet(scheduler=scheduler, blocks=5), (0, 1, 30, 10), (1, 1, 30, 10)))
    # Passes end at 161, 263, 365; then the first takes the last block and decodes alone, 7 tokens of 101 ps, to 1072.
    assert rows[0]["end"] == 1072 - 1
    assert (rows[1]["end"], rows[1]["computed"], rows[1]["preemptions"]) == (1072 + 133 + 6 * 101 - 1, 32 + 33 + 6, 1)


@pytest.mark.parametrize("scheduler", BOTH)
def test_a_decode_needs_a_free_block_even_if_it_takes_none(scheduler):
    # With its first decode request 0 takes the last block; request 1 has room for 11 more tokens, and restarts.
    rows = ended(engine(fleet(scheduler=scheduler, blocks=5), (0, 50, 32, 4), (1, 50, 20, 4)))
    assert (rows[0]["preemptions"], rows[1]["preemptions"]) == (0, 1)


GRID = GridCost(
    np.arange(99) * 1000,
    np.arange(9) * 500,
    7,
    100 * np.arange(9)[:, None] + np.arange(65),
    10_000 * np.arange(3)[:, None] + np.arange(99),
)


def test_the_cost_of_a_pass_is_read_off_the_tables():
    # Contexts 64 and 131 have a mean of 97, rounded down: entry 2.
    assert pass_ps(GRID, [63, 130], []) == 2000 + 1000 + 7 + 202
    # Held 1 and 65 are one and two times 64, beyond the last row; chunks of 3 and 4 are one of 5.
    assert pass_ps(GRID, [63, 130], [(1, 3), (65, 4)]) == 9000 + 2000 + 7 + 202 + 20_005
    # The root of 7^2 + 2^2 = 53 is 7.28, that of 7^2 + 3^2 = 58 is 7.62.
    assert [pass_ps(GRID, [], [(0, 7), (0, k)]) for k in (2, 3)] == [9000 + 1007 + 7, 10_000 + 1007 + 8]


def test_a_pass_whose_entries_are_below_zero_lasts_a_picosecond():
    below = GridCost(GRID.dense, GRID.per_sequence, 0, GRID.decode - 10**6, GRID.prefill)
    assert pass_ps(below, [5], []) == 1


@pytest.mark.parametrize("scheduler", BOTH)
def test_a_pass_that_cannot_hold_every_decode_is_refused(scheduler):
    with pytest.raises(ValueError, match="7 tokens a pass for 8 sequences, 100 blocks found"):
        fleet(scheduler=scheduler, max_batched_tokens=7)
