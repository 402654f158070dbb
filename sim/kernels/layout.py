"""The state of an engine as arrays, and the codes that stand in them. Whoever asks "what is field x" looks here.

Structured arrays and tables of integers go through every kernel as one named tuple, `State`::

    engine    1 row              router, free list of slots, what is finished
    types     a row a type       cost table and limits of a replica type
    replicas  a row a replica    and one last row for the gateway, which only holds waiting requests
    slots     a row a request    those that are live; ended ones are linked into the free list
    finished  a row an ended request (dtype FINISHED of `sim.serving.contract`), in order of discovery
    tables    int64              cost tables of the types; then what routing and rate limits keep, each where `engine` says
    lanes     int64[replicas + 1, BY_CLASS + classes]  lane members by (c mod 16), by the beat they complete at, by class
    gaps      int64[classes, buckets]            histogram of the time between two tokens
    given     int64[chunk]                       replicas of the arrivals being served in turns (`turns`)
    order     int64[chunk]                       and their order
    ends      int64[replicas + 1]                and how many come to each

The *lane* of a replica is the prefix of `running` whose members each sampled a token at the end of the last pass. All
take one token a pass until something happens, so their c, n and computed advance together: what is stored is the
difference to `beat`, the count of the replica's passes, and a pass of any number of them costs one addition. A *wheel*
finds who completes without asking all: lists of the members whose last beat is alike modulo WHEEL, linked by `after`. Members
behind the lane (prompts being read, sequences the budget starved) form the *suffix* and hold their true numbers. A
sequence is served fully only if all before it are, hence lane members always stand before the suffix. A pass of whole
prompts alone (`prefill_first`) lets the lane *pause*: `beat` stands still, and who has sampled meanwhile joins it after
the next pass.

Times are int64 picoseconds relative to the engine's origin; NEVER is no time and is not shifted.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

NEVER = 2**62
BLOCK = 16
NONE = -1
"""No slot: the end of a list."""

# Modes of a replica. FAILED holds requests until detection; GATE is the gateway's row.
OFF, LIVE, DRAINING, FAILED, GATE = 0, 1, 2, 3, 4
RANDOM, ROUND_ROBIN, POWER_OF_TWO, REGION_NEAREST, WEIGHTED, LEAST, SCORED = 0, 1, 2, 3, 4, 5, 6
RAISED = -(2**63)
"""What stands for the score of a user's function that raised."""
# Rows that a user's function sees, in the order of `sim.serving.scoring` (a test compares them): what changes of a replica, and sizes.
REGION, WAITING, RUNNING, OUTSTANDING, WORK, ROUND_TRIP, SHOWN, ASKED = 2, 3, 4, 5, 6, 11, 12, 8
# What the trees hold: nothing, the loads of the last snapshot, or live loads and what is due.
NO_INDEX, SEEN_INDEX, LIVE_INDEX = 0, 1, 2
# What `tables` keeps of a class: output tokens, picoseconds between two units of a limit (0: none), and when the next may come.
CLASS_NUMBERS = 5
MEAN_OUTPUT, REQUEST_INTERVAL, TOKEN_INTERVAL, REQUEST_NEXT, TOKEN_NEXT = 0, 1, 2, 3, 4
NOBODY = 2**63 - 1
"""The load of who is not live: more than any other."""
MINUTE_PS = 60 * 10**12
WHEEL = 256
"""Lists of the wheel, a power of two: as many as a member's usual tokens, so that a list holds few who are not due."""
WHEEL_AT, BY_CLASS = 16, 16 + WHEEL
"""Columns of `lanes` where the wheel begins (the first slot of a list plus 1, or 0), and the counts by class."""
VLLM_V1, SARATHI, PREFILL_FIRST = 0, 1, 2
# Fates and reasons, equal to those of the contract (a test compares them).
COMPLETED, REJECTED, ABANDONED, DEADLINE, DISCONNECTED, TOO_OFTEN_FAILED = 0, 1, 2, 3, 4, 5
NO_REASON, TOO_LONG, QUEUE_FULL, RATE_LIMITED, POOL_FULL = 0, 1, 2, 3, 4


