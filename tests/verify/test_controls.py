"""Controls have mean zero whatever the simulator does, and say what chance did where it does right."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from sim.verify import levels, steps
from sim.verify.estimate import Sample, estimate
from sim.verify.paths import Window
from sim.verify.rungs import Rungs

SEEN = Window(20.0, 120.0)
LAW = (1.0, 2.0, 6.0)


def queue(seed: int, load: float, slow: float = 1.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Arrivals, services as drawn, and waits at a server that takes `slow` times as long as it should."""
    rng = np.random.default_rng(seed)
    arrival = np.cumsum(rng.exponential(1 / load, 400))
    service = rng.standard_exponential(400)
    return arrival, service, steps.waits_of(arrival, slow * service)


def test_work_follows_lindleys_recursion():
    arrival, service, wait = queue(1, 0.8)
    assert wait[0] == 0
    assert wait[1:] == pytest.approx(np.maximum(wait[:-1] + service[:-1] - np.diff(arrival), 0))


@pytest.mark.parametrize("power", [0, 1, 2, 3])
def test_what_a_gap_leaves_is_the_integral(power: int):
    gaps = [(0.3, 0.5), (0.7, 2.0)]
    for held in (0.2, 3.0):
        a = np.linspace(0, held, 20001)
        density = sum(share * rate * np.exp(-rate * a) for share, rate in gaps)
        assert steps.left(np.array([held]), power, gaps)[0] == pytest.approx(
            np.trapezoid((held - a) ** power * density, a)
        )


def controls_of(seed: int, slow: float) -> np.ndarray:
    arrival, service, wait = queue(seed, 0.7, slow)
    at = np.flatnonzero(SEEN.holds(arrival)[:-1])
    # The work behind an arrival is what the server makes of it; draws keep their law.
    held = steps.Steps(wait[at], service[at], wait[at + 1], LAW, [])
    gaps = steps.Steps(wait[at], slow * service[at], wait[at + 1], LAW, [(1.0, 0.7)])
    return np.array([*steps.waits(held, 2), *steps.waits(gaps, 2)[6:], *steps.tail(held, 2.0, 0.3)])


@pytest.mark.long
@pytest.mark.parametrize("slow", [1.0, 1.3])
def test_controls_of_steps_have_mean_zero_even_if_the_server_is_slow(slow: float):
    found = np.array([controls_of(seed, slow) for seed in range(3000)])
    # Sixteen controls: a t beyond 4.5 comes once in 10,000 sets.
    assert np.abs(stats.ttest_1samp(found, 0).statistic).max() < 4.5


def path_of(seed: int, servers: int, slow: float) -> tuple[levels.Path, np.ndarray, np.ndarray]:
    """A queue in which services take `slow` times as long as drawn; begins and ends as drawn."""
    rng = np.random.default_rng(seed)
    arrival = np.cumsum(rng.exponential(1 / (0.8 * servers), 200 * servers))
    service = rng.standard_exponential(len(arrival))
    free, begin = np.zeros(servers), np.empty(len(arrival))
    for i, t in enumerate(arrival):
        k = int(free.argmin())
        begin[i] = max(t, free[k])
        free[k] = begin[i] + slow * service[i]
    return levels.Path(arrival, begin + slow * service, 300, SEEN), begin, begin + service


@pytest.mark.long
@pytest.mark.parametrize("slow", [1.0, 1.1])
def test_controls_of_levels_have_mean_zero_even_if_the_servers_are_slow(slow: float):
    found = []
    for seed in range(1500):
        walk, begin, end = path_of(seed, 3, slow)
        ups, downs = walk.arrivals(walk.come, 2.4), walk.ends(begin, end, 1.0)
        found.append([ups[:4].sum(), ups @ np.arange(301), downs[:5].sum(), downs @ np.arange(301)])
    assert np.abs(stats.ttest_1samp(np.array(found), 0).statistic).max() < 4


def three_servers(count: int, slow: float) -> tuple[float, list[Sample]]:
    """L of three servers at a load of 0.8 by theory, and replications with controls; services take `slow` times as long."""
    level = np.arange(301)
    up, down = np.full(300, 2.4), np.minimum(level[1:], 3).astype(float)
    samples = []
    for seed in range(count):
        walk, begin, end = path_of(seed, 3, slow)
        own = levels.controls(
            {"L": level.astype(float)}, up, down, walk.arrivals(walk.come, 2.4), walk.ends(begin, end, 1.0)
        )
        samples.append(Sample({"L": (float(walk.time() @ level), SEEN.length)}, (), own))
    return float(levels.stationary(up, down) @ level), samples


