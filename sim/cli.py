"""The command `infermint`: parses, calls one room, prints. Nothing heavy is imported before a verb needs it.

Exit codes: 0 fine; 1 a check failed or an outcome moved; 2 bad usage or scenario; 3 a run broke an invariant; 4 undecided; 130 interrupted.
Results go to standard output, everything else to standard error.
"""

from __future__ import annotations

import json
import pathlib
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import click

from sim import __version__
from sim.errors import InfermintError, ScenarioError

_EXITS = """
Exit codes: 0 fine, 1 a check failed, 2 bad usage or scenario, 3 a run broke an invariant, 4 undecided, 130 interrupted.
"""

FORMAT = 1
"""Version of every `--json` document."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line; always leaves by SystemExit."""
    argv = list(sys.argv[1:] if arguments is None else arguments)
    try:
        sys.exit(cli.main(argv, prog_name="infermint", standalone_mode=False) or 0)
    except click.exceptions.Abort:
        click.echo("infermint: stopped", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except InfermintError as error:
        if "--debug" in argv:
            raise
        _show(error, argv)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader of our output (head, less) has left: nothing to tell it.
        sys.stdout = None
        sys.exit(0)


def _show(error: InfermintError, argv: Sequence[str]) -> None:
    """Problems of a scenario with their place; other errors in one line. `--json` turns them into a document."""
    if isinstance(error, ScenarioError):
        from sim.scenario.render import render

        wanted = _format_of(argv)
        click.echo(render(error, wanted), err=wanted == "text")
    elif "--json" in argv:
        click.echo(json.dumps({"format": FORMAT, "error": type(error).__name__, "message": str(error)}))
    else:
        click.echo(f"infermint: {error}", err=True)


def _format_of(argv: Sequence[str]) -> str:
    if "--json" in argv:
        return "json"
    for place, word in enumerate(argv):
        if word.startswith("--format="):
            return word.partition("=")[2]
        if word == "--format" and place + 1 < len(argv):
            return argv[place + 1]
    return "text"


def _emit(document: dict[str, Any], as_json: bool, text: Callable[[], str]) -> None:
    """One document with `--json`, else the text."""
    click.echo(json.dumps({"format": FORMAT, **document}, indent=1, default=str) if as_json else text())


# In these the \b is a character of its own: click keeps the lines below it as they stand.
_HELP = """Simulate compute networks that pay their operators in a coin.

\b
infermint init study                    a scenario to start from
infermint validate study/scenario.yaml  what is wrong with it, all at once
infermint run study/scenario.yaml       simulate, compare, write a report
"""
_LIST_HELP = """List what a scenario may name: networks, gpus, models, workloads, policies, shocks, outcomes, units, routers, templates.

\b
Example: infermint list outcomes
         infermint list routers --plugin mine.py
"""
_RUN_HELP = """Simulate what FILE says and write its report; what is in the store already is not simulated again.

\b
Example: infermint run scenarios/demo.yaml
         infermint run scenarios/demo.yaml --out reports/three \\
           --set networks.tao.supply.every='3 year'
"""
_SENSITIVITY_HELP = """Tell which of the `uncertain:` parameters of FILE move its outcomes: Sobol' indices, or a tornado.

Asked about is each policy's difference from the baseline (with one policy, its level) in `compare.outcomes`. `sobol` divides
its variance among parameters, alone and with all others, with bootstrap intervals: POINTS x (parameters + 2) sets. `tornado` puts one
parameter at its lowest and highest value, all others as in the file. Runs are kept in the study's store.

\b
Example: infermint sensitivity study/scenario.yaml --method tornado
         infermint sensitivity study/scenario.yaml --points 256 \\
           --outcome tao.nodes@end --policy four_years --policy two_years
"""
_REPLAY_HELP = """Serve the requests of FILE on one replica; beside a server's own times, tell how far they are off.

FILE is a CSV with arrival_s, prompt_tokens, output_tokens and, where a server's log has them, first_token_s and
last_token_s (seconds or timestamps of one clock; also gzipped). What others call these columns is read too: arrived_at, TIMESTAMP;
num_prefill_tokens, ContextTokens; num_decode_tokens, GeneratedTokens.

\b
Example: infermint replay server.csv --gpu rtx_4090 --model llama-3.1-8b
         infermint replay server.csv --gpu my_gpu.yaml --model qwen3-32b \\
           --kv-blocks 2588 --max-num-seqs 128 --json
         infermint replay server.csv --gpu h100_sxm --model llama-3.1-8b \\
           --columns arrival_s=sent,first_token_s=first,last_token_s=done
"""
_CHECK_HELP = """Tell what the trace FILE is like: moments, quantiles, dispersion, what goes together; beside client classes.

Choose a class's arrivals by dispersion and CV, its lengths by quantiles and KS. The KS of gaps between arrivals says nothing of waiting.

\b
Example: infermint trace check conv.csv.gz
         infermint trace check conv.csv.gz --class chat_steady \\
           --output-tokens 340..470
"""
_OUTCOMES_HELP = """Tell whether outcomes of the scenarios FILES moved since their baselines were accepted.

A baseline (outcomes/STEM.baseline.json, to be kept in git) holds every outcome of `compare.outcomes` in each replication. Where
nothing that numbers depend on has changed, all is same at once. Otherwise runs are simulated, and an outcome has moved if the
interval of its paired change lies wholly outside the band of `compare.indifferent`.

\b
Example: infermint check scenarios/demo.yaml --update
         infermint check scenarios/demo.yaml --junit outcomes.xml --summary outcomes.md
         infermint check scenarios/demo.yaml --update --because 'halving moved to 2 years'
"""
_DIFF_HELP = """Tell what differs between A and B: values with the lines that say so, and outcomes.

A and B are scenarios, or folders that `run` made. Values are the resolved ones, with presets and defaults. Outcomes of a scenario are those of
its runs in reports/STEM as it is now; they are compared by the rules of `infermint check`, with A in the place of the baseline.

\b
Example: infermint diff scenarios/demo.yaml study/scenario.yaml
         infermint diff before.yaml after.yaml --run
         infermint diff reports/monday reports/demo --json
"""
_VERIFY_HELP = """Hold the simulator against queueing theory, and against another simulator's results where they are.

Each of 102 systems with a known answer is simulated in independent replications. The table's verdict is whether the interval
of 95 % contains theory. One in twenty misses by chance: their number is judged by the binomial distribution, and the farthest by
itself. Exit code 1 where chance explains either with less than 1 %. A peer's files are looked for in $INFERMINT_SHARED, or ../shared.

\b
Example: infermint verify
         infermint verify --whole --family mg1_ps --family batching_bd
         infermint verify --history series --price btc=btc.csv

With --history, operators are held against history instead: the simulator's own rule of entry and exit forecasts capacity that was really
paid in coins, scored beside naive forecasts; what comes out is told, and fails nothing. --whole adds fifty cuts between halvings (minutes).
"""


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, help=_HELP, epilog=_EXITS)
@click.version_option(__version__, prog_name="infermint")
def cli() -> None:
    """`infermint`: its help is `_HELP`."""


