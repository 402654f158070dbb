"""A thousand H100 that serve chat users at 70 % and 90 % of what they can: engines, failures, histograms (`python -m benchmarks.large_fleet`).

The replica is the product's own (Llama-3.1-8B, its blocks from memory), lengths are the built-in chat classes', arrivals
Poisson, so that load stays where it is put; patience 30 s, a node fails once in 7 days. The router draws a replica, or is
another one that `--router` names (`power_of_two` is the preset's own); what saturation is, is measured under it. What counts is CPU time of serving:
rows for the engine, its verbs, readings, fates and histograms. Drawing the requests is told beside it. `--against`
serves the first requests by the reference too, and compares every integer.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import resource
import statistics
import time
from pathlib import Path

import numpy as np

from benchmarks.yardstick import ROUNDS, customers_per_cpu_s
from sim.scenario import load
from sim.serving import contract
from sim.serving.compiling import compile_core
from sim.serving.contract import ROUTER_KINDS, Fate, Requests, RouterKind
from sim.streams import Streams
from sim.units import PS_PER_S
from sim.workload import Potential
from sim.world.fleet import Roster
from sim.world.run import World
from sim.world.tally import Tally, Targets
from sim.world.window import happen, request_rows

STUDY = Path(__file__).with_suffix(".yaml")
DRAWN_S, READ_S = 60, 10
"""Requests are drawn for a minute at once, the cell of their streams; the engine is read six times in it."""
NODES, COUNT = 1000, 5_000_000
TARGET_PER_YARDSTICK = 300_000 / 60e6
"""What is asked of the fleet: requests per customer of the yardstick."""


@dataclasses.dataclass
class Served:
    """What a fleet was asked and did; CPU seconds of serving and of drawing apart."""

    requests: int = 0
    serving_s: float = 0.0
    drawing_s: float = 0.0
    simulated_s: int = 0
    passes: int = 0
    busy_frac: float = 0.0
    tally: Tally = dataclasses.field(default_factory=lambda: Tally(2))

    @property
    def per_cpu_s(self) -> float:
        """Requests a CPU-second of serving."""
        return self.requests / self.serving_s


def roster(nodes: int, router: RouterKind) -> Roster:
    """So many nodes of the study's fleet, behind that router."""
    study = load(STUDY, sets=[f"networks.fleet.router={{kind: {router}}}"])
    world = World(study.case("as_is", "path"), 0, "fast")
    return Roster(world.networks[0].plans["llama-3.1-8b"], [np.arange(nodes)])


def potential(per_s: float) -> Potential:
    """The study's chat users, so many requests a second in all."""
    scale = per_s / 3.4
    sets = [f"workload.steady.rate={scale:.6f} /s", f"workload.bursty.rate={2.4 * scale:.6f} /s"]
    spec = load(STUDY, sets=sets).case("as_is", "path").before
    return Potential(spec.workload, Streams(7, 0), spec.start, 1)


def serve(engine: str, nodes: int, per_s: float, count: int, router: RouterKind = "random", skip_s: int = 0) -> Served:
    """Serve until so many requests have arrived. Fates and busy time of the first `skip_s` (whole minutes) are left out."""
    of, asked, done = roster(nodes, router), potential(per_s), Served()
    fleet = of.engine_fleet(2)
    horizon_ps = int(2 * (count / per_s + 100) * PS_PER_S)
    up, lives = of.lives(Streams(7, 0), 0, 0, horizon_ps)
    targets = Targets(np.full(2, contract.NEVER), np.full(2, contract.NEVER))
    begun = time.process_time()
    serving = contract.make(engine, fleet, -1)  # type: ignore[arg-type]
    for node in np.flatnonzero(up):
        serving.join(int(node))
    done.serving_s += time.process_time() - begun
    busy_ps = live_ps = 0
    while done.requests < count:
        begin_ps = done.simulated_s * PS_PER_S
        begun = time.process_time()
        drawn = asked.draw(begin_ps, begin_ps + DRAWN_S * PS_PER_S)
        columns = {**drawn, "option": np.zeros(len(drawn), np.int64)}
        drawing = time.process_time()
        serving.offer(Requests(begin_ps, of.place(request_rows(columns, 0))))
        for end_s in range(done.simulated_s + READ_S, done.simulated_s + DRAWN_S + 1, READ_S):
            while lives and lives[0].at_ps < end_s * PS_PER_S:
                happen(serving, lives.pop(0))
            serving.advance(end_s * PS_PER_S - 1)
            reading = serving.read()
            tally = Tally(2)
            tally.count(reading.finished, targets)
            tally.measure(reading, fleet, READ_S)
            if end_s > skip_s:
                done.tally.add(tally)
                busy_ps, live_ps = busy_ps + tally.busy_ps, live_ps + tally.live_ps
                done.passes += int(reading.passes.sum())
        done.requests += len(drawn)
        done.simulated_s += DRAWN_S
        done.drawing_s += drawing - begun
        done.serving_s += time.process_time() - drawing
    done.busy_frac = busy_ps / live_ps
    return done


def saturation_per_s(router: RouterKind, nodes: int = 40, seconds: int = 300) -> float:
    """Requests a second that a node completes when it is asked for far more: after 120 s, users waiting for 30 s at most."""
    per_s = 80.0 * nodes
    done = serve("fast", nodes, per_s, int(per_s * seconds), router, skip_s=120)
    return int(done.tally.fates[:, Fate.COMPLETED].sum()) / (done.simulated_s - 120) / nodes


