"""The compiled economy is loaded once the interpreted runs of a process would have taken as long as loading it."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from sim.world import compiled, loading
from sim.world.loading import COMPILE_S, LOAD_S, Loading, interpreted_s
from sim.world.run import World
from tests.world.small import case

YEAR = {"horizon": "365 day", "epoch": "1 day", "requests": {"mode": "capacity"}}


@pytest.fixture
def world() -> World:
    """A year by days that the interpreted economy does in half a second."""
    found = World(case(YEAR), 0, "fast")
    found.start()
    return found


def kept(monkeypatch: Any, there: bool) -> Loading:
    """A process at its start, on a machine that has compiled code or not."""
    monkeypatch.setattr(loading, "is_kept", lambda name: there)
    monkeypatch.setattr(loading.config, "DISABLE_JIT", 0)
    return Loading()


def test_a_short_run_is_interpreted_and_many_are_not(monkeypatch: Any, world: World) -> None:
    process, each = kept(monkeypatch, there=True), interpreted_s(world)
    assert 0.2 < each < LOAD_S
    said = [process.worthwhile(world) for _ in range(6)]
    first = next(count for count in range(1, 7) if count * each >= LOAD_S)
    assert said == [count >= first for count in range(1, 7)]


def test_where_it_has_to_be_compiled_first_more_runs_are_interpreted(monkeypatch: Any, world: World) -> None:
    process = kept(monkeypatch, there=False)
    assert not any(process.worthwhile(world) for _ in range(6))
    process.interpreted_s = COMPILE_S
    assert process.worthwhile(world)


def test_what_is_foreseen_counts(monkeypatch: Any, world: World) -> None:
    process = kept(monkeypatch, there=False)
    assert not process.foresee(COMPILE_S / 2)
    assert process.foresee(COMPILE_S / 2)
    assert process.worthwhile(world)
    # Loaded, it is not loaded again.
    assert not process.foresee(1e9)


def test_without_numba_nothing_is_compiled(monkeypatch: Any, world: World) -> None:
    process = kept(monkeypatch, there=True)
    monkeypatch.setattr(loading.config, "DISABLE_JIT", 1)
    assert not process.foresee(1e9)
    assert not process.worthwhile(world)


def test_more_classes_epochs_and_slots_take_longer(world: World) -> None:
    longer = World(case({**YEAR, "horizon": "730 day"}), 0, "fast")
    longer.start()
    assert interpreted_s(longer) == pytest.approx(2 * interpreted_s(world))


@pytest.mark.compiled
def test_either_way_gives_the_same_bytes(monkeypatch: Any) -> None:
    found = []
    for spent_s in (0.0, 1e9):
        process = kept(monkeypatch, there=spent_s > 0)
        process.interpreted_s = spent_s
        monkeypatch.setattr(importlib.import_module("sim.world.run"), "LOADING", process)
        found.append(World(case(YEAR), 0, "fast").run().to_json())
        assert process.loaded == (spent_s > 0)
    assert found[0] == found[1]


def test_what_the_compiled_economy_cannot_do_is_not_counted() -> None:
    found = World(case({"requests": {"mode": "sampled"}}), 0, "fast")
    assert not compiled.possible(found)
