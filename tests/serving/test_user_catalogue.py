"""The examples of docs/gpus-and-models.md and docs/add-a-gpu.md, put beside a scenario word for word."""

import re

import pytest

from sim.errors import ScenarioError
from sim.scenario import load
from sim.serving.catalogue import Interconnect
from sim.serving.tables import replica_type
from tests.serving.catalogue_files import ROOT, gpu

PAGE = (ROOT / "docs" / "gpus-and-models.md").read_text(encoding="utf-8")
FARM, INT4, QUIET, EXPERTS, _GRID = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
(NEW,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "add-a-gpu.md").read_text(encoding="utf-8"), re.DOTALL)
SCENARIO = (ROOT / "tests" / "scenarios" / "format-v1.yaml").read_text(encoding="utf-8")


def loaded(tmp_path, name, text):
    """The catalogue entry of a user's GPU that stands beside the scenario, and the replica it makes."""
    (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "study.yaml").write_text(SCENARIO.replace("gpu: rtx_4090", f"gpu: {name}"), encoding="utf-8")
    spec = load(tmp_path / "study.yaml").cases()[0].before
    card = spec.gpus[name]
    return card, replica_type(card, spec.models["llama-3.1-8b"], spec.networks["tao"].serving)


@pytest.mark.long
def test_a_gpu_like_another_one_changes_what_it_says_and_keeps_the_rest(tmp_path):
    card, kind = loaded(tmp_path, "rtx_4090_quiet", QUIET)
    assert card == gpu("rtx_4090").model_copy(update={"active": 320.0})
    assert (kind.active_w, kind.blocks) == (420.0, 2587)


@pytest.mark.long
def test_a_new_gpu_serves_by_its_own_figures(tmp_path):
    _, kind = loaded(tmp_path, "my_gpu", NEW)
    # 20 ms for one token, 22 ms for 200, then 528 ms over 7,992 tokens.
    assert kind.cost.dense[[1, 200]].tolist() == [20 * 10**9, 22 * 10**9]
    assert kind.cost.dense[1001] == pytest.approx(22e9 + 801 * 528e9 / 7992)
    assert (kind.cost.a2, kind.cost.m4) == (190_000, 2700 * 1024)


@pytest.mark.long
def test_a_users_mixture_pays_for_the_experts_that_a_pass_wakes(tmp_path):
    figures = NEW + "".join(f"      {line}\n" for line in EXPERTS.splitlines())
    shape = "extends: llama-3.1-8b\nexperts: {value: 8, assumed: true}\nexperts_per_token: {value: 2, assumed: true}\n"
    (tmp_path / "my_mixture.yaml").write_text(shape, encoding="utf-8")
    (tmp_path / "my_gpu.yaml").write_text(figures, encoding="utf-8")
    study = SCENARIO.replace("gpu: rtx_4090", "gpu: my_gpu").replace("gpu: h100_sxm", "gpu: my_gpu")
    (tmp_path / "study.yaml").write_text(study.replace("model: llama-3.1-8b", "model: my_mixture"), encoding="utf-8")
    spec = load(tmp_path / "study.yaml", sets=["networks.cloud.operators.fleet.gpu=my_gpu"]).cases()[0].before
    dense = replica_type(spec.gpus["my_gpu"], spec.models["my_mixture"], spec.networks["tao"].serving).cost.dense
    # One token wakes 2 experts: 4.1 ms on top of 20; 128 tokens wake all 8: 15.6 ms on top of 20 + 127 * 2 / 199.
    assert dense[1] == pytest.approx((20 + 4.1) * 1e9)
    assert dense[128] == pytest.approx((20 + 127 * 2 / 199 + 15.6) * 1e9, rel=1e-9)


def test_a_new_gpu_too_small_for_the_model_is_told_where_it_is_named(tmp_path):
    with pytest.raises(ScenarioError) as caught:
        loaded(tmp_path, "my_gpu", NEW.replace("47.4 GiB", "16 GiB"))
    (problem,) = caught.value.problems
    assert problem.message.startswith(
        "llama-3.1-8b does not fit on my_gpu: 16.06 GB of weights a GPU found; must be below 14.22 GB"
    )
    assert problem.path == "networks.tao.operators.home.gpu"
    assert problem.file.endswith("study.yaml")


