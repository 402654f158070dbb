"""Keys that sample fleets in space and let their nodes live on: what is refused, what has no effect, what `explain` says of them."""

from __future__ import annotations

import pytest

from sim.scenario.explain import explain

REQUESTS = "requests: {mode: sampled, %s}\nseeds:"


@pytest.mark.parametrize(
    ("keys", "path", "message"),
    [
        ("replicas: 0%", "replicas", "'0%' found; must be above 0 %"),
        ("replicas: 120%", "replicas", "'120%' found; must be at most 100 %"),
        ("replicas: 0.2", "replicas", "0.2"),
        ("lives: endless", "lives", "'endless' is not one of anew, continued"),
        ("budget: 0", "budget", "'0' found; must be at least 1"),
        ("budget: 1000, replicas: 20%", "budget", "`replicas` and `budget` found; one of them says how many replicas serve"),
    ],
)  # fmt: skip
def test_a_slip_is_told_where_it_stands(problems, keys, path, message):
    (problem,) = problems("seeds:", REQUESTS % keys)
    assert problem.path == f"requests.{path}"
    assert message in problem.message


def test_fleets_serve_whole_unless_the_file_says_otherwise(read):
    requests = read().spec.requests
    assert (requests.replicas, requests.budget) == (None, None)
    requests = read("seeds:", REQUESTS % "replicas: 20%").spec.requests
    assert (requests.replicas, requests.budget) == (0.2, None)
    assert read("seeds:", REQUESTS % "budget: 50000").spec.requests.budget == 50_000


def test_explain_tells_how_many_replicas_serve(read):
    scenario = read(sets=[("networks.tao.operators.home.nodes", "900"), ("requests.replicas", "20%")])
    told = [row for row in explain(scenario, "requests") if row.path.startswith("requests.replicas: ")]
    assert [row.path for row in told] == [
        "requests.replicas: tao, llama-3.1-8b",
        "requests.replicas: cloud, llama-3.1-8b",
    ]
    assert "home 180 of 900 nodes" in told[0].meaning


def test_explain_is_silent_where_fleets_serve_whole(read):
    assert not [row for row in explain(read()) if ": " in row.path and row.path.startswith("requests")]


def test_without_windows_they_have_no_effect_and_are_told(read):
    (notice,) = read("seeds:", "requests: {mode: all, replicas: 20%}\nseeds:").notices
    assert "`requests.mode: all` has no windows: `replicas` of `requests` have no effect" in notice