def test_with_poissons_weights_they_say_nearly_all_that_chance_did():
    theory, samples = three_servers(60, 1.0)
    found, plain = estimate(samples)["L"], estimate([Sample(one.ratios) for one in samples])["L"]
    assert found.error < plain.error / 2
    assert abs(found.value - theory) < 4 * found.error


def test_a_slow_server_is_not_put_right_by_its_controls():
    theory, samples = three_servers(100, 1.1)
    found = estimate(samples)["L"]
    # At a load of 0.88 instead of 0.8 the queue is half as long again.
    assert found.value > 1.2 * theory
    assert found.value - theory > 4 * found.error


def test_time_at_levels_is_that_of_the_path():
    walk = levels.Path(np.array([1.0, 2.0, 30.0]), np.array([25.0, 40.0, 50.0]), 9, SEEN)
    assert walk.time()[:4].tolist() == [70.0, 15.0, 15.0, 0.0]
    assert walk.time().sum() == pytest.approx(SEEN.length)
    assert walk.before(np.array([1.0, 2.0, 25.0, 26.0])).tolist() == [0, 1, 2, 1]
    # Both spans are open at level 2 until 25, one at level 1 until 30, two until 40, one until 50.
    assert walk.shared(walk.come, walk.gone)[:3].tolist() == [0.0, 15.0, 30.0]


def test_rungs_reach_a_level_that_is_never_met():
    # M/M/c/c of 12 servers at an offered load of 30: nobody there has probability 1 / sum 30^k / k!.
    servers, rate, rungs = 12, 30.0, []
    theory = 1 / sum(rate**k / math.factorial(k) for k in range(servers + 1))
    for seed in range(30):
        rng = np.random.default_rng(seed)
        total = Rungs.nothing(servers, np.arange(servers + 1) == 0, np.full(servers, rate))
        for slow in (1.0, 4.0, 12.0):
            arrival = np.cumsum(rng.exponential(1 / slow, 4000))
            service, ends = rng.standard_exponential(4000), np.full(servers, -1.0)
            begin = np.full(4000, -1.0)
            for i, t in enumerate(arrival):
                k = int(ends.argmin())
                if ends[k] <= t:
                    begin[i], ends[k] = t, t + service[i]
            taken = begin >= 0
            come, gone = begin[taken], (begin + service)[taken]
            walk = levels.Path(come, gone, servers, Window(10.0, float(arrival[-1])))
            total.add(walk, come, gone, np.zeros(servers), walk.ends(come, gone, 1.0))
        rungs.append(Sample({}, (), {}, {"P_empty": total}))
    found = estimate(rungs)["P_empty"]
    assert theory < 1e-9
    assert abs(found.value - theory) < 4 * found.error
    assert found.error < 0.02 * theory


def two_levels(within: float, control: float | None = None) -> Sample:
    """Levels 0 and 1 that are left as often, and the share of time that no higher level has."""
    one = Rungs.nothing(1, np.array([1.0, 0.0]), within=within)
    one.up[:], one.down[:], one.time[:] = 50.0, 50.0, 10.0
    return Sample({}, (), {} if control is None else {"x": (control,)}, {"x": one})


def test_chance_in_what_rungs_do_not_reach_belongs_to_the_error():
    rng = np.random.default_rng(5)
    shares = 0.9 + 0.02 * rng.normal(size=(500, 24))
    found = [estimate([two_levels(share) for share in of])["x"] for of in shares]
    # Half of what is within: the error is that of a mean of shares.
    assert found[0].value == pytest.approx(shares[0].mean() / 2, rel=1e-3)
    assert found[0].error == pytest.approx(shares[0].std(ddof=1) / 24**0.5 / 2, rel=0.02)
    inside = np.mean([low <= 0.45 <= high for low, high in (one.interval() for one in found)])
    # Binomial: 0.95 +- 4 x 0.0097.
    assert 0.91 < inside < 0.99
    known = estimate([two_levels(share, share - 0.9) for share in shares[0]])["x"]
    assert known.value == pytest.approx(0.45, rel=1e-3)
    assert known.error < found[0].error / 20