_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
_debug = click.option("--debug", is_flag=True, help="Show the traceback of an error.")
_set = click.option(
    "--set",
    "sets",
    multiple=True,
    metavar="PATH=VALUE",
    help="Change one value: --set networks.tao.supply.every='2 year'.",
)
_allow = click.option(
    "--allow-path",
    "allow",
    multiple=True,
    type=click.Path(path_type=pathlib.Path),
    help="Let the scenario name files in this folder.",
)
_plugins = click.option(
    "--plugin",
    "plugins",
    multiple=True,
    type=click.Path(path_type=pathlib.Path),
    help="Python file that registers kinds, run before loading.",
)
_shocks = click.option(
    "--shock", "shocks", multiple=True, metavar="NAME", help="A ready shock on top of the file's: see `list shocks`."
)
_file = click.argument("file", type=click.Path(path_type=pathlib.Path))
_engine = click.option(
    "--engine",
    type=click.Choice(["fast", "loop", "reference"]),
    default="fast",
    show_default=True,
    help="All give the same numbers.",
)
_executor = click.option(
    "--executor",
    type=click.Choice(["loky", "dask"]),
    default="loky",
    show_default=True,
    help="Processes of this machine, or the workers of a Dask cluster that you trust.",
)
_scheduler = click.option("--scheduler", metavar="ADDRESS", help="Of the Dask cluster: tcp://HOST:PORT.")
_names = click.option(
    "--columns", default="", metavar="OURS=THEIRS,…", help="Names of the file's columns that are not ours."
)


