"""What is kept of drawn requests changes none of them, tells users apart, and stays within its room."""

from __future__ import annotations

import datetime

import numpy as np

from sim.streams import Streams
from sim.workload.kept import KEPT, Kept
from sim.workload.potential import Potential
from sim.workload.requests import Columns

DAY = datetime.date(2026, 1, 1)
MINUTE = 60 * 10**12


def drawn(classes, replication=0, root=7):
    return Potential(classes, Streams(root, replication), DAY).draw(0, 5 * MINUTE)


def equal(one: Columns, other: Columns) -> bool:
    return all(np.array_equal(one[name], other[name]) for name in one)


def test_requests_that_were_kept_are_those_that_are_drawn(client):
    KEPT.clear()
    fresh = drawn({"chat": client()})
    assert len(KEPT) == 2  # one layer of headroom more than the base
    kept = drawn({"chat": client()})
    assert len(KEPT) == 2
    assert len(fresh) > 0
    assert equal(fresh, kept)


def test_what_a_reader_changes_is_not_what_is_kept(client):
    first = drawn({"chat": client()})
    first.prompt[:] = 0
    first.time_ps[:] = 0
    KEPT.clear()
    assert not equal(first, drawn({"chat": client()}))
    again = drawn({"chat": client()})
    again.prompt[:] = 0
    assert drawn({"chat": client()}).prompt.all()


def test_other_users_seeds_and_orders_are_told_apart(client):
    chat, other = client(), client(rate="3 /s")
    base = drawn({"chat": chat})
    assert not equal(base, drawn({"chat": other}))
    assert not equal(base, drawn({"chat": chat}, replication=1))
    assert not equal(base, drawn({"chat": chat}, root=8))
    kept = Kept()
    assert kept.users({"a": chat, "b": other}) == kept.users({"a": client(), "b": client(rate="3 /s")})
    assert kept.users({"a": chat, "b": other}) != kept.users({"b": other, "a": chat})


def test_the_room_is_bounded_and_the_oldest_goes_first(client):
    rows = drawn({"chat": client()})
    kept = Kept(most_rows=4 * len(rows))
    for key in range(6):
        kept.get(key, lambda: rows)
        kept.get(0, lambda: rows)
    assert len(kept) == 4
    asked = []
    kept.get(0, lambda: asked.append("0") or rows)
    kept.get(1, lambda: asked.append("1") or rows)
    assert asked == ["1"]


def test_a_block_that_would_fill_the_room_is_not_kept(client):
    rows = drawn({"chat": client()})
    kept = Kept(most_rows=4 * len(rows) - 1)
    kept.get("large", lambda: rows)
    assert len(kept) == 0
