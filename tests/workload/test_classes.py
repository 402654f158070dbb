"""What a client class takes, what it refuses and how it says so."""

from __future__ import annotations

import datetime
import json
import subprocess
import sys

import numpy as np
import pytest
from pydantic import ValidationError

from sim.workload.arrivals import ARRIVALS
from sim.workload.cached import CACHED
from sim.workload.classes import ClientClass, class_means
from sim.workload.growth import GROWTH
from sim.workload.lengths import LENGTHS
from sim.workload.patience import PATIENCE
from sim.workload.rate import BaseRate

START = datetime.date(2026, 1, 1)
YEAR_S = 31_557_600.0
CLIENTS = {"kind": "clients", "clients": 9, "spread": 1, "asking": "1 h", "silent": "2 h", "level_spread": 1, "cv": 2}


def _told(error: ValidationError) -> list[tuple[str, str]]:
    """(path, message) of each problem, inner blocks flattened as the scenario reader does."""
    found = []
    for one in error.errors():
        if one["type"] == "nested":
            found += [
                (".".join(map(str, (*one["loc"], *inner["loc"]))), inner["msg"]) for inner in one["ctx"]["errors"]
            ]
        else:
            found.append((".".join(map(str, one["loc"])), one["msg"]))
    return found


def test_keys_of_later_versions_are_refused_by_name(client):
    with pytest.raises(ValidationError) as error:
        client(jobs={"any": "thing"})
    assert _told(error.value) == [("jobs", "`jobs` is read but not simulated yet in this version")]


def test_rate_limits_are_read_a_minute_and_kept_a_second(client):
    limit = client(rate_limit={"requests": "600 /min", "tokens": "1200000 tok/min"}).rate_limit
    assert (limit.requests, limit.tokens) == (10, 20_000)
    assert client().rate_limit is None
    with pytest.raises(ValidationError) as error:
        client(rate_limit={"requests": "30 /h"})
    assert "'30 /h' found; must be at least" in _told(error.value)[0][1]


@pytest.mark.parametrize(
    ("keys", "path", "message"),
    [
        ({"rate": "out"}, "", "`rate` is missing"),
        ({"output": "out"}, "", "`output` is missing"),
        ({"rate": "-3 /s"}, "rate", "'-3 /s' found; must be at least 0"),
        ({"rate": 40}, "rate", "'40' has no unit"),
        ({"deadline": "11 day"}, "deadline", "'11 day' found; must be at most 10 day"),
        ({"deadline": "0 s"}, "deadline", "'0 s' found; must be above 0"),
        ({"patience": {"kind": "constant", "mean": "0 s"}}, "patience.mean", "'0 s' found; must be above 0"),
        (
            {"arrivals": {"kind": "possion"}},
            "arrivals",
            "'possion' is not one of poisson, constant, gamma, log_ou, clients, trace, bootstrap",
        ),
        ({"arrivals": {"kind": "gamma"}}, "arrivals.cv", "Field required"),
        (
            {"arrivals": {"kind": "log_ou", "relative_variance": 0.1, "tau": "8 day"}},
            "arrivals.tau",
            "'8 day' found; must be at most 1 week",
        ),
        (
            {"arrivals": {**CLIENTS, "clients": 1025}},
            "arrivals.clients",
            "less than or equal to 1024",
        ),
        ({"arrivals": {**CLIENTS, "asking": "5 s"}}, "arrivals.asking", "'5 s' found; must be at least 1 min"),
        ({"profile": [1.0] * 23}, "profile", "23 numbers found; must be 24, one an hour of the day"),
        ({"profile": [0] * 24}, "profile", "all 24 numbers are 0"),
        ({"correlation": {"other": -1.1}}, "correlation.other", "greater than or equal to -1"),
        ({"slo": {"ttft": "2 s"}}, "slo.tpot", "Field required"),
        ({"prompt": {"kind": "quantiles", "tokens": [1, 2, 3]}}, "prompt", "3 tokens found for 57 knots"),
        (
            {"prompt": {"kind": "quantiles", "tokens": [1, 3, 2], "percent": [0, 50, 100]}},
            "prompt",
            "2 tokens found after 3; must not fall",
        ),
        (
            {"prompt": {"kind": "quantiles", "tokens": [1, 3], "percent": [0, 99]}},
            "prompt",
            "`percent` must rise from 0 to 100",
        ),
        (
            {"prompt": {"kind": "quantiles", "tokens": [0, 3], "percent": [0, 100]}},
            "prompt.tokens.0",
            "greater than or equal to 1",
        ),
        (
            {"prompt": {"kind": "lognormal_mixture", "weights": [1], "mu": [1, 2], "sigma": [1]}},
            "prompt",
            "1 weights, 2 mu and 1 sigma found; must be equally many, at least one",
        ),
        (
            {"prompt": {"kind": "lognormal_mixture", "weights": [1], "mu": [1], "sigma": [1], "low": 9, "high": 8}},
            "prompt",
            "low 9 found above high 8",
        ),
        ({"disconnect": 0.01}, "disconnect", "'0.01' has no unit"),
        ({"disconnect": "-1 /s"}, "disconnect", "'-1 /s' found; must be at least 0"),
        ({"cached_tokens": {"kind": "share", "share": "137 %"}}, "cached_tokens.share", "must be at most 100 %"),
        ({"cached_tokens": {"kind": "shared"}}, "cached_tokens", "'shared' is not one of share, share_quantiles"),
        (
            {"cached_tokens": {"kind": "share_quantiles", "of_prompt": [1, 2, 3]}},
            "cached_tokens",
            "3 shares found for 57 knots",
        ),
        (
            {"cached_tokens": {"kind": "share_quantiles", "of_prompt": [9, 2], "percent": [0, 100]}},
            "cached_tokens",
            "shares must not fall",
        ),
        (
            {"cached_tokens": {"kind": "share_quantiles", "of_prompt": [], "percent": []}},
            "cached_tokens",
            "`percent` must rise from 0 to 100",
        ),
        ({"growth": {"kind": "exponential", "rate": "3 %/fortnight"}}, "growth.rate", "'3 %/fortnight'"),
        ({"growth": {"kind": "steps", "factors": {"soon": 2}}}, "growth.factors", "'soon' is not a date"),
        ({"arivals": {"kind": "poisson"}}, "arivals", "Extra inputs are not permitted"),
    ],
)
def test_a_mistake_is_told_at_its_key(client, keys, path, message):
    with pytest.raises(ValidationError) as error:
        client(**keys)
    told = _told(error.value)
    assert [where for where, _ in told] == [path]
    assert message in told[0][1]