@cli.command()
@click.argument("directory", type=click.Path(path_type=pathlib.Path), default=".")
@click.option(
    "--template", default="first-study", show_default=True, help="Which start: see `infermint list templates`."
)
@click.option("--no-workflow", "bare", is_flag=True, help="Leave out the CI workflow.")
@_json
@_debug
def init(directory: pathlib.Path, template: str, bare: bool, as_json: bool, debug: bool) -> None:
    """Write a scenario to start from into DIRECTORY, and a CI workflow that holds its outcomes (never over a file that is there).

    Example: infermint init study
    """
    from sim.scenario.init import init as write

    made = write(directory, template, not bare)
    if not bare and len(made) < 3 and not as_json:
        click.echo(f"note: a workflow is there already; let it check {made[0]} too", err=True)
    scenario = next(path for path in made if path.suffix == ".yaml")
    _emit(
        {"written": [str(path) for path in made]},
        as_json,
        lambda: "\n".join([f"wrote {path}" for path in made] + [f"next: infermint run {scenario}"]),
    )


@cli.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=pathlib.Path))
@click.option("--format", "wanted", type=click.Choice(["text", "json", "github"]), default="text", show_default=True)
@_plugins
@_set
@_allow
@_json
@_debug
def validate(
    files: tuple[pathlib.Path, ...],
    wanted: str,
    plugins: tuple[pathlib.Path, ...],
    sets: tuple[str, ...],
    allow: tuple[pathlib.Path, ...],
    as_json: bool,
    debug: bool,
) -> None:
    """Tell everything that is wrong with scenario FILES, each with line, column and a fix. Simulates nothing.

    Example: infermint validate study/scenario.yaml --format github
    """
    from sim.scenario import load

    _load_plugins(plugins)
    problems: list[Any] = []
    good = []
    for file in files:
        try:
            scenario = load(file, sets=sets, allow_path=allow)
        except ScenarioError as error:
            problems += error.problems
        else:
            good.append((file, scenario))
    if problems:
        raise ScenarioError(problems)
    shape = "json" if as_json else wanted
    if shape == "json":
        click.echo(
            json.dumps(
                {
                    "format": FORMAT,
                    "problems": [],
                    "files": [{"file": str(f), "runs": _runs(s), "notices": _notices(s)} for f, s in good],
                },
                indent=1,
            )
        )
    elif shape == "text":
        for file, scenario in good:
            click.echo(f"{file}: fine; {_runs_text(scenario)}")
            for notice in _notices(scenario):
                click.echo(f"  note: {notice}")


def _load_plugins(plugins: Sequence[pathlib.Path]) -> None:
    """Run the files that register kinds, if there are any."""
    if plugins:
        from sim.command import load_plugins

        load_plugins(plugins)


def _runs(scenario: Any) -> int:
    return int(scenario.runs)


def _economy_text(obstacles: list[str]) -> str:
    """Which economy simulates the runs, and why not the compiled one."""
    return f"economy interpreted, by {'; '.join(obstacles)}" if obstacles else "economy compiled"


def _runs_text(scenario: Any) -> str:
    from sim.scenario.explain import runs_text

    return str(runs_text(scenario))


def _notices(scenario: Any) -> list[str]:
    return [str(notice) for notice in scenario.notices]


