"""Speeds beside a yardstick that anybody can run: `python -m benchmarks [--only NAME] [--json]`.

Figures are things per second of this process's CPU time, the median of five rounds (of the study, one); compiling and drawing of the
engines' requests are not counted. The last column is how many customers of the yardstick, a compiled Lindley loop that draws
its times, one of
those things costs: it carries from machine to machine, the speeds do not.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import platform
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks import bittensor, engines, peer
from benchmarks.yardstick import customers_per_cpu_s, per_cpu_s
from sim.serving.contract import ROUTER_KINDS

FORMAT = 1
STUDY = Path(__file__).parents[1] / "sim" / "presets" / "templates" / "first-study.yaml"


@dataclasses.dataclass(frozen=True)
class Benchmark:
    """A name, what is counted, and what gives its speed."""

    name: str
    unit: str
    speed: Callable[[], float]


def serving(engine: str, replicas: int, count: int, router: str = "power_of_two") -> Callable[[], float]:
    """Requests a CPU-second of an engine on a fleet at about 70 % load."""

    def speed() -> float:
        of, asked = engines.fleet(replicas, router), engines.requests(count, engines.RATE_PER_S * replicas)
        engines.serve(engine, of, engines.requests(10, engines.RATE_PER_S))
        return per_cpu_s(count, lambda: engines.serve(engine, of, asked))

    return speed


def windows(nodes: int = 50, count: int = 2000, turns: int = 20) -> float:
    """Windows a CPU-second: a fresh engine, its nodes, its requests, and reading it."""
    of, asked = engines.fleet(nodes), engines.requests(count, engines.RATE_PER_S * nodes)
    engines.serve("fast", of, asked)
    return per_cpu_s(turns, lambda: [engines.serve("fast", of, asked) for _ in range(turns)])


def economy() -> float:
    """Epochs a CPU-second of a world without requests: two networks, two classes of operators, 104 weeks."""
    from sim.scenario import load
    from sim.world import run

    case = load(STUDY, sets=["requests.mode=capacity"]).case("as_announced", "pool")
    epochs = len(run(case, 0).epoch_end_s)
    return per_cpu_s(epochs, lambda: run(case, 1))


def draws() -> float:
    """Potential requests drawn a CPU-second: arrivals, lengths, patience and marks of a chat class."""
    from sim.scenario import load
    from sim.streams import Streams
    from sim.units import PS_PER_S
    from sim.workload import Potential

    spec = load(STUDY, sets=["workload.chat.rate=100 /s"]).case("as_announced", "path").before
    potential = Potential(spec.workload, Streams(1, 0), spec.start, 1)
    hour_ps = 3600 * PS_PER_S
    count = len(potential.draw(0, hour_ps).id)
    return per_cpu_s(count, lambda: potential.draw(hour_ps, 2 * hour_ps))


def study() -> float:
    """Runs a CPU-second of a whole tiny study in one process: simulated, stored, judged, exported, its page written."""
    from sim import report
    from sim import study as studies
    from sim.scenario import load

    scenario = load(STUDY, sets=["horizon=1 year", "policies_from=13 week", "seeds.replications=2"])

    def whole() -> None:
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder)
            record = studies.run(scenario, out / studies.STORE, jobs=1)
            studies.export(record, out)
            report.write(record, out)

    whole()
    return per_cpu_s(scenario.runs, whole, rounds=1)


BENCHMARKS = (
    Benchmark("fast engine, one replica", "requests/s", serving("fast", 1, 100_000)),
    Benchmark("fast engine, fleet of 200", "requests/s", serving("fast", 200, 200_000)),
    Benchmark("fast engine, fleet of 1,000", "requests/s", serving("fast", 1000, 200_000)),
    Benchmark("fast engine, fleet of 200, random", "requests/s", serving("fast", 200, 200_000, "random")),
    *(
        Benchmark(f"fast engine, 10,000 replicas, {router}", "requests/s", serving("fast", 10_000, 1_200_000, router))
        for router in ROUTER_KINDS
    ),
    Benchmark("loop engine, one replica", "requests/s", serving("loop", 1, 20_000)),
    Benchmark("loop engine, fleet of 200", "requests/s", serving("loop", 200, 20_000)),
    Benchmark("golden trace, sarathi", "requests/s", lambda: peer.golden("sarathi")),
    Benchmark("golden trace, prefill_first", "requests/s", lambda: peer.golden("prefill_first")),
    Benchmark("reference engine, one replica", "requests/s", serving("reference", 1, 300)),
    Benchmark("window of 2,000 requests on 50 nodes", "windows/s", windows),
    Benchmark("potential requests drawn", "requests/s", draws),
    Benchmark("economy, weekly epochs", "epochs/s", economy),
    Benchmark("whole tiny study", "runs/s", study),
    Benchmark("Yuma, 64 x 256", "epochs/s", bittensor.kernel_epochs),
    Benchmark("Yuma, 64 x 256, plain numpy", "epochs/s", bittensor.numpy_epochs),
    Benchmark("Yuma, 64 x 256, chain's integers", "epochs/s", bittensor.exact_epochs),
    Benchmark("Bittensor, 128 subnets of 256", "blocks/s", bittensor.blocks),
)
YARDSTICK = ("yardstick: Lindley loop", "customers/s")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", default="", metavar="NAME", help="only what has this text in its name")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    arguments = parser.parse_args()
    chosen = [one for one in BENCHMARKS if arguments.only in one.name]
    if not chosen:
        parser.error(
            f"no benchmark has '{arguments.only}' in its name; there are: {', '.join(b.name for b in BENCHMARKS)}"
        )
    yardstick = customers_per_cpu_s()
    rows = [{"name": YARDSTICK[0], "speed": yardstick, "unit": YARDSTICK[1], "yardsticks": 1.0}]
    tell = _silent if arguments.json else _line
    tell(None)
    tell(rows[0])
    for one in chosen:
        rows.append(measured(one, yardstick))
        tell(rows[-1])
    if arguments.json:
        machine = {
            "python": platform.python_version(),
            "machine": platform.machine(),
            "processor": platform.processor(),
        }
        print(json.dumps({"format": FORMAT, "per": "CPU second", "machine": machine, "benchmarks": rows}, indent=1))


def measured(one: Benchmark, yardstick: float) -> dict[str, object]:
    """The row of a benchmark: its speed, or why it was skipped."""
    try:
        speed = one.speed()
    except peer.MissingError as reason:
        return {"name": one.name, "skipped": str(reason)}
    return {"name": one.name, "speed": speed, "unit": one.unit, "yardsticks": yardstick / speed}


def _line(row: dict[str, object] | None) -> None:
    if row is None:
        print(f"{'':38} {'per CPU-second':>26} {'one costs (customers)':>22}")
    elif "skipped" in row:
        print(f"{row['name']:38} skipped: {row['skipped']}", flush=True)
    else:
        print(
            f"{row['name']:38} {_short(row['speed']):>14} {row['unit']:11} {_short(row['yardsticks']):>22}", flush=True
        )


def _short(number: object) -> str:
    """Three digits that count: 1,230,000, 45.6."""
    assert isinstance(number, float)
    rounded = float(f"{number:.3g}")
    return f"{rounded:,.0f}" if rounded >= 100 else f"{rounded:g}"


def _silent(row: object) -> None:
    pass


if __name__ == "__main__":
    main()
