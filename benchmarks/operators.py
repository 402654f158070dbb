"""Five years of daily epochs of 500 operators: ours, compiled and interpreted, beside SimPy and radCAD: `python -m benchmarks.operators [--json]`.

One model four ways, with the same draws; live nodes must agree on every day. radCAD is installed into an environment of its own. Figures
are nanoseconds of CPU time an operator and day, the median of rounds in turn: of our kernel alone, of a whole run of ours with its record, of
the others' runs without any record. Beside each stands the median of its ratios to our kernel, and to our whole run. Compiling is not counted.
"""

from __future__ import annotations

import argparse
import datetime
import json
import math
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.rivals import python_with
from sim.kernels.economy import walking
from sim.scenario import load
from sim.units import ps
from sim.world.loading import LOADING
from sim.world.packing import Segments, classes_of, networks_of
from sim.world.run import World, run

RADCAD = "radcad==0.14.0"
ROUNDS = 5
SCRIPT = Path(__file__).with_name("plain_economy.py")
SLOTS, YEARS = 500, 5

TEXT = f"""\
format: 1
name: Operators beside other simulators
start: 2026-01-01
horizon: {YEARS} year
epoch: 1 day
requests: {{mode: capacity}}
initial: given
workload:
  chat: {{extends: chat_steady, model: llama-3.1-8b, rate: 0.000001 /s, demand: {{kind: fixed, network: net}}}}
networks:
  net:
    kind: coin
    coin: {{ticker: TOK, decimals: 9, supply: 1 MTOK}}
    supply: {{kind: halving, initial: 1600 TOK/day, first: 2028-01-01, every: 2 year}}
    split: {{operators: 100 %, remainder: treasury}}
    payout: {{kind: availability}}
    price: {{kind: posted, input: 0 USD/Mtok, output: 0 USD/Mtok}}
    market: {{kind: path, start: 1 USD/TOK, daily_sd: 4 %}}
    settle: {{sell: 100 %}}
    router: {{kind: random}}
    operators:
      home:
        {{nodes: 300, max_nodes: {SLOTS}, gpu: rtx_4090, electricity: 0.2 USD/kWh, hosting: 0.1 USD/h, capex: 900 USD, cost_spread: 0.4,
        lead: 30 day, patience: 2 week, exit_speed: 0.1 /week, idle_life: 26 week, entry_speed: 0.2 /week}}
policies:
  base: {{}}
compare: {{baseline: base}}
"""