def _rows(*names: str) -> np.dtype:
    """A dtype of int64 fields: no field is narrower, so that plain Python and compiled code do the same arithmetic."""
    return np.dtype([(name, "i8") for name in names], align=True)


ENGINE = np.dtype(
    [
        ("key", "u8"),  # 64-bit word of the routing stream
        ("router", "i8"),
        ("choices", "i8"),  # d of power_of_two and region_nearest
        ("staleness", "i8"),  # time between two snapshots; 0: the router sees the live state
        ("look", "i8"),  # the first instant of a snapshot that has not been taken, or NEVER
        ("index", "i8"),
        ("limited", "i8"),  # 1: a class has a rate limit
        ("by_work", "i8"),  # 1: load is work, 0: the number of requests
        ("weight", "i8"),  # sum of the weights of all that are live
        ("most_work", "i8"),  # of a request: a full pool of them stays below 2^62
        ("score", "i8"),  # address of the user's function, or 0
        ("raised", "i8"),  # the replica for which it raised, or NONE
        ("places", "i8"),  # regions of nodes
        ("asked_at", "i8"),  # what a user's function sees: of the request, and of each replica
        ("shown_at", "i8"),
        # Where in `tables` these begin:
        ("numbers_at", "i8"),  # CLASS_NUMBERS a class
        ("trips_at", "i8"),  # round trips, `places` a region of users
        ("nearest_at", "i8"),  # a region of users: its nearest region's first place in the third list, and how many
        ("ids_at", "i8"),  # live replicas, ids ascending
        ("weights_at", "i8"),  # sums of weights up to the i-th of them
        ("placed_at", "i8"),  # their ids by (region, id)
        (
            "dues_at",
            "i8",
        ),  # winner trees over replicas (`trees`), room for which is made only where a router compares all
        ("loads_at", "i8"),
        ("leaves", "i8"),
        ("listed", "i8"),  # replicas live for routers
        ("given", "i8"),  # the last one that round robin gave, or -1
        ("jump", "i8"),  # 1: pure-decode stretches in one go
        ("turns_from", "i8"),  # arrivals a replica from which on they are served in turns
        ("free_slot", "i8"),  # head of the list of slots that are free again, or NONE
        ("fresh", "i8"),  # the first slot that was never used; all behind it are free too
        ("live", "i8"),  # slots in use: requests not known to have ended
        ("finished", "i8"),  # rows written
        ("pool", "i8"),
        ("max_attempts", "i8"),
        ("classes", "i8"),
    ],
    align=True,
)

TYPE = _rows(
    "dense",
    "per_sequence",
    "host",
    "a0",
    "a1",
    "a2",
    "m0",
    "m1",
    "m2",
    "m3",
    "m4",
    "blocks",
    "max_seqs",
    "max_tokens",
    "max_len",
    "full",
    "max_waiting",
    "scheduler",
    "watermark",  # blocks that an admission leaves free; 0 under vllm_v1
    "spare",  # blocks that a decode must find free, taken or not; 0 under vllm_v1
    "grid",  # 1: attention comes from the tables below, and a0 .. m4 are 0
    "decode_table",  # where it begins, entries a row
    "decode_row",
    "prefill_table",
    "prefill_row",
    "prefill_last",  # its last row
    "prompt_work",  # ps that a token counts for
    "output_work",
)

