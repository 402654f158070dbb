"""How often our intervals hold the truth: `python -m benchmarks.coverage [--studies N] [--write]`, which makes `docs/coverage.md`.

Queues with known answers (M/M/1 and M/M/c) are simulated through the kernel of `infermint verify`, thousands of studies of each kind;
the intervals are made by the functions of `sim.study` that every report uses. An interval over single requests stands beside them as a
warning: no report prints one.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy import special

from sim.kernels.queueing.servers import many_servers
from sim.study import batches, sequential, statistics

PAGE = Path(__file__).parents[1] / "docs" / "coverage.md"
STUDIES, REPLICATIONS, CUSTOMERS, SHORT = 2000, 20, 6000, 2000
"""Studies of each kind, replications of a study, customers of a replication, and of a short one."""
LONG, EPOCHS = 200_000, 200
"""Customers of one long run, and the epochs whose means it leaves."""
WARM = 4000
"""Customers of M/M/c before those that count: they meet an empty system. M/M/1 begins in its long-run state."""
FASTER = 1.05
"""Speed of the server that the other policy of a pair has."""
TICKS = 10**9
LOW, HIGH = 0.93, 0.97
"""What a nominal 95 % may cover."""
NAIVE = "over single requests (never printed)"


@dataclasses.dataclass(frozen=True)
class Row:
    """One kind of interval on one queue: in how many of the studies it held the truth."""

    method: str
    queue: str
    held: int
    studies: int
    note: str = ""

    @property
    def covered(self) -> float:
        """The share."""
        return self.held / self.studies

    @property
    def error(self) -> float:
        """Two standard errors of the share."""
        return 2 * (self.covered * (1 - self.covered) / self.studies) ** 0.5


def queue(servers: int, arrival: np.ndarray, service: np.ndarray) -> np.ndarray:
    """Waits in units of time, through the kernel."""
    at, ticks = np.rint(arrival * TICKS).astype(np.int64), np.maximum(np.rint(service * TICKS), 1).astype(np.int64)
    start, room = np.empty_like(at), len(at) + 1
    free_at, leaves = np.zeros(servers, np.int64), np.empty((2, room + 1), np.int64)
    many_servers(at, ticks, room, free_at, np.arange(servers), leaves[0], leaves[1], start)
    return (start - at) / TICKS


def wait(load: float, servers: int = 1, speed: float = 1.0) -> float:
    """Mean wait of M/M/c: service 1 / `speed` on average, arrivals at `load` x servers (Erlang C)."""
    offered = load * servers / speed
    last = offered**servers / special.factorial(servers) / (1 - offered / servers)
    waits = last / (sum(offered**k / special.factorial(k) for k in range(servers)) + last)
    return float(waits / (servers * speed - load * servers))


def mm1(rng: np.random.Generator, load: float, count: int, speeds: tuple[float, ...] = (1.0,)) -> list[np.ndarray]:
    """Waits of `count` customers at each speed from the same draws; the first meets the work of the long run."""
    arrival = np.concatenate([[0.0, 0.0], np.cumsum(rng.exponential(1 / load, count - 1))])
    services, there = rng.exponential(1.0, count), rng.random()
    found = []
    for speed in speeds:
        # Work found on arrival is 0 with probability 1 - load, else exponential at the rate speed - load.
        share = load / speed
        work = 0.0 if there < 1 - share else -np.log((1 - there) / share) / (speed - load)
        found.append(queue(1, arrival, np.concatenate([[work], services / speed]))[1:])
    return found


def mmc(rng: np.random.Generator, load: float, count: int, servers: int) -> np.ndarray:
    """Waits of `count` customers after `WARM`, from an empty start."""
    arrival = np.cumsum(rng.exponential(1 / (load * servers), WARM + count))
    return queue(servers, arrival, rng.exponential(1.0, WARM + count))[WARM:]


def _row(
    method: str, of: str, truth: float, studies: int, one: Callable[[], statistics.Interval | statistics.Paired]
) -> Row:
    found = [one() for _ in range(studies)]
    return Row(method, of, sum(each.low <= truth <= each.high for each in found), studies)


def replications(load: float, studies: int, servers: int = 1, customers: int = CUSTOMERS) -> Row:
    """T intervals of a mean over replications."""
    rng = np.random.default_rng([1, int(100 * load), servers])

    def value() -> float:
        waits = mm1(rng, load, customers)[0] if servers == 1 else mmc(rng, load, customers, servers)
        return float(waits.mean())

    def one() -> statistics.Interval:
        return statistics.mean_interval([value() for _ in range(REPLICATIONS)])

    return _row(f"replications of {customers:,}", f"M/M/{servers}, load {load}", wait(load, servers), studies, one)


def paired(load: float, studies: int, customers: int = CUSTOMERS) -> Row:
    """Paired differences of two servers that meet the same customers."""
    rng, gains = np.random.default_rng([2, int(100 * load)]), []

    def one() -> statistics.Paired:
        pairs = [[waits.mean() for waits in mm1(rng, load, customers, (1.0, FASTER))] for _ in range(REPLICATIONS)]
        found = statistics.paired([pair[1] for pair in pairs], [pair[0] for pair in pairs])
        gains.append(found.gain)
        return found

    truth = wait(load, speed=FASTER) - wait(load)
    row = _row(f"paired, replications of {customers:,}", f"M/M/1, load {load}, server 5 % faster", truth, studies, one)
    return dataclasses.replace(row, note=f"gain of common random numbers {np.median(gains):.1f}x (median)")


def long_runs(load: float, studies: int) -> list[Row]:
    """Batch means of one long run, and what an interval over its single requests would cover."""
    rng = np.random.default_rng([3, int(100 * load)])
    naive, dependent = [], []

    def one() -> statistics.Interval:
        waits = mm1(rng, load, LONG)[0]
        middle, half = float(waits.mean()), statistics.half_width(float(waits.std(ddof=1)), LONG, 0.95)
        naive.append(abs(middle - wait(load)) <= half)
        found = batches.batch_means(waits.reshape(EPOCHS, -1).mean(axis=1).tolist())
        dependent.append(not found.independent)
        return found.interval

    of = f"M/M/1, load {load}, one run of {LONG:,}"
    row = _row("batch means", of, wait(load), studies, one)
    note = f"{np.mean(dependent):.1%} warned of batches that depend"
    return [dataclasses.replace(row, note=note), Row(NAIVE, of, sum(naive), studies)]


def stopped(first: int, studies: int, relative: float = 0.1, load: float = 0.8) -> Row:
    """Intervals at which the rule of `--until-relative` stops, were its first look at `first` replications."""
    rng, until, counts = np.random.default_rng([4, first]), sequential.Until(relative), []

    def one() -> statistics.Interval:
        values: list[float] = []
        n = first
        while True:
            values += [float(mm1(rng, load, SHORT)[0].mean()) for _ in range(n - len(values))]
            found = statistics.mean_interval(values)
            widest = (found.high - found.low) / 2 / found.mean
            if widest <= relative:
                counts.append(n)
                return found
            n = sequential.next_look(n, widest, until)

    method = f"stopped at {100 * relative:g} % of the mean, first look at {first}"
    row = _row(method, f"M/M/1, load {load}", wait(load), studies, one)
    return dataclasses.replace(row, note=f"{np.mean(counts):.1f} replications on average")


def ours(studies: int = STUDIES) -> list[Row]:
    """The kinds of interval that studies print, and the naive one beside batch means."""
    rows = [replications(0.5, studies), replications(0.8, studies), replications(0.8, studies, servers=4)]
    rows += [paired(0.5, studies), paired(0.8, studies)]
    return [*rows, *long_runs(0.5, studies), *long_runs(0.8, studies)]


def every(studies: int = STUDIES) -> list[Row]:
    """All rows of the page."""
    short = [replications(0.8, studies, 4, SHORT), paired(0.8, studies, SHORT)]
    return ours(studies) + short + [stopped(first, studies) for first in (3, 5, 10, sequential.FIRST)]


def table(rows: list[Row]) -> str:
    """The rows as Markdown."""
    lines = ["| interval | queue | covers | studies | |", "| --- | --- | --- | --- | --- |"]
    lines += [
        f"| {row.method} | {row.queue} | {100 * row.covered:.1f} % ± {100 * row.error:.1f} | {row.studies:,} | {row.note} |"
        for row in rows
    ]
    return "\n".join(lines)


_PAGE = """\
# Coverage: how often our intervals hold the truth

