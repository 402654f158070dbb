"""The blocks of `jobs:`: training in synchronous rounds, on nodes of its own that straggle and fail, or on those of a network.

What a round costs in time and money follows from these keys in `sim.world.training` and `sim.world.shared_jobs`; `docs/training-jobs.md` tells it in words.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from sim.blocks import Block, OneOf, Table, sourced
from sim.tokenomics.spells import SPELLS, ConstantSpell, ExponentialSpell, LognormalSpell
from sim.units import FixedHourly, Quantity

Long = Annotated[float, Quantity("duration", low=1, dated=False)]
"""Seconds, >= 1, the same for the whole run."""
Span = Annotated[float, Quantity("duration", low=0, dated=False)]
"""Seconds, >= 0, the same for the whole run."""
_NODE = (
    "419 unexpected interruptions of 16,384 H100 in 54 days: 6,335 h a node of 8 (datacenterdynamics.com, July 2024)"
)


class Jobs(Block):
    """What all classes of jobs have: jobs that come, rounds of parts, a quorum, checkpoints, a deadline."""

    every: Annotated[float, Quantity("duration", low=60, dated=False)]
    """Mean time between two jobs; at least 60 s. Under `between: {states: median}` the median."""
    between: Annotated[Any, OneOf(SPELLS, "constant")] = ConstantSpell()
    """How times between jobs scatter."""
    first: Span = 0.0
    """When the first job comes."""
    rounds: Annotated[int, Field(ge=1, le=1_000_000)]
    """Rounds of a job."""
    workers: Annotated[int, Field(ge=1, le=4096)]
    """Nodes that take part in a round."""
    quorum: Annotated[int, Field(ge=1, le=4096)] | None = None
    """Nodes whose parts make a round; those still at work then are told to stop. Left out: all workers."""
    at_once: Annotated[int, Field(ge=1, le=1000)] = 1
    """Jobs that can run at the same time; others wait their turn."""
    straggler: Annotated[Any, OneOf(SPELLS, "lognormal")] = sourced(
        LognormalSpell(sigma=0.2), "no published figure", "assumed", "how long a round waits for its slowest node"
    )
    """How the times of nodes scatter, drawn for each job, round and worker."""
    checkpoint: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    """Rounds from one checkpoint to the next: what comes after the last one is done again when a round cannot be finished."""
    deadline: Annotated[float, Quantity("duration", low=1, dated=False)] | None = None
    """Time after its coming at which a job that is not done has failed; left out, none."""

    @model_validator(mode="after")
    def _enough(self) -> Self:
        if self.quorum is not None and self.quorum > self.workers:
            raise _problem(
                "quorum", f"{self.quorum} found; at most the {self.workers} workers of a round", "write fewer"
            )
        if self.checkpoint > self.rounds:
            raise _problem(
                "checkpoint", f"{self.checkpoint} found; at most the {self.rounds} rounds of a job", "write fewer"
            )
        return self

    @property
    def needed(self) -> int:
        """Parts that make a round."""
        return self.quorum if self.quorum is not None else self.workers


class OwnJobs(Jobs):
    """Training jobs of one kind, first come, first served, each on a group of nodes that belongs to the class.

    A job is `rounds` rounds. In a round each of `workers` nodes does its part; the round ends when the fastest `quorum` of them are done.
    """

    kind: Literal["own"] = "own"
    round_time: Long
    """Mean time that a node takes for its part of a round; at least 1 s. Under `straggler: {states: median}` the median."""
    spares: Annotated[int, Field(ge=0, le=4096)] = 0
    """Further nodes of a group, which stand in for those that have failed."""
    per_node: Annotated[int, Field(ge=1, le=16)] = 8
    """GPUs of a node."""
    up_time: Long = sourced(6335 * 3600.0, _NODE, "borrowed", "rounds lost to failures")
    """Mean time between failures of a node; at least 1 s. Under `up_law: {states: median}` the median."""
    up_law: Annotated[Any, OneOf(SPELLS, "exponential")] = ExponentialSpell()
    """How times between failures scatter."""
    repair: Long = sourced(6 * 3600.0, "no published figure", "assumed", "how long a group lacks a node")
    """Mean time until a failed node works again; at least 1 s."""
    repair_law: Annotated[Any, OneOf(SPELLS, "exponential")] = ExponentialSpell()
    """How repair times scatter."""
    save: Span = sourced(0.0, "a modelling choice: checkpoints are written beside the work", "assumed", "overhead")
    """Time that all nodes stand still for a checkpoint."""
    restart: Span = sourced(300.0, "no published figure", "assumed", "overhead of every start and failure")
    """Time to load model and checkpoint, when a job begins and when it goes back to its checkpoint."""
    attempts: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """Starts from a checkpoint, the first included, after which the next loss of a round fails the job; left out, any number."""
    rent: FixedHourly = sourced(0.0, "nodes that are owned already", "assumed", "what a job costs")
    """What a GPU of the class costs an hour, in a round or not."""

    @property
    def nodes(self) -> int:
        """Nodes of a group."""
        return self.workers + self.spares


class SharedJobs(Jobs):
    """Training jobs of one kind on the replicas of a network: each part is a request in their queues, beside those of users.

    Needs `requests.mode: all`. The network is paid for the tokens of all parts that were done, at its price for prompts.
    """

    kind: Literal["shared"] = "shared"
    network: str
    """Network whose replicas do the parts."""
    model: str | None = None
    """Model whose replicas do them; default the only one that the network serves."""
    tokens: Annotated[int, Field(ge=1, le=10_000_000)]
    """Mean prompt tokens of the request that a part is; at most what a replica takes."""
    look: Annotated[float, Quantity("duration", low=1, high=864_000, dated=False)] = sourced(
        60.0, "a modelling choice: a coordinator that asks once a minute", "assumed", "time between rounds"
    )
    """Time between two looks of the coordinator, at whole multiples of it: rounds are closed and begun then; at least 1 s."""

    @property
    def per_node(self) -> int:
        """GPUs of what node-time is counted in: GPU-time itself."""
        return 1

    @property
    def rent(self) -> float:
        """Nodes are not rented: tokens are paid for."""
        return 0.0


JOBS = Table("jobs")
for _kind in (OwnJobs, SharedJobs):
    JOBS.register(_kind)


def _problem(key: str, message: str, hint: str) -> PydanticCustomError:
    return PydanticCustomError("range", "{message}", {"message": message, "hint": hint, "at": key})