@cli.command()
@_file
@click.argument("path", default="")
@click.option("--runs", is_flag=True, help="Only count the runs, and tell how long they will take.")
@click.option("--try", "tries", is_flag=True, help="With --runs: simulate one where none is stored, to tell the time.")
@click.option("--uncertain", type=click.IntRange(1, 100_000), help="With --runs: count so many joint sets too.")
@click.option(
    "--out", type=click.Path(path_type=pathlib.Path), help="With --runs: the study's folder; default reports/STEM."
)
@_plugins
@_set
@_allow
@_json
@_debug
def explain(
    file: pathlib.Path,
    path: str,
    runs: bool,
    tries: bool,
    uncertain: int | None,
    out: pathlib.Path | None,
    plugins: tuple[pathlib.Path, ...],
    sets: tuple[str, ...],
    allow: tuple[pathlib.Path, ...],
    as_json: bool,
    debug: bool,
) -> None:
    """Show each resolved value of FILE with its file and line, unit, meaning and source; PATH narrows it.

    Example: infermint explain scenarios/demo.yaml networks.tao.supply
    """
    from sim.scenario import load
    from sim.scenario.explain import as_dict, format_rows
    from sim.scenario.explain import explain as rows_of

    _load_plugins(plugins)
    scenario = load(file, sets=sets, allow_path=allow)
    if tries and not runs:
        raise ScenarioError("--try is of --runs: give both")
    if runs:
        from sim.command import runs_ahead, try_one

        scenario = scenario.with_drawn(uncertain) if uncertain else scenario
        folder = out or pathlib.Path("reports") / file.stem
        if tries:
            try_one(scenario, file, folder, out is not None)
        found = runs_ahead(scenario, folder / "study.sqlite")
        ahead = found.get("told", "no run is stored yet: how long they take is told after the first, which --try makes")
        _emit(found, as_json, lambda: f"{_runs_text(scenario)}\n{_economy_text(found['not_compiled'])}\n{ahead}")
        return
    rows = rows_of(scenario, path)
    _emit({"values": [as_dict(row) for row in rows]}, as_json, lambda: format_rows(rows))


@cli.command("list", help=_LIST_HELP)
@click.argument("what", default="")
@_plugins
@_json
@_debug
def list_(what: str, plugins: tuple[pathlib.Path, ...], as_json: bool, debug: bool) -> None:
    """List what a scenario may name."""
    from sim.scenario.catalogue import listing

    _load_plugins(plugins)
    rows = listing(what)
    _emit({"what": what, "rows": rows}, as_json, lambda: _table(rows))


def _table(rows: list[dict[str, str]]) -> str:
    """Rows as aligned columns; the last one runs free."""
    if not rows:
        return "nothing"
    heads = list(rows[0])
    widths = [max(len(head), *(len(str(row[head])) for row in rows)) for head in heads[:-1]]
    lines = [[head.upper() for head in heads], *[[str(row[head]) for head in heads] for row in rows]]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(line[:-1], widths, strict=True)), line[-1]]).rstrip()
        for line in lines
    )


@cli.command(help=_RUN_HELP)
@_file
@click.option("--policy", "policies", multiple=True, help="Run this policy only (repeatable).")
@click.option("--jobs", type=click.IntRange(1), help="Worker processes; default all cores.")
@_executor
@_scheduler
@click.option("--replications", type=click.IntRange(1, 100_000), help="Replications instead of the file's.")
@_shocks
@click.option(
    "--until-relative",
    "until",
    metavar="SHARE",
    help="Replications, from 20 on, until each mean is known to this share of it, for example 2%.",
)
@click.option("--at-most", type=click.IntRange(1, 100_000), help="Most replications of --until-relative; default 1000.")
@click.option(
    "--uncertain", type=click.IntRange(1, 100_000), help="Run so many joint sets of the `uncertain:` parameters too."
)
@click.option(
    "--strict", is_flag=True, help="With --uncertain: exit 1 where a headline rests on an illustrative value."
)
@_engine
@click.option(
    "--requests", is_flag=True, help="Write requests.csv.gz too: each request of replication 0, every policy run again."
)
@click.option("--fresh", is_flag=True, help="Simulate again what the store holds already.")
@click.option(
    "--out", type=click.Path(path_type=pathlib.Path), help="Folder of the results; default reports/NAME-OF-FILE."
)
@_plugins
@click.option("--quiet", "-q", is_flag=True, help="No progress.")
@_set
@_allow
@_json
@_debug
def run(
    file: pathlib.Path,
    sets: tuple[str, ...],
    allow: tuple[pathlib.Path, ...],
    as_json: bool,
    debug: bool,
    **options: Any,
) -> int:
    """`infermint run`: its help is `_RUN_HELP`."""
    from sim.command import run_file

    return run_file(file, sets, allow, as_json, **options)


