"""Every outcome and column that a run leaves is defined in one place, and all that is shown of it comes from there."""

from __future__ import annotations

import csv
import gzip
import html.parser
import json
import re
from html import unescape
from pathlib import Path

import pytest

from sim.cli import main
from sim.records.columns import COLUMNS, FIGURES, HEADS, SENSITIVITY, TABLES, file_unit, meaning
from sim.records.outcomes import ABBREVIATIONS, OUTCOMES, split_name
from sim.records.page import FILE, page
from sim.records.study import StudyRecord
from sim.report import breaks, files, solved, starts, tables, verdicts, words
from sim.report.html import SHORT
from tests.study.dearer import dearer

SHOCKED = """\
shocks:
  - {at: 3 week, target: workload.chat, by: -50%, lasts: 2 week}
vary:
  design: grid
  over:
    networks.tao.operators.home.electricity: [0.08 USD/kWh, 0.15 USD/kWh]
    networks.tao.operators.home.hosting: [0 USD/h, 0.02 USD/h]
"""
PARAMETERS = """\
  workload.chat.demand.elasticity: {uniform: [-2.5, -0.5], status: illustrative}
"""
# What a name ends with, and the unit that it says.
ENDS = {
    "_s": "s",
    "_usd": "USD",
    "_frac": "fraction",
    "_j": "J",
    "_rps": "1/s",
    "_usd_per_node_day": "USD/(node day)",
    "_tokens": "tokens",
}


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What one run with all that can be asked for leaves: joint sets, a grid, a shock, requests, a tornado."""
    place = tmp_path_factory.mktemp("meanings")
    scenario = dearer("8 week", PARAMETERS, "tao.price_paid_usd_per_mtok, cloud.share_frac")
    served = scenario.replace("{mode: capacity}", "{mode: sampled, window: 1 min, per_epoch: 1, every: 4}")
    for name, text, verb, more in (
        ("all", scenario + SHOCKED, "run", []),
        ("sets", served, "run", ["--uncertain", "3", "--requests"]),
        ("sets", served, "sensitivity", ["--method", "tornado"]),
    ):
        file = place / f"{name}.yaml"
        file.write_text(text)
        with pytest.raises(SystemExit) as left:
            main([verb, str(file), *more, "--jobs", "1", "-q", "--out", str(place / name)])
        assert left.value.code in (0, 1, 4)
    return place


def heads_of(folder: Path) -> dict[str, list[str]]:
    """The head of each CSV below a folder, by its path."""
    found = {}
    for path in sorted([*folder.rglob("*.csv"), *folder.rglob("*.csv.gz")]):
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
            found[path.relative_to(folder).as_posix()] = next(csv.reader(file))
    return found


@pytest.mark.compiled
def test_every_column_of_every_file_of_a_run_has_its_meaning_in_one_place(run_folder: Path) -> None:
    found = heads_of(run_folder)
    assert {
        "all/breaks.csv",
        "all/recoveries.csv",
        "all/figures/heat-cloud-share_frac.csv",
        "all/figures/supply-tao.csv",
    } <= set(found)
    assert {
        "sets/requests.csv.gz",
        "sets/sensitivity/tornado.csv",
        "sets/influences.csv",
        "sets/figures/lorenz-tao.csv",
    } <= set(found)
    assert len(found) > 40
    for path, head in found.items():
        stem = path.rpartition("/")[2].partition(".")[0]
        named = FIGURES if "/figures/" in path else SENSITIVITY if "/sensitivity/" in path else TABLES
        table = next(
            columns for name, columns in named.items() if stem == name or (named is FIGURES and stem.startswith(name))
        )
        assert [column for column in table if column in head] == head, path
        for column in head:
            told = meaning(column)
            assert told.meaning, (path, column)
            assert (column in COLUMNS) != (column in OUTCOMES) or column == "network_s", f"{column} is defined twice"


@pytest.mark.compiled
def test_a_page_shows_the_analysis_that_was_made_after_it(run_folder: Path) -> None:
    text = (run_folder / "sets" / "report.html").read_text(encoding="utf-8")
    assert 'id="moves-it"' in text and "at -2.5" in text.replace("\u2212", "-")
    assert [path.name for path in (run_folder / "sets" / "figures").glob("tornado-*.csv")]
    with pytest.raises(SystemExit) as left:
        main(["report", str(run_folder / "sets"), "--out", str(run_folder / "again")])
    assert left.value.code == 0
    assert (run_folder / "again" / "report.html").read_text(encoding="utf-8") == text


@pytest.mark.compiled
def test_every_outcome_in_every_file_is_the_tables_and_has_its_unit(run_folder: Path) -> None:
    seen = set()
    for path in run_folder.rglob("*.csv"):
        with path.open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if reference := row.get("outcome"):
                    outcome = OUTCOMES[split_name(reference)[1]]
                    unit = file_unit(outcome.unit)
                    # A network's coins are told by their ticker, where it has any.
                    units = {unit, unit.replace("coins", "TAO")} if reference.startswith("tao.") else {unit}
                    assert row.get("unit", unit) in units, (path, reference)
                    seen.add(outcome.name)
    assert len(seen) > 60


def test_the_end_of_a_name_says_its_unit() -> None:
    for name in {column for part in (TABLES, FIGURES, SENSITIVITY) for columns in part.values() for column in columns}:
        ending = max((end for end in ENDS if name.endswith(end)), key=len, default="")
        if ending and name not in ("low_s", "high_s"):
            assert meaning(name).unit == ENDS[ending], name


def test_every_head_of_a_page_is_a_policy_or_has_a_meaning(
    record: StudyRecord, uncertain_record: StudyRecord, full_record: StudyRecord
) -> None:
    assert breaks.tables(full_record) and solved.tables(full_record) and starts.tables(full_record)
    for one in (record, uncertain_record, full_record):
        shown = [
            tables.summary(one, 0),
            tables.untold(one, 0),
            tables.assumptions(one),
            tables.parameters(one),
            tables.changes(one),
        ]
        shown += [tables.checks(one), *(tables.flows(one, currency, 0) for currency in tables.flow_currencies(one, 0))]
        shown += [*breaks.tables(one), *solved.tables(one), *starts.tables(one)]
        cases = {tables.case_words(one, policy, kind) for policy in one.policies for kind in one.coin_prices}
        for table in shown:
            assert table is not None and set(table.head) - cases <= set(HEADS), table.caption
        assert set(verdicts.heads(one)) <= set(HEADS)


@pytest.mark.compiled
def test_the_page_tells_each_outcome_head_and_abbreviation(uncertain_record: StudyRecord, tmp_path: Path) -> None:
    text = files.write(uncertain_record, tmp_path).read_text(encoding="utf-8")
    for name, row in tables.glossary(uncertain_record):
        assert f'<dt id="o-{name}">' in text and row.sentence in unescape(text)
    for reference in {v.outcome for v in uncertain_record.verdicts}:
        row = OUTCOMES[split_name(reference)[1]]
        link = re.search(rf'<a href="#o-{row.name}" title="([^"]*)">{re.escape(words.full_label(reference))}</a>', text)
        assert link is not None and unescape(link[1]) == f"{row.sentence} {row.formula}"
    for head in ("outcome", "verdict", "over parameter sets", "constant", "flag", "rank of sensitivity"):
        assert f'<abbr title="{HEADS[head].replace(chr(39), "&#39;")}">{head}</abbr>' in text, head
    assert (
        f'<small><abbr title="{ABBREVIATIONS["USD"]}">USD</abbr>/<abbr title="{ABBREVIATIONS["Mtok"]}">Mtok</abbr></small>'
        in text
    )
    plain = re.sub("</?abbr[^>]*>", "", text)
    for short, said in ABBREVIATIONS.items():
        assert f"<dt>{short}</dt><dd>{said}</dd>" in plain
    bare = _Bare()
    bare.feed(text)
    assert bare.found == []


class _Bare(html.parser.HTMLParser):
    """Abbreviations that a reader sees without words for the pointer, those aside that the list at the end explains."""

    TOLD = {"abbr", "code", "pre", "svg", "style", "script", "title", "option"}
    NEVER_CLOSED = {"meta", "link", "img", "br", "input"}

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._open: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        said = dict(attributes)
        if tag not in self.NEVER_CLOSED:
            told = tag in self.TOLD or (tag == "a" and "title" in said) or said.get("class") == "hidden" or tag == "dt"
            self._open.append((tag, told))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, text: str) -> None:
        if not any(told for _, told in self._open):
            self.found += SHORT.findall(text)


def test_nothing_short_in_a_label_or_unit_is_without_words() -> None:
    for row in OUTCOMES.values():
        for text in (row.label, row.unit):
            short = set(
                re.findall(
                    r"(?<![\w-])(?:[A-Z][A-Z0-9]+s?(?:-h(?:ours)?)?|p\d\d|[A-Z]\d[A-Z]|Mtok|1/s|J)(?![\w-])", text
                )
            )
            assert short <= set(ABBREVIATIONS), row.name


def test_the_list_of_outcomes_is_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["list", "outcomes", "--json"])
    rows = json.loads(capsys.readouterr().out)["rows"]
    told = [(row["outcome"], row["unit"], row["over time"], row["is"]) for row in rows]
    assert told == [(row.name, row.unit or "-", row.aggregation, row.sentence) for row in OUTCOMES.values()]


def test_the_page_of_the_docs_is_in_step() -> None:
    assert page() == FILE.read_text(encoding="utf-8"), "run: make docs"
