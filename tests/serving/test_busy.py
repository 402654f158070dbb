"""The share of time in which a replica computes: against queues with known answers, and against runs of the engine."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.serving.busy import busy_frac, parts_holding
from sim.serving.capacity import capacity_rps, speed_curve, steady_state
from sim.serving.catalogue import ServingSettings
from sim.serving.tables import replica_type
from tests.serving.catalogue_files import gpu, model, served


@pytest.mark.parametrize("load", [0.0, 0.3, 0.95, 1.0, 2.0])
def test_one_at_a_time_is_busy_by_its_load(load: float) -> None:
    assert busy_frac(np.array([2.0]), 2.0 * load) == pytest.approx(min(load, 1.0))


@pytest.mark.parametrize("servers", [1, 3, 100])
def test_many_servers_rest_as_erlang_says(servers: int) -> None:
    # P(nobody there) of M/M/c (L. Kleinrock, Queueing Systems I, 1975, section 3.5), offered 0.8 of c.
    offered = 0.8 * servers
    terms = [offered**n / math.factorial(n) for n in range(servers)]
    idle = 1 / (sum(terms) + offered**servers / math.factorial(servers) / 0.2)
    assert busy_frac(np.arange(1.0, servers + 1), offered) == pytest.approx(1 - idle)


def test_without_limit_it_is_an_infinite_server() -> None:
    assert busy_frac(np.arange(1.0, 400), 1.5) == pytest.approx(1 - math.exp(-1.5))


def test_the_emptier_of_two_is_mitzenmacher_s() -> None:
    # One server each of one speed: a part load^(2^n - 1) holds n or more (Mitzenmacher 2001, theorem 1); none is busier for it.
    curve = np.ones(60)
    for load in (0.3, 0.7, 0.9):
        found = parts_holding(curve, np.array([load]), 2)[0]
        assert found[:5] == pytest.approx([load ** (2**n - 1) for n in range(5)], abs=1e-5)
        assert busy_frac(curve, load, 2) == pytest.approx(load, abs=1e-3)


def test_who_finds_the_emptiest_rests_least() -> None:
    curve = np.arange(1.0, 101)
    shares = [busy_frac(curve, 0.6, choices) for choices in (1, 2, 4, 0)]
    assert shares == sorted(shares) and shares[0] == pytest.approx(1 - math.exp(-0.6)) and shares[-1] == 0.6


KIND = ("rtx_4090", "llama-3.1-8b")


def test_a_speed_curve_rises_from_a_lone_request_to_the_largest() -> None:
    kind = replica_type(gpu(KIND[0]), model(KIND[1]), ServingSettings())
    curve = speed_curve(kind, 1000, 250)
    largest = steady_state(kind, 1000, 250)
    assert len(curve) == int(largest.sequences)
    assert (np.diff(curve) > 0).all()
    assert curve[-1] == pytest.approx(largest.rps, rel=0.02) and curve[-1] <= largest.rps


@pytest.mark.parametrize("scheduler", ["vllm_v1", "prefill_first"])
def test_a_curve_begins_with_what_an_engine_takes_for_one(scheduler: str) -> None:
    # Seen: 0.3 % and 0.4 % off.
    kind = replica_type(gpu(KIND[0]), model(KIND[1]), ServingSettings(scheduler=scheduler))
    alone = served(kind, np.array([1]), np.array([1000]), np.array([250])).finished["end"][0] / 1e12
    assert speed_curve(kind, 1000, 250)[0] == pytest.approx(1 / alone, rel=0.02)


def test_no_request_that_fits_gives_no_curve() -> None:
    kind = replica_type(gpu(KIND[0]), model(KIND[1]), ServingSettings(kv_blocks=10))
    assert len(speed_curve(kind, 1000, 250)) == 0


@pytest.mark.compiled
@pytest.mark.parametrize("load", [0.01, 0.05, 0.2])
def test_an_engine_with_poisson_arrivals_is_as_busy(load: float) -> None:
    kind = replica_type(gpu(KIND[0]), model(KIND[1]), ServingSettings())
    rate = load * capacity_rps(kind, 1000, 250)
    shares = []
    for seed in range(8):
        draws = np.random.default_rng(seed)
        arrival = (np.cumsum(draws.exponential(1 / rate, 2000)) * 1e12).astype(np.int64)
        output = np.maximum(1, np.rint(draws.exponential(250, 2000))).astype(np.int64)
        prompt = np.maximum(1, np.rint(draws.uniform(500, 1500, 2000))).astype(np.int64)
        reading = served(kind, arrival, prompt, output, "fast")
        took = np.empty(2000, np.int64)
        took[reading.finished["id"]] = reading.finished["end"]
        shares.append(int(reading.busy_ps[0]) / int((arrival + took).max()))
    error = float(np.std(shares, ddof=1)) / math.sqrt(len(shares))
    # The curve is that of the mean request: within 2 % beside four standard errors.
    found = busy_frac(speed_curve(kind, 1000, 250), rate)
    assert abs(float(np.mean(shares)) - found) < 4 * error + 0.02 * found
