"""Potential requests are a function of the streams alone: not of cuts, headroom, or classes added at the end."""

from __future__ import annotations

import datetime
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.errors import ScenarioError
from sim.streams import Streams
from sim.workload import Columns, Potential
from sim.workload.requests import NEVER, Seat

MINUTE = 60 * 10**12
HOUR = 60 * MINUTE
LOG_OU = {"kind": "log_ou", "relative_variance": 0.2, "tau": "100 s"}
CLIENTS = {
    "kind": "clients",
    "clients": 20,
    "spread": 1.5,
    "asking": "30 min",
    "silent": "20 min",
    "level_spread": 1,
    "cv": 2,
}
TRACE = "arrival_s,prompt_tokens,output_tokens,cached_tokens\n" + "".join(
    f"{k * k / 7:.6f},{k + 1},{k % 9 + 1},{k // 2}\n" for k in range(120)
)


@pytest.fixture(scope="module")
def mixed(client, tmp_path_factory):
    """One class of every arrival law."""
    file = tmp_path_factory.mktemp("trace") / "t.csv"
    file.write_text(TRACE, encoding="utf-8")
    replayed = {"kind": "trace", "file": str(file), "repeat": True, "offset": "100 s"}
    return {
        "poisson": client(
            patience={"kind": "exponential", "mean": "30 s"},
            profile=list(range(24)),
            disconnect="0.01 /s",
            cached_tokens={"kind": "share_quantiles", "of_prompt": [0, 3, 100], "percent": [0, 50, 100]},
        ),
        "constant": client(
            rate="1 /s", arrivals={"kind": "constant"}, growth={"kind": "exponential", "rate": "35% /year"}
        ),
        "gamma": client(rate={"2026-01-01": "1 /s", "2026-01-02": "3 /s"}, arrivals={"kind": "gamma", "cv": 3}),
        "log_ou": client(arrivals=LOG_OU, output={"kind": "quantiles", "tokens": [1, 300], "percent": [0, 100]}),
        "against": client(arrivals={**LOG_OU, "tau": "900 s"}, correlation={"log_ou": -0.9}),
        "replayed": client(rate="out", prompt="out", output="out", arrivals={**replayed, "keep": "80 %"}),
        "bootstrapped": client(
            rate="out", prompt="out", output="out", arrivals={"kind": "bootstrap", "file": str(file), "keep": "70 %"}
        ),
        "clients": client(arrivals=CLIENTS, profile=list(range(1, 25))),
    }


# Around midnight, where profile and dated rate change: 23:40 of the first day to 00:20 of the second.
FIRST = 24 * HOUR - 20 * MINUTE
SPAN = 40 * MINUTE


@pytest.fixture(scope="module")
def whole(mixed, potential):
    return potential(mixed).draw(FIRST, FIRST + SPAN)


@pytest.mark.long
@settings(max_examples=15, deadline=None)
@given(cuts=st.lists(st.integers(0, SPAN), max_size=4), minutes=st.lists(st.integers(0, 40), max_size=2))
def test_how_time_is_cut_changes_no_number(mixed, potential, whole, cuts, minutes):
    edges = sorted({0, SPAN, *cuts, *(minute * MINUTE for minute in minutes)})
    drawing = potential(mixed)
    parts = []
    for begin, end in itertools.pairwise(edges):
        part = drawing.draw(FIRST + begin, FIRST + end)
        part.time_ps[:] += begin
        parts.append(part)
    together = Columns.concatenate(parts)
    for name in together:
        np.testing.assert_array_equal(together[name], whole[name], err_msg=name)


def test_columns_are_sorted_by_time_then_id_and_ids_are_unique(whole, mixed):
    assert len(np.unique(whole.id)) == len(whole) > 10_000
    order = np.lexsort((whole.id, whole.time_ps))
    np.testing.assert_array_equal(order, np.arange(len(whole)))
    assert whole.time_ps.min() >= 0 and whole.time_ps.max() < SPAN
    assert set(whole.klass) == set(range(len(mixed)))