Remade by `python -m benchmarks.coverage --write`. Nominal are 95 %. The quantity is the mean wait in queues whose answer is known; the
queues run through the kernel that `infermint verify` uses, the intervals are made by the functions of every report (`sim/study`).
A study has {replications} replications, of {customers:,} customers each unless a row says otherwise. The slow test `tests/study/test_coverage.py` holds
replications and paired differences of that length, and batch means, to 93 to 97 %.

{table}

What it teaches

- An interval over single requests is worthless: they wait together. No report prints one.
- Rules that look again and again stop where an interval happens to be narrow. From 3 replications on that is expensive, so `--until-relative` begins at {first}.
- Batch means are those of one run with 20 batches, or 10 where von Neumann's ratio says that 20 depend on each other.
- Short replications of a busy queue have skewed means, and t intervals over twenty of them cover two percent less than they say. Longer ones help more than many.
- Rules that stop were tried on short replications ({short:,} customers), where they do worst.
"""


def main() -> None:
    """Run all, print the table, and write the page if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=STUDIES)
    parser.add_argument("--write", action="store_true", help="make docs/coverage.md")
    asked = parser.parse_args()
    told = table(every(asked.studies))
    if asked.write:
        page = _PAGE.format(
            table=told, replications=REPLICATIONS, customers=CUSTOMERS, first=sequential.FIRST, short=SHORT
        )
        PAGE.write_text(page, encoding="utf-8")
    print(told)


if __name__ == "__main__":
    main()
