"""The run directory: a study's record as files that any tool reads. It can be rebuilt from the store at any time.

::

    summary.json            sentences, verdicts, summaries, checks, warnings, method
    outcomes.csv            one row an outcome, case and replication
    differences.csv         one row a verdict
    gains.csv               what common users are worth: one row an outcome, policy and kind of coin price, compared or not
    series.csv              quantiles over replications by epoch
    histograms.csv          latencies by bucket
    operators.csv           means by class of operators
    classes.csv             means by client class: fates, latencies, tokens, energy
    flows.csv               coin and money flows of replication 0
    parameters.csv          uncertain parameters: value, law, status
    sets.csv                joint sets of them that were run
    influences.csv          rank correlation of each difference with each of them
    breaks.csv              what broke after a shock; recoveries.csv: what was back (both only with shocks)
    scenario.resolved.yaml  every value that the study ran with
    manifest.json           versions, hashes, wall time, place: all that varies between identical studies
"""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import json
import os
import platform
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from sim.errors import Problem, ScenarioError
from sim.records.columns import TABLES, file_unit
from sim.records.files import csv_text, put
from sim.records.run import MODEL_REVISION
from sim.records.study import StudyRecord
from sim.study.gain import all_gains
from sim.study.store import FORMAT, Finished
from sim.study.summarise import versions

STORE = "study.sqlite"
"""The store's name in a run directory."""
MANIFEST = "manifest.json"
REPORT = ("report.html", "report.md", "figures", "sensitivity", "requests.csv.gz")
"""What other rooms put into a run directory."""

Row = Sequence[Any]


def export(record: StudyRecord, out: str | Path, runs: Sequence[Finished] = (), whatever: bool = False) -> list[Path]:
    """Write the run directory of a study into `out` and return the files, the manifest last.

    Nothing is written where the manifest tells that the same record of the same runs is there, and its files are as they were.

    Parameters
    ----------
    record
        The study.
    out
        The directory; made if it is not there.
    runs
        What the store knows of its runs (`Store.finished`): their wall time goes into the manifest.
    whatever
        Write even where another study or other files are (the user named the place).

    Raises
    ------
    ScenarioError
        The directory belongs to another study (see `claim`), or cannot be written.

    """
    folder = claim(out, record.scenario_file, whatever)
    told = _told(record, folder, runs)
    files = _files(record)
    if _is_current(folder, told, files):
        return [folder / name for name in (*files, MANIFEST)]
    texts = {name: write(record) for name, write in files.items()}
    texts[MANIFEST] = _manifest(told, texts)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in _OF_SHOCKS.keys() - files.keys():
            (folder / name).unlink(missing_ok=True)
        for name, text in texts.items():
            put(folder / name, text)
    except OSError as error:
        raise ScenarioError(f"{folder}: cannot be written: {error.strerror}; choose another place with --out") from None
    return [folder / name for name in texts]


def claim(out: str | Path, scenario_file: str, whatever: bool = False) -> Path:
    """The directory `out` if a study of `scenario_file` may be written there; asked before a study runs, too.

    It may where nothing is yet, where only a run directory's own files are, and where the manifest names the same scenario file
    (seen from the directory, so that both may move together). Otherwise `ScenarioError`, unless `whatever` holds.
    """
    folder = Path(out)
    if whatever or not folder.exists():
        return folder
    if not folder.is_dir():
        raise _taken(folder, "is no directory")
    owner = _owner(folder)
    if owner is not None and owner != _seen_from(folder, scenario_file):
        raise _taken(folder, f"holds the study of {owner}", "name another place with --out, or move this one away")
    ours = {*_FILES, *_OF_SHOCKS, STORE, f"{STORE}-wal", f"{STORE}-shm", MANIFEST, *REPORT}
    foreign = sorted(path.name for path in folder.iterdir() if path.name not in ours and not path.name.startswith("."))
    if owner is None and foreign:
        raise _taken(folder, f"holds {foreign[0]}{' and other files' if len(foreign) > 1 else ''}, no study")
    return folder


def owned(out: str | Path) -> bool:
    """Whether the directory `out` holds an exported study."""
    return _owner(Path(out)) is not None


def _taken(folder: Path, message: str, fix: str = "name another place, or this one, with --out") -> ScenarioError:
    return ScenarioError([Problem(kind="out", path=str(folder), message=message, fix=fix)])