def test_ids_tell_cell_layer_class_and_place(whole):
    cell, layer, klass, index = whole.id >> 36, whole.id >> 32 & 15, whole.id >> 24 & 255, whole.id & (1 << 24) - 1
    np.testing.assert_array_equal(cell, (whole.time_ps + FIRST) // MINUTE)
    np.testing.assert_array_equal(layer, whole.mark.astype(int))
    np.testing.assert_array_equal(klass, whole.klass)
    # Places count up from 0 with time within each (cell, layer, class).
    group = whole.id >> 24
    by_group = np.lexsort((whole.time_ps, group))
    starts = np.flatnonzero(np.diff(group[by_group], prepend=-1))
    sizes = np.diff(np.append(starts, len(group)))
    np.testing.assert_array_equal(index[by_group], np.concatenate([np.arange(size) for size in sizes]))


def test_more_headroom_appends_and_changes_nothing_below(mixed, potential, whole, same):
    three = potential(mixed, headroom=3).draw(FIRST, FIRST + SPAN)
    assert three.mark.max() >= 2
    same(three.take(three.mark < 2), whole)


def test_marks_that_nobody_wants_are_left_out_and_nothing_else(mixed, potential, whole, same):
    below = [1.2, 0.0, 0.7, 2.0, 1.0, 0.5, 1.4, 1.5]
    kept = whole.mark < np.array(below)[whole.klass]
    same(potential(mixed).draw(FIRST, FIRST + SPAN, below), whole.take(kept))
    assert len(potential(mixed).draw(FIRST, FIRST + SPAN, [0.0] * 8)) == 0


def test_a_class_added_at_the_end_renumbers_nothing(mixed, potential, whole, client, same):
    more = potential({**mixed, "late": client(rate="5 /s", arrivals=LOG_OU, correlation={"log_ou": 0.3})}).draw(
        FIRST, FIRST + SPAN
    )
    assert (more.klass == len(mixed)).any()
    same(more.take(more.klass < len(mixed)), whole)


def test_another_law_of_output_moves_output_only(mixed, potential, whole, client):
    other = {
        **mixed,
        "poisson": mixed["poisson"].model_copy(
            update={
                "output": client(output={"kind": "lognormal_mixture", "weights": [1], "mu": [5], "sigma": [1]}).output
            }
        ),
    }
    drawn = potential(other).draw(FIRST, FIRST + SPAN)
    changed = [name for name in whole if not np.array_equal(drawn[name], whole[name])]
    assert changed == ["output"]


def test_replications_and_roots_draw_other_users_and_equal_ones_the_same(mixed, potential, whole, same):
    same(potential(mixed).draw(FIRST, FIRST + SPAN), whole)
    for other in (potential(mixed, root=2), potential(mixed, replication=1)):
        drawn = other.draw(FIRST, FIRST + SPAN)
        assert len(drawn) != len(whole) or not np.array_equal(drawn.time_ps, whole.time_ps)


def test_years_into_a_run_times_are_still_exact(client, potential):
    drawing = potential({"c": client(arrivals={"kind": "constant"}, rate="1 /s")})
    far = 6 * 31_557_600 * 10**12  # beyond what 64-bit picoseconds hold
    drawn = drawing.draw(far, far + MINUTE)
    # The n-th arrival is where n + 1/2 are expected: at every half second, in both layers.
    np.testing.assert_allclose(drawn.time_ps / 1e12, np.repeat(np.arange(60) + 0.5, 2), atol=1e-6)
    assert drawn.id.min() >> 36 == 6 * 31_557_600 // 60


@pytest.mark.long
def test_counts_match_base_requests_under_growth_profile_and_dated_rates(client, potential):
    cls = client(
        rate={"2026-01-01": "20 /s", "2026-01-03": "40 /s"},
        profile=[1, *[3] * 23],
        growth={"kind": "exponential", "rate": "2 %/day"},
    )
    drawing = potential({"c": cls}, headroom=1)
    for first, last in ((0, 3600), (86_400, 2 * 86_400), (86_400 * 1.5, 86_400 * 2.25)):
        expected = drawing.base_requests("c", first, last)
        counted = len(drawing.draw(int(first * 10**12), int(last * 10**12)))
        assert abs(counted - expected) / np.sqrt(expected) < 4.5
    # By hand: hour 0 of day 2 (at 1.02^2 of growth, to the middle of the hour) has 1/2.9583 of the mean of 40 /s.
    by_hand = 40 * 3600 * 24 / 70 * 1.02 ** (2 + 0.5 / 24)
    assert drawing.base_requests("c", 2 * 86_400, 2 * 86_400 + 3600) == pytest.approx(by_hand, rel=1e-9)


def test_a_month_later_the_class_has_the_values_of_then(client, potential):
    cls = client(
        patience={"kind": "constant", "mean": {"2026-01-01": "30 s", "2026-02-01": "5 s"}},
        deadline={"2026-01-01": "60 s", "2026-01-02": "90 s"},
    )
    drawing = potential({"c": cls}, headroom=1)
    edge = 31 * 24 * HOUR
    around = drawing.draw(edge - 5 * MINUTE, edge + 5 * MINUTE)
    late = around.time_ps >= 5 * MINUTE
    assert set(around.patience_ps[late]) == {5 * 10**12} and set(around.patience_ps[~late]) == {30 * 10**12}
    assert set(drawing.draw(0, MINUTE).deadline_ps) == {60 * 10**12} and set(around.deadline_ps) == {90 * 10**12}


def test_cached_tokens_are_of_the_prompt_and_move_nothing_else(client, potential, same):
    prompt = {"kind": "quantiles", "tokens": [1, 3000], "percent": [0, 100]}
    plain = potential({"c": client(prompt=prompt)}).draw(0, HOUR)
    assert (plain.cached == 0).all()
    for law, expected in (
        ({"kind": "share", "share": "25 %"}, plain.prompt // 4),
        ({"kind": "share", "share": "100 %"}, plain.prompt),
        ({"kind": "constant", "tokens": 64}, np.minimum(plain.prompt, 64)),
    ):
        drawn = potential({"c": client(prompt=prompt, cached_tokens=law)}).draw(0, HOUR)
        np.testing.assert_array_equal(drawn.cached, expected)
        same({**drawn, "cached": 0}, {**plain, "cached": 0})


def test_a_class_may_replace_the_cached_tokens_of_its_trace(client, potential, tmp_path):
    file = tmp_path / "t.csv"
    file.write_text(TRACE, encoding="utf-8")
    keys = {"rate": "out", "prompt": "out", "output": "out", "arrivals": {"kind": "trace", "file": str(file)}}
    drawn = potential({"c": client(**keys, cached_tokens={"kind": "constant", "tokens": 3})}).draw(0, HOUR)
    np.testing.assert_array_equal(drawn.cached, np.minimum(drawn.prompt, 3))


def test_connections_break_whatever_else_is_drawn(client, potential, same):
    plain = potential({"c": client(deadline="100 s")}).draw(0, HOUR)
    assert (plain.disconnect_ps == NEVER).all()
    assert (potential({"c": client(disconnect="0 /s")}).draw(0, HOUR).disconnect_ps == NEVER).all()
    drawn = potential({"c": client(deadline="100 s", disconnect="0.01 /s")}).draw(0, HOUR)
    same({**drawn, "disconnect_ps": 0}, {**plain, "disconnect_ps": 0})
    late = drawn.disconnect_ps == NEVER
    assert drawn.disconnect_ps[~late].max() <= 100 * 10**12
    n, p = len(drawn), np.exp(-1.0)  # outlive the deadline
    assert abs(late.sum() - n * p) / np.sqrt(n * p * (1 - p)) < 4.5


def test_patience_that_outlives_the_deadline_is_never(client, potential):
    drawn = potential(
        {"c": client(rate="100 /s", deadline="40 s", patience={"kind": "exponential", "mean": "30 s"})}
    ).draw(0, 5 * MINUTE)
    never = drawn.patience_ps == NEVER
    assert drawn.patience_ps[~never].max() <= 40 * 10**12
    n, p = len(drawn), np.exp(-40 / 30)  # P(exponential of mean 30 s > 40 s)
    assert abs(never.sum() - n * p) / np.sqrt(n * p * (1 - p)) < 4.5
    assert (potential({"c": client()}).draw(0, MINUTE).patience_ps == NEVER).all()


def test_never_is_the_engines_never():
    from sim.serving.contract import LIMIT_PS
    from sim.serving.contract import NEVER as ENGINES
    from sim.workload.potential import MAX_SPAN_PS

    assert (NEVER, MAX_SPAN_PS) == (ENGINES, LIMIT_PS)


def test_marks_are_uniform_in_their_layer(client, potential):
    mark = potential({"c": client(rate="300 /s")}, headroom=3).draw(0, 5 * MINUTE).mark
    counts = np.histogram(mark, np.linspace(0, 3, 31))[0]
    expected = len(mark) / 30
    # Chi-squared with 29 degrees of freedom: .999 quantile 58.3. Layers are Poisson, so their sizes vary as well.
    assert ((counts - expected) ** 2 / expected).sum() < 58.3
    assert mark.max() < 3


def test_a_seat_draws_what_the_streams_generators_draw():
    stream = Streams(9, 3)["arrivals.x.0"]
    seat = Seat(stream)
    for block in (5, 0, 5, 2**40):
        one, other = seat(block), stream.generator(block)
        assert one.poisson(50.0) == other.poisson(50.0)
        np.testing.assert_array_equal(one.random(7), other.random(7))
        np.testing.assert_array_equal(one.standard_gamma(0.3, 7), other.standard_gamma(0.3, 7))


def test_spans_and_headroom_out_of_range_are_refused(client, potential):
    drawing = potential({"c": client()})
    with pytest.raises(ValueError, match="10 days"):
        drawing.draw(0, 11 * 24 * HOUR)
    with pytest.raises(ValueError, match="not before 0"):
        drawing.draw(-1, 5)
    assert len(drawing.draw(7, 7)) == 0
    for headroom in (0, 17):
        with pytest.raises(ScenarioError, match=f"headroom {headroom} found; must be a whole number from 1 to 16"):
            potential({"c": client()}, headroom=headroom)


def test_too_many_requests_a_minute_are_told(client, potential):
    with pytest.raises(ScenarioError, match=r"workload\.c: \d+ requests in one minute found; must be below 16777216"):
        potential({"c": client(rate="300000 /s", arrivals={"kind": "constant"})}, headroom=1).draw(0, MINUTE)


def test_no_class_means_no_request():
    assert len(Potential({}, Streams(1, 0), datetime.date(2026, 1, 1)).draw(0, MINUTE)) == 0


def test_a_rate_of_zero_draws_nothing(client, potential):
    for kind in ({"kind": "poisson"}, {"kind": "constant"}, {"kind": "gamma", "cv": 2}, LOG_OU, CLIENTS):
        assert len(potential({"c": client(rate="0 /s", arrivals=kind)}).draw(0, 2 * HOUR)) == 0
