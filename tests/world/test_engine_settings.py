"""What a scenario file sets about a network's engines arrives in the run."""

import pytest

from sim.world.hardware import hardware_of
from tests.world.small import HOME, case, play

SERVED = {"requests": {"mode": "all"}, "epoch": "1 h", "horizon": "1 h", f"{HOME}.nodes": 1, f"{HOME}.max_nodes": 1}


@pytest.mark.compiled
def test_a_network_serves_by_the_scheduler_that_it_names():
    # One card at 2 of about 2.4 requests a second. Whole prompts first make decodes wait, and answers begin sooner.
    ttft, tpot = {}, {}
    for scheduler in ("vllm_v1", "sarathi", "prefill_first"):
        record = play(SERVED | {"networks.net.serving": {"scheduler": scheduler}})
        ttft[scheduler], tpot[scheduler] = record.outcomes["net.ttft_p50_s"], record.outcomes["net.tpot_p95_s"]
    assert ttft["prefill_first"] < min(ttft["vllm_v1"], ttft["sarathi"])
    assert tpot["prefill_first"] > max(tpot["vllm_v1"], tpot["sarathi"])
    assert ttft["vllm_v1"] != ttft["sarathi"] or tpot["vllm_v1"] != tpot["sarathi"]


@pytest.mark.compiled
def test_a_node_hosts_as_many_replicas_as_its_gpus_make_groups():
    # 8 cards: eight replicas of one, two of four. A group of four reads weights faster, and pays for its exchanges.
    tpot = {}
    for tp, replicas in ((1, 8), (4, 2)):
        changes = SERVED | {"networks.net.serving": {"tp": tp}, f"{HOME}.per_node": 8}
        spec = case(changes).before
        machine = hardware_of(spec, spec.networks["net"], "home", {"llama-3.1-8b": (500.0, 200.0)})
        assert (machine.replicas, machine.gpus, machine.rtype.active_w) == (replicas, 8, tp * 550)
        tpot[tp] = play(changes).outcomes["net.tpot_p50_s"]
    assert 0.25 < tpot[4] / tpot[1] < 0.9


def test_an_unknown_scheduler_is_told_with_those_there_are():
    from sim.errors import ScenarioError

    with pytest.raises(ScenarioError, match=r"serving.scheduler.*vllm_v1.*sarathi.*prefill_first"):
        case({"networks.net.serving": {"scheduler": "fifo"}})
