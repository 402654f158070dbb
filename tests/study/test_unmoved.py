"""Adding a policy, a node or an outcome moves no number of what was there: every draw has a name of its own."""

import pytest

from sim.scenario import load
from sim.study import Store, run
from sim.study.planning import plan_of
from sim.study.run import run_keys

pytestmark = pytest.mark.compiled

SCENARIO = """\
format: 1
name: Unmoved
start: 2026-01-01
horizon: 6 week
epoch: 1 week
requests: {mode: sampled, window: 2 min, per_epoch: 1}
policies_from: 2 week
workload:
  chat: {extends: chat_steady, model: llama-3.1-8b, rate: 3 /s, demand: {kind: fixed, network: tao}}
  mail: {extends: chat_bursty, model: llama-3.1-8b, rate: 2 /s, demand: {kind: fixed, network: cloud}}
networks:
  tao:
    extends: bittensor_basic
    supply: {kind: halving, initial: 3600 TAO/day, first: 2029-12-14, every: 4 year, cap: 21 MTAO}
    split: {share: 0.02 %}
    operators:
      home: {nodes: 12, max_nodes: 100}
    plausible: {note: a small example}
  cloud:
    extends: centralized
    operators:
      fleet: {nodes: 1, gpu: h100_sxm, per_node: 1, hosting: 0.35 USD/h}
    plausible: {note: a small example}
policies:
  as_now: {}
  sooner: {networks.tao.supply: {first: 2026-01-20}}
seeds: {root: 7, replications: 2}
compare: {baseline: as_now, coin_price: [path], outcomes: [tao.nodes@end, tao.e2e_p95_s]}
"""
MORE_POLICIES = (
    "  as_now: {}",
    "  dearer: {networks.tao.price: {output: 0.9 USD/Mtok}}\n  as_now: {}\n  crowded: {networks.tao.split: {share: 0.09 %}}",
)
MORE_OUTCOMES = ("[tao.nodes@end,", "[tao.gini, cloud.ttft_p99_s, tao.nodes@end,")
MORE_NODES = ("fleet: {nodes: 1,", "fleet: {nodes: 3,")
SOONER = "  sooner: {networks.tao.supply: {first: 2026-01-20}"
MORE_NODES_OF_ONE = (f"{SOONER}}}", f"{SOONER}, networks.cloud.operators.fleet: {{nodes: 3}}}}")
FROM_THE_START = ("policies_from: 2 week", "initial: given\npolicies_from: 0 week")
EVERY_SECOND = ("per_epoch: 1}", "per_epoch: 1, every: 2}")


@pytest.fixture(scope="module")
def studied(tmp_path_factory):
    """`studied(*changes)`: the record of the scenario with texts replaced, and its runs by policy and replication."""
    found = {}

    def study(*changes):
        if changes not in found:
            folder = tmp_path_factory.mktemp("study")
            text = SCENARIO
            for old, new in changes:
                assert text.count(old) == 1
                text = text.replace(old, new)
            (folder / "small.yaml").write_text(text, encoding="utf-8")
            scenario = load(folder / "small.yaml")
            record = run(scenario, folder / "s", jobs=1)
            with Store(folder / "s", create=False) as store:
                done = [store.get(*which) for which in store.done(run_keys(plan_of(scenario), scenario.cases()))]
            found[changes] = record, {(one.policy, one.replication): one for one in done}
        return found[changes]

    return study


def test_another_policy_moves_no_byte_of_the_others(studied):
    (before, runs), (after, more) = studied(), studied(MORE_POLICIES)
    assert len(more) == 2 * len(runs)
    assert {which: more[which].to_json() for which in runs} == {which: one.to_json() for which, one in runs.items()}
    # The new ones do differ: what did not move was not deaf.
    price = "tao.price_paid_usd_per_mtok"
    assert more["dearer", 0].outcomes[price] > 2 * more["as_now", 0].outcomes[price]
    kept = [one for one in after.outcomes if one.policy in before.policies]
    assert kept == before.outcomes


def test_another_outcome_moves_no_number_and_asks_for_no_run(studied):
    (before, runs), (after, more) = studied(), studied(MORE_OUTCOMES)
    assert {which: one.to_json() for which, one in more.items()} == {
        which: one.to_json() for which, one in runs.items()
    }
    assert {one.outcome for one in after.verdicts} > {one.outcome for one in before.verdicts}
    values = {(one.outcome, one.policy): one.values for one in after.outcomes}
    assert all(values[one.outcome, one.policy] == one.values for one in before.outcomes)
    # Differences are those of before; only Holm's p knows how many are asked for.
    same = {(one.outcome, one.policy): (one.difference, one.low, one.high, one.p) for one in after.verdicts}
    assert all(same[one.outcome, one.policy] == (one.difference, one.low, one.high, one.p) for one in before.verdicts)


# Every epoch has its windows here: with `requests.every` above 1, a jump of one network calls for a window of all at once.
def test_more_nodes_elsewhere_move_no_number_here(studied):
    (_, runs), (_, more) = studied(), studied(MORE_NODES)
    for which, one in runs.items():
        other = more[which]
        here = [name for name in one.outcomes if name.startswith("tao.")]
        assert {name: other.outcomes[name] for name in here} == {name: one.outcomes[name] for name in here}
        assert {n: s for n, s in other.series.items() if n.startswith("tao.")} == {
            n: s for n, s in one.series.items() if n.startswith("tao.")
        }
        assert other.series["cloud.nodes"] != one.series["cloud.nodes"]
        # The same users came to the cloud, too: their draws are theirs, not the nodes'.
        assert other.outcomes["cloud.demand_rps"] == one.outcomes["cloud.demand_rps"]


@pytest.mark.parametrize("sampling", [(), (EVERY_SECOND,)], ids=["every epoch", "every second epoch"])
def test_more_nodes_under_one_policy_move_no_byte_of_another(studied, sampling):
    given = (FROM_THE_START, *sampling)
    (_, runs), (_, more) = studied(*given), studied(*given, MORE_NODES_OF_ONE)
    assert more.keys() == runs.keys()
    for which, one in runs.items():
        untouched = which[0] == "as_now"
        assert (more[which].to_json() == one.to_json()) is untouched
        assert (more[which].series["cloud.nodes"] == one.series["cloud.nodes"]) is untouched
