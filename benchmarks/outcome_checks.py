"""Which rule tells a moved outcome from noise: `python -m benchmarks.outcome_checks [--runs N]` on infermint's own serving model.

A CI run compares 32 replications of a fleet with 32 that were accepted. The outcome is the 95th percentile of time to the end (E2E) of one
replica at 70 % load (`benchmarks.engines`: Llama-2-7B on A100-80G, lengths of the Azure conversation trace). What happened to the code is
known: nothing; a harmless change of streams; passes so much slower that the outcome is 10 % (or 28 %) higher. Told is the share of CI
runs in which each rule says that the outcome moved, and in which `infermint check` says that it cannot tell.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Callable

import numpy as np
from scipy import stats

from benchmarks.engines import RATE_PER_S, a100, requests
from sim.records.baseline import Row, row_of
from sim.serving.contract import Fleet, Routing, make
from sim.study.plan import Zone
from sim.study.regression import judge_rows

REPLICAS, COUNT, WARM = 1, 600, 100
"""Replicas, requests of a replication, and those of them that are not counted: they meet an empty fleet."""
REPLICATIONS, BAND, CONFIDENCE = 32, 0.05, 0.95
SHIFTS = (0.10, 0.28)
CALIBRATED_ON = 100
"""Replications, of other streams than any CI run, on which passes are slowed until the outcome is so much higher."""


def outcome(slower: float, stream: int) -> float:
    """P95 of E2E in seconds of one replication, its passes longer by a share of what tokens cost."""
    kind = a100()
    cost = dataclasses.replace(kind.cost, dense=np.rint(kind.cost.dense * (1 + slower)).astype(np.int64))
    of = Fleet(
        (dataclasses.replace(kind, cost=cost),), np.zeros(REPLICAS, int), np.ones(REPLICAS, int), 1,
        Routing("power_of_two"), stream,
    )  # fmt: skip
    asked = requests(COUNT, RATE_PER_S * REPLICAS, seed=stream)
    engine = make("fast", of)
    for node in range(REPLICAS):
        engine.join(node)
    engine.offer(asked)
    engine.advance(int(asked.rows["arrival"][-1]) + 1000 * 10**12)
    rows = engine.read().finished
    return float(np.quantile(rows["end"][rows["id"] >= WARM], 0.95)) / 1e12


def slowing(shift: float) -> float:
    """The share by which passes are slowed for the mean outcome to be `shift` higher, by bisection to 0.1 % of the outcome."""
    streams = [10**9 + r for r in range(CALIBRATED_ON)]
    base = np.mean([outcome(0.0, stream) for stream in streams])
    low, high = 0.0, 1.0
    while True:
        middle = (low + high) / 2
        found = np.mean([outcome(middle, stream) for stream in streams]) / base - 1
        if abs(found - shift) < 0.001:
            return middle
        low, high = (middle, high) if found < shift else (low, middle)


MOVED = "`infermint check`, band 5 %"
UNDECIDED = "the same says undecided"


def interval(values: np.ndarray) -> tuple[float, float]:
    """The t interval of a mean."""
    half = stats.t.ppf(0.5 + CONFIDENCE / 2, len(values) - 1) * values.std(ddof=1) / len(values) ** 0.5
    return float(values.mean() - half), float(values.mean() + half)


def by_infermint(old: np.ndarray, new: np.ndarray) -> str:
    """What `infermint check` says: moved, undecided or same."""
    rows: list[Row] = [
        row_of(("p", "path", "", "fleet.e2e_p95_s"), "s", float(v.mean()), v.tolist()) for v in (old, new)
    ]
    [found] = judge_rows(lambda _: Zone(relative=BAND), [(rows[0], rows[1])], True, CONFIDENCE)
    return found.state


def _apart(old: np.ndarray, new: np.ndarray) -> bool:
    (low, high), (lower, higher) = interval(old), interval(new)
    return low > higher or lower > high


RULES: dict[str, Callable[[np.ndarray, np.ndarray], bool]] = {
    "equal to the last digit": lambda old, new: bool((old != new).any()),
    "within 1 % of the mean": lambda old, new: bool(abs(new.mean() / old.mean() - 1) > 0.01),
    "within 5 % of the mean": lambda old, new: bool(abs(new.mean() / old.mean() - 1) > 0.05),
    "intervals overlap": _apart,
    "Welch's p >= .05": lambda old, new: bool(stats.ttest_ind(old, new, equal_var=False).pvalue < 0.05),
    "paired p >= .05": lambda old, new: bool((old != new).any() and stats.ttest_rel(old, new).pvalue < 0.05),
    MOVED: lambda old, new: by_infermint(old, new) == "moved",
    UNDECIDED: lambda old, new: by_infermint(old, new) == "undecided",
}


def sample(slower: float, run: int, other: bool) -> np.ndarray:
    """The replications of a CI run, of its own streams; `other` are streams that share no draw with them."""
    first = (2 * run + other) * REPLICATIONS
    return np.array([outcome(slower, first + r) for r in range(REPLICATIONS)])


def experiment(runs: int) -> dict[str, dict[str, float]]:
    """What happened to the code, and by rule the share of `runs` CI runs in which it says so."""
    slower = {shift: slowing(shift) for shift in SHIFTS}
    happened: dict[str, tuple[float, bool]] = {
        "nothing": (0.0, False),
        "other streams, harmless": (0.0, True),
        **{f"{shift:+.0%}, same streams": (slower[shift], False) for shift in SHIFTS},
        f"{SHIFTS[1]:+.0%}, other streams": (slower[SHIFTS[1]], True),
    }
    before = [sample(0.0, run, False) for run in range(runs)]
    found = {}
    for what, (slow, other) in happened.items():
        after = [sample(slow, run, other) for run in range(runs)]
        found[what] = {
            name: float(np.mean([rule(old, new) for old, new in zip(before, after, strict=True)]))
            for name, rule in RULES.items()
        }
    return found


def table(found: dict[str, dict[str, float]]) -> str:
    """A Markdown table: a row for what happened, a column a rule."""
    lines = ["| what happened to the code | " + " | ".join(RULES) + " |", "| --- |" + " --- |" * len(RULES)]
    lines += [
        f"| {what} | " + " | ".join(f"{share:.3g}" for share in each.values()) + " |" for what, each in found.items()
    ]
    return "\n".join(lines)


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.outcome_checks", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--runs", type=int, default=200, metavar="N", help="CI runs (default 200)")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    asked = parser.parse_args()
    found = experiment(asked.runs)
    print(json.dumps(found, indent=1) if asked.json else table(found))


if __name__ == "__main__":
    main()
