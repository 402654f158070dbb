"""Joint sets of uncertain parameters through the simulator: the store, the workers, the command line."""

import json

import pytest

from sim.cli import main
from sim.scenario import load
from sim.study import STORE, Store, run
from tests.study.dearer import dearer

pytestmark = pytest.mark.compiled

SCENARIO = dearer(
    "8 week",
    """\
  workload.chat.demand.elasticity: {uniform: [-2.5, -0.5], status: illustrative}
  networks.tao.operators.home.electricity: {uniform: [0.05 USD/kWh, 0.30 USD/kWh]}
""",
    "tao.price_paid_usd_per_mtok, cloud.share_frac",
)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("sets") / "prices.yaml"
    path.write_text(SCENARIO)
    return path


@pytest.fixture(scope="module")
def record(file):
    return run(load(file), file.parent / "out" / STORE, jobs=1, uncertain=6)


def test_users_leave_the_more_the_more_elastic_they_are(record):
    (share,) = [v for v in record.verdicts if v.outcome == "cloud.share_frac"]
    assert (share.word, share.same_frac, share.sets) == ("higher", 1.0, 6)
    assert share.set_low < share.difference < share.set_high
    (by,) = [
        i
        for i in record.influences
        if (i.outcome, i.parameter) == ("cloud.share_frac", "workload.chat.demand.elasticity")
    ]
    assert by.rank_correlation == -1.0  # the difference falls as elasticity rises towards 0
    assert share.condition == "workload.chat.demand.elasticity"
    assert record.counts["runs"] == 2 * 2 + 6 * 2


def test_the_same_bytes_for_two_workers_and_after_an_interruption(file, record):
    assert run(load(file), file.parent / "two" / STORE, jobs=2, uncertain=6).to_json() == record.to_json()
    store = file.parent / "cut" / STORE
    seen = []

    def stop(now):
        seen.append(now)
        if now.simulated == 9:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(load(file), store, jobs=1, uncertain=6, progress=stop)
    with Store(store) as there:
        assert len(there.finished()) == 9
    assert run(load(file), store, jobs=1, uncertain=6, progress=seen.append).to_json() == record.to_json()
    assert (seen[-1].stored, seen[-1].simulated, seen[-1].total) == (9, 7, 16)


def test_runs_at_the_files_values_are_shared_with_a_study_without_sets(file, record):
    progress = []
    plain = run(load(file), file.parent / "out" / STORE, jobs=1, progress=progress.append)
    assert progress[-1].simulated == 0
    assert [v.difference for v in plain.verdicts] == [v.difference for v in record.verdicts]


def called(capsys, *words):
    with pytest.raises(SystemExit) as left:
        main([str(word) for word in words])
    return left.value.code, capsys.readouterr()


def test_strict_refuses_a_headline_on_an_illustrative_value(file, record, capsys):
    out = ("--out", file.parent / "out", "--jobs", 1, "-q")
    code, told = called(capsys, "run", file, "--uncertain", 6, "--strict", *out)
    assert code == 1
    assert (
        "--strict: headlines rest on an illustrative value of `workload.chat.demand.elasticity` (dear cloud.share_frac)"
        in told.err.replace("\n", " ")
    )
    assert "conditional on an illustrative value of chat elasticity" in told.out.replace("\n  ", " ")
    assert "same sign in 100 % of 6" in told.out
    code, told = called(capsys, "run", file, "--uncertain", 6, "--strict", "--json", *out)
    assert code == 1 and json.loads(told.out)["refused"].startswith("--strict: ")
    assert called(capsys, "run", file, "--uncertain", 6, *out)[0] == 0
    for name in ("report.html", "report.md"):
        text = (file.parent / "out" / name).read_text()
        assert "over parameter sets" in text and "of 6 joint sets of the uncertain parameters" in text


def test_strict_refuses_sets_that_bear_nothing_out(file, record, capsys):
    out = ("--out", file.parent / "alone", "--jobs", 1, "-q")
    code, told = called(capsys, "run", file, "--policy", "cheap", "--uncertain", 2, "--strict", *out)
    assert code == 1 and "--strict: nothing is compared" in told.err
    assert "nothing is compared, so the sets are told in sets.csv alone" in told.out.replace("\n  ", " ")


def test_the_first_finding_of_a_report_without_sets_says_so(file, record, capsys):
    called(capsys, "run", file, "--out", file.parent / "out", "--jobs", 1, "-q")
    first = "Uncertain parameters were not varied (no --uncertain)"
    page = (file.parent / "out" / "report.html").read_text()
    assert page.index(first) < page.index(" higher [")
    markdown = (file.parent / "out" / "report.md").read_text().splitlines()
    assert markdown[2].startswith("- " + first.replace("(no --", "(no --"))


def test_a_run_without_sets_suggests_them_and_gc_keeps_them_when_told(file, record, capsys):
    told = called(capsys, "run", file, "--out", file.parent / "out", "--jobs", 1, "-q")[1].out
    assert told.rstrip().endswith(f"next:   infermint run {file} --uncertain 40")
    for more, dropped in (((), 12), (("--uncertain", 6), 0)):
        out = called(capsys, "store", "gc", file.parent / "out", file, "--dry-run", "--json", *more)[1].out
        assert json.loads(out)["dropped"] == dropped


def test_a_notebook_asks_for_sets_too(file, record):
    import sim

    result = sim.run(load(file), store=file.parent / "out" / STORE, jobs=1, progress=False, uncertain=6)
    assert result.record.to_json() == record.to_json()
    assert set(result.differences["sets"]) == {6}
