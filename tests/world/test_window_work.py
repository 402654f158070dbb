"""Which requests of a window count, and which tell nodes' parts of the work: those of half its warm-up do as well."""

from __future__ import annotations

import numpy as np
import pytest

from sim.units import PS_PER_S
from sim.world.expand import Expander
from sim.world.fleet import Roster
from sim.world.run import World
from sim.world.space import Part
from sim.world.window import COLUMNS, Stint, Window
from tests.world.small import HOME, case

pytestmark = pytest.mark.compiled

WARM_S, START_S, END_S, LIMIT_S = 100, 700, 1000, 1600
"""A warm-up of ten minutes, of which requests from 400 s on tell the work, and a window of five."""
ARRIVALS_S = (100, 399, 400, 699, 700, 999, 1000)
OUTPUTS = (1, 2, 4, 8, 16, 32, 64)
"""Sums of some of them say which."""
NEVER_PS = 10**15


def stint() -> Stint:
    """What a fleet of one node did with a request of 100 prompt tokens at each of `ARRIVALS_S`."""
    world = World(case({f"{HOME}.nodes": 1, f"{HOME}.max_nodes": 1}), 0, "fast")
    network = world.networks[0]
    (plan,) = network.plans.values()
    window = Window(1, *(at_s * PS_PER_S for at_s in (WARM_S, START_S, END_S, LIMIT_S)))
    made = Stint(Part(Roster(plan, [np.array([0])])), Expander(), "fast", 1, world.targets, window)
    made.engine.join(0)
    count = len(ARRIVALS_S)
    columns = {name: np.zeros(count, np.int64) for name in (*COLUMNS.values(), "option")}
    columns |= {
        "id": np.arange(count),
        "time_ps": (np.array(ARRIVALS_S) - WARM_S) * PS_PER_S,
        "prompt": np.full(count, 100),
        "output": np.array(OUTPUTS),
        **{name: np.full(count, NEVER_PS) for name in ("patience_ps", "deadline_ps", "disconnect_ps")},
    }
    made.offer(columns, WARM_S * PS_PER_S, 0)
    for stop_s in (START_S, END_S, LIMIT_S):
        made.engine.advance(stop_s * PS_PER_S - 1)
        reading = made.read()
        if stop_s == END_S:
            made.measure(reading)
    made.close()
    return made


def test_half_of_the_warm_up_tells_the_work_and_the_window_alone_is_counted() -> None:
    made = stint()
    assert made.tally.output.tolist() == [16 + 32]
    assert int(made.tally.arrived.sum()) == made.counted == 2
    assert made.work.tolist() == [[4 * 100, 4 + 8 + 16 + 32]]
    assert made.window.work_ps == 400 * PS_PER_S


PATIENT = {
    "workload.chat": {
        "model": "llama-3.1-8b", "rate": "12 /s", "deadline": "10 min", "demand": {"kind": "fixed", "network": "net"},
        "prompt": {"kind": "constant", "tokens": 600}, "output": {"kind": "constant", "tokens": 400},
    },
    f"{HOME}.nodes": 1, f"{HOME}.max_nodes": 1, f"{HOME}.decides": "fixed", "epoch": "1 day", "horizon": "1 day",
    "requests": {"mode": "sampled", "window": "5 min", "per_epoch": 1},
}  # fmt: skip
"""More than an RTX 4090 serves, of users who wait for ten minutes."""


def _told(changes: dict[str, object]) -> list[str]:
    return [
        note for note in World(case({**PATIENT, **changes}), 0, "fast").run().notes if "windows begin without" in note
    ]


def test_windows_that_would_hand_a_queue_on_say_so() -> None:
    (note,) = _told({})
    assert note.startswith("net: ")
    assert "% of the requests of chat that windows counted ended at their deadline" in note
    assert _told({"workload.chat.rate": "1 /s"}) == []
    # Who gives up after half a minute leaves no queue behind.
    assert _told({"workload.chat.patience": {"kind": "exponential", "mean": "30 s"}}) == []
    every = {"mode": "all"}
    assert _told({"requests": every, "horizon": "1 h", "epoch": "1 h"}) == []
