"""What the longer verbs of the command line do: `run`, `report`, `replay`, `verify`, `trace`. Imported when one is called.

Results go to standard output; progress, notices and hints to standard error.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import importlib.util
import json
import os
import shlex
import sys
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from sim.errors import InfermintError, Problem, ScenarioError
from sim.records.baseline import digest
from sim.records.sensitivity import FOLDER, kept
from sim.records.study import StudyRecord, exit_code

FORMAT = 1
"""Version of every `--json` document."""
SETS = 40
"""Joint sets that a hint suggests: with so many, one set more or less is 2.5 %."""


class InterruptedStudyError(InfermintError):
    """Ctrl-C during a study; what had finished is in the store."""

    exit_code = 130


def run_file(file: Path, sets: Sequence[str], allow: Sequence[Path], as_json: bool, **options: Any) -> int:
    """`infermint run`: simulate what is missing, export, report, tell. Returns the exit code."""
    from sim.scenario import load
    from sim.study import requests as study_requests

    if options["strict"] and not options["uncertain"]:
        raise ScenarioError("--strict asks what uncertain parameters do to headlines: give --uncertain N as well")
    load_plugins(options["plugins"])
    sets = [*sets, *(f"shocks+={name}" for name in options["shocks"])]
    scenario = load(file, sets=sets, allow_path=allow)
    out = options["out"] or Path("reports") / file.stem
    quiet = options["quiet"] or as_json
    if not quiet:
        for notice in scenario.notices:
            click.echo(f"note: {notice}", err=True)
    progress = Bar(quiet)
    if options["requests"]:
        study_requests.refuse(scenario)
    record, told = simulate_file(scenario, file, out, progress, options)
    refused = _on_illustration(record) if options["strict"] else ""
    if options["requests"]:
        told += _requests(scenario, out, progress, options)
    return _deliver(record, out, as_json, told, _next(record, file, sets, options["plugins"]), refused)


def _requests(scenario: Any, out: Path, progress: Bar, options: dict[str, Any]) -> str:
    """`--requests`: write the file; what was written, in words."""
    from sim import study
    from sim.study.requests import write_requests

    tell = None if progress.quiet else progress.note
    path, count = write_requests(scenario, out / study.STORE, options["policies"] or None, options["engine"], tell)
    return f"\n{count:,} requests of replication 0: {path}"


def _on_illustration(record: StudyRecord) -> str:
    """What `--strict` refuses: headlines conditional on an illustrative value, or none to ask; empty where there is neither."""
    if not record.verdicts:
        return "--strict: nothing is compared, so the sets bear nothing out: name a baseline and a second policy, or leave it out"
    found: dict[str, list[str]] = {}
    for verdict in record.verdicts:
        if verdict.condition:
            found.setdefault(verdict.condition, []).append(f"{verdict.policy} {verdict.outcome}")
    if not found:
        return ""
    told = "; ".join(f"`{path}` ({', '.join(dict.fromkeys(where))})" for path, where in found.items())
    fix = "find a source for its range and tell its `status`, or leave --strict out"
    return f"--strict: headlines rest on an illustrative value of {told}: {fix}"


def load_plugins(paths: Sequence[Path]) -> None:
    """`load_plugin` of each, in order."""
    for path in paths:
        load_plugin(path)


def load_plugin(path: Path) -> None:
    """Run a Python file that registers kinds, as a module that worker processes receive whole.

    Raises `ScenarioError` with the file's own error and its line; a file that was loaded already is left alone.
    """
    if not path.is_file():
        raise ScenarioError([Problem("plugin", "", f"--plugin {path}: no such file", "check the path")])
    name = "infermint_plugin_" + hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]
    if name in sys.modules:
        return
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ScenarioError([Problem("plugin", "", f"--plugin {path}: not a Python file", "give a file NAME.py")])
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise ScenarioError([_plugin_problem(path, error)]) from error
    from joblib.externals.loky.cloudpickle_wrapper import dumps

    # joblib brings a pickler of its own in some versions and depends on one in others: ask for the one it uses.
    sys.modules[dumps.__module__].register_pickle_by_value(module)


def _plugin_problem(path: Path, error: Exception) -> Problem:
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if Path(frame.filename).resolve() == path.resolve()]
    line = error.lineno if isinstance(error, SyntaxError) else lines[-1] if lines else 0
    fix = "mend the file; --debug shows the traceback"
    told = str(error) if isinstance(error, ScenarioError) else f"{type(error).__name__}: {error}"
    return Problem("plugin", "", told, fix, str(path), line or 0, 1 if line else 0)


def simulate_file(
    scenario: Any, file: Path, out: Path, progress: Bar, options: dict[str, Any]
) -> tuple[StudyRecord, str]:
    """Simulate what a study's folder lacks; its record, and how many runs were there already, in words."""
    from sim import study

    # Named on the command line, a folder may hold other files, never another study.
    study.claim(out, str(file), whatever=options["out"] is not None and not study.owned(out))
    store = out / study.STORE
    same = {**{name: options[name] for name in ("jobs", "fresh", "engine")}, "scheduler": cluster_of(options)}
    policies, until = options["policies"] or None, _until(options)
    scenario = scenario.with_drawn(options["uncertain"]) if options.get("uncertain") else scenario
    try:
        if until is None:
            record = study.run(
                scenario, store, replications=options["replications"], policies=policies, progress=progress, **same
            )
        else:
            tell = None if progress.quiet else progress.note
            record = study.run_until(scenario, store, until, policies=policies, progress=progress, tell=tell, **same)
    except KeyboardInterrupt:
        progress.end()
        raise InterruptedStudyError(
            f"stopped; {progress.done} of {progress.total} runs are in {store}. The same command goes on from there."
        ) from None
    progress.end()
    return record, progress.told


