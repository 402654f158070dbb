"""Replications of a trace: the stationary bootstrap keeps what belongs together, thinning keeps shares."""

from __future__ import annotations

import numpy as np
import pytest

from sim.workload.block_length import best_block
from sim.workload.trace import read_trace
from tests.moments import check_moments

MINUTE = 60 * 10**12
HOUR = 60 * MINUTE


@pytest.fixture(scope="module")
def gaps_file(tmp_path_factory):
    """3,000 rows whose gaps are gamma of mean 1 s and CV 2, every row with a prompt of its own."""
    gaps = np.random.default_rng(8).gamma(0.25, 4.0, 3000)
    rows = (f"{t:.6f},{k + 1},{k % 7 + 1}" for k, t in enumerate(np.cumsum(gaps) - gaps[0]))
    path = tmp_path_factory.mktemp("gaps") / "gaps.csv"
    path.write_text("arrival_s,prompt_tokens,output_tokens\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def drawn(client, potential):
    """The requests of one class of arrivals over a time, in layer 0."""

    def draw(file, kind="bootstrap", span=HOUR, replication=0, headroom=1, output="out", **arrivals):
        cls = client(rate="out", prompt="out", output=output, arrivals={"kind": kind, "file": str(file), **arrivals})
        return potential({"c": cls}, replication=replication, headroom=headroom).draw(0, span)

    return draw


def association(columns, minutes=60):
    """Correlation of the requests of a minute with the mean of their output tokens."""
    minute = columns.time_ps // MINUTE
    counts = np.bincount(minute, minlength=minutes)
    output = np.bincount(minute, columns.output, minutes)
    there = counts > 0
    return np.corrcoef(counts[there], output[there] / counts[there])[0, 1]


def test_stretches_of_the_trace_come_whole_and_at_their_own_gaps(gaps_file, drawn):
    trace = read_trace(gaps_file)
    columns = drawn(gaps_file, span=10 * HOUR, block="60 s")
    row = columns.prompt - 1  # every row's prompt is its own
    follows = np.diff(row) == 1
    # Mean block 60 s, mean gap 1 s: one pair in 61 or so spans a border; its rows are neighbours by chance only.
    assert 1 - follows.mean() == pytest.approx(1 / 60, rel=0.15)
    np.testing.assert_array_equal(np.diff(columns.time_ps)[follows], np.diff(trace.arrival_ps)[row[:-1][follows]])
    np.testing.assert_array_equal(columns.output, trace.output_tokens[row])


def test_every_row_is_equally_likely_and_the_mean_rate_is_the_traces(gaps_file, drawn, client):
    trace = read_trace(gaps_file)
    rows = np.concatenate([drawn(gaps_file, span=24 * HOUR, block="60 s", replication=r).prompt - 1 for r in range(6)])
    law = client(
        rate="out", prompt="out", output="out", arrivals={"kind": "bootstrap", "file": str(gaps_file)}
    ).arrivals
    expected = 6 * law.expected(0, 24 * HOUR)
    assert expected == pytest.approx(6 * 86_400 * 1e12 * len(trace) / trace.period_ps)
    # 8,640 blocks of 60 rows or so, of which the counts scatter by CV 2 and the lengths by CV 1.
    assert len(rows) == pytest.approx(expected, rel=4 * np.sqrt(2 / 8640))
    thirds = np.bincount(rows // 1000) / len(rows)
    assert np.abs(thirds - 1 / 3).max() < 4 * np.sqrt(2 / 9 / 8640)


@pytest.mark.long
@pytest.mark.parametrize("keep", ["100 %", "40 %"])
@pytest.mark.parametrize("kind", ["trace", "bootstrap"])
def test_gaps_have_the_declared_moments(kind, keep, gaps_file, drawn, client):
    law = client(
        rate="out", prompt="out", output="out", arrivals={"kind": kind, "file": str(gaps_file), "keep": keep}
    ).arrivals
    more = {"repeat": True} if kind == "trace" else {"block": "10 min"}
    gaps = np.diff(drawn(gaps_file, kind, span=240 * HOUR, keep=keep, **more).time_ps)
    relative = gaps / gaps.mean()
    # One gap in 600 spans a border; the trace itself is drawn 288 times over, with other rows kept.
    assert relative.var() == pytest.approx(law.variance, rel=0.02)
    assert law.mean == 1
    # By the helper of all laws as well: the file's own gaps are as many independent values as there are.
    check_moments(relative, law.mean, law.variance, effective=len(read_trace(gaps_file).arrival_ps))


def test_the_declared_variance_is_that_of_rows_thinned_by_hand(gaps_file, client):
    arrival_s = read_trace(gaps_file).arrival_ps / 1e12
    generator = np.random.default_rng(3)
    for share in (0.5, 0.1):
        arrivals = {"kind": "trace", "file": str(gaps_file), "keep": f"{100 * share} %"}
        law = client(rate="out", prompt="out", output="out", arrivals=arrivals).arrivals
        gaps = np.concatenate([np.diff(arrival_s[generator.random(len(arrival_s)) < share]) for _ in range(2000)])
        assert gaps.var() / gaps.mean() ** 2 == pytest.approx(law.variance, rel=0.01)


def test_rates_and_lengths_of_the_conversation_trace_stay_together(chat_trace, drawn):
    replayed = drawn(chat_trace, "trace")
    assert association(replayed, 59) == pytest.approx(-0.84, abs=0.01)
    found = [association(drawn(chat_trace, replication=r)) for r in range(12)]
    assert np.median(found) == pytest.approx(-0.84, abs=0.06)
    # Lengths drawn for themselves from the same trace know nothing of the rate.
    shuffled = {"kind": "trace", "file": str(chat_trace), "column": "output_tokens"}
    alone = [association(drawn(chat_trace, replication=r, output=shuffled)) for r in range(12)]
    assert abs(np.median(alone)) < 0.15


def test_blocks_keep_the_dispersion_of_the_conversation_trace(chat_trace, drawn):
    def dispersion(columns, seconds):
        counts = np.bincount(columns.time_ps // (seconds * 10**12), minlength=3600 // seconds)[: 3500 // seconds]
        return counts.var() / counts.mean()

    trace = drawn(chat_trace, "trace")
    ten = [dispersion(drawn(chat_trace, replication=r), 10) for r in range(12)]
    assert dispersion(trace, 10) == pytest.approx(3.87, abs=0.1)  # published statistics of the data set
    assert np.median(ten) == pytest.approx(3.87, rel=0.2)


def test_thinning_keeps_shares_and_is_nested(chat_trace, drawn):
    whole, half, third = (drawn(chat_trace, "trace", keep=keep) for keep in ("100 %", "50 %", "30 %"))
    assert len(half) == pytest.approx(len(whole) / 2, abs=4 * np.sqrt(len(whole) / 4))
    long = [((part.output >= 340) & (part.output <= 470)).mean() for part in (whole, half)]
    assert long[0] == pytest.approx(0.294, abs=0.001)
    assert long[1] == pytest.approx(long[0], abs=4 * np.sqrt(0.294 * 0.706 / len(half)))
    assert set(third.time_ps) < set(half.time_ps) < set(whole.time_ps)
    kept = np.isin(whole.time_ps, half.time_ps)
    np.testing.assert_array_equal(whole.prompt[kept], half.prompt)
    assert association(half, 59) == pytest.approx(-0.84, abs=0.06)


def test_replications_and_layers_differ_and_repeat_to_the_byte(gaps_file, drawn, same):
    first, again, other = (drawn(gaps_file, replication=r) for r in (0, 0, 1))
    same(first, again)
    assert len(np.intersect1d(first.time_ps, other.time_ps)) < 5
    two = drawn(gaps_file, headroom=2)
    same(two.take(two.mark < 1), first)
    above = two.take(two.mark >= 1)
    assert len(above) > 1000 and len(np.intersect1d(first.time_ps, above.time_ps)) < 5


def test_a_bootstrap_can_show_more_users_than_were_seen_a_replay_cannot(gaps_file, client, potential):
    def classes(kind):
        return {"c": client(rate="out", prompt="out", output="out", arrivals={"kind": kind, "file": str(gaps_file)})}

    assert potential(classes("bootstrap"), headroom=3).ceiling("c") == 3
    assert potential(classes("trace"), headroom=3).ceiling("c") == 1


@pytest.mark.parametrize(
    ("arrivals", "told"),
    [
        ({"keep": "0 %"}, "'0 %' found; must be above 0 %"),
        ({"keep": "120 %"}, "'120 %' found; must be at most 100 %"),
        ({"block": "0.5 s"}, "'0.5 s' found; must be at least 1"),
        ({"block": "2 day"}, "'2 day' found; must be at most 1 day"),
        ({"blok": "60 s"}, "Extra inputs are not permitted"),
    ],
)
def test_a_mistake_is_told(client, arrivals, told):
    with pytest.raises(ValueError, match="validation error") as error:
        client(rate="out", prompt="out", output="out", arrivals={"kind": "bootstrap", "file": "t.csv", **arrivals})
    inner = error.value.errors()[0]["ctx"]["errors"]
    assert told in inner[0]["msg"]


# -- the rule for the length of a block --------------------------------------------------------------------------------


@pytest.mark.parametrize("rho", [0.3, 0.6, 0.8])
def test_the_rule_finds_the_best_block_of_an_autoregression(rho):
    # R(k) = rho^|k|: G = 2 rho / (1 - rho)^2 and sum R = (1 + rho) / (1 - rho) (in units of the variance), so
    # b = (G / sum R)^(2/3) N^(1/3) = (2 rho / (1 - rho^2))^(2/3) N^(1/3).
    n, found = 4000, []
    for seed in range(9):
        shocks = np.random.default_rng(seed).normal(size=n)
        series = np.empty(n)
        series[0] = shocks[0] / np.sqrt(1 - rho**2)
        for k in range(1, n):
            series[k] = rho * series[k - 1] + shocks[k]
        found.append(best_block(series))
    best = (2 * rho / (1 - rho**2)) ** (2 / 3) * n ** (1 / 3)
    # The authors' own simulations scatter so: a root mean square error of a fifth at this length (2004, table 3).
    assert np.median(found) == pytest.approx(best, rel=0.25)


def test_noise_and_constants_need_no_blocks_and_trends_long_ones():
    assert best_block(np.ones(50)) == 1
    assert best_block(np.random.default_rng(1).normal(size=4000)) < 4
    assert best_block(np.arange(400.0)) > 20
    # Without end alternating series have no spectrum at 0: the rule's bound, min(3 sqrt N, N / 3), holds.
    assert best_block((-1.0) ** np.arange(40)) == pytest.approx(40 / 3)


def test_the_conversation_trace_gets_blocks_of_minutes(chat_trace):
    # Its rate drifts over minutes: the counts of ten seconds correlate .71 from one to the next.
    assert 120 < read_trace(chat_trace).block_s < 600
