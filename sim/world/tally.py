"""What measured requests add up to: counts by class and fate, tokens, latencies; merged by addition."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import numpy as np

from sim.records import histogram
from sim.serving.contract import NEVER, Fate, Fleet, Reading
from sim.serving.energy import watts_of
from sim.tokenomics.ledger import exact_sum
from sim.units import PS_PER_S
from sim.world.energy import class_joules

METRICS = ("ttft", "tpot", "e2e")


@dataclasses.dataclass(frozen=True)
class Targets:
    """SLO of each class in picoseconds (NEVER where none is set): int64[classes]."""

    ttft_ps: np.ndarray
    tpot_ps: np.ndarray


class Done(NamedTuple):
    """Completed requests as int64 columns: class, prompt and output tokens, TTFT and E2E in ps."""

    klass: np.ndarray
    prompt: np.ndarray
    output: np.ndarray
    first_token: np.ndarray
    end: np.ndarray


class Tally:
    """Sums over requests by the epoch of their arrival; one row a class.

    `fates[k, f]` counts requests; `prompt` and `output` are billed tokens (the prompt once the first token came, the
    delivered output), `cached` those of the prompt whose KV was there already; `slo*` those of requests completed within target; `e2e_us`, `ttft_us` sums over completed ones, each
    floored to microseconds, with `network_us`, their time between user and node. `seconds` is the measured time.
    `energy_class_j` are the shares of requests in `energy_j` (`attribute`); `energy_type_j` is the last fleet's, by node type.
    """

    def __init__(self, classes: int) -> None:
        self.fates = np.zeros((classes, len(Fate)), np.int64)
        self.prompt = np.zeros(classes, np.int64)
        self.output = np.zeros(classes, np.int64)
        self.cached = np.zeros(classes, np.int64)
        self.computed = np.zeros(classes, np.int64)
        self.slo = np.zeros(classes, np.int64)
        self.slo_output = np.zeros(classes, np.int64)
        self.slo_tokens = np.zeros(classes, np.int64)
        self.e2e_us = np.zeros(classes, np.int64)
        self.ttft_us = np.zeros(classes, np.int64)
        self.network_us = np.zeros(classes, np.int64)
        self.latency = {metric: np.zeros(histogram.BUCKETS, np.int64) for metric in (*METRICS, "gap")}
        self.busy_ps = 0
        self.live_ps = 0
        self.energy_j = 0.0
        self.energy_class_j = np.zeros(classes)
        self.energy_type_j: np.ndarray = np.zeros(0)
        self.seconds = 0.0
        self.windows = 0

    def add(self, other: Tally) -> None:
        """Merge another tally of the same classes into this one."""
        for name in _SUMS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for metric, counts in other.latency.items():
            self.latency[metric] += counts

    @property
    def arrived(self) -> np.ndarray:
        """Requests by class: the sum of their fates, always."""
        return self.fates.sum(axis=1)

    @property
    def completed(self) -> np.ndarray:
        """Completed requests by class."""
        return self.fates[:, Fate.COMPLETED]

    def count(self, rows: np.ndarray, targets: Targets, network_ps: np.ndarray | None = None) -> None:
        """Add finished rows (dtype FINISHED); latencies of completed ones only, each longer by its time in the network."""
        klass = rows["klass"].astype(np.int64)
        # Column by column: copying rows of named fields costs ten times as much as all the sums.
        fates = np.bincount(klass * len(Fate) + rows["fate"], minlength=self.fates.size)
        self.fates += fates.reshape(self.fates.shape)
        self._sum("prompt", klass, np.where(rows["first_token"] != NEVER, rows["prompt"], 0))
        begun = np.where(rows["first_token"] != NEVER, np.minimum(rows["cached"], rows["prompt"]), 0)
        self._sum("cached", klass, begun)
        self._sum("output", klass, rows["delivered"])
        self._sum("computed", klass, rows["computed"])
        completed = rows["fate"] == Fate.COMPLETED
        done = Done(klass[completed], *(rows[name][completed].astype(np.int64) for name in Done._fields[1:]))
        if network_ps is not None:
            trip = network_ps[completed]
            done = done._replace(first_token=done.first_token + trip, end=done.end + trip)
            self._sum("network_us", done.klass, trip // 10**6)
        self._count_latencies(done)
        good = within(done, targets)
        klass, output = done.klass[good], done.output[good]
        self._sum("slo", klass, np.ones(len(klass), np.int64))
        self._sum("slo_output", klass, output)
        self._sum("slo_tokens", klass, output + done.prompt[good])

    def measure(self, reading: Reading, fleet: Fleet, seconds: float) -> None:
        """Take the counters of a fleet's replicas over `seconds`: busy and live time, energy, gaps between tokens."""
        types = np.repeat(fleet.node_type, fleet.replicas)
        active, idle = watts_of(fleet.types, types)
        busy_s, live_s = reading.busy_ps / PS_PER_S, reading.live_ps / PS_PER_S
        energy_j = busy_s * active + (live_s - busy_s) * idle
        self.energy_j = float(energy_j.sum())
        self.energy_type_j = np.bincount(types, energy_j, len(fleet.types))
        # Picoseconds of sixteen replicas and a week exceed 64 bits.
        self.busy_ps, self.live_ps = exact_sum(reading.busy_ps), exact_sum(reading.live_ps)
        self.latency["gap"] += reading.gaps.sum(axis=0)
        self.seconds, self.windows = seconds, 1

    def attribute(self, computed: np.ndarray) -> None:
        """Share the energy that was measured over classes, by what was computed for them (`computed_by`)."""
        # Behind the users' classes may stand one of training jobs.
        self.energy_class_j += class_joules(self.energy_type_j, computed)[: len(self.energy_class_j)]

    def _sum(self, name: str, klass: np.ndarray, values: np.ndarray) -> None:
        # Of one width: numpy is fast only then.
        np.add.at(getattr(self, name), klass, values.astype(np.int64, copy=False))

    def _count_latencies(self, done: Done) -> None:
        self._sum("e2e_us", done.klass, done.end // 10**6)
        self._sum("ttft_us", done.klass, done.first_token // 10**6)
        more = done.output > 1
        values = {
            "ttft": done.first_token,
            "e2e": done.end,
            "tpot": (done.end - done.first_token)[more] // (done.output[more] - 1),
        }
        for metric, ps in values.items():
            self.latency[metric] += histogram.count(ps)


_SUMS = (
    "fates", "prompt", "output", "cached", "computed", "slo", "slo_output", "slo_tokens", "e2e_us", "ttft_us", "network_us",
    "busy_ps", "live_ps", "energy_j", "energy_class_j", "seconds", "windows",
)  # fmt: skip


def within(done: Done, targets: Targets) -> np.ndarray:
    """Which completed requests met their class's targets; at the target itself is met. One output token has no TPOT."""
    fast = done.first_token <= targets.ttft_ps[done.klass]
    # A comparison of products would overflow at NEVER; the ceiling of the mean is exact for "<= target".
    pace = -(-(done.end - done.first_token) // np.maximum(done.output - 1, 1))
    return fast & ((done.output == 1) | (pace <= targets.tpot_ps[done.klass]))


def add_timely(timely: np.ndarray, rows: np.ndarray, fleet: Fleet, targets: Targets) -> None:
    """Add the tokens of finished rows that completed within their class's target to `timely`, int64[nodes], by node."""
    done = rows[(rows["fate"] == Fate.COMPLETED) & (rows["replica"] >= 0)]
    good = done[within(Done(*(done[name].astype(np.int64) for name in Done._fields)), targets)]
    tokens = good["prompt"].astype(np.int64) + good["delivered"]
    np.add.at(timely, fleet.node_of(good["replica"]), tokens)


def add_work(work: np.ndarray, rows: np.ndarray, fleet: Fleet) -> None:
    """Add finished rows' billed prompt and delivered tokens to `work`, int64[nodes, 2], by the node that had them last."""
    given = rows[rows["replica"] >= 0]
    node = fleet.node_of(given["replica"])
    np.add.at(work[:, 1], node, given["delivered"])
    begun = given["first_token"] != NEVER
    np.add.at(work[:, 0], node[begun], given["prompt"][begun])