def cluster_of(options: Mapping[str, Any]) -> str:
    """The address of the cluster that simulates; empty for processes of this machine."""
    address = options.get("scheduler") or ""
    if options.get("executor") != "dask":
        if address:
            raise ScenarioError("--scheduler is of --executor dask: give both")
        return ""
    if not address:
        raise ScenarioError("--executor dask: give the cluster's address with --scheduler tcp://HOST:PORT")
    if options["jobs"]:
        raise ScenarioError("--jobs counts processes of this machine: leave it out with --executor dask")
    return str(address)


def _until(options: dict[str, Any]) -> Any:
    """What `--until-relative` and `--at-most` ask for, or None."""
    from sim.study import sequential
    from sim.units import UnitError, parse

    given = options.get("until")
    if given is None:
        if options.get("at_most"):
            raise ScenarioError("--at-most is of --until-relative: give that too, or --replications alone")
        return None
    if options["replications"]:
        raise ScenarioError(
            "--until-relative finds the replications itself: leave out --replications, or give --at-most"
        )
    try:
        share: Any = parse(given, "share")
    except UnitError as error:
        raise ScenarioError(f"--until-relative: {error}; write for example 2%") from None
    return sequential.Until(float(share), options["at_most"] or sequential.MOST)


def _deliver(record: StudyRecord, out: Path, as_json: bool, told: str, then: str, refused: str) -> int:
    """Write what a run leaves and tell it; `refused` is why the command fails all the same (empty: it does not)."""
    from sim import study
    from sim.report.terminal import format_study

    with study.Store(out / study.STORE, create=False) as store:
        study.export(record, out, store.finished(), whatever=True)
    page = _written(record, out, out)
    if as_json:
        summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
        found = {"format": FORMAT, "report": str(page), "runs": told, **({"refused": refused} if refused else {})}
        click.echo(json.dumps({**found, "summary": summary}, indent=1))
    else:
        click.echo(format_study(record))
        click.echo(f"\n{told}")
        click.echo(f"report: {page}")
        click.echo(f"next:   {then}")
        if refused:
            click.echo(f"infermint: {refused}", err=True)
    return 1 if refused else exit_code(record.checks)


def _next(record: StudyRecord, file: Path, sets: Sequence[str], plugins: Sequence[Path]) -> str:
    """A command worth typing next, under the same `--set` and `--plugin`.

    Joint sets where parameters are uncertain and none were run, else what the first change of a policy is part of.
    """
    paths = [change.path for change in record.changes if change.policy not in ("", record.baseline)]
    words = ["infermint", "explain", str(file), *(path.rpartition(".")[0] or path for path in paths[:1])]
    if record.parameters and record.verdicts and not record.sets:
        words = ["infermint", "run", str(file), "--uncertain", str(SETS)]
    given = [*(("--plugin", str(plugin)) for plugin in plugins), *(("--set", each) for each in sets)]
    return shlex.join([*words, *(word for pair in given for word in pair)])


