"""The page and its files: whole, self-contained, the record's own numbers, harmless whatever the names."""

from __future__ import annotations

import base64
import csv
import dataclasses
import hashlib
import io
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest

import sim.report
import sim.report.files
from sim.records import files
from sim.records.columns import SENSITIVITY
from sim.records.run import FlowRow
from sim.records.sensitivity import FOLDER, SensitivityRecord, kept
from sim.records.study import StudyRecord
from sim.report import tables, terminal, verdicts, words

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{7*7}}$\\frac{"
VOID = {"meta", "link", "br", "img", "path", "use", "hr", "input", "rect", "defs"}


class Page(HTMLParser):
    """Elements in order, the text of the page, and whether tags nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.cells: list[str] = []
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {key: value or "" for key, value in attrs}))
        if tag not in VOID - {"path", "use", "rect", "defs"}:
            self.open.append(tag)
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {key: value or "" for key, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data: str) -> None:
        if "td" in self.open or "th" in self.open:
            self.cells[-1] += data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def folder(record: StudyRecord, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("report")
    sim.report.write(record, out)
    return out


@pytest.fixture(scope="module")
def text(folder: Path) -> str:
    return (folder / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


def test_the_page_is_small_and_well_nested(text: str, page: Page) -> None:
    assert len(text.encode()) < 1_000_000
    assert page.wrong == []
    assert page.open == []
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_nothing_is_loaded_from_anywhere(text: str, page: Page) -> None:
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"img", "iframe", "object", "embed", "base", "form", "image", "foreignobject"}
    for _, attributes in page.elements:
        for name in ("src", "href", "xlink:href", "action", "poster", "srcset"):
            value = attributes.get(name, "#")
            assert value.startswith(("#", "figures/", "data:,")), (name, value)
        assert not [name for name in attributes if name.startswith("on")]
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style is not None
    assert "url(" not in style[1]
    assert "@import" not in style[1]
    assert not re.search(r"https?:", text)
    assert "//" not in re.sub(r"'sha256-[^']*'", "", text)


def test_the_page_may_run_its_one_script_and_load_nothing(text: str, page: Page) -> None:
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    assert len(scripts) == len(page.all("script")) == 1
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    (policy,) = [a["content"] for a in page.all("meta") if a.get("http-equiv") == "Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules == {
        "default-src": "'none'", "script-src": f"'sha256-{digest}'", "style-src": "'unsafe-inline'", "img-src": "data:",
        "base-uri": "'none'", "form-action": "'none'",
    }  # fmt: skip


def test_the_script_is_one_short_file(text: str) -> None:
    room = Path(sim.report.__file__).parent
    assert [path.name for path in room.rglob("*") if path.suffix in (".js", ".mjs", ".ts")] == ["page.js"]
    script = (room / "page.js").read_text(encoding="utf-8")
    assert script in text
    assert len(script.splitlines()) <= 200
    assert max(map(len, script.splitlines())) <= 120


def test_every_link_inside_the_page_has_its_target(page: Page) -> None:
    ids = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    targets = {a["href"][1:] for _, a in page.elements if a.get("href", "").startswith("#")}
    used = {found for _, a in page.elements for value in a.values() for found in re.findall(r"url\(#([^)]*)\)", value)}
    named = {one for _, a in page.elements for one in a.get("aria-labelledby", "").split()}
    assert targets | used | named <= ids


def test_every_figure_has_words_and_a_csv(folder: Path, page: Page) -> None:
    drawings = list(page.all("svg"))
    links = [a["href"] for a in page.all("a") if a["href"].startswith("figures/")]
    assert len(drawings) == len(links) == len(page.all("figure")) == 15
    for drawing in drawings:
        assert drawing["role"] == "img"
        assert len(drawing["aria-label"]) > 100
        assert drawing["aria-label"].endswith(".")
        assert "width" not in drawing, "a fixed width would not fit a phone"
    for link in links:
        rows = list(csv.reader((folder / link).open(encoding="utf-8")))
        assert len(rows) > 5
        assert {len(row) for row in rows} == {len(rows[0])}


def test_what_a_figure_says_is_the_records_own(record: StudyRecord, page: Page) -> None:
    labels = [a["aria-label"] for a in page.all("svg")]
    verdict = next(
        v
        for v in record.verdicts
        if v.policy == "two_years" and v.outcome == "tao.nodes@end" and v.coin_price == "pool"
    )
    assert words.relative(verdict.relative, verdict.relative_low, verdict.relative_high) in labels[0]
    band = next(
        b for b in record.bands if b.outcome == "tao.nodes" and b.policy == "fees_only" and b.coin_price == "path"
    )
    said = f"fees_only, price as a path: the median goes from {words.amount(band.q50[0], 'nodes')} to {words.amount(band.q50[-1], 'nodes')}"
    assert any(said in label for label in labels)
    histogram = next(
        h
        for h in record.histograms
        if (h.network, h.metric, h.policy, h.coin_price) == ("tao", "ttft", "four_years", "pool")
    )
    inside = sum(count for _, high, count in histogram.bins if high <= 2.0) / sum(count for *_, count in histogram.bins)
    assert any(f"{words.amount(inside, '%')} within the target of 2 s" in label for label in labels)


def said(page: Page) -> set[str]:
    """What the cells say, with plain blanks and hyphens."""
    return {" ".join(cell.replace("\u2212", "-").split()) for cell in page.cells}


def test_the_verdict_table_says_word_sign_and_interval(record: StudyRecord, page: Page) -> None:
    cells = said(page)
    for verdict in record.verdicts:
        if verdict.coin_price == "both":
            assert f"{words.SIGNS[verdict.word]} {verdict.word}{verdict.why}" in cells
            continue
        if verdict.unit == "%":
            start = words.relative(verdict.difference, verdict.low, verdict.high, "pp")
        else:
            start = words.relative(verdict.relative, verdict.relative_low, verdict.relative_high)
        assert any(cell.startswith(f"{start} {verdict.word}") for cell in cells), start


def test_the_table_of_outcomes_holds_every_mean(record: StudyRecord, page: Page) -> None:
    cells = said(page)
    for row in record.outcomes:
        if row.mean is None:
            assert row.reason in cells, "why there is no number stands once, in a table of its own"
        else:
            shown = words.plain(words.in_reading_unit(row.mean, row.unit)) + words.span(row.low, row.high, row.unit)
            assert any(cell.startswith(shown) for cell in cells), shown


def test_csvs_hold_the_records_numbers_to_the_last_digit(record: StudyRecord, folder: Path) -> None:
    rows = list(csv.DictReader((folder / "figures" / "forest-two_years.csv").open(encoding="utf-8")))
    mine = [v for v in record.verdicts if v.policy == "two_years"]
    assert [(r["outcome"], r["coin_price"], r["word"]) for r in rows] == [
        (v.outcome, v.coin_price, v.word) for v in mine
    ]
    assert [float(r["relative"]) for r in rows if r["relative"]] == [v.relative for v in mine if v.relative is not None]
    fan = list(csv.DictReader((folder / "figures" / "over-time-tao-nodes.csv").open(encoding="utf-8")))
    assert [float(r["q50"]) for r in fan] == [
        value for b in record.bands if b.outcome == "tao.nodes" for value in b.q50
    ]
    flows = list(csv.DictReader((folder / "figures" / "flows-tao.csv").open(encoding="utf-8")))
    assert [int(r["amount_base"]) for r in flows] == [row.amount for f in record.flows for row in f.rows]
    assert flows[4]["amount"] == "31877.123456789"


def test_a_change_shows_its_line_and_a_constant_its_rank(uncertain_record: StudyRecord) -> None:
    told = dataclasses.replace(uncertain_record.changes[0], text="two_years: {networks.tao.supply: {every: 2 year}}")
    row = tables.changes(dataclasses.replace(uncertain_record, changes=[told])).rows[0]
    assert (row[-1].text, row[-1].small) == ("scenarios/demo.yaml:41", told.text)
    table = tables.assumptions(uncertain_record)
    assert table.head[-1] == "rank of sensitivity"
    ranks = {row[0].text: row[-1] for row in table.rows}
    measured = ranks["networks.tao.operators.home.electricity"]
    assert measured.text == "1 of 3" and measured.small.startswith("two_years: tao: price paid, +0.")
    assert ranks["networks.tao.operators.home.lead"].text == "not varied"
    assert "rank of sensitivity" not in tables.assumptions(dataclasses.replace(uncertain_record, influences=[])).head


@pytest.mark.parametrize(
    ("method", "told"),
    [
        ("sobol", "two_years: tao: nodes at the end, 0.72 of the variance (Sobol')"),
        ("tornado", "two_years: tao: nodes at the end, by the width of its bar (tornado)"),
    ],
)
def test_without_joint_sets_an_analysis_ranks_the_constants(
    uncertain_record: StudyRecord, analyses: list[SensitivityRecord], method: str, told: str
) -> None:
    record = dataclasses.replace(uncertain_record, influences=[])
    table = tables.assumptions(record, [one for one in analyses if one.method == method])
    ranks = {row[0].text: row[-1] for row in table.rows}
    first = record.parameters[0].path
    assert (ranks[first].text, ranks[first].small) == ("1 of 3", told)
    assert ranks["networks.tao.operators.home.lead"].text == "not varied"
    # Both together: Sobol' counts.
    assert "Sobol" in {row[0].text: row[-1] for row in tables.assumptions(record, analyses).rows}[first].small


def test_outcomes_without_any_number_stand_apart_with_the_reason(record: StudyRecord) -> None:
    apart = tables.untold(record, 0)
    assert apart is not None
    assert [[cell.text for cell in row] for row in apart.rows] == [
        ["tao: energy per token", "idle power of rtx_4090 has no source"]
    ]
    shown = tables.summary(record, 0)
    assert "tao.energy_j_per_tok" not in shown.outcomes
    networks = [words.network_of(name) for name in shown.outcomes]
    assert networks == sorted(networks, key=["tao", "cloud", ""].index), "a network's outcomes stand together"
    assert "tao.energy_j_per_tok" in tables.summary(record, 0, whole=True).outcomes


def test_one_policy_shows_its_networks_side_by_side(record: StudyRecord) -> None:
    alone = [s for s in record.outcomes if s.policy == "four_years" and s.coin_price == "pool"]
    table = tables.summary(
        dataclasses.replace(record, policies=["four_years"], coin_prices=["pool"], outcomes=alone), 0
    )
    assert table.head == ["outcome", "tao", "cloud", "whole world"]
    assert list(table.networks) == ["", "tao", "cloud", "world"]
    cells = {row[0].text: row[1:] for row in table.rows}
    for one in alone:
        if one.mean is not None:
            column = {"tao": 0, "cloud": 1, "": 2}[words.network_of(one.outcome)]
            assert cells[words.label(one.outcome)][column].value == one.mean
    assert cells["emission"][1].kind == "missing", "the cloud has no coin"


def test_what_never_changes_is_not_drawn(record: StudyRecord) -> None:
    from sim.report import fan

    quantiles = ("q05", "q25", "q50", "q75", "q95")
    still = [
        dataclasses.replace(b, **{q: [42.0] * len(b.time_s) for q in quantiles}) if b.outcome == "cloud.nodes" else b
        for b in record.bands
    ]
    assert "cloud.nodes" in fan.outcomes(record)
    assert "cloud.nodes" not in fan.outcomes(dataclasses.replace(record, bands=still))


def test_a_difference_below_the_last_digit_of_the_means_is_not_spelled_out(record: StudyRecord) -> None:
    one = next(v for v in record.verdicts if v.coin_price == "pool" and v.unit == "nodes")
    near = dataclasses.replace(one, baseline_mean=0.0673, policy_mean=0.0673, difference=-8.95e-06, unit="USD/Mtok")
    assert verdicts.difference(near)[1] == "0.0673 → 0.0673 USD/Mtok"
    assert verdicts.difference(one)[1].endswith(f"({words.signed(one.difference, 'nodes')})")
    share = dataclasses.replace(one, unit="%", window_half=1.24e-6)
    assert (
        verdicts.windows(share) == ""
        and verdicts.windows(dataclasses.replace(share, window_half=0.0124)) == "windows ±1.2 pp"
        and verdicts.windows(dataclasses.replace(share, unit="s", window_half=0.0)) == ""
    )


def test_markdown_says_the_same(record: StudyRecord, folder: Path) -> None:
    told = (folder / "report.md").read_text(encoding="utf-8").replace("\\", "")
    for sentence in record.sentences:
        assert sentence in told
    for verdict in record.verdicts:
        if verdict.coin_price != "both" and verdict.unit != "%":
            assert words.relative(verdict.relative, verdict.relative_low, verdict.relative_high) in told
    assert "scenarios/demo.yaml:41" in told
    assert "infermint run scenarios/demo.yaml" in told


def test_markdown_has_every_part_of_the_page(record: StudyRecord, text: str, folder: Path) -> None:
    told = (folder / "report.md").read_text(encoding="utf-8").replace("\\", "")
    heads = [unescape(re.sub("<[^>]*>", "", head)) for head in re.findall(r"<h2[^>]*>(.*?)</h2>", text)]
    assert len(heads) > 9
    assert [head for head in heads if f"\n## {head}\n" not in told] == []
    titles = [unescape(re.sub("<[^>]*>", "", title)) for title in re.findall(r'<p class="title">(.*?)</p>', text)]
    assert [title for title in titles if f"**{title}.**" not in told] == []
    captions = [
        unescape(re.sub("<[^>]*>", "", caption))
        for caption in re.findall(r'<p class="(?:caption|hidden)"[^>]*>(.*?)</p>', text)
    ]
    assert [caption for caption in captions if f"{caption}:" not in told and "Paired differences" not in caption] == []
    for row in record.assumptions:
        assert f"| {row.path}" in told


def test_a_ledger_that_lost_coins_shows_its_residual(record: StudyRecord, changed: Callable[..., StudyRecord]) -> None:
    broken = changed(flows=[dataclasses.replace(flows, residuals={"TAO": -1_234_567}) for flows in record.flows])
    assert [cell.text for cell in tables.flows(broken, "TAO", 0).rows[-1]] == ["residual"] + ["-1,234,567"] * 6
    assert tables.flows(broken, "USD", 0).rows[-1][1].text == "n/a"


def test_the_same_record_gives_the_same_bytes_in_another_process(
    record: StudyRecord, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "record.json").write_text(record.to_json(), encoding="utf-8")
    (tmp_path / "matplotlibrc").write_text("font.size: 31\nsvg.fonttype: path\naxes.facecolor: red\n", encoding="utf-8")
    code = (
        "import pathlib, sys, sim.report; from sim.records.study import StudyRecord\n"
        "here = pathlib.Path('.'); sim.report.write(StudyRecord.from_json((here / 'record.json').read_text('utf-8')), here / 'out')\n"
        "rooms = {name.split('.')[1] for name in sys.modules if name.startswith('sim.')}\n"
        "assert rooms == {'records', 'report'}, rooms  # nothing that could simulate is even loaded"
    )
    root = str(Path(sim.report.__file__).parents[2])
    subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        check=True,
        env={"PYTHONPATH": root, "PYTHONHASHSEED": "99", "MATPLOTLIBRC": str(tmp_path), "HOME": str(tmp_path)},
    )
    first = {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
    second = {
        path.relative_to(tmp_path / "out"): path.read_bytes()
        for path in sorted((tmp_path / "out").rglob("*"))
        if path.is_file()
    }
    assert first == second


@pytest.mark.compiled
def test_a_page_that_is_there_is_kept_and_another_record_replaces_it(
    changed: Callable[..., StudyRecord], record: StudyRecord, folder: Path
) -> None:
    path = folder / "report.html"
    before = path.stat().st_mtime_ns
    assert sim.report.write(record, folder) == path
    assert path.stat().st_mtime_ns == before
    assert sim.report.made_from(record) != sim.report.made_from(changed(root_seed=8))


@pytest.mark.compiled
def test_analyses_of_uncertain_parameters_stand_on_the_page_with_their_numbers(
    uncertain_record: StudyRecord, analyses: list[SensitivityRecord], tmp_path: Path
) -> None:
    text = sim.report.write(uncertain_record, tmp_path, analyses).read_text(encoding="utf-8")
    assert not Page(text).wrong
    assert '<a href="#moves-it">What moves it</a>' in text
    assert text.count('<figure id="sobol-') == text.count('<figure id="tornado-') == 2
    said = unescape(re.sub("</?abbr[^>]*>", "", text))
    assert "0.62 [0.57, 0.66] alone, 0.72 [0.65, 0.81] with all others." in said
    assert "elasticity moves nothing." in said
    assert "at 0.08 USD/kWh: \u221272.0 pp; at 0.25 USD/kWh: +21.0 pp." in said
    table = list(csv.DictReader((tmp_path / "figures" / "sobol-cloud-share_frac-two_years-pool.csv").open()))
    assert [row["first"] for row in table] == ["0.62", "0.21", ""]
    assert {row["outcome"] for row in table} == {"cloud.share_frac"}
    assert "## What moves it" in (tmp_path / "report.md").read_text(encoding="utf-8")
    # Without them the page is another one, and has no such part.
    plain = sim.report.write(uncertain_record, tmp_path).read_text(encoding="utf-8")
    assert "What moves it" not in plain


def test_only_a_scenario_s_own_analyses_are_its(
    uncertain_record: StudyRecord, analyses: list[SensitivityRecord], tmp_path: Path
) -> None:
    resolved = uncertain_record.scenario_resolved
    assert kept(tmp_path, resolved) == ([], [])
    (tmp_path / FOLDER).mkdir()
    sobol, tornado = (tmp_path / FOLDER / f"{method}.json" for method in SENSITIVITY)
    sobol.write_text(analyses[0].to_json(), encoding="utf-8")
    assert kept(tmp_path, resolved) == (analyses[:1], [])
    tornado.write_text('{"name": 1}', encoding="utf-8")
    assert kept(tmp_path, resolved) == (analyses[:1], [tornado])
    assert kept(tmp_path, resolved + "# changed") == ([], [sobol, tornado])


@pytest.fixture(scope="module")
def hostile(record: StudyRecord) -> StudyRecord:
    """Every name hostile and one of 10,000 characters; the policies keep their order."""
    long = HOSTILE + "x" * 10_000
    names = {"four_years": long, "two_years": HOSTILE, "fees_only": "=1+1|\n`**\u202e"}

    def renamed(row: object) -> object:
        fields = {field.name: getattr(row, field.name) for field in dataclasses.fields(row)}  # type: ignore[arg-type]
        new = {name: names.get(value, value) if isinstance(value, str) else value for name, value in fields.items()}
        return dataclasses.replace(row, **{k: v for k, v in new.items() if k in ("policy", "baseline")})  # type: ignore[type-var]

    lists = ("outcomes", "verdicts", "bands", "histograms", "flows", "checks", "changes", "lorenz", "break_evens")
    record = dataclasses.replace(
        record,
        bands=[b for b in record.bands if b.outcome == "tao.nodes"],
        histograms=[h for h in record.histograms if (h.network, h.metric) == ("tao", "ttft")],
    )
    renamed_lists = {name: [renamed(row) for row in getattr(record, name)] for name in lists}
    evil_flow = FlowRow("<b>TAO", 9, HOSTILE, "minted", HOSTILE, 7)
    flows = [dataclasses.replace(f, rows=[*f.rows, evil_flow]) for f in renamed_lists.pop("flows")]
    return dataclasses.replace(
        record, **renamed_lists, flows=flows, policies=list(names.values()), baseline=long, name=long, scenario_file=f"{HOSTILE}.yaml",
        scenario_resolved=long, sentences=[long], warnings=[HOSTILE], held_fixed=[HOSTILE], not_fixed=[long], method={HOSTILE: long, "python": "\x00\ud800"},
        points=[{HOSTILE: long}], start=HOSTILE, estimand=HOSTILE,
        assumptions=[dataclasses.replace(a, path=long, source=HOSTILE, changes="javascript:alert(1)") for a in record.assumptions],
    )  # fmt: skip


@pytest.fixture(scope="module")
def hostile_folder(hostile: StudyRecord, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("hostile")
    sim.report.files.write(hostile, out)
    return out


def test_hostile_names_stay_text(hostile: StudyRecord, hostile_folder: Path) -> None:
    text = (hostile_folder / "report.html").read_text(encoding="utf-8")
    shown = Page(text)
    assert len(text) < 1_100_000
    assert shown.wrong == []
    assert shown.open == []
    test_nothing_is_loaded_from_anywhere(text.replace("//", ""), shown)
    assert "49" not in re.findall(r"alert\(1\)&gt;(..)", text), "a template in a name was rendered"
    for name in (path.name for path in (hostile_folder / "figures").iterdir()):
        assert re.fullmatch(r"[a-z0-9_-]{1,70}\.csv", name)


def test_hostile_names_stay_text_in_markdown(hostile_folder: Path) -> None:
    told = (hostile_folder / "report.md").read_text(encoding="utf-8")
    text = [line for line in told.splitlines() if not line.startswith("    ")]
    assert len(text) > 50
    assert not [line for line in text if re.search(r"(?<!\\)<", line)]
    for line in told.splitlines():
        if line.startswith("| "):
            assert len(re.findall(r"(?<!\\)\|", line)) >= 3
            assert len(line) < 10_000


def test_csv_cells_are_no_formulas() -> None:
    text = files.csv_text(["a"], [["=1+1"], ["-x"], ["@y"], ["-1.5"], ["+2e3"], [None], [0.1], ["a,b\n"]])
    assert [row[0] if row else "" for row in csv.reader(io.StringIO(text))] == [
        "a",
        "'=1+1",
        "'-x",
        "'@y",
        "-1.5",
        "+2e3",
        "",
        "0.1",
        "a,b\n",
    ]


def _lines(text: str) -> Iterator[str]:
    return iter(text.splitlines())


def test_the_terminal_text_fits_and_holds_the_numbers(record: StudyRecord) -> None:
    text = terminal.format_study(record, Path("reports/demo/report.html"))
    assert max(map(len, _lines(text))) <= 100
    assert text.isascii()
    assert text.endswith("report: reports/demo/report.html")
    assert "two_years against four_years" in text
    assert "-22.4 % [-23.4, -21.4]" in text
    assert "failed (warn): below four_years" in text
    flat = " ".join(text.split())
    for sentence in record.sentences:
        assert sentence in flat


@pytest.mark.compiled
def test_one_policy_is_summarised(changed: Callable[..., StudyRecord], record: StudyRecord, tmp_path: Path) -> None:
    alone = [s for s in record.outcomes if s.policy == "four_years" and s.coin_price == "pool"]
    single = changed(
        policies=["four_years"],
        coin_prices=["pool"],
        verdicts=[],
        outcomes=alone,
        sentences=[],
        bands=[],
        histograms=[],
        flows=[],
        lorenz=[],
        break_evens=[],
        changes=[],
        checks=[],
    )
    text = terminal.format_study(single)
    assert re.search(r"tao: nodes at the end +381 +\[370, 392\] +nodes", text)
    shown = Page(sim.report.write(single, tmp_path).read_text(encoding="utf-8"))
    assert shown.all("figure") == []
    assert shown.wrong == []


@pytest.mark.compiled
def test_a_sweep_shows_each_point(changed: Callable[..., StudyRecord], record: StudyRecord, tmp_path: Path) -> None:
    second = [dataclasses.replace(v, point=1) for v in record.verdicts]
    more = [dataclasses.replace(s, point=1) for s in record.outcomes]
    swept = changed(
        points=[{"tao.operators.home.electricity": "0.08 USD/kWh"}, {"tao.operators.home.electricity": "0.25 USD/kWh"}],
        verdicts=[*record.verdicts, *second],
        outcomes=[*record.outcomes, *more],
        bands=[],
        histograms=[],
        flows=[],
    )
    text = sim.report.write(swept, tmp_path).read_text(encoding="utf-8")
    assert text.count("electricity = 0.08 USD/kWh</h3>") == 2
    assert text.count("electricity = 0.25 USD/kWh</h3>") == 2
    assert "Figures show the point tao.operators.home.electricity = 0.08 USD/kWh" in text
    assert "electricity = 0.25 USD/kWh:" in terminal.format_study(swept)


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "page.html"
    files.put(target, "old")
    with pytest.raises(AttributeError):
        files.put(target, 5)  # type: ignore[arg-type]
    assert target.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [target]
