"""What a file says about the lives of nodes: told wrong, at its line, with what is allowed."""

from __future__ import annotations

import pytest

CLOUD = "    extends: centralized"


@pytest.mark.parametrize(
    ("keys", "path", "message", "fix"),
    [
        ("up_law: {kind: weibull}", "up_law.kind", "'weibull' is not one of exponential, lognormal, constant", ""),
        ("up_law: {kind: lognormal, sigma: 4}", "up_law.sigma", "'4' found; must be at most 3", "write 3 or less"),
        ("up_law: {states: median}", "up_law.states", "`states` is not a key here", "keys here: kind"),
        ("repair_law: {kind: lognormal, states: mode}", "repair_law.states", "is not one of mean, median", ""),
        ("up_time: 10 ms", "up_time", "'10 ms' found; must be at least 1 s", "for example `90 s`"),
        ("repair: 0 s", "repair", "'0 s' found; must be at least 1 s", "for example `90 s`"),
        ("crews: 0", "crews", "'0' found; must be at least 1", "write 1 or more"),
        ("after_repair: reboot", "after_repair", "'reboot' is not one of serve, load, pull", ""),
        ("image: 20 GB", "image", "`image` found; must be `image` and `link`, or `pull` alone", "image: 20 GB, link: 100 MB/s"),
        ("image: 20 GB, link: 1 GB/s, pull: 5 min", "image", "`image`, `link`, `pull` found", "or `pull: 10 min`"),
    ],
)  # fmt: skip
def test_a_slip_in_a_life_is_told_where_it_stands(problems, keys, path, message, fix):
    (problem,) = problems(CLOUD, f"{CLOUD}\n    operators: {{fleet: {{{keys}}}}}")
    assert (problem.path, problem.line) == (f"networks.cloud.operators.fleet.{path}", 20)
    assert message in problem.message
    assert fix in problem.fix


def test_a_law_is_exponential_unless_it_says_otherwise(read):
    block = read().spec.networks["cloud"].operators["fleet"]
    assert (block.up_law.kind, block.repair_law.kind, block.crews, block.pull_s) == ("exponential",) * 2 + (None, 0.0)
    block = read(CLOUD, f"{CLOUD}\n    operators: {{fleet: {{up_law: {{kind: lognormal}}, pull: 5 min}}}}")
    block = block.spec.networks["cloud"].operators["fleet"]
    assert (block.up_law.sigma, block.up_law.states, block.pull_s) == (1.5, "mean", 300.0)


EU = "    operators: {fleet: {region: eu}}\noutages: {eu: %s}"


@pytest.mark.parametrize(
    ("block", "path", "message"),
    [
        ("{every: 30 day, lasts: 2 h}", "eu.hits", "`hits` is missing"),
        ("{every: 30 s, lasts: 2 h, hits: 50%}", "eu.every", "'30 s' found; must be at least 1 min"),
        ("{every: 30 day, lasts: 2 h, hits: 0%}", "eu.hits", "'0%' found; must be above 0 %"),
        ("{every: 30 day, lasts: 2 h, hits: 120%}", "eu.hits", "'120%' found; must be at most 100 %"),
        ("{every: 30 day, lasts: 2 h, hits: 1%, law: {kind: gamma}}", "eu.law.kind", "'gamma' is not one of"),
    ],
)
def test_a_slip_in_an_outage_is_told_where_it_stands(problems, block, path, message):
    (problem,) = problems(CLOUD, f"{CLOUD}\n{EU % block}")
    assert (problem.path, problem.line) == (f"outages.{path}", 21)
    assert message in problem.message


def test_an_outage_needs_nodes_in_its_region(problems):
    outage = "{every: 30 day, lasts: 2 h, hits: 50%}"
    (problem,) = problems(CLOUD, f"{CLOUD}\n{EU % outage}".replace("{eu:", "{eur:"))
    assert (problem.path, problem.message) == ("outages.eur", "no node is in region `eur`")
    assert problem.fix == "did you mean `eu`?"
    (problem,) = problems(CLOUD, f"{CLOUD}\noutages: {{eu: {outage}}}")
    assert problem.fix == "write `region: eu` at a class of operators"


@pytest.mark.parametrize("lasts", ["1 s", "300 year"])
def test_a_run_holds_a_hundred_thousand_outages_of_a_region(read, problems, lasts):
    often = f"{{every: {'10 min' if lasts == '1 s' else '1 day'}, lasts: {lasts}, hits: 50%}}"
    (problem,) = problems(CLOUD, f"{CLOUD}\n{EU % often}")
    assert (problem.path, problem.line) == ("outages.eu.every", 21)
    assert "outages in the run; at most 100,000" in problem.message
    assert read(CLOUD, f"{CLOUD}\n{EU % '{every: 11 min, lasts: 1 s, hits: 50%}'}").spec.outages


def test_outages_are_the_same_for_all_policies_and_may_be_swept(read, problems):
    outage = "{every: 30 day, lasts: 2 h, hits: 50%}"
    fleet = f"{CLOUD}\n{EU % outage}"
    (problem,) = problems(f"{CLOUD}\npolicies:\n  slow: {{}}", f"{fleet}\npolicies:\n  slow: {{outages.eu.hits: 20%}}")
    assert problem.message == "a policy cannot change `outages`"
    assert problem.fix.startswith("policies always meet the same outages")
    swept = f"{CLOUD}\n{EU % outage}\nvary: {{over: {{outages.eu.hits: [20%, 80%]}}}}"
    cases = read(CLOUD, swept).cases()
    assert {case.before.outages["eu"].hits for case in cases} == {0.2, 0.8}


FAR = "    operators: {fleet: {region: %s}}\nlatency: {eu: {eu: 20 ms, us: 90 ms}}"
PLACED = [("workload.chat.region", "eu"), *((f"networks.tao.operators.{o}.region", "us") for o in ("home", "farm"))]


def test_everybody_is_somewhere_in_a_table_of_round_trips(read, problems):
    scenario = read(CLOUD, f"{CLOUD}\n{FAR % 'us'}", sets=PLACED)
    assert scenario.spec.latency["eu"] == {"eu": 0.02, "us": 0.09}
    assert scenario.notices == ()
    (problem,) = problems(CLOUD, f"{CLOUD}\n{FAR % 'uss'}", sets=PLACED)
    assert (problem.path, problem.line) == ("networks.cloud.operators.fleet.region", 20)
    assert problem.message == "region `uss` is not in each row of `latency`"
    assert problem.fix == "did you mean `us`?"
    (problem,) = problems(CLOUD, f"{CLOUD}\n{FAR % 'us'}", sets=[("workload.chat.region", "asia"), *PLACED[1:]])
    assert (problem.path, problem.message) == ("workload.chat.region", "region `asia` is not a row of `latency`")


@pytest.mark.parametrize(
    ("trip", "message"), [("-1 ms", "must be at least 0"), ("2 min", "must be at most 1 min"), ("20", "has no unit")]
)
def test_a_slip_in_a_round_trip_is_told_where_it_stands(problems, trip, message):
    (problem,) = problems("seeds:", f"latency: {{eu: {{eu: {trip}}}}}\nseeds:")
    assert problem.path == "latency.eu.eu"
    assert message in problem.message