def _store_of(result: Path) -> Path:
    """The store of a folder that `run` made, or the file itself."""
    from sim import study

    return result / study.STORE if result.is_dir() else result


def report_again(result: Path, out: Path | None) -> Path:
    """`infermint report`: the page of a folder's (or store's) study, from what is stored."""
    from sim import study

    path = _store_of(result)
    with study.Store(path, create=False) as store:
        records = store.studies()
        runs = store.finished()
    if not records:
        raise ScenarioError(f"{path}: no finished study is in this store; run its scenario first")
    # The record stays to the end of this command: figures make much garbage, and it need not be searched for it each time.
    gc.freeze()
    target = out or path.parent
    # The result's own folder is its own wherever it is looked at from.
    study.export(records[-1], target, runs, whatever=out is None or not study.owned(target))
    return _written(records[-1], target, path.parent)


def _written(record: StudyRecord, target: Path, folder: Path) -> Path:
    """The study's page in `target`, with the analyses of its uncertain parameters that stand in its `folder`."""
    from sim import report

    analyses, others = kept(folder, record.scenario_resolved)
    for path in others:
        click.echo(f"{path}: of another version of the scenario, and not on the page", err=True)
    with writing(target):
        return Path(report.write(record, target, analyses))


def store_shown(result: Path) -> dict[str, Any]:
    """`infermint store show`: what is in a run folder's store, as one document."""
    from sim import study

    path = _store_of(result)
    with study.Store(path, create=False) as store:
        finished = store.finished()
        runs = [
            {"policy": policy, "coin_price": price, "point": point, "runs": count}
            for (policy, price, point), count in store.cells().items()
        ]
        kinds = {json.dumps(one.versions, sort_keys=True) for one in finished}
        return {
            "store": str(path),
            "bytes": path.stat().st_size,
            "finished": len(finished),
            "failed": len(store.failures()),
            "simulated_s": round(sum(one.wall_s for one in finished), 3),
            "versions": [json.loads(kind) for kind in sorted(kinds)],
            "studies": [{"scenario": one.scenario_file, "runs": one.counts.get("runs", 0)} for one in store.studies()],
            "runs": runs,
        }


def store_cleared(
    result: Path, files: Sequence[Path], allow: Sequence[Path], dry: bool, **options: Any
) -> dict[str, Any]:
    """`infermint store gc`: drop what the scenarios `files` do not ask for; tells what was (or would be) dropped.

    They ask for what they say, with the `sets`, `shocks` and `plugins` of `run`, and for what was simulated on the way: tries of
    `hold` and `equalize`, the points of `sensitivity`. Where `uncertain` is given, they ask for so many joint sets too.
    """
    from sim import study
    from sim.scenario import load

    load_plugins(options.get("plugins", ()))
    path, uncertain = _store_of(result), options.get("uncertain")
    sets = [*options.get("sets", ()), *(f"shocks+={name}" for name in options.get("shocks", ()))]
    scenarios = [load(file, sets=sets, allow_path=allow) for file in files]
    scenarios = [one.with_drawn(uncertain) if uncertain and one.parameters else one for one in scenarios]
    with study.Store(path, create=False) as store:
        keys = {key for scenario in scenarios for key in _asked_for(store, scenario)}
        before, dropped = path.stat().st_size, store.others(keys)
        if not dry:
            store.keep_only(keys, [scenario.path for scenario in scenarios])
    return {
        "store": str(path),
        "dropped": dropped,
        "bytes_before": before,
        "bytes": path.stat().st_size,
        "dry_run": dry,
    }


def _asked_for(store: Any, scenario: Any) -> set[str]:
    """Keys of the runs in a store that a scenario asks for. Raises `ScenarioError` where the store does not tell its tries."""
    from sim.scenario.asides import all_cases
    from sim.study.planning import plan_of
    from sim.study.run import asker_of_sets, run_keys

    plan = plan_of(scenario)
    asked: set[str] = store.asked(plan.asker)
    if not asked and (scenario.spec.compare.hold or scenario.spec.compare.equalize):
        message = (
            "this store does not tell which runs made the policies of this scenario equal, and they would be dropped"
        )
        fix = "run the scenario first, as it is now: what the store has is not simulated again"
        raise ScenarioError([Problem("store", str(store.path), message, fix, scenario.path)])
    return {*run_keys(plan, all_cases(scenario)), *asked, *(store.asked(asker_of_sets(plan)) if plan.sets else ())}


