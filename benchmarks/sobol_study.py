"""What a Sobol' analysis of an economy costs: `python -m benchmarks.sobol_study [--points 64] [--json]`.

`sobol_study.yaml` beside this file: five years by days, twenty classes of operators beside a cloud, eight uncertain parameters: points x 10
runs in one process, as `infermint sensitivity` makes them. CPU-seconds a run of all of it, and of its parts. Compiling is not counted.
"""

from __future__ import annotations

import argparse
import importlib
import json
import math
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.yardstick import customers_per_cpu_s
from sim.kernels.economy import walking
from sim.scenario import load
from sim.scenario.scenario import Scenario
from sim.study.run import How
from sim.study.sensitivity import sensitivity
from sim.study.store import Store
from sim.world import run
from sim.world.loading import LOADING

STUDY = Path(__file__).with_suffix(".yaml")


class Timed:
    """A function, and the CPU-seconds of all its calls."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function, self.cpu_s = function, 0.0

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Call it."""
        begun = time.process_time()
        found = self.function(*arguments, **named)
        self.cpu_s += time.process_time() - begun
        return found


def measure(points: int) -> dict[str, Any]:
    """Milliseconds of CPU time a run, of all and of its parts."""
    scenario = load(STUDY)
    LOADING.foresee(math.inf)
    run(scenario.case("base", "pool"), 0)  # compiles
    reading, simulating, walk, keeping = Timed(Scenario.cases), Timed(run), Timed(walking.walk), Timed(Store.put)
    Scenario.cases = lambda self: reading(self)  # type: ignore[method-assign]
    Store.put = lambda self, *row: keeping(self, *row)  # type: ignore[method-assign]
    studying, walking.walk = importlib.import_module("sim.study.run"), walk
    studying._world = lambda: simulating  # type: ignore[attr-defined]
    with tempfile.TemporaryDirectory() as folder:
        begun = time.process_time()
        record = sensitivity(scenario, Path(folder) / "study.sqlite", "sobol", points, how=How(jobs=1))
        whole_s = time.process_time() - begun
        size = (Path(folder) / "study.sqlite").stat().st_size
    parts = {"reading": reading, "simulating": simulating, "of it the kernel": walk, "keeping": keeping}
    return {
        "runs": record.runs,
        "yardstick_millions": customers_per_cpu_s() / 1e6,
        "bytes_a_run": size / record.runs,
        "ms_a_run": {
            "all": 1e3 * whole_s / record.runs,
            **{name: 1e3 * part.cpu_s / record.runs for name, part in parts.items()},
        },
    }


def main() -> None:
    """Measure, and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=64, help="points of the design, a power of two")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    asked = parser.parse_args()
    found = measure(asked.points)
    if asked.json:
        print(json.dumps(found, indent=1))
        return
    print(
        f"{found['runs']:,} runs, yardstick {found['yardstick_millions']:.0f}, {found['bytes_a_run']:,.0f} bytes a run"
    )
    for name, ms in found["ms_a_run"].items():
        print(f"{name:20} {ms:8.2f} ms a run")


if __name__ == "__main__":
    main()
