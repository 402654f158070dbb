"""`sim.against`: theory, a server's log and a peer as frames, and what is wrong told as at the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

import sim

ROOT = Path(__file__).parents[1]


@pytest.mark.compiled
def test_queues_stand_beside_theory_with_an_interval():
    found = sim.against.queues("mmck", every=True)
    headlines = sim.against.queues("mmck")
    assert set(headlines["case"]) == set(found["case"]) and len(headlines) < len(found)
    assert (headlines.theory == 0).sum() == 0
    inside = (found.low <= found.theory) & (found.theory <= found.high)
    assert (inside == found.contains).all()
    assert (headlines.error_frac - (headlines.estimate / headlines.theory - 1)).abs().max() < 1e-12
    # The seed is a parameter: another one gives other estimates of the same theory.
    other = sim.against.queues("mmck", seed=8)
    assert (other.theory == headlines.theory).all() and (other.estimate != headlines.estimate).all()


def test_a_family_that_is_none_is_told_with_those_that_are():
    with pytest.raises(sim.ScenarioError, match=r"'mm2' found; must be one of mm1, mg1, .*like it: mmc, mm1"):
        sim.against.queues("mm2")


def test_a_log_that_is_none_and_a_setting_that_is_none_are_told():
    log = ROOT / "scenarios" / "logs" / "rtx_4090_llama-3.1-8b.csv"
    with pytest.raises(sim.ScenarioError, match="no_such"):
        sim.against.server_log(ROOT / "no_such.csv", "rtx_4090", "llama-3.1-8b")
    with pytest.raises(sim.ScenarioError, match="rtx_4090"):
        sim.against.server_log(log, "rtx_4091", "llama-3.1-8b")
    with pytest.raises(sim.ScenarioError, match="max_num_seqs"):
        sim.against.server_log(log, "rtx_4090", "llama-3.1-8b", max_num_seq=128)


def test_a_peer_that_is_not_here_is_told_with_the_place(tmp_path):
    with pytest.raises(sim.ScenarioError, match="no results of Vidur found; they do not come with infermint"):
        sim.against.vidur(tmp_path)