def import_trace(kind: str, file: Path, out: Path | None, columns: str) -> tuple[int, Path, list[str]]:
    """`infermint trace import`: rows written, where, and what is to be known of them."""
    from sim.workload import imports

    target = out or file.with_name(_stem(file) + ".trace.csv")
    if kind == "mooncake":
        return imports.import_mooncake(file, target), target, [imports.MOONCAKE_NOTICE]
    if kind == "azure":
        return imports.import_azure(file, target), target, []
    return imports.import_csv(file, target, _columns(columns)), target, []


def check_trace(file: Path, classes: Sequence[str], outputs: str, columns: str) -> Any:
    """`infermint trace check`: the record of a trace, beside client classes where some are named."""
    from sim.scenario import named
    from sim.workload.check import check
    from sim.workload.log import read_log

    found, kept = dict(named.client_class(asked) for asked in classes), _range(outputs)
    return check(read_log(file, _columns(columns)).trace, file.name, found, kept)


def _range(text: str) -> tuple[int, int] | None:
    if not text:
        return None
    low, found, high = text.partition("..")
    if not (found and low.isdigit() and high.isdigit() and int(low) <= int(high)):
        raise ScenarioError(f"--output-tokens: '{text}' found; write LOW..HIGH, for example 340..470")
    return int(low), int(high)


def _stem(file: Path) -> str:
    """The name of a file without what says how it is written."""
    name = file.name.removesuffix(".gz")
    return name.removesuffix(".csv").removesuffix(".jsonl")


def replay_log(file: Path, out: Path | None, as_json: bool, **options: Any) -> None:
    """`infermint replay`: serve a log on one replica, tell its statistics, draw them, leave every request in a table."""
    from sim import replay
    from sim.records.files import put
    from sim.report import latencies, replayed
    from sim.scenario import named
    from sim.serving.tables import replica_type
    from sim.workload.log import read_log

    gpu, model = named.gpu(options.pop("gpu")), named.model(options.pop("model"))
    engine, columns = options.pop("engine"), _columns(options.pop("columns"))
    settings = named.settings(options)
    kind = replica_type(gpu, model, settings)
    log = read_log(file, columns)
    served = replay.serve(kind, log.trace, engine)
    names = {"trace": file.name, "gpu": gpu.name, "model": model.name, "tp": str(settings.tp), "engine": engine}
    record = replay.record(log, served, kind, names)
    folder = out or Path("reports") / f"replay-{_stem(file)}"
    paths = {
        "figure": folder / "latencies.svg",
        "requests_csv": folder / "requests.csv",
        "summary": folder / "summary.json",
    }
    document = {"format": FORMAT, **replayed.document(record)}
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        put(paths["figure"], latencies.svg_file(record))
        put(paths["requests_csv"], replay.requests_csv(log, served))
        put(paths["summary"], json.dumps(document, indent=1) + "\n")
    if as_json:
        click.echo(json.dumps({**document, **{name: str(path) for name, path in paths.items()}}, indent=1))
    else:
        click.echo(replayed.format_replay(record))
        click.echo("".join(f"\n{name.replace('_', ' ')}: {path}" for name, path in paths.items()))