@cli.command()
@click.argument("result", type=click.Path(path_type=pathlib.Path))
@click.option(
    "--out", "-o", type=click.Path(path_type=pathlib.Path), help="Folder of the report; default the result's own."
)
@_json
@_debug
def report(result: pathlib.Path, out: pathlib.Path | None, as_json: bool, debug: bool) -> None:
    """Write the report of RESULT (a folder that `run` made, or its store) again, without simulating.

    Example: infermint report reports/demo
    """
    from sim.command import report_again

    page = report_again(result, out)
    _emit({"report": str(page)}, as_json, lambda: f"report: {page}")


@cli.command(help=_SENSITIVITY_HELP)
@_file
@click.option(
    "--method", type=click.Choice(["sobol", "tornado"]), default="sobol", show_default=True, help="Which analysis."
)
@click.option(
    "--points", type=click.IntRange(2, 2**20), default=64, show_default=True, help="Points of `sobol`: a power of two."
)
@click.option(
    "--outcome", "outcomes", multiple=True, metavar="REF", help="Only this outcome, network.outcome[@…] (repeatable)."
)
@click.option(
    "--policy", "policies", multiple=True, help="Only this policy (repeatable); the baseline is needed for differences."
)
@click.option("--replications", type=click.IntRange(1, 100_000), help="Runs of each set; default `seeds.per_set`.")
@click.option("--jobs", type=click.IntRange(1, 4096), help="Worker processes; default all cores.")
@_executor
@_scheduler
@click.option(
    "--out", type=click.Path(path_type=pathlib.Path), help="Folder of the study; default reports/NAME-OF-FILE."
)
@click.option("--quiet", "-q", is_flag=True, help="No progress.")
@_plugins
@_set
@_allow
@_json
@_debug
def sensitivity(file: pathlib.Path, as_json: bool, debug: bool, **options: Any) -> None:
    """`infermint sensitivity`: its help is `_SENSITIVITY_HELP`."""
    from sim.command import sensitivity_of_file

    _load_plugins(options.pop("plugins"))
    sensitivity_of_file(file, as_json, **options)


@cli.command(help=_REPLAY_HELP)
@_file
@click.option("--gpu", required=True, metavar="NAME", help="A GPU of `infermint list gpus`, or a file of yours.")
@click.option("--model", required=True, metavar="NAME", help="A model of `infermint list models`, or a file of yours.")
@click.option("--tp", type=click.IntRange(1), default=1, show_default=True, help="GPUs the replica takes.")
@click.option("--max-num-seqs", type=click.IntRange(1), help="Sequences in a pass at most; default the GPU's.")
@click.option("--max-batched-tokens", type=click.IntRange(1), help="Tokens in a pass at most; default the GPU's.")
@click.option("--kv-blocks", type=click.IntRange(2), help="KV blocks of 16 tokens; default what memory leaves.")
@click.option("--max-model-len", type=click.IntRange(2), help="Prompt and output at most, tokens; default the model's.")
@click.option(
    "--scheduler",
    type=click.Choice(["vllm_v1", "sarathi", "prefill_first"]),
    default="vllm_v1",
    show_default=True,
    help="The engine's scheduler.",
)
@_engine
@_names
@click.option(
    "--out", type=click.Path(path_type=pathlib.Path), help="Folder of the results; default reports/replay-NAME-OF-FILE."
)
@_json
@_debug
def replay(file: pathlib.Path, out: pathlib.Path | None, as_json: bool, debug: bool, **options: Any) -> None:
    """`infermint replay`: its help is `_REPLAY_HELP`."""
    from sim.command import replay_log

    replay_log(file, out, as_json, **options)


_path = click.Path(path_type=pathlib.Path)


