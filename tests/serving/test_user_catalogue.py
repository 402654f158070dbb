"""The examples of docs/gpus-and-models.md, put beside a scenario word for word."""

import re

import pytest

from sim.errors import ScenarioError
from sim.scenario import load
from sim.serving.tables import replica_type
from tests.serving.catalogue_files import ROOT, gpu

PAGE = (ROOT / "docs" / "gpus-and-models.md").read_text(encoding="utf-8")
QUIET, NEW = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
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


def test_a_new_gpu_too_small_for_the_model_is_told_where_it_is_named(tmp_path):
    with pytest.raises(ScenarioError) as caught:
        loaded(tmp_path, "my_gpu", NEW.replace("47.4 GiB", "16 GiB"))
    (problem,) = caught.value.problems
    assert problem.message.startswith(
        "llama-3.1-8b does not fit on my_gpu: 16.06 GB of weights a GPU found; must be below 14.22 GB"
    )
    assert problem.path == "networks.tao.operators.home.gpu"
    assert problem.file.endswith("study.yaml")