def _owner(folder: Path) -> str | None:
    try:
        owner = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["scenario_file"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return str(owner)


def _seen_from(folder: Path, scenario_file: str) -> str:
    return Path(os.path.relpath(os.path.realpath(scenario_file), os.path.realpath(folder))).as_posix()


def _summary(record: StudyRecord) -> str:
    elsewhere = ("bands", "histograms", "lorenz", "break_evens", "operators", "classes", "flows")
    left_out: dict[str, Any] = {name: [] for name in elsewhere} | {"scenario_resolved": ""}
    whole = json.loads(dataclasses.replace(record, **left_out).to_json())
    for name in left_out:
        del whole[name]
    for summary in whole["outcomes"]:
        del summary["values"]
    return json.dumps(whole, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _outcomes(record: StudyRecord) -> Iterator[Row]:
    for s in record.outcomes:
        for replication, value in enumerate(s.values):
            yield (
                s.outcome,
                file_unit(s.unit),
                s.policy,
                s.coin_price,
                s.point,
                replication,
                value,
                s.reason if value is None else "",
            )


def _differences(record: StudyRecord) -> Iterator[Row]:
    for verdict in record.verdicts:
        row = {**vars(verdict), "unit": file_unit(verdict.unit), "depends": "; ".join(verdict.depends)}
        yield [row[name] for name in TABLES["differences"]]


def _series(record: StudyRecord) -> Iterator[Row]:
    for band in record.bands:
        head = (band.outcome, file_unit(band.unit), band.policy, band.coin_price, band.point)
        for numbers in zip(band.time_s, band.q05, band.q25, band.q50, band.q75, band.q95, strict=True):
            yield *head, *numbers


def _histograms(record: StudyRecord) -> Iterator[Row]:
    for histogram in record.histograms:
        for low_s, high_s, count in histogram.bins:
            yield (
                histogram.network,
                histogram.metric,
                histogram.policy,
                histogram.coin_price,
                histogram.point,
                low_s,
                high_s,
                int(count),
            )


def _flows(record: StudyRecord) -> Iterator[Row]:
    for flows in record.flows:
        for row in flows.rows:
            head = (flows.policy, flows.coin_price, flows.point)
            yield *head, row.currency, row.decimals, row.reason, row.source, row.target, row.amount


def _sets(record: StudyRecord) -> Iterator[Row]:
    for index, numbers in enumerate(record.sets):
        for parameter, number in zip(record.parameters, numbers, strict=True):
            yield index, parameter.path, number, parameter.unit


def _parameters(record: StudyRecord) -> Iterator[Row]:
    for one in record.parameters:
        yield one.path, one.value, one.law, one.status, one.group, one.correlation


def _rows(name: str, found: Iterable[Any]) -> Iterator[Row]:
    """Rows of a table whose columns are fields of its records."""
    for one in found:
        yield [getattr(one, column) for column in TABLES[name]]


def _open_table(name: str) -> Callable[[StudyRecord], str]:
    """A table whose rows may hold more than its first columns."""

    def text(record: StudyRecord) -> str:
        found: list[dict[str, Any]] = getattr(record, name)
        there = {key for row in found for key in row}
        known = [key for key in TABLES[name] if key in there or not found]
        head = list(dict.fromkeys([*known, *(key for row in found for key in row)]))
        return csv_text(head, ([row.get(key) for key in head] for row in found))

    return text


ROWS: dict[str, Callable[[StudyRecord], Iterator[Row]]] = {
    "outcomes": _outcomes,
    "differences": _differences,
    "gains": lambda record: _rows("gains", all_gains(record)),
    "series": _series,
    "histograms": _histograms,
    "flows": _flows,
    "parameters": _parameters,
    "sets": _sets,
    "influences": lambda record: _rows("influences", record.influences),
    "breaks": lambda record: _rows("breaks", record.breaks),
    "recoveries": lambda record: _rows("recoveries", record.recoveries),
}
"""Rows of each table, in the columns of `records.columns.TABLES`."""


def _table(name: str) -> Callable[[StudyRecord], str]:
    return lambda record: csv_text(TABLES[name], ROWS[name](record))


_FILES: dict[str, Callable[[StudyRecord], str]] = {
    "summary.json": _summary,
    "outcomes.csv": _table("outcomes"),
    "differences.csv": _table("differences"),
    "gains.csv": _table("gains"),
    "series.csv": _table("series"),
    "histograms.csv": _table("histograms"),
    "operators.csv": _open_table("operators"),
    "classes.csv": _open_table("classes"),
    "flows.csv": _table("flows"),
    "parameters.csv": _table("parameters"),
    "sets.csv": _table("sets"),
    "influences.csv": _table("influences"),
    "scenario.resolved.yaml": lambda record: record.scenario_resolved,
}


_OF_SHOCKS = {"breaks.csv": _table("breaks"), "recoveries.csv": _table("recoveries")}
"""Files of studies with shocks alone."""


def _files(record: StudyRecord) -> dict[str, Callable[[StudyRecord], str]]:
    """Every file that a study is exported to, but for the manifest."""
    return {**_FILES, **(_OF_SHOCKS if record.breaks or record.recoveries else {})}


def _told(record: StudyRecord, folder: Path, runs: Sequence[Finished]) -> dict[str, Any]:
    """What the manifest says but for the instant of writing and the files' hashes."""
    return {
        "format": FORMAT,
        "scenario_file": _seen_from(folder, record.scenario_file),
        "scenario_hash": record.scenario_hash,
        "record_sha256": _sha256(record.to_json()),
        "model_revision": MODEL_REVISION,
        "versions": {"python": platform.python_version(), **versions()},
        "platform": platform.platform(),
        "runs": len(runs),
        "wall_s": sum(run.wall_s for run in runs),
        "first_run": min((run.instant for run in runs), default=""),
        "last_run": max((run.instant for run in runs), default=""),
        "run_versions": sorted({json.dumps(run.versions, sort_keys=True) for run in runs}),
    }


def _manifest(told: dict[str, Any], texts: dict[str, str]) -> str:
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    found = {**told, "written": now, "sha256": {name: _sha256(text) for name, text in texts.items()}}
    return json.dumps(found, indent=1, sort_keys=True) + "\n"


def _is_current(folder: Path, told: dict[str, Any], files: Iterable[str]) -> bool:
    try:
        there = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        same = {name: there[name] for name in told} == told and there["sha256"].keys() == set(files)
        return same and all(
            _sha256((folder / name).read_text(encoding="utf-8")) == there["sha256"][name] for name in there["sha256"]
        )
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
