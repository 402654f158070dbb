"""What a study of many small economy-only runs costs: `python -m benchmarks.economy_study [--runs 10000] [--json]`.

The first study's network beside its cloud, half a year by weeks, `requests.mode: capacity`, one policy, in one process: CPU-seconds inside and
outside of the simulations (reading, keys, JSON, the store, gathering, statistics, the record). And one run of five years by days with twenty classes
of operators, the size of run that a sensitivity study repeats.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from sim.records.run import RunRecord
from sim.scenario import load
from sim.study import run as run_study
from sim.world import run

STUDY = Path(__file__).parents[1] / "sim" / "presets" / "templates" / "first-study.yaml"
CAPACITY = ("requests.mode=capacity", "checks=[]", "compare.outcomes=[tao.nodes@end, tao.price_paid_usd_per_mtok]")
CLASSES = 20


class Timed:
    """A run, and the CPU-seconds that all of them took."""

    def __init__(self) -> None:
        self.cpu_s = 0.0

    def __call__(self, resolved: Any, replication: int, engine: str = "fast") -> RunRecord:
        """`sim.world.run`, timed."""
        begun = time.process_time()
        record = run(resolved, replication, engine=engine)
        self.cpu_s += time.process_time() - begun
        return record


def study(runs: int) -> dict[str, float]:
    """CPU-seconds of a whole study of so many runs, and of its simulations."""
    scenario = load(STUDY, sets=[*CAPACITY, "horizon=26 week", "policies_from=4 week", "compare.coin_price=[path]"])
    timed = Timed()
    with tempfile.TemporaryDirectory() as folder:
        begun = time.process_time()
        run_study(scenario, Path(folder) / "study.sqlite", 1, runs, ["as_announced"], simulate=timed)
        total = time.process_time() - begun
    return {
        "runs": runs,
        "total_cpu_s": total,
        "simulations_cpu_s": timed.cpu_s,
        "outside_frac": (total - timed.cpu_s) / total,
    }


def long_run() -> float:
    """CPU-seconds of one run of five years by days with twenty classes of operators, the second time."""
    home = "{nodes: 5, max_nodes: 20, gpu: rtx_4090, electricity: %.2f USD/kWh, lead: 14 day}"
    classes = ", ".join(f"c{n:02d}: {home % (0.05 + 0.01 * n)}" for n in range(CLASSES))
    sets = [*CAPACITY, "horizon=5 year", "epoch=1 day", "initial=given", f"networks.tao.operators={{{classes}}}"]
    case = load(STUDY, sets=sets).case("as_announced", "pool")
    for _ in range(2):
        begun = time.process_time()
        run(case, 0)
    return time.process_time() - begun


def main() -> None:
    """Measure, and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10_000, help="runs of the study")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    asked = parser.parse_args()
    found = {**study(asked.runs), "long_run_cpu_s": long_run()}
    if asked.json:
        print(json.dumps(found, indent=1))
        return
    print(
        f"{found['runs']:,} runs: {found['total_cpu_s']:.1f} CPU-s, {found['outside_frac']:.1%} of it outside the simulations"
    )
    print(f"five years by days with {CLASSES} classes of operators: {found['long_run_cpu_s']:.2f} CPU-s a run")


if __name__ == "__main__":
    main()