def compare(nodes: int, per_s: float, count: int, router: RouterKind) -> dict[str, object]:
    """The first requests by `fast` and by the reference, until the last has ended: speeds, and whether every integer agrees.

    Nodes fail in both at the same instants.
    """
    drawn = potential(per_s).draw(0, int((count / per_s + 1) * PS_PER_S)).take(slice(0, count))
    rows = request_rows({**drawn, "option": np.zeros(len(drawn), np.int64)}, 0)
    of, end_ps = roster(nodes, router), int(rows["arrival"][-1]) + 600 * PS_PER_S
    up, lives = of.lives(Streams(7, 0), 0, 0, end_ps)
    spent, told = {}, {}
    for engine in ("fast", "reference"):
        begun = time.process_time()
        serving = contract.make(engine, of.engine_fleet(2), -1)  # type: ignore[arg-type]
        for node in np.flatnonzero(up):
            serving.join(int(node))
        serving.offer(Requests(0, of.place(rows.copy())))
        for each in lives:
            happen(serving, each)
        serving.advance(end_ps)
        told[engine] = serving.read()
        spent[engine] = time.process_time() - begun
    fast, reference = told["fast"], told["reference"]
    names = [field.name for field in dataclasses.fields(fast) if isinstance(getattr(fast, field.name), np.ndarray)]
    passes = int(reference.passes.sum())
    return {
        "requests": len(rows),
        "ended": len(fast.finished),
        "passes": passes,
        "failures": len(lives),
        "fast_cpu_s": spent["fast"],
        "reference_cpu_s": spent["reference"],
        "ratio": spent["reference"] / spent["fast"],
        "reference_passes_per_cpu_s": passes / spent["reference"],
        "equal": all(np.array_equal(getattr(fast, name), getattr(reference, name)) for name in names),
    }


def peak_mib() -> float:
    """The most memory that this process has held, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.large_fleet", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--requests", type=int, default=COUNT, metavar="N", help=f"requests a load (default {COUNT:,})")
    parser.add_argument("--nodes", type=int, default=NODES, metavar="N", help=f"nodes (default {NODES:,})")
    parser.add_argument(
        "--router",
        choices=ROUTER_KINDS,
        default="random",
        metavar="KIND",
        help="what gives requests to nodes (default random)",
    )
    parser.add_argument(
        "--loads", type=float, nargs="+", default=[0.7, 0.9], metavar="FRAC", help="shares of saturation"
    )
    parser.add_argument(
        "--against", type=int, metavar="N", help="serve N requests by the reference too, and nothing else"
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS, metavar="N", help=f"rounds a load (default {ROUNDS})")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    asked = parser.parse_args()
    compile_core()
    yardstick = customers_per_cpu_s()
    most = saturation_per_s(asked.router)
    if asked.against:
        found = compare(asked.nodes, asked.loads[0] * most * asked.nodes, asked.against, asked.router)
        print(json.dumps({"yardstick_per_cpu_s": yardstick, "saturation_per_node_s": most, **found}, indent=1))
        return
    rows = []
    for load_frac in asked.loads:
        rounds = [
            serve("fast", asked.nodes, load_frac * most * asked.nodes, asked.requests, asked.router)
            for _ in range(asked.rounds)
        ]
        speeds = sorted(each.per_cpu_s for each in rounds)
        done = rounds[-1]
        fates = done.tally.fates.sum(axis=0)
        rows.append(
            {
                "load_frac": load_frac,
                "requests_per_cpu_s": statistics.median(speeds),
                "slowest_round_per_cpu_s": speeds[0],
                "fastest_round_per_cpu_s": speeds[-1],
                "asked_per_cpu_s": TARGET_PER_YARDSTICK * yardstick,
                "draws_per_cpu_s": done.requests / done.drawing_s,
                "passes_per_request": done.passes / done.requests,
                "busy_frac": done.busy_frac,
                "abandoned_frac": int(fates[Fate.ABANDONED]) / int(fates.sum()),
                "requests": done.requests,
                "simulated_s": done.simulated_s,
                "peak_mib": peak_mib(),
            }
        )
    told = {
        "yardstick_per_cpu_s": yardstick,
        "saturation_per_node_s": most,
        "nodes": asked.nodes,
        "router": asked.router,
        "loads": rows,
    }
    if asked.json:
        print(json.dumps(told, indent=1))
        return
    print(
        f"yardstick: {yardstick:,.0f} customers a CPU-second; router {asked.router}: a node completes {most:.2f} requests a second at most"
    )
    for row in rows:
        print(
            f"load {row['load_frac']:.0%}: {row['requests_per_cpu_s']:,.0f} requests a CPU-second, median of {asked.rounds} rounds "
            f"({row['slowest_round_per_cpu_s']:,.0f} to {row['fastest_round_per_cpu_s']:,.0f}; asked: {row['asked_per_cpu_s']:,.0f}), {row['requests']:,} requests in {row['simulated_s']} s, "
            f"{row['passes_per_request']:.2f} passes each, busy {row['busy_frac']:.1%}, abandoned {row['abandoned_frac']:.2%}; "
            f"drawing them: {row['draws_per_cpu_s']:,.0f} a CPU-second; memory {row['peak_mib']:,.0f} MiB at most"
        )


if __name__ == "__main__":
    main()