@pytest.mark.parametrize(
    "keys", [{"rate": "2 /s"}, {"profile": [1.0] * 24}, {"growth": {"kind": "exponential", "rate": "1 %/year"}}]
)
def test_a_replayed_class_takes_its_rate_from_the_trace(client, keys):
    replayed = {"rate": "out", "prompt": "out", "output": "out", "arrivals": {"kind": "trace", "file": "t.csv"}}
    assert client(**replayed).rate is None
    with pytest.raises(ValidationError, match="beside arrivals from a trace"):
        client(**{**replayed, **keys})


def test_a_class_needs_no_more_than_model_rate_and_lengths(client):
    cls = client()
    assert (cls.arrivals.kind, cls.growth.kind, cls.patience, cls.slo, cls.deadline) == (
        "poisson",
        "none",
        None,
        None,
        600.0,
    )
    assert ClientClass.model_fields["deadline"].json_schema_extra["flag"] == "assumed"
    assert class_means(cls) == (100.0, 10.0)


@pytest.mark.parametrize(
    ("rate", "after_s", "factor"),
    [
        ("35% /year", YEAR_S, 1.35),
        ("35% /year", 2 * YEAR_S, 1.35**2),
        ("-50 %/year", YEAR_S, 0.5),
        ("4.9 %/week", 604_800, 1.049),
        ("0.1 %/day", 86_400 * 10, 1.001**10),
        ({"2026-01-01": "100 %/year", "2026-01-31": "0 %/year"}, YEAR_S, 2 ** (30 * 86_400 / YEAR_S)),
        ({"2025-01-01": "100 %/year", "2026-01-31": "-50 %/year"}, 60 * 86_400, 1.0),
    ],
)
def test_growth_compounds_over_its_own_period(rate, after_s, factor):
    growth = GROWTH["exponential"].model_validate({"rate": rate}, context={"yaml": True})
    assert growth.factor(np.array([0.0, after_s]), START).tolist() == pytest.approx([1.0, factor], rel=1e-12)


def test_growth_steps_hold_from_midnight_of_their_date():
    growth = GROWTH["steps"].model_validate({"factors": {"2026-01-03": 4, "2026-01-02": 2.5}}, context={"yaml": True})
    assert growth.factor(np.array([0, 86_399.9, 86_400, 2 * 86_400]), START).tolist() == [1, 1, 2.5, 4]