@contextlib.contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Tell in one line what the system says of a folder that cannot be written."""
    try:
        yield
    except OSError as error:
        raise ScenarioError(f"{folder}: cannot be written: {error.strerror}; name another folder with --out") from None


def _columns(text: str) -> dict[str, str]:
    pairs = {}
    for part in filter(None, text.split(",")):
        name, found, column = part.partition("=")
        if not found:
            raise ScenarioError(f"--columns: '{part}' found; write OURS=THEIRS, for example arrival_s=timestamp")
        pairs[name.strip()] = column.strip()
    return pairs


def verify_theory(families: Sequence[str], as_json: bool, **options: Any) -> int:
    """`infermint verify`: simulate the cases, print the table and the verdict. Returns the exit code."""
    from sim.study.run import Progress
    from sim.verify import judge, peers, run, table

    cases = run.chosen(families)
    bar, began = Bar(options["quiet"] or as_json, "cases"), time.monotonic()

    def progress(done: int, total: int) -> None:
        bar(Progress(total, 0, done, time.monotonic() - began))

    try:
        done = run.verify(cases, options["seed"], options["whole"], options["jobs"] or os.cpu_count() or 1, progress)
        folder = None if families else peers.folder()
        beside = peers.compared(folder) if folder else []
    except KeyboardInterrupt:
        bar.end()
        raise InterruptedStudyError(
            f"stopped; {bar.done} of {len(cases)} cases were done, and nothing is kept"
        ) from None
    bar.end()
    rows = [row for one in done for row in run.rows_of(one)]
    verdict = judge.judge(rows)
    found = {"seed": options["seed"], "whole": options["whole"], **table.document(rows, verdict, beside, done)}
    shown = [row for row in rows if row.headline or options["everything"]]
    click.echo(json.dumps({"format": FORMAT, **found}, indent=1) if as_json else table.text(shown, verdict, beside))
    return 0 if found["fine"] else 1


def verify_history(
    folder: Path, prices: Sequence[str], paths: int, families: Sequence[str], as_json: bool, **options: Any
) -> int:
    """`infermint verify --history`: score forecasts of operators beside naive ones. Returns 0: what comes out is told, not judged."""
    from sim.study.run import Progress
    from sim.verify.history import backtest, table

    if families:
        raise ScenarioError("--family names cases of queueing theory: leave it out with --history")
    files = _price_files(prices)
    bar, began = Bar(options["quiet"] or as_json, "cuts"), time.monotonic()

    def progress(done: int, total: int) -> None:
        bar(Progress(total, 0, done, time.monotonic() - began))

    jobs, seed = options["jobs"] or os.cpu_count() or 1, options["seed"]
    rows = backtest.bitcoin_rows(folder, files.get("btc"), paths, seed, options["whole"], jobs, progress)
    rows += backtest.ravencoin_rows(folder, files["rvn"], paths, seed) if "rvn" in files else []
    bar.end()
    found = {"format": FORMAT, "seed": seed, "paths": paths, **table.document(rows, files)}
    click.echo(json.dumps(found, indent=1) if as_json else table.text(rows, files))
    return 0


def _price_files(given: Sequence[str]) -> dict[str, Path]:
    """`btc=FILE` and `rvn=FILE` by coin. Raises `ScenarioError` for anything else."""
    found = {}
    for text in given:
        coin, equals, path = text.partition("=")
        if not equals or coin not in ("btc", "rvn"):
            raise ScenarioError(f"--price: '{text}' found; write btc=FILE or rvn=FILE")
        found[coin] = Path(path)
    return found


def begins(now: Any, what: str = "runs") -> str:
    """What lies ahead, before it starts: `384 runs, 96 of them in the store: 288 to simulate, about 5 min with 2 workers`."""
    missing = now.total - now.stored
    there = f", {now.stored:,} of them in the store" if now.stored else ""
    left = now.left_s
    workers = f" with {now.jobs} workers" if now.jobs > 1 else ""
    time_told = (
        f"about {span(left)}{workers}, by the runs in the store" if left is not None else "time follows from the first"
    )
    return f"{now.total:,} {what}{there}: {missing:,} to simulate; {time_told}"


def span(seconds: float) -> str:
    """A time as people plan by it: `40 s`, `5 min`, `2.5 h`, `3 days`."""
    for size, unit, most in ((1, "s", 100), (60, "min", 100), (3600, "h", 48)):
        if seconds < most * size:
            amount = seconds / size
            return f"{amount:.1f} {unit}" if unit == "h" and amount < 10 else f"{amount:.0f} {unit}"
    return f"{seconds / 86_400:.0f} days"


def sensitivity_of_file(file: Path, as_json: bool, **options: Any) -> None:
    """`infermint sensitivity`: simulate what is missing, tell what moves what, leave table, figure and document in the study's folder."""
    from sim import study
    from sim.report import sensitivity as told
    from sim.scenario import load
    from sim.study.run import How
    from sim.study.sensitivity import sensitivity

    scenario = load(file, sets=options["sets"], allow_path=options["allow"])
    out, scheduler = options["out"] or Path("reports") / file.stem, cluster_of(options)
    study.claim(out, str(file), whatever=options["out"] is not None and not study.owned(out))
    progress = Bar(options["quiet"] or as_json)
    try:
        record = sensitivity(
            scenario, out / study.STORE, options["method"], options["points"], options["outcomes"], options["replications"],
            options["policies"] or None, How(jobs=options["jobs"], progress=progress, scheduler=scheduler),
        )  # fmt: skip
    except KeyboardInterrupt:
        progress.end()
        raise InterruptedStudyError(
            f"stopped; {progress.done} of {progress.total} runs are in {out / study.STORE}. The same command goes on from there."
        ) from None
    progress.end()
    paths = _sensitivity_files(record, out / FOLDER)
    with study.Store(out / study.STORE, create=False) as store:
        beside = [one for one in store.studies() if digest(one.scenario_resolved) == record.scenario]
    if beside:
        paths["report"] = _written(beside[-1], out, out)
    if as_json:
        files = {name: str(path) for name, path in paths.items()}
        click.echo(json.dumps({"format": FORMAT, "files": files, **told.document(record)}, indent=1))
    else:
        click.echo(told.format_sensitivity(record))
        click.echo("".join(f"\n{name}: {path}" for name, path in paths.items()))


