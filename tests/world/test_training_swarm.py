"""Training on Gensyn's own nodes: `scenarios/training-swarm.yaml`. Jobs are the network's work, and pay its fee."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.scenario import load
from sim.world import run
from tests.world.small import usd

pytestmark = [pytest.mark.compiled, pytest.mark.long]

FILE = Path(__file__).parents[2] / "scenarios" / "training-swarm.yaml"


@pytest.mark.slow
def test_a_quorum_makes_rounds_shorter_and_loses_the_slowest_parts() -> None:
    every, six = (run(case, 0) for case in load(FILE).cases())
    for record in (every, six):
        assert set(record.residuals.values()) == {0}
        assert record.counts["jobs_completed"] == record.counts["jobs_offered"] == 6
        assert record.notes == []
    assert (six.outcomes["world.job_round_s"] or 0) < 0.8 * (every.outcomes["world.job_round_s"] or 0)
    assert every.outcomes["world.job_lost_frac"] == 0
    # The two slowest of eight lognormal parts are more than a quarter of the work.
    assert 0.25 < (six.outcomes["world.job_lost_frac"] or 0) < 0.6


def test_a_tenth_of_parts_and_answers_is_computed_again_by_nodes_that_repops_slows() -> None:
    shipped, unchecked = (
        run(next(iter(load(FILE, ["horizon=1 h", *more]).cases())), 0)
        for more in ([], ["networks.gensyn.verify={kind: none}"])
    )
    served = shipped.counts["completed"] + 20 * 8
    assert shipped.counts["checks_served"] == pytest.approx(0.1 * served, rel=0.1)
    assert shipped.outcomes["gensyn.check_load_frac"] == 0.1
    slower = (shipped.outcomes["world.job_round_s"] or 0) / (unchecked.outcomes["world.job_round_s"] or 1)
    # RepOps alone slows passes by 30 %; checks, a tenth of the work, come between.
    assert 1.25 < slower < 1.5


def test_jobs_pay_the_networks_fee_of_which_most_is_burned() -> None:
    record = run(next(iter(load(FILE, ["horizon=1 h"]).cases())), 0)
    # 20 rounds x 8 parts of 6,000 tokens in the mean at 0.05 USD/Mtok.
    assert record.outcomes["world.job_cost_usd"] == pytest.approx(20 * 8 * 6000 * 0.05e-6, rel=0.1)
    take, payment = usd(record, "take", "users"), usd(record, "payment", "users")
    assert take == pytest.approx(0.005 * (take + payment), rel=1e-6)
    coins = {(row.reason, row.source): row.amount for row in record.flows if row.currency == "AI"}
    bought = coins["coins bought back", "outside"]
    # The burn is 70 % of what the executor's 1 % leaves.
    assert coins["burn of coins bought back", "gensyn.buyback.fees"] / bought == pytest.approx(0.99 * 0.70, rel=1e-6)
