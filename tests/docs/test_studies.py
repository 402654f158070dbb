"""The shipped studies: each has a page, a baseline that belongs to its file, and no number on the page that the baseline has not."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from sim.checking import How, checked, place_of
from sim.records.baseline import Baseline, row_of
from sim.records.outcomes import OUTCOMES, split_name
from sim.scenario import load
from sim.scenario.spec import RESOLVED_KEYS
from sim.study.inputs import values_of
from sim.study.plan import Cell
from sim.study.planning import plan_of
from sim.study.values import value_of
from sim.world import run
from tests.docs.quoted import bare, quotable, quotes

ROOT = Path(__file__).parents[2]
NAMES = ("[0-9][0-9]-*", "bittensor-[0-9][0-9]-*")
PAGES = sorted(page for name in NAMES for page in (ROOT / "docs" / "studies").glob(f"{name}.md"))
STUDIES = sorted(study for name in NAMES for study in (ROOT / "scenarios").glob(f"{name}.yaml"))
CALIBRATION = ROOT / "scenarios" / "bittensor-chutes-2025.yaml"
"""Told by `docs/bittensor-calibration.md` (`test_bittensor_calibration`); its baseline is held as a study's is."""
_ROW = re.compile(r"^\| `([a-z_]+\.[a-z0-9_@]+)` \| (\w+) \| (.+) \|$", re.MULTILINE)
_HEAD = re.compile(r"^\| outcome \| coin price \| (point \| )?(.+) \|$", re.MULTILINE)
_CHECK = re.compile(
    r"^infermint check scenarios/([\w-]+)\.yaml --set '(.+)' --baseline (outcomes/[\w-]+\.baseline\.json)$",
    re.MULTILINE,
)
MEANS = [page for page in PAGES if _HEAD.search(page.read_text(encoding="utf-8"))]
"""Pages with a table of means; the others quote means and differences with their intervals."""


@dataclasses.dataclass(frozen=True)
class Held:
    """A study, or one with something changed that its page gives the command for, and the baseline that holds it."""

    study: Path
    sets: tuple[str, ...]
    place: Path

    def baseline(self) -> Baseline:
        return Baseline.from_json((ROOT / self.place).read_text(encoding="utf-8"))


def _held() -> list[Held]:
    """Every study as it is and the calibration, then those that pages change by `--set`."""
    told = [found for page in PAGES for found in _CHECK.findall(page.read_text(encoding="utf-8"))]
    return [Held(study, (), place_of(study)) for study in (*STUDIES, CALIBRATION)] + [
        Held(ROOT / "scenarios" / f"{stem}.yaml", (change,), Path(place)) for stem, change, place in told
    ]


HELD = _held()
EACH_HELD = pytest.mark.parametrize("held", HELD, ids=lambda held: held.place.name.partition(".")[0])


def baseline_of(study: Path) -> Baseline:
    return Held(study, (), place_of(study)).baseline()


def own_values(values: dict[str, str]) -> dict[str, str]:
    """What the file and its presets say; the catalogue's tables may grow without it."""
    return {path: text for path, text in values.items() if path.partition(".")[0] not in RESOLVED_KEYS}


def test_every_study_has_a_page_and_every_page_a_study():
    assert [page.stem for page in PAGES] == [study.stem for study in STUDIES]


def test_every_baseline_is_held_by_its_study_or_by_a_page():
    shipped = {path.name for name in NAMES for path in (ROOT / "outcomes").glob(f"{name}.baseline.json")}
    shipped.add(place_of(CALIBRATION).name)
    assert all((ROOT / "outcomes" / name).is_file() for name in shipped)
    assert shipped == {held.place.name for held in HELD}


@pytest.mark.long
@EACH_HELD
def test_a_baseline_is_that_of_its_file(held):
    scenario, kept = load(held.study, sets=held.sets), held.baseline()
    plan = plan_of(scenario)
    assert own_values(kept.values) == own_values(values_of(scenario))
    assert {(row.policy, row.coin_price, row.outcome) for row in kept.outcomes} == {
        (cell.policy, cell.coin_price, outcome) for cell in plan.cells() for outcome in scenario.spec.compare.outcomes
    }
    assert all(len(row.values) == scenario.spec.seeds.replications for row in kept.outcomes)
    assert all(check["ok"] for check in kept.checks if check["severity"] == "error")