def _sensitivity_files(record: Any, folder: Path) -> dict[str, Path]:
    from sim.records.files import put
    from sim.report import sensitivity as told

    paths = {kind: folder / f"{record.method}.{kind}" for kind in ("csv", "svg", "png", "json")}
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        put(paths["csv"], told.csv(record))
        put(paths["svg"], told.svg_file(record))
        paths["png"].write_bytes(told.png_file(record))
        put(paths["json"], record.to_json())
    return paths


def runs_ahead(scenario: Any, store: Path) -> dict[str, Any]:
    """`infermint explain --runs`: runs in all, what keeps the economy from being compiled, and where the store is there, the runs
    that it has and the time for the rest.
    """
    from sim.scenario.obstacles import obstacles

    found: dict[str, Any] = {"runs": scenario.runs, "not_compiled": obstacles(scenario.spec)}
    if store.exists():
        from sim.scenario.asides import all_cases
        from sim.study.planning import plan_of
        from sim.study.run import ahead

        now = ahead(plan_of(scenario), all_cases(scenario), store)
        found |= {"store": str(store), "stored": now.stored, "seconds": now.left_s, "told": begins(now)}
    return found


def try_one(scenario: Any, file: Path, out: Path, named: bool) -> None:
    """`infermint explain --runs --try`: one run into the store of the study's folder where it has none, so that the time of all is told.

    `named`: the folder was named on the command line, and may hold other files.
    """
    from sim import study
    from sim.scenario.asides import all_cases
    from sim.study.planning import plan_of
    from sim.study.run import How, try_first

    study.claim(out, str(file), whatever=named and not study.owned(out))
    try_first(plan_of(scenario), all_cases(scenario), out / study.STORE, How())


class Bar:
    """Progress on standard error: a bar on a terminal, a line every tenth of the way elsewhere."""

    def __init__(self, quiet: bool, what: str = "runs") -> None:
        self.quiet = quiet
        self.what = what
        self.terminal = sys.stderr.isatty()
        self.done = self.total = self.stored = 0
        self.simulated = 0
        """Runs simulated in all batches: a study that stops early, or tries values, has several."""
        self._before = 0
        self._tenth = -1
        self._open = False

    def __call__(self, now: Any) -> None:
        """Take a `sim.study.run.Progress`."""
        self.total, self.stored, self.done = now.total, now.stored, now.stored + now.simulated
        if not now.simulated:
            self._before = self.simulated
        self.simulated = self._before + now.simulated
        if self.quiet or self.total == 0:
            return
        left = now.left_s
        text = f"{self.done} of {self.total} {self.what}"
        text += f", about {span(left)} left" if left is not None and left >= 1 else ""
        if not now.simulated and now.stored < now.total:
            click.echo(begins(now, self.what), err=True)
            return
        if self.terminal:
            filled = 30 * self.done // self.total
            click.echo(f"\r[{'#' * filled}{'.' * (30 - filled)}] {text}\033[K", nl=False, err=True)
            self._open = True
        elif self.done * 10 // self.total != self._tenth:
            self._tenth = self.done * 10 // self.total
            click.echo(text, err=True)

    def note(self, text: str) -> None:
        """A line of its own."""
        self.end()
        click.echo(text, err=True)
        self._tenth = -1

    @property
    def told(self) -> str:
        """How many runs of the study were there already, once it is over."""
        tries = f" ({self.simulated} simulated, with tries)" if self.simulated > self.total else ""
        return f"{max(self.total - self.simulated, 0)} of {self.total} runs from the store{tries}"

    def end(self) -> None:
        """Leave the line of the bar."""
        if self._open:
            click.echo("", err=True)
            self._open = False