def test_the_mean_over_a_day_is_the_rate_whatever_the_scale_of_the_profile(client):
    base = BaseRate(client(rate="3 /s", profile=[k % 5 + 0.1 for k in range(24)]), START)
    assert base.integral(0, 86_400) == pytest.approx(3 * 86_400, rel=1e-12)
    assert base.hourly(5, 1)[0] / base.hourly(6, 1)[0] == pytest.approx(0.1 / 1.1)


@pytest.mark.parametrize(
    "growth",
    [
        {"kind": "none"},
        {"kind": "exponential", "rate": "35% /year"},
        {"kind": "steps", "factors": {"2026-02-03": 1.7, "2026-05-01": 0.3}},
    ],
)
@pytest.mark.parametrize(("hours", "count"), [(1, 999), (2, 500), (7, 333), (24, 200), (168, 53), (720, 13)])
def test_many_integrals_at_once_are_those_of_each(client, growth, hours, count):
    block = client(rate="3.7 /s", growth=growth, profile=[k % 5 + 0.1 for k in range(24)])
    base, length_s = BaseRate(block, START), hours * 3600.0
    each = [base.integral(n * length_s, (n + 1) * length_s) for n in range(count)]
    assert base.integrals(hours, count).tolist() == each
    assert len(set(each)) > 1 or growth["kind"] == "none"


def test_the_integral_of_an_exponential_is_that_of_its_hours(client):
    base = BaseRate(client(rate="3 /s", growth={"kind": "exponential", "rate": "35% /year"}), START)
    log = np.log(1.35) / YEAR_S
    assert base.integral(1_234.5, 2 * YEAR_S) == pytest.approx(
        3 * (np.exp(log * 2 * YEAR_S) - np.exp(log * 1_234.5)) / log, rel=1e-9
    )
    assert base.integral(50, 50) == 0


def test_what_came_before_an_hour_does_not_depend_on_how_far_was_read(client):
    cls = client(rate="3 /s", profile=list(range(24)), growth={"kind": "exponential", "rate": "35% /year"})
    near, far = BaseRate(cls, START), BaseRate(cls, START)
    far.before(20_000)
    assert [near.before(hour) for hour in (0, 1, 23, 24, 25, 700)] == [
        far.before(hour) for hour in (0, 1, 23, 24, 25, 700)
    ]
    assert near.before(700) == pytest.approx(near.integral(0, 700 * 3600), rel=1e-12)


def test_a_class_written_out_and_read_again_draws_the_same(client, potential, same):
    cls = client(
        rate={"2026-01-01": "1.7 /s", "2026-02-01": "2 /s"},
        growth={"kind": "exponential", "rate": "4.9 %/week"},
        arrivals={"kind": "log_ou", "relative_variance": 0.1, "tau": "182 s", "date": datetime.date(2023, 11, 16)},
        output={"kind": "quantiles", "tokens": [1, 20, 300], "percent": [0, 50.5, 100]},
        prompt={"kind": "lognormal_mixture", "weights": [0.3, 0.7], "mu": [5, 6], "sigma": [1, 0.5]},
        profile=[k / 7 + 0.1 for k in range(24)],
        patience={"kind": "exponential", "mean": "30 s"},
        disconnect={"2026-01-01": "0.01 /s", "2026-01-09": "0.02 /s"},
        cached_tokens={"kind": "share_quantiles", "of_prompt": [0, 3, 100], "percent": [0, 50, 100]},
        slo={"ttft": "2 s", "tpot": "60 ms"},
    )
    written = cls.model_dump(mode="json", exclude_none=True)
    again = ClientClass.model_validate(written, context={"yaml": True})
    assert again.model_dump(mode="json", exclude_none=True) == written
    week = 604_800 * 10**12
    same(potential({"c": again}).draw(week, week + 10**15), potential({"c": cls}).draw(week, week + 10**15))


def test_the_schema_of_a_class_names_every_kind():
    text = json.dumps(ClientClass.model_json_schema())
    for table in (ARRIVALS, LENGTHS, GROWTH, PATIENCE, CACHED):
        for kind in table:
            assert f'"const": "{kind}"' in text


@pytest.mark.long
def test_reading_a_class_loads_no_heavy_library():
    script = "import sys, sim.workload; print([m for m in ('numba', 'scipy', 'pandas', 'simpy', 'matplotlib') if m in sys.modules])"
    assert (
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip()
        == "[]"
    )