@pytest.mark.long
def test_a_quantized_model_uses_the_figures_of_the_one_it_extends_and_says_that_this_is_assumed(tmp_path):
    (tmp_path / "llama-3.1-8b-int4.yaml").write_text(INT4, encoding="utf-8")
    (tmp_path / "study.yaml").write_text(SCENARIO.replace("model: llama-3.1-8b", "model: llama-3.1-8b-int4"))
    scenario = load(tmp_path / "study.yaml")
    spec = scenario.cases()[0].before
    small = replica_type(spec.gpus["rtx_4090"], spec.models["llama-3.1-8b-int4"], spec.networks["tao"].serving)
    # (0.9 * 25,250,627,584 - 16,060,522,496 / 4 - 1.237e9) / 2,097,152 = 8331.9; a lone token reads a quarter of the weights.
    assert small.blocks == 8331 - 1
    own = gpu("rtx_4090").costs["llama-3.1-8b"]["tp1"].dense.seconds
    arithmetic = own[-1] - 8.64916e-05 * 2047
    assert small.cost.dense[1] == pytest.approx(1e12 * max(own[0] / 4, arithmetic), rel=1e-9)
    flags = {one.path: one.flag for one in scenario.assumptions if ".costs." in one.path}
    assert flags == {
        "gpus.rtx_4090.costs.llama-3.1-8b.tp1": "assumed",
        "gpus.h100_sxm.costs.llama-3.1-8b.tp1": "assumed",
    }


@pytest.mark.long
def test_operators_bring_the_interconnect_of_their_nodes(tmp_path):
    farm = re.search(r"farm: (.*)", FARM).group(1)
    text = re.sub(r"farm: \{.*\}", f"farm: {farm}", SCENARIO).replace(
        "    market: {kind: pool", "    serving: {tp: 4}\n    market: {kind: pool"
    )
    text = text.replace(
        "home: {nodes: 300, gpu: rtx_4090, per_node: 1", "home: {nodes: 300, gpu: rtx_4090, per_node: 4"
    )
    (tmp_path / "study.yaml").write_text(text, encoding="utf-8")
    scenario = load(tmp_path / "study.yaml")
    spec = scenario.cases()[0].before
    operators = spec.networks["tao"].operators
    assert operators["farm"].interconnect == Interconnect(bandwidth=12e9, latency=25e-6)
    card, llm, serving = spec.gpus["rtx_4090"], spec.models["llama-3.1-8b"], spec.networks["tao"].serving
    home, farm = (replica_type(card, llm, serving, operators[name].interconnect) for name in ("home", "farm"))
    # 64 all-reduces: 5 us of latency more, and 4,096 x 2 bytes x 1.5 at 12 instead of 16 GB/s.
    more = 64 * (5e-6 + 1000 * 4096 * 2 * 1.5 * (1 / 12e9 - 1 / 16e9))
    assert farm.cost.dense[1000] - home.cost.dense[1000] == pytest.approx(more * 1e12, rel=1e-9)
    flags = {one.path: one.flag for one in scenario.assumptions if ".costs." in one.path}
    assert flags["gpus.rtx_4090.costs.llama-3.1-8b.tp4"] == "borrowed"
    # The farm has its own link, the homes their cards'; the cloud's replicas take one card each, and exchange nothing.
    links = {one.path for one in scenario.assumptions if one.path.endswith(".interconnect")}
    assert links == {"networks.tao.operators.farm.interconnect", "gpus.rtx_4090.interconnect"}


def test_a_node_with_fewer_gpus_than_a_replica_takes_is_told_at_its_line(tmp_path):
    text = SCENARIO.replace("    market: {kind: pool", "    serving: {tp: 4}\n    market: {kind: pool")
    (tmp_path / "study.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        load(tmp_path / "study.yaml")
    (problem,) = caught.value.problems
    assert problem.path == "networks.tao.operators.home.per_node"
    assert problem.message == "1 found; a replica takes 4 GPUs (`serving.tp`)"
    assert problem.fix == "write `per_node: 4` or more"
    assert problem.line > 0
