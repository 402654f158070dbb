"""Cost figures of the kind `grid`: an archive of tables that a user's file of a GPU names (docs/gpus-and-models.md)."""

import io
import itertools
import json
import pickle
import re
import zipfile

import numpy as np
import pytest

from sim.command import replay_log
from sim.errors import ScenarioError
from sim.scenario import named
from sim.serving.capacity import capacity_rps
from sim.serving.catalogue import ServingSettings
from sim.serving.grid import tables_of
from sim.serving.pace import slowed
from sim.serving.tables import replica_type
from sim.world.run import World
from tests.serving.catalogue_files import ROOT, gpu, model, shared
from tests.serving.test_capacity import compare
from tests.serving.test_peer_run import peer
from tests.world.small import HOME, scenario_in

PAGE = (ROOT / "docs" / "gpus-and-models.md").read_text(encoding="utf-8")
(CARD,) = (block for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL) if "kind: grid" in block)
LIMITS = {"max_num_seqs": 64, "max_batched_tokens": 1024, "max_model_len": 4096}


def arrays(tokens=1024, seqs=64, context=4096):
    """Tables that an RTX 4090's lines of Llama-3.1-8B would give, milliseconds a layer; whole prompts alone cost their pairs."""
    lines = replica_type(gpu("rtx_4090"), model("llama-3.1-8b"), ServingSettings(**LIMITS)).cost
    per_ms = 32 * 1e9
    decodes, mean = np.meshgrid(np.arange(seqs + 1), 64 * np.arange(context // 64 + 1), indexing="ij")
    held, chunk = np.meshgrid(64 * np.arange(context // 64 + 1), np.arange(tokens + 1), indexing="ij")
    return {
        "dense_ms_per_layer": (lines.dense[: tokens + 1] + lines.per_sequence[1]) / per_ms,
        "kv_save_ms_per_layer": np.zeros(tokens + 1),
        "decode_attention_ms_per_layer": (lines.a0 + lines.a1 * decodes + lines.a2 * decodes * mean) / per_ms,
        "prefill_attention_ms_per_layer": (lines.m3 * chunk + lines.m4 * chunk * (2 * held + chunk) / 2048) / per_ms,
    }


@pytest.fixture
def folder(tmp_path):
    """A file of a GPU, as the page has it, and its tables."""
    (tmp_path / "my_server.yaml").write_text(CARD, encoding="utf-8")
    np.savez_compressed(tmp_path / "my_server.npz", **arrays())
    return tmp_path


def card_of(folder):
    return named.gpu(str(folder / "my_server.yaml"))


def refused(folder, **limits):
    with pytest.raises(ScenarioError) as caught:
        replica_type(card_of(folder), model("llama-3.1-8b"), ServingSettings(**(LIMITS | limits)))
    return str(caught.value)


def test_a_users_tables_are_read_as_integers_over_all_layers(folder):
    kind = replica_type(card_of(folder), model("llama-3.1-8b"), ServingSettings(**LIMITS))
    found, told = kind.cost, arrays()
    assert found.decode[3, 5] == round(told["decode_attention_ms_per_layer"][3, 5] * 32e9)
    # Tokens count in eights.
    assert found.dense[17] == round(told["dense_ms_per_layer"][24] * 32e9)
    assert found.host == 0
    host = replica_type(card_of(folder), model("llama-3.1-8b"), ServingSettings(**LIMITS, host=0.001)).cost.host
    assert host == 10**9


def test_the_peers_tables_in_a_users_file_make_the_replica_of_the_peers_run(tmp_path):
    text = CARD.replace("my_server.npz", "cost_tables.npz").replace("llama-3.1-8b", "my-llama-2")
    (tmp_path / "my_server.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "cost_tables.npz").write_bytes(shared("golden", "vidur", "cost_tables.npz").read_bytes())
    card, limits = card_of(tmp_path), ServingSettings(max_num_seqs=128, max_batched_tokens=512, max_model_len=4096)
    llama = model("llama-3.1-8b").model_copy(update={"name": "my-llama-2"})
    found, wanted = replica_type(card, llama, limits).cost, peer("sarathi").cost
    np.testing.assert_array_equal(found.decode, wanted.decode)
    np.testing.assert_array_equal(found.prefill, wanted.prefill)
    np.testing.assert_array_equal(found.dense, wanted.dense[:513])


@pytest.mark.compiled
def test_replay_serves_a_log_by_a_users_tables(folder, monkeypatch):
    monkeypatch.chdir(folder)
    log = ROOT / "scenarios" / "logs" / "rtx_4090_llama-3.1-8b.csv"
    told = []
    for card in ("my_server", "my_server.yaml", "rtx_4090"):
        out = folder / f"by-{card}"
        options = {"columns": "", "tp": 1}
        options |= {"gpu": card, "model": "llama-3.1-8b", "engine": "fast"} | LIMITS
        replay_log(log, out, as_json=True, **options)
        told.append(json.loads((out / "summary.json").read_text(encoding="utf-8"))["statistics"])
    by_name, by_path, by_lines = told
    assert by_name == by_path != by_lines
    for metric, statistic in itertools.product(("ttft_s", "tpot_s", "e2e_s"), ("mean", "p90")):
        values = [one[metric][statistic]["simulated"] for one in (by_path, by_lines)]
        assert values[0] == pytest.approx(values[1], rel=0.05), (metric, statistic)


@pytest.mark.compiled
@pytest.mark.parametrize("mode", ["capacity", "sampled", "all"])
def test_a_network_runs_on_nodes_with_tables(folder, mode):
    requests = {"mode": mode, **({"window": "2 min", "per_epoch": 2} if mode == "sampled" else {})}
    changes = {
        "networks.net.serving": LIMITS,
        "requests": requests,
        "epoch": "1 h",
        "horizon": "2 h",
    }
    run, lines = (
        World(scenario_in(folder, {**changes, f"{HOME}.gpu": card}).cases()[0], 0, "fast").run()
        for card in ("my_server", "rtx_4090")
    )
    served = "net.served_mtok"
    assert run.outcomes[served] == pytest.approx(lines.outcomes[served], rel=0.02)


def test_other_tables_in_the_file_make_another_case(folder):
    changes = {f"{HOME}.gpu": "my_server", "networks.net.serving": LIMITS}
    before = scenario_in(folder, changes).hash
    assert scenario_in(folder, changes).hash == before
    slower = {name: 2 * table for name, table in arrays().items()}
    np.savez_compressed(folder / "my_server.npz", **slower)
    assert scenario_in(folder, changes).hash != before


@pytest.mark.compiled
@pytest.mark.parametrize("scheduler", ["vllm_v1", "sarathi", "prefill_first"])
@pytest.mark.parametrize(("prompt", "output", "n"), [(500, 300, 900), (900, 20, 300), (100, 100, 1500), (400, 1, 500)])
def test_capacity_by_tables_is_within_ten_percent_of_a_saturated_engine(folder, scheduler, prompt, output, n):
    kind = replica_type(card_of(folder), model("llama-3.1-8b"), ServingSettings(**LIMITS, scheduler=scheduler))
    compare(kind, prompt, output, n, "fast")


def test_a_slower_node_takes_longer_by_its_tables_too(folder):
    kind = replica_type(card_of(folder), model("llama-3.1-8b"), ServingSettings(**LIMITS))
    slow = slowed(kind, 1.25)
    np.testing.assert_array_equal(slow.cost.decode, np.rint(kind.cost.decode * 1.25))
    assert capacity_rps(slow, 800, 300) == pytest.approx(capacity_rps(kind, 800, 300) / 1.25, rel=1e-9)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"max_batched_tokens": 2048}, "serving.max_batched_tokens: 2048 found; must be at most 1024"),
        ({"max_num_seqs": 65}, "serving.max_num_seqs: 65 found; must be at most 64"),
        ({"max_model_len": 8192}, "serving.max_model_len: 8192 found; must be at most 4096"),
    ],
)
def test_limits_beyond_the_tables_are_refused_with_where_they_end(folder, limits, words):
    assert f"{words}, where the tables of my_server.npz end" in refused(folder, **limits)


def test_nothing_is_borrowed_from_tables_and_no_bits_are_scaled(folder):
    assert "no cost figures for llama-3.1-8b on rtx_4090 (tp2)" in refused(folder, tp=2)
    small = model("llama-3.1-8b").model_copy(update={"weight_bits": 4})
    with pytest.raises(ScenarioError, match=r"4-bit weights.*kind `grid` on rtx_4090 hold for 16 bits"):
        replica_type(card_of(folder), small, ServingSettings(**LIMITS))


def test_a_file_of_tables_that_is_none_is_told(folder):
    path = folder / "my_server.npz"
    wrong = arrays()
    wrong["decode_ms_per_layer"] = wrong.pop("decode_attention_ms_per_layer")
    np.savez(path, **wrong)
    assert "no array `decode_attention_ms_per_layer` found; did you mean `decode_ms_per_layer`?" in refused(folder)
    np.savez(path, **arrays() | {"kv_save_ms_per_layer": np.zeros((2, 2))})
    assert "`kv_save_ms_per_layer` of float64 and shape (2, 2) found; must be numbers in 1 dimension(s)" in refused(
        folder
    )
    np.savez(path, **arrays() | {"kv_save_ms_per_layer": np.zeros(3)})
    assert "1025 entries of `dense_ms_per_layer` and 3 of `kv_save_ms_per_layer` found" in refused(folder)
    np.savez(path, **arrays() | {"dense_ms_per_layer": np.full(1025, np.nan)})
    assert "`dense_ms_per_layer` holds entries that are no milliseconds" in refused(folder)
    path.write_text("not an archive", encoding="utf-8")
    assert "my_server.npz: no archive of tables (.npz) found" in refused(folder)


class Trap:
    """Runs code where it is unpickled."""

    def __reduce__(self):
        return pytest.fail, ("code of a file of tables was run",)


def test_tables_run_no_code_and_unpack_to_no_more_than_they_may(folder, monkeypatch):
    path = folder / "my_server.npz"
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "|O", "fortran_order": False, "shape": (1,)})
    with zipfile.ZipFile(path, "w") as archive:
        for name in arrays():
            archive.writestr(f"{name}.npy", stream.getvalue() + pickle.dumps([Trap()]))
    assert "no archive of tables (.npz) found: Object arrays cannot be loaded" in refused(folder)
    monkeypatch.setattr("sim.serving.grid.MOST_BYTES", 1000)
    np.savez_compressed(path, **arrays())
    with pytest.raises(ScenarioError, match=r"bytes of tables found; must be 1,000 or fewer"):
        tables_of(str(path))


def test_tables_lie_beside_the_file_that_names_them(folder):
    inner = folder / "inner"
    inner.mkdir()
    (inner / "my_server.yaml").write_text(CARD.replace("my_server.npz", "../my_server.npz"), encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"my_server.yaml.*'\.\./my_server\.npz' leads out of the folder"):
        scenario_in(inner, {f"{HOME}.gpu": "my_server"})
    (inner / "my_server.yaml").write_text(CARD, encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"no file 'my_server\.npz'"):
        scenario_in(inner, {f"{HOME}.gpu": "my_server"})