@pytest.mark.long
@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.stem)
def test_a_study_says_what_it_compares_what_is_unknown_and_what_it_promises(study):
    spec = load(study).spec
    assert len(spec.policies) > 1 and spec.checks
    page = (ROOT / "docs" / "studies" / f"{study.stem}.md").read_text(encoding="utf-8")
    if not study.stem.startswith("bittensor"):
        assert spec.uncertain
        for head in ("What it shows", "What it rests on", "What would change it"):
            assert f"\n## {head}\n" in page


def shown(text: str, reference: str) -> tuple[float, float]:
    """A cell's number in the unit of the baseline, and half of its last digit."""
    number = text.strip().removesuffix(" %")
    digits = len(number.partition(".")[2])
    share = 0.01 if OUTCOMES[split_name(reference)[1]].unit == "%" else 1.0
    return float(number) * share, 0.5 * 10.0**-digits * share


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_quotes_its_baseline(page):
    told, allowed = (
        quotes(page.read_text(encoding="utf-8")),
        quotable(baseline_of(ROOT / "scenarios" / f"{page.stem}.yaml")),
    )
    assert told or page in MEANS
    assert [quote for quote in told if quote not in allowed and bare(quote) not in allowed] == []


@pytest.mark.compiled
@EACH_HELD
def test_one_run_of_a_study_is_that_of_its_baseline(held):
    """The last policy's first replication, digit by digit: what `infermint check` looks at in all runs."""
    scenario = load(held.study, sets=held.sets)
    if scenario.spec.compare.equalize is not None:
        pytest.skip("its policies are made equal first: the slow test does it")
    plan = plan_of(scenario)
    cell = Cell(plan.policies[-1], plan.coin_prices[-1], 0)
    record = run(scenario.case(*cell), 0)
    point = ", ".join(f"{path}={value}" for path, value in plan.points[0].items())
    kept = {row.key: row.values[0] for row in held.baseline().outcomes}
    # Times that may never come are cut at the horizon by the study, not by the run.
    names = [name for name in plan.outcomes if "@" in name or OUTCOMES[split_name(name)[1]].aggregation != "time"]
    found = {name: row_of((*cell[:2], point, name), "", None, [value_of(plan, record, name)]) for name in names}
    assert {name: row.values[0] for name, row in found.items()} == {name: kept[found[name].key] for name in names}


@pytest.mark.parametrize("page", MEANS, ids=lambda page: page.stem)
def test_means_on_a_page_are_those_of_the_baseline(page):
    """Rows `| outcome | kind of coin price | a number a policy |`, rounded to the digits that are written; of a sweep with its point, from 1."""
    text = page.read_text(encoding="utf-8")
    found = baseline_of(ROOT / "scenarios" / f"{page.stem}.yaml").outcomes
    kept, points = {row.key: row.mean for row in found}, list(dict.fromkeys(row.point for row in found))
    ((swept, head),) = _HEAD.findall(text)
    policies = [cell.strip().strip("`") for cell in head.split("|")]
    rows = _ROW.findall(text)
    assert rows
    for reference, kind, row in rows:
        first, _, rest = row.partition("|") if swept else ("1", "", row)
        for policy, cell in zip(policies, rest.split("|"), strict=True):
            number, half = shown(cell, reference)
            mean = kept[policy, kind, points[int(first) - 1], reference]
            assert abs(mean - number) <= half * (1 + 1e-9), (reference, policy, kind, first, mean)


@pytest.mark.slow
@pytest.mark.compiled
@EACH_HELD
def test_outcomes_of_a_study_are_what_they_were(held, tmp_path):
    found = checked(held.study, How(baseline=ROOT / held.place, out=tmp_path / "out", quiet=True, sets=held.sets))
    assert found.exit_code == 0
