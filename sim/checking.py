"""Scenarios beside what they were: `infermint check` holds them to their baselines, `infermint diff` one to another.

The plugin for pytest asks `checked` too. Imported when one of them is called.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from sim.command import FORMAT, Bar, cluster_of, load_plugins, simulate_file, writing
from sim.errors import ScenarioError
from sim.records.baseline import Baseline
from sim.records.regression import Regression


@dataclasses.dataclass(frozen=True)
class How:
    """How a scenario is checked: options of `infermint check` by their names."""

    baseline: Path | None = None
    """The baseline's file; None: `place_of`."""
    update: bool = False
    because: str = ""
    simulate: bool = False
    """Simulate even where nothing has changed."""
    sequential: bool = False
    jobs: int | None = None
    executor: str = "loky"
    scheduler: str | None = None
    """The address of a Dask cluster, with `executor` dask."""
    out: Path | None = None
    engine: str = "fast"
    quiet: bool = False
    plugins: tuple[Path, ...] = ()
    sets: tuple[str, ...] = ()
    allow: tuple[Path, ...] = ()


def place_of(file: Path) -> Path:
    """Where a scenario's baseline is looked for: `outcomes/STEM.baseline.json` under the current folder."""
    return Path("outcomes") / f"{file.stem}.baseline.json"


def check_files(files: Sequence[Path], as_json: bool, wanted: str, junit: Path, summary: Path, how: How) -> int:
    """`infermint check`: each scenario beside its baseline, or with `update` its baseline written. Returns the exit code."""
    from sim.records.files import put
    from sim.report import regression as told

    if how.baseline and len(files) > 1:
        raise ScenarioError(f"--baseline: one file for {len(files)} scenarios found; check them one by one")
    places = [place_of(file) for file in files]
    for file, place in zip(files, places, strict=True):
        if places.count(place) > 1:
            raise ScenarioError(
                f"{file}: its baseline would be {place}, and another's too; check them one by one, with --baseline"
            )
    found = [checked(file, how) for file in files]
    for where, text in ((junit, told.junit), (summary, told.markdown)):
        if where:
            with writing(where):
                put(where, text(found))
    if as_json:
        click.echo(json.dumps({"format": FORMAT, "checks": [told.document(one) for one in found]}, indent=1))
    else:
        click.echo("\n".join((told.github if wanted == "github" else told.text)(one) for one in found))
    if how.update:
        return 0
    codes = [one.exit_code for one in found]
    return 1 if 1 in codes else max(codes)


def checked(file: Path, how: How) -> Regression:
    """What is found of one scenario beside its baseline; with `update` the baseline is written.

    Raises `ScenarioError` for a scenario that is wrong, a baseline that is not there or none, and outcomes that moved while
    `update` has no reason for it.
    """
    from sim.scenario import load
    from sim.study import regression
    from sim.study.inputs import inputs_digest
    from sim.study.planning import plan_of

    cluster_of(vars(how))
    load_plugins(how.plugins)
    scenario = load(file, sets=how.sets, allow_path=how.allow)
    plan = plan_of(scenario)
    place = how.baseline or place_of(file)
    before = _baseline(place, file, how.update)
    if before is not None and not how.simulate and before.inputs == inputs_digest(scenario, plan, how.plugins):
        return regression.untouched(before, str(place))
    out = how.out or Path("reports") / file.stem
    looks = regression.looks_of(plan.replications, how.sequential and not how.update)
    for replications in looks:
        options = {"out": how.out, "jobs": how.jobs, "replications": replications, "policies": None, "fresh": False}
        where = {"engine": how.engine, "executor": how.executor, "scheduler": how.scheduler}
        record, _ = simulate_file(scenario, file, out, Bar(how.quiet), {**options, **where})
        seen = plan_of(scenario, replications)
        empty = before or regression.baseline_of(scenario, seen, record, "")
        found = regression.compare(empty, str(place), scenario, seen, record, len(looks))
        if not found.of("undecided") and all(check.ok is not None for check in found.checks):
            break
    if how.update:
        _accept(found, before is not None, how.because)
        _write(place, regression.baseline_of(scenario, plan, record, how.because, how.plugins))
    return found


def _write(place: Path, made: Baseline) -> None:
    from sim.records.files import put

    with writing(place.parent):
        place.parent.mkdir(parents=True, exist_ok=True)
        put(place, made.to_json())
    click.echo(f"wrote {place}", err=True)


def _baseline(place: Path, file: Path, update: bool) -> Baseline | None:
    """The baseline of a scenario; None where it is about to be written for the first time."""
    if not place.exists():
        if update:
            return None
        raise ScenarioError(f"{place}: no baseline of {file} is there; write one with: infermint check {file} --update")
    try:
        return Baseline.from_json(place.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ScenarioError(f"{place}: not a baseline of outcomes: {error}") from None


def _accept(found: Regression, there: bool, because: str) -> None:
    moved = len(found.of("moved")) + len(found.of("gone"))
    if there and moved and not because:
        raise ScenarioError(f"{found.baseline}: {moved} outcomes moved; say why with --because 'the reason'")


def diff_files(a: Path, b: Path, as_json: bool, simulate: bool, **options: Any) -> int:
    """`infermint diff`: values that differ between two scenarios or results, and outcomes where both have run. Always 0."""
    from sim.report import difference as told
    from sim.study.difference import between, side_of

    load_plugins(options["plugins"])
    sides = []
    for path in (a, b):
        if simulate and not path.is_dir():
            _simulated(path, options)
        sides.append(side_of(path, options["sets"], options["allow"]))
    found = between(*sides)
    if as_json:
        click.echo(json.dumps({"format": FORMAT, **told.document(found)}, indent=1))
    else:
        click.echo(told.text(found, options["everything"]))
    return 0


def _simulated(file: Path, options: dict[str, Any]) -> None:
    """Run what the store of a scenario lacks, as `infermint run` does, so that its outcomes are there."""
    from sim.scenario import load

    scenario = load(file, sets=options["sets"], allow_path=options["allow"])
    asked = {"out": None, "jobs": options["jobs"], "replications": None, "policies": None, "fresh": False}
    bar = Bar(options["quiet"])
    simulate_file(scenario, file, Path("reports") / file.stem, bar, {**asked, "engine": "fast"})
