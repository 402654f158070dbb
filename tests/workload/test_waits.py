"""What a model of users is worth: the p99 of the wait that it gives in a queue, beside that of the trace it is made from.

The intervals are quartiles over 40 seeds, stated for this queue and trace before these models were written.
"""

from __future__ import annotations

import numpy as np
import pytest
import simpy

from benchmarks import waits

pytestmark = [pytest.mark.compiled, pytest.mark.usefixtures("chat_trace")]


def _twin_ps(arrival: np.ndarray, service: np.ndarray, slots: int) -> list[int]:
    """The same queue as SimPy processes, one a request."""
    env = simpy.Environment()
    slot = simpy.Resource(env, slots)
    found = []

    def request(at: int, held: int):
        yield env.timeout(at)
        with slot.request() as mine:
            yield mine
            found.append(env.now - at)
            yield env.timeout(held)

    for at, held in zip(arrival.tolist(), service.tolist(), strict=True):
        env.process(request(at, held))
    env.run()
    return found


@pytest.mark.parametrize("slots", [1, 3, 26])
def test_every_wait_is_that_of_simpy(slots):
    arrival, service = (column[:3000] for column in waits.real())
    if slots < 26:  # as busy, and with arrivals at one instant
        service = service * slots // 26
        arrival = arrival // 10**12 * 10**12
    out = np.empty_like(arrival)
    waits.waits_ps(arrival, service, slots, out)
    assert (out > 0).any() and out.tolist() == _twin_ps(arrival, service, slots)


def test_the_trace_itself_waits_as_published():
    arrival, service = waits.real()
    found = [waits.p99_s(waits.real(), slots) for slots in waits.SLOTS]
    assert [round(found[0], 1), round(found[1], 1), round(found[2])] == [3.6, 6.2, 31]
    load = service.sum() / arrival[-1]
    assert [round(load / slots, 2) for slots in waits.SLOTS] == [0.78, 0.83, 0.93]


@pytest.mark.parametrize(
    ("model", "spread"),
    [
        ("two classes, correlation -0.9", [(1.6, 9.2), (3.3, 15), (16, 50)]),
        ("Poisson, one class", [(1.2, 1.5), (1.9, 2.6), (5.9, 8.3)]),
        ("two classes, independent", [(11, 52), (22, 100), (62, 239)]),
    ],
)
def test_medians_over_forty_hours_lie_in_their_spread(model, spread):
    draw = waits.MODELS[model]()
    for slots, (low, high) in zip(waits.SLOTS, spread, strict=True):
        assert low <= waits.quartiles_s(draw, slots)[1] <= high