@cli.command("check", help=_OUTCOMES_HELP)
@click.argument("files", nargs=-1, required=True, type=_path)
@click.option("--baseline", type=_path, help="The baseline's file; default outcomes/STEM.baseline.json.")
@click.option("--update", is_flag=True, help="Accept what the outcomes are now: write the baseline.")
@click.option("--because", default="", metavar="TEXT", help="Why outcomes moved; kept in the baseline.")
@click.option("--simulate", is_flag=True, help="Simulate even where nothing has changed.")
@click.option(
    "--sequential", is_flag=True, help="Look after a quarter and a half of the replications; stop once decided."
)
@click.option("--junit", type=_path, metavar="FILE", help="Write JUnit XML there.")
@click.option("--summary", type=_path, metavar="FILE", help="Write a Markdown summary there.")
@click.option("--format", "wanted", type=click.Choice(["text", "github"]), default="text", show_default=True)
@click.option("--jobs", type=click.IntRange(1, 4096), help="Runs side by side; default all cores.")
@_executor
@_scheduler
@click.option("--out", "-o", type=_path, help="Folder of the runs; default reports/STEM.")
@click.option("--quiet", "-q", is_flag=True, help="No progress.")
@_engine
@_plugins
@_set
@_allow
@_json
@_debug
def check_outcomes(
    files: Sequence[pathlib.Path],
    as_json: bool,
    debug: bool,
    wanted: str,
    junit: pathlib.Path,
    summary: pathlib.Path,
    quiet: bool,
    **options: Any,
) -> int:
    """`infermint check`: its help is `_OUTCOMES_HELP`."""
    from sim.checking import How, check_files

    return check_files(files, as_json, wanted, junit, summary, How(quiet=quiet or as_json, **options))


@cli.command(help=_DIFF_HELP)
@click.argument("a", type=_path)
@click.argument("b", type=_path)
@click.option("--run", "simulate", is_flag=True, help="Simulate first what the results of A and B lack.")
@click.option("--all", "everything", is_flag=True, help="Show every value, and outcomes that are the same.")
@click.option("--jobs", type=click.IntRange(1, 4096), help="Runs side by side; default all cores.")
@click.option("--quiet", "-q", is_flag=True, help="No progress.")
@_plugins
@_set
@_allow
@_json
@_debug
def diff(a: pathlib.Path, b: pathlib.Path, as_json: bool, debug: bool, **options: Any) -> int:
    """`infermint diff`: its help is `_DIFF_HELP`."""
    from sim.checking import diff_files

    return diff_files(a, b, as_json, **options)


@cli.command(help=_VERIFY_HELP)
@click.option("--family", "families", multiple=True, metavar="NAME", help="Only this family of cases (repeatable).")
@click.option("--all", "everything", is_flag=True, help="Show every quantity of a case, not its headline alone.")
@click.option("--whole", is_flag=True, help="Ten times the customers: narrower intervals, many minutes.")
@click.option("--history", type=_path, metavar="FOLDER", help="Folder of measured series (docs/operators-history.md).")
@click.option(
    "--price",
    "prices",
    multiple=True,
    metavar="COIN=FILE",
    help="With --history: prices of btc or rvn, CSV of time and USD.",
)
@click.option("--paths", type=click.IntRange(100, 100_000), help="With --history: paths of a forecast; default 1,000.")
@click.option("--seed", type=click.IntRange(0), default=7, show_default=True, help="Root of all random streams.")
@click.option("--jobs", type=click.IntRange(1, 64), help="Cases side by side; default all cores.")
@click.option("--quiet", "-q", is_flag=True, help="No progress.")
@_json
@_debug
def verify(families: tuple[str, ...], as_json: bool, debug: bool, **options: Any) -> int:
    """`infermint verify`: its help is `_VERIFY_HELP`."""
    from sim.command import verify_history, verify_theory

    folder, prices, paths = (options.pop(name) for name in ("history", "prices", "paths"))
    if folder is not None:
        return verify_history(folder, prices, paths or 1000, families, as_json, **options)
    if prices or paths:
        from sim.errors import ScenarioError

        raise ScenarioError("--price and --paths are of --history: give its folder too")
    return verify_theory(families, as_json, **options)


@cli.group()
def store() -> None:
    """Look at the runs that a folder keeps, and drop those that nobody asks for any more."""