def scenario() -> Any:
    """The model as a scenario."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "operators.yaml"
        file.write_text(TEXT, encoding="utf-8")
        return load(file).case("base", "path")


def numbers(case: Any) -> dict[str, Any]:
    """What the plain model needs, as the started world has it: JSON."""
    world = World(case, 0, "fast")
    world.start()
    (network,) = world.networks
    (owners,) = network.owners
    epochs = world.calendar.epochs()
    segments = Segments(epochs, world.in_force)
    classes, networks = classes_of(world, segments, epochs), networks_of(world, segments, epochs)
    terms, kind = classes.terms[0, 0], classes.kind[0]
    owners.utilization = 0.0  # as it is once a first day without users is over
    power, days = owners.power_usd_per_day(), len(epochs)
    issued = [network.issued(e.start_ps, e.end_ps) for e in epochs]
    issued.append(network.issued(epochs[-1].end_ps, 2 * epochs[-1].end_ps - epochs[-1].start_ps))
    return {
        "days": days,
        "slots": owners.block.slots,
        "states": owners.columns.state.tolist(),
        "costs": (power * owners.columns.cost_factor + float(terms.fixed)).tolist(),
        "full_cost_usd": power * float(terms.factor) + float(terms.fixed) + float(terms.capital) + float(kind.hurdle),
        "capacity": float(kind.capacity_rps),
        "patience_days": float(terms.patience) / 86_400,
        "idle_days": float(terms.idle_life) / 86_400,
        "restart": float(terms.restart),
        "elasticity": float(terms.elasticity),
        "chance": float(terms.chance),
        "order": float(terms.order),
        "lead_ps": ps(owners.block.lead + owners.machine.pull_s + owners.machine.load_s),
        "load_ps": ps(owners.machine.load_s),
        "issued": issued,
        "announced": [each / 10**network.decimals * float(kind.capacity_rps) / 1e12 for each in issued],
        "unit": 10**network.decimals,
        "start_pusd": network.market.price_pusd,
        "coin_usd": owners.coin_usd_per_node_day,
        "moves": (networks.terms[0, 0].daily_sd * networks.shock[:, 0]).tolist(),
        "draws": classes.draws.tolist(),
    }


class Timed:
    """The compiled walk, and the CPU-seconds of its last call."""

    def __init__(self) -> None:
        self.cpu_s, self._walk = 0.0, walking.walk

    def __call__(self, *tables: Any) -> int:
        """Walk."""
        begun = time.process_time()
        ended = self._walk(*tables)
        self.cpu_s = time.process_time() - begun
        return ended


def ours(case: Any, engine: str, timed: Timed) -> tuple[list[float], float, float]:
    """Live nodes by day, CPU-seconds of the run, and of its kernel."""
    LOADING.foresee(math.inf)
    walking.walk, timed.cpu_s = timed, 0.0
    try:
        begun = time.process_time()
        record = run(case, 0, engine=engine)
        passed_s = time.process_time() - begun
    finally:
        walking.walk = timed._walk
    return [float(value or 0.0) for value in record.series["net.nodes"]], passed_s, timed.cpu_s


def rival(python: str, style: str, file: Path) -> tuple[list[float], float]:
    """Live nodes by day and CPU-seconds of one of the plain models."""
    done = subprocess.run([python, str(SCRIPT), style, str(file)], capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    return told["nodes"], told["cpu_s"]


def measure(rounds: int = ROUNDS) -> dict[str, Any]:
    """Nanoseconds an operator and day by way, rounds in turn. Raises AssertionError where two ways do not agree."""
    case, timed = scenario(), Timed()
    model = numbers(case)
    steps, found = model["days"] * model["slots"], {"kernel": [], "run": [], "interpreted": [], "simpy": []}
    try:
        python = python_with(RADCAD, "typing_extensions")
        found["radcad"] = []
    except OSError as error:
        print(f"without radCAD: {error}", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.json"
        file.write_text(json.dumps(model), encoding="utf-8")
        nodes, _, _ = ours(case, "fast", timed)
        for _ in range(rounds):
            again, run_s, kernel_s = ours(case, "fast", timed)
            found["kernel"].append(kernel_s)
            found["run"].append(run_s)
            slow, loop_s, _ = ours(case, "loop", timed)
            found["interpreted"].append(loop_s)
            told, simpy_s = rival(sys.executable, "simpy", file)
            found["simpy"].append(simpy_s)
            assert nodes == again == slow == told, _where(nodes, told)
            if "radcad" in found:
                told, radcad_s = rival(python, "radcad", file)
                found["radcad"].append(radcad_s)
                assert nodes == told, _where(nodes, told)
    return {
        "operators": model["slots"],
        "days": model["days"],
        "nodes": [min(nodes), float(np.mean(nodes)), max(nodes)],
        "ns": {name: [1e9 * each / steps for each in measured] for name, measured in found.items()},
    }


def _where(ours: list[float], theirs: list[float]) -> str:
    day = next(i for i, (a, b) in enumerate(zip(ours, theirs, strict=True)) if a != b)
    return f"day {day}: {ours[day]:g} nodes of ours, {theirs[day]:g} of the other's"


LABELS = {
    "kernel": "infermint, compiled: the kernel",
    "run": "infermint, compiled: the run with its record",
    "interpreted": "infermint, interpreted: the run with its record",
    "simpy": "plain SimPy, a process an operator",
    "radcad": f"{RADCAD}, state not copied",
}


def main() -> None:
    """Measure, and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="rounds in turn")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    asked = parser.parse_args()
    found = measure(asked.rounds)
    if asked.json:
        print(json.dumps({"date": datetime.date.today().isoformat(), **found}, indent=1))
        return
    low, mean, high = found["nodes"]
    print(
        f"{found['operators']} operators, {found['days']:,} days; {low:.0f} to {high:.0f} nodes, {mean:.0f} in the mean"
    )
    for name, measured in found["ns"].items():
        line = f"{LABELS[name]:48} {statistics.median(measured):9,.1f} ns an operator and day"
        print(
            f"{line}  {times(measured, found['ns']['kernel'])} the kernel  {times(measured, found['ns']['run'])} the run"
        )


def times(measured: list[float], ours: list[float]) -> str:
    """The median of ratios, round by round, and the lowest and highest."""
    ratios = sorted(each / mine for each, mine in zip(measured, ours, strict=True))
    return f"x {statistics.median(ratios):6.1f} [{ratios[0]:.1f}, {ratios[-1]:.1f}]"


if __name__ == "__main__":
    main()
