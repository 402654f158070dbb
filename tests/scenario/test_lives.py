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
        ("up_time: 10 ms", "up_time", "'10 ms' found; must be at least 1", "for example `90 s`"),
        ("repair: 0 s", "repair", "'0 s' found; must be at least 1", "for example `90 s`"),
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