@store.command("show")
@click.argument("result", type=_path)
@_json
@_debug
def show(result: pathlib.Path, as_json: bool, debug: bool) -> None:
    """Tell what is in the store of RESULT (a folder that `run` made, or its study.sqlite).

    Example: infermint store show reports/demo
    """
    from sim.command import store_shown

    told = store_shown(result)
    rows = [{name: str(value) for name, value in row.items()} for row in told["runs"]]
    head = f"{told['store']}: {told['finished']:,} finished runs, {told['failed']} failed, {told['bytes']:,} bytes, simulated in {told['simulated_s']:,.1f} s"
    of = [f"study of {one['scenario']}: {one['runs']} runs" for one in told["studies"]]
    _emit(told, as_json, lambda: "\n".join([head, *of, *([_table(rows)] if rows else [])]))


@store.command("gc")
@click.argument("result", type=_path)
@click.argument("files", nargs=-1, required=True, type=_path)
@click.option("--dry-run", "dry", is_flag=True, help="Only tell what would be dropped.")
@click.option("--uncertain", type=click.IntRange(1, 100_000), help="Keep the runs of `run --uncertain N` too.")
@_shocks
@_plugins
@_set
@_allow
@_json
@_debug
def gc(
    result: pathlib.Path,
    files: Sequence[pathlib.Path],
    dry: bool,
    allow: Sequence[pathlib.Path],
    as_json: bool,
    debug: bool,
    **options: Any,
) -> None:
    """Drop all runs in the store of RESULT but those that the scenarios FILES ask for as they are now, and give room back.

    Runs that made policies equal and those of `sensitivity` stay with their scenario. Give --set, --shock and --plugin as `run` had them.

    Example: infermint store gc reports/demo scenarios/demo.yaml --dry-run
    """
    from sim.command import store_cleared

    told = store_cleared(result, files, allow, dry, **options)
    verb = "would be dropped" if dry else "dropped"
    _emit(
        told,
        as_json,
        lambda: f"{told['store']}: {told['dropped']} runs {verb}; {told['bytes_before']:,} -> {told['bytes']:,} bytes",
    )


@cli.group()
def trace() -> None:
    """Bring public traces into our format, and look at them."""


@trace.command("import")
@click.argument("kind", type=click.Choice(["azure", "csv", "mooncake"]))
@_file
@click.option(
    "--out", "-o", type=click.Path(path_type=pathlib.Path), help="Where to; default NAME.trace.csv beside the file."
)
@click.option("--columns", default="", help="csv only: arrival_s=COLUMN,prompt_tokens=COLUMN,output_tokens=COLUMN.")
@_json
@_debug
def import_(kind: str, file: pathlib.Path, out: pathlib.Path | None, columns: str, as_json: bool, debug: bool) -> None:
    """Turn a public trace FILE into ours (arrival_s, prompt_tokens, output_tokens; gzip allowed).

    Example: infermint trace import azure AzureLLMInferenceTrace_conv.csv
    """
    from sim.command import import_trace

    rows, target, notices = import_trace(kind, file, out, columns)
    for notice in () if as_json else notices:
        click.echo(f"note: {notice}", err=True)
    document = {"rows": rows, "file": str(target), **({"notices": notices} if notices else {})}
    _emit(document, as_json, lambda: f"{rows} requests written to {target}")


@trace.command(help=_CHECK_HELP)
@_file
@click.option(
    "--class",
    "classes",
    multiple=True,
    metavar="NAME",
    help="A client class of `infermint list workloads`, or a file of yours (repeatable: their sum).",
)
@click.option(
    "--output-tokens", default="", metavar="LOW..HIGH", help="Look only at the trace's requests with so many."
)
@_names
@_json
@_debug
def check(
    file: pathlib.Path, classes: tuple[str, ...], output_tokens: str, columns: str, as_json: bool, debug: bool
) -> None:
    """`infermint trace check`: its help is `_CHECK_HELP`."""
    from sim.command import check_trace
    from sim.report import trace_checked

    record = check_trace(file, classes, output_tokens, columns)
    _emit(trace_checked.document(record) if as_json else {}, as_json, lambda: trace_checked.format_check(record))
