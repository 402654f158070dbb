"""How many of a small fleet are down, where crews are short: values of its birth-death process, by nodes' lives."""

from __future__ import annotations

import numpy as np
import pytest

from sim.streams import Streams
from sim.verify import levels, nodes
from sim.verify.cases import Case, draws
from sim.verify.estimate import estimate
from sim.verify.paths import Window
from sim.world.fleet import Member

CREWS = {"N": 30, "R": 2, "mtbf": 100.0, "mttr": 30.0}


def case_of(params: dict[str, float]) -> Case:
    """A case with the values of its birth-death process."""
    level = np.arange(params["N"] + 1)
    up, down = (params["N"] - level[:-1]) / params["mtbf"], np.minimum(level[1:], params["R"]) / params["mttr"]
    share = levels.stationary(up, down)
    mean = float(share @ level)
    values = {
        "mean_down": mean,
        "availability": 1 - mean / params["N"],
        "P_all_up": float(share[0]),
        "var_down": float(share @ (level - mean) ** 2),
        "P_more_than_10pct_down": float(share[level > 0.1 * params["N"]].sum()),
    }
    return Case("machine_repair", "repair_small", params, values)


@pytest.fixture(scope="module")
def found():
    case = case_of(CREWS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nodes, "WORLDS", 10)
        patch.setattr(nodes, "SHORT_WORLDS", 10)
        samples = [nodes.machine_repair(case, draws(case, 11, k), 1000, "fast") for k in range(24)]
    return case, estimate(samples)


@pytest.mark.long
def test_all_up_is_put_together_where_it_is_never_met(found):
    case, told = found
    # Two crews for thirty nodes: all are up once in 10^11 instants.
    assert case.values["P_all_up"] < nodes.NEVER_MET
    one = told["P_all_up"]
    assert abs(one.value - case.values["P_all_up"]) < 4 * one.error
    assert one.error < 0.1 * case.values["P_all_up"]


def test_what_is_met_is_counted(found):
    case, told = found
    assert set(told) == set(case.values)
    # Of the share above a tenth all but 3e-9 is met: nothing varies.
    for name in ("mean_down", "availability", "var_down"):
        assert abs(told[name].value - case.values[name]) < 4 * told[name].error, name


def test_nodes_that_are_down_at_the_beginning_do_not_fall_in_it():
    member = Member("m", None, 1, 100.0, 30.0, crews=2)  # type: ignore[arg-type]
    lives = nodes._lives(Streams(11, 0)["lives"], member, 30, 500.0, 0, True)
    seen = Window(0.0, 500.0)
    walk = levels.Path(*lives.down, 30, seen)
    lowest = int(np.flatnonzero(walk.time())[0])
    assert lowest > 0
    falls, returns = walk.counts(lives.down[0]), walk.counts(lives.down[1])
    # No level below those that had time is left, upwards or downwards.
    assert falls[:lowest].sum() == returns[:lowest].sum() == 0
    # What goes up comes down, but for where the window begins and ends.
    assert np.abs(falls[:-1] - returns[1:]).max() <= 1
