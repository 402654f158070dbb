"""The figures of a report in order, each with its title, its description in words, its CSV and the way to draw it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Sequence
from typing import Any

from matplotlib.figure import Figure

from sim.records.columns import FIGURES
from sim.records.sensitivity import SensitivityRecord
from sim.records.study import StudyRecord
from sim.report import (
    ecdf,
    fan,
    flow_bars,
    forest,
    heat,
    lorenz,
    moves,
    sensitivity,
    supply_curve,
    swept,
    warm_up,
    words,
)


@dataclasses.dataclass(frozen=True)
class Entry:
    """One figure: `name` is that of its CSV, unique in a report; `alt` are full sentences; `draw` makes the figure anew.

    `network` is the one that it is about (`world` for all of them, empty where that is no question), `policy` and `outcome` the only ones it shows.
    """

    name: str
    section: str
    title: str
    alt: str
    rows: list[list[Any]]
    draw: Callable[[], Figure]
    network: str = ""
    policy: str = ""
    outcome: str = ""

    @property
    def head(self) -> tuple[str, ...]:
        """The columns of its CSV, by what the name begins with (`records.columns.FIGURES`)."""
        return next(columns for kind, columns in FIGURES.items() if self.name.startswith(kind))


def entries(record: StudyRecord, point: int = 0, analyses: Sequence[SensitivityRecord] = ()) -> list[Entry]:
    """All figures that the record and its analyses have data for; those of a sweep show one `point`, their CSVs hold all points."""
    found = [
        *_forests(record, point),
        *_moves(record, point),
        *_heats(record),
        *_sweeps(record),
        *(entry for analysis in analyses for entry in _sensitivities(analysis)),
        *_fans(record, point),
        *_warm_ups(record, point),
        *_ecdfs(record, point),
        *_by_network(record, point, lorenz, "lorenz", ": who earns how much"),
        *_by_network(record, point, supply_curve, "supply", ": who stops at which coin price"),
        *_flows(record, point),
    ]
    taken: dict[str, int] = {}
    named = []
    for entry in found:
        count = taken[entry.name] = taken.get(entry.name, 0) + 1
        named.append(entry if count == 1 else dataclasses.replace(entry, name=f"{entry.name}-{count}"))
    return named


def _sensitivities(analysis: SensitivityRecord) -> list[Entry]:
    return [
        Entry(
            file_name(analysis.method, one.outcome, one.policy, one.coin_price),
            "what moves it",
            sensitivity.title(one),
            sensitivity.description(analysis, one),
            sensitivity.csv_rows(analysis, [one]),
            lambda one=one: sensitivity.figure(analysis, [one]),  # type: ignore[misc]
            network=words.network_of(one.outcome) or "world",
            policy=one.policy,
            outcome=one.outcome,
        )
        for one in sensitivity.asked(analysis)[: sensitivity.MOST_PANELS]
    ]


def file_name(*parts: str) -> str:
    """A name of lower-case letters, digits, `_` and `-` that any file system and any id takes."""
    text = "-".join(re.sub(r"[^a-z0-9_]+", "-", part.lower()).strip("-") or "x" for part in parts)
    return text[:60].rstrip("-")


def _forests(record: StudyRecord, point: int) -> list[Entry]:
    return [
        Entry(
            file_name("forest", policy),
            "differences",
            f"{words.clip(policy)} against {words.clip(forest.of_policy(record, policy, point)[0].baseline)}",
            forest.description(record, policy, point),
            forest.csv_rows(record, policy),
            lambda policy=policy: forest.figure(record, policy, point),  # type: ignore[misc]
            policy=policy,
        )
        for policy in forest.compared(record, point)
    ]


def _moves(record: StudyRecord, point: int) -> list[Entry]:
    return [
        Entry(
            file_name("moves", policy),
            "differences",
            f"What the differences of {words.clip(policy)} move with",
            moves.description(record, policy, point),
            moves.csv_rows(record, policy),
            lambda policy=policy: moves.figure(record, policy, point),  # type: ignore[misc]
            policy=policy,
        )
        for policy in moves.policies(record, point)
    ]


def _heats(record: StudyRecord) -> list[Entry]:
    return [
        _over_points(record, heat, "heat", outcome, f"the grid ({heat.unit_of(record, outcome) or '1'})")
        for outcome in heat.outcomes(record)
    ]


def _sweeps(record: StudyRecord) -> list[Entry]:
    along = swept.axis(record)
    if along is None:
        return []
    key = words.parameter_name(along.key)
    return [_over_points(record, swept, "swept", outcome, key) for outcome in swept.outcomes(record)]


def _over_points(record: StudyRecord, room: Any, name: str, outcome: str, over: str) -> Entry:
    """The figure of one outcome's differences over all points of a sweep."""
    return Entry(
        file_name(name, *outcome.split(".")),
        "differences",
        f"{words.full_label(outcome)}: differences over {over}",
        room.description(record, outcome),
        room.csv_rows(record, outcome),
        lambda: room.figure(record, outcome),
        words.network_of(outcome) or "world",
        outcome=outcome,
    )


def _fans(record: StudyRecord, point: int) -> list[Entry]:
    return _by_outcome(record, point, fan, "over-time", " over time")


def _warm_ups(record: StudyRecord, point: int) -> list[Entry]:
    return _by_outcome(record, point, warm_up, "warm-up", ": warm-up (grey: what MSER-5 cuts)")


def _by_outcome(record: StudyRecord, point: int, kind: Any, name: str, title: str) -> list[Entry]:
    """A figure of one kind (a module of this room) for each outcome that it has data for."""
    return [
        Entry(
            file_name(name, *outcome.split(".")),
            "over time",
            f"{words.full_label(outcome)}{title}",
            kind.description(record, outcome, point),
            kind.csv_rows(record, outcome),
            lambda outcome=outcome: kind.figure(record, outcome, point),  # type: ignore[misc]
            words.network_of(outcome) or "world",
            outcome=outcome,
        )
        for outcome in kind.outcomes(record, point)
    ]


def _by_network(record: StudyRecord, point: int, kind: Any, name: str, title: str) -> list[Entry]:
    """A figure of one kind (a module of this room) for each network that it has data for."""
    return [
        Entry(
            file_name(name, network),
            "operators",
            f"{words.clip(network)}{title}",
            kind.description(record, network, point),
            kind.csv_rows(record, network),
            lambda network=network: kind.figure(record, network, point),  # type: ignore[misc]
            words.clip(network),
        )
        for network in kind.networks(record, point)
    ]


def _ecdfs(record: StudyRecord, point: int) -> list[Entry]:
    return [
        Entry(
            file_name("latency", network, metric),
            "latency",
            f"{words.clip(network)}: {ecdf.METRICS[metric]}",
            ecdf.description(record, network, metric, point),
            ecdf.csv_rows(record, network, metric),
            lambda network=network, metric=metric: ecdf.figure(record, network, metric, point),  # type: ignore[misc]
            words.clip(network),
        )
        for network, metric in ecdf.pairs(record, point)
    ]


def _flows(record: StudyRecord, point: int) -> list[Entry]:
    return [
        Entry(
            file_name("flows", currency),
            "flows",
            f"Where {words.clip(currency, 12)} came from and went",
            flow_bars.description(record, currency, point),
            flow_bars.csv_rows(record),
            lambda currency=currency: flow_bars.figure(record, currency, point),  # type: ignore[misc]
        )
        for currency in flow_bars.currencies(record, point)
    ]