REPLICA = _rows(
    "due",  # earliest instant at which a queue length may change, or a pass is to start
    "waiting",
    "running",
    "mode",
    "type",
    "end",  # of the last pass planned, or NEVER
    "wait_limit",  # lower bound of the waiting requests' limits
    "mixed",  # 0: `waiting` is in order, first preempted ones, then by limit (`queues.level`)
    "clock",  # instant of the last event here; a pass that is to start starts at it
    "wait_head",
    "wait_tail",
    "run_head",
    "run_tail",
    "suffix",  # first of `running` behind the lane, or NONE
    "lane",  # members of the lane
    "beat",  # passes ended in which the lane did not pause
    "lane_sum",  # sum of (c - beat) over the lane
    "next_done",  # lower bound of the beats at which lane members complete
    "run_limit",  # lower bound of deadlines and disconnections in `running`
    "free",
    "taken",
    "start",  # of the first planned pass that is not booked
    "first",  # its duration
    "growth",  # what each further planned pass lasts longer
    "steps",  # planned passes not booked; 0: none in flight
    "tokens",  # T, S, Nd, Cd, Tp, Q of the pass being formed or in flight
    "seqs",
    "decodes",
    "context",
    "prefill",
    "square",
    "past",  # sum over prefills of the tokens held, in 64s, each rounded up
    "chunks",  # sum over prefills of k squared
    "paused",  # 1: the pass in flight leaves out the lane
    "dues",  # preempted ones that end with the pass in flight
    "landed",  # end of the last booked pass in which the lane did not pause
    "busy_from",
    "live_from",
    "work",  # sum of the work of the requests held, ns
    "seen",  # load at the last snapshot
    "seen_running",  # both for a user's function only
    "seen_work",
    "busy",  # from here on a join changes nothing: counters since the last reading
    "live",
    "passes",
    "computed",
    "known",  # 1: live for routers
)

SLOT = _rows(
    "next",
    "prev",
    "c",  # less `beat` in the lane
    "n",  # not kept in the lane, where it is c + 1
    "k",  # tokens in the pass in flight; not kept in the lane
    "done",  # beat at which a lane member completes
    "limit",  # earliest limit that has power in its present state
    "klass",
    "due",  # 1: became waiting with a limit that is past
    "last",  # instant of the last token; not kept in the lane
    "computed",  # less `beat` in the lane
    "prompt",
    "output",
    "cached",
    "patience",
    "deadline",
    "disconnect",
    "first_token",  # ps after arrival, or NEVER
    "held",  # blocks, tokens and mark at the last preemption here; 0 if there was none
    "kept",
    "mark",
    "id",
    "arrival",
    "attempts",
    "routes",
    "preemptions",
    "replica",
    "reading",  # 1: admitted by sarathi or prefill_first, no token sampled since; it holds blocks for all its n tokens
    "region",  # of the user
    "work",  # ns that it counts for where it is held; 0 at the gateway
    "after",  # next in its list of the wheel, or NONE
    "spare",  # a row fills four cache lines
)


class State(NamedTuple):
    """All arrays of one engine, as kernels take them."""

    engine: np.ndarray
    types: np.ndarray
    replicas: np.ndarray
    slots: np.ndarray
    finished: np.ndarray
    tables: np.ndarray
    lanes: np.ndarray
    gaps: np.ndarray
    given: np.ndarray
    order: np.ndarray
    ends: np.ndarray


def empty_replica(type_index: int, blocks: int) -> np.ndarray:
    """One row of a replica of that type that has just joined, all blocks free; times are set by the caller."""
    row = np.zeros(1, REPLICA)
    for name in ("wait_head", "wait_tail", "run_head", "run_tail", "suffix"):
        row[name] = NONE
    for name in ("due", "end", "wait_limit", "run_limit", "next_done"):
        row[name] = NEVER
    row["mode"], row["type"], row["free"] = LIVE, type_index, blocks
    return row


def table(rows: np.ndarray) -> np.ndarray:
    """Rows of int64 fields as a matrix over the same memory, a column a field: many fields are set at once."""
    return rows.view(np.ndarray).view(np.int64).reshape(len(rows), -1)


def column(dtype: np.dtype, name: str) -> int:
    """The column of a field in `table`."""
    assert dtype.names is not None
    return dtype.names.index(name)
