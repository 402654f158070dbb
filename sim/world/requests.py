"""Every request that a run served one by one, for whoever asks to see them: times, tokens, fate, node and energy.

A run gives batches to a function of the caller's: a window's of one fleet, or an epoch's where all requests are served. Requests
that are still on their way at the horizon have not ended, and are in none.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from sim.records.files import seconds
from sim.serving.contract import NEVER, Fate, Fleet, Reason
from sim.units import PS_PER_S
from sim.world.energy import request_joules, types_of
from sim.world.fleet import Roster


@dataclasses.dataclass(frozen=True)
class Batch:
    """Requests of one fleet that have ended: `rows` (dtype FINISHED) with arrivals in ps from `start_ps` of the run on.

    `energy_j` float64[types] is what the fleet used meanwhile, `part` the number of the window or epoch.
    """

    network: str
    model: str
    part: int
    start_ps: int
    rows: np.ndarray
    roster: Roster
    fleet: Fleet
    energy_j: np.ndarray


Told = Callable[[Batch], None]
"""Takes the batches of a run, in the order of its windows or epochs."""


def columns(batch: Batch, classes: tuple[str, ...]) -> dict[str, list[Any]]:
    """The batch's columns in order of arrival, ties by id; None where a request has no such number.

    Times to the first and last token are those that the user sees: longer than the node's by the time in the network.
    """
    rows = batch.rows[np.lexsort((batch.rows["id"], batch.rows["arrival"]))]
    kind, trip = types_of(rows, batch.fleet), batch.roster.network_ps(rows, batch.fleet)
    given = rows["replica"] >= 0
    node = np.where(given, batch.fleet.node_of(np.where(given, rows["replica"], 0)), -1)
    members = batch.roster.plan.members
    begun, ended = rows["first_token"] != NEVER, rows["fate"] == Fate.COMPLETED
    return {
        "network": [batch.network] * len(rows),
        "client_class": [classes[k] for k in rows["klass"].tolist()],
        "model": [batch.model] * len(rows),
        "part": [batch.part] * len(rows),
        "request": rows["id"].tolist(),
        "arrival_s": (batch.start_ps / PS_PER_S + rows["arrival"] / PS_PER_S).tolist(),
        "prompt_tokens": rows["prompt"].tolist(),
        "cached_tokens": np.minimum(rows["cached"], rows["prompt"]).tolist(),
        "output_tokens": rows["output"].tolist(),
        "delivered_tokens": rows["delivered"].tolist(),
        "computed_tokens": rows["computed"].tolist(),
        "fate": [Fate(fate).name.lower() for fate in rows["fate"].tolist()],
        "reason": [Reason(why).name.lower() if why else None for why in rows["reason"].tolist()],
        "operators": [members[batch.roster.member[n]].name if n >= 0 else None for n in node.tolist()],
        "slot": [int(batch.roster.slot[n]) if n >= 0 else None for n in node.tolist()],
        "attempts": rows["attempts"].tolist(),
        "preemptions": rows["preemptions"].tolist(),
        "network_s": seconds(trip, given),
        "ttft_s": seconds(rows["first_token"] + np.where(begun, trip, 0), begun),
        "e2e_s": seconds(rows["end"] + trip, ended),
        "energy_j": request_joules(batch.energy_j, kind, rows["computed"]).tolist(),
    }
