"""Outages of a region: how often nodes are down together, and that everybody meets the same ones."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sim.serving.contract import Routing
from sim.streams import Streams
from sim.tokenomics.spells import SPELLS
from sim.units import ps
from sim.world.fleet import LifeEvent, Member, Plan, Roster, Standing
from sim.world.outages import Outages

HOUR = 3600.0


def block(every_h: float, lasts_h: float, hits: float, **law: Any) -> Any:
    made = SPELLS[law.pop("kind", "exponential")](**law)
    return SimpleNamespace(every=every_h * HOUR, lasts=lasts_h * HOUR, hits=hits, law=made)


def roster(nodes: int, outages: Any, seed: int, **life: Any) -> tuple[Roster, Streams]:
    """Two classes in region `eu`, one elsewhere, `nodes` of each."""
    streams = Streams(seed, 0)
    members = tuple(
        Member(name, None, 1, 19 * HOUR, HOUR, region=region, **life)  # type: ignore[arg-type]
        for name, region in (("home", "eu"), ("farm", "eu"), ("far", "us"))
    )
    plan = Plan("net", members, Routing("random"), 1, ps(10.0), 3, {"eu": Outages("eu", outages, streams)})
    return Roster(plan, [np.arange(nodes)] * 3), streams


@pytest.mark.long
@pytest.mark.parametrize("law", [{}, {"kind": "lognormal", "sigma": 1.0}, {"kind": "constant"}])
def test_zones_of_a_region_correlate_as_those_of_a_cloud_do(law: dict[str, Any]) -> None:
    # By hand: outages under way that hit a given node are Poisson of mean p L / I, those that hit one or both of two nodes
    # (2 p - p^2) L / I. With own availability a: P(up) = a exp(-p L / I), P(both up) = a^2 exp(-(2 p - p^2) L / I).
    own, hits, load = 0.95, 0.6, 3 / 30
    up_frac = own * np.exp(-hits * load)
    both = own**2 * np.exp(-(2 * hits - hits**2) * load)
    wanted = (both - up_frac**2) / (up_frac * (1 - up_frac))
    assert 0.25 < wanted < 0.59  # zones of a region in skypilot-org/spot-traces
    fleet, streams = roster(10, block(30, 3, hits, **law), 4)
    # Instants 60 h apart see other outages all but surely.
    seen = np.array([fleet.lives(streams, k, ps(60 * HOUR * k), ps(60 * HOUR * k) + 1)[0] for k in range(2500)], float)
    near = np.corrcoef(seen[:, :20].T)
    assert near[np.triu_indices(20, 1)].mean() == pytest.approx(wanted, abs=0.05)
    assert abs(np.corrcoef(seen.T)[:20, 20:].mean()) < 0.02
    assert seen[:, :20].mean() == pytest.approx(up_frac, abs=0.01)
    assert seen[:, 20:].mean() == pytest.approx(own, abs=0.01)


def test_the_same_outages_come_however_one_looks() -> None:
    whole = Outages("eu", block(5, 1, 1.0), Streams(5, 0)).between(0, ps(500 * HOUR))
    cut = Outages("eu", block(5, 1, 1.0), Streams(5, 0))
    later = cut.between(ps(200 * HOUR), ps(300 * HOUR))
    assert later == [o for o in whole if o.begin_ps < ps(300 * HOUR) and o.end_ps > ps(200 * HOUR)]
    assert cut.between(0, ps(500 * HOUR)) == whole
    assert 70 < len(whole) < 130


@pytest.mark.long
@pytest.mark.parametrize("law", [{}, {"kind": "constant"}])
def test_as_many_outages_are_under_way_at_the_start_as_later(law: dict[str, Any]) -> None:
    # Poisson with mean 4 h / 5 h; of a length of 4 h, 4 h are left in the mean if exponential, 2 h if constant.
    drawn = [Outages("eu", block(5, 4, 1.0, **law), Streams(seed, 0)) for seed in range(600)]
    for at_ps in (0, ps(40 * HOUR)):
        under = [outages.between(at_ps, at_ps + 1) for outages in drawn]
        assert abs(np.mean([len(found) for found in under]) - 0.8) < 4 * (0.8 / 600) ** 0.5
        left_h = np.array([(o.end_ps - at_ps) / ps(HOUR) for found in under for o in found])
        assert abs(left_h.mean() - (2 if law else 4)) < 4 * left_h.std() / len(left_h) ** 0.5


def test_an_outage_hits_its_part_of_the_slots_whoever_is_live() -> None:
    outages = Outages("eu", block(5, 1, 0.3), Streams(6, 0))
    first = outages.between(0, ps(100 * HOUR))[0]
    hit = outages.hit(first, "net.home", np.arange(4000))
    assert abs(len(hit) - 1200) < 4 * (4000 * 0.3 * 0.7) ** 0.5
    some = np.arange(0, 4000, 7)
    assert some[outages.hit(first, "net.home", some)].tolist() == [slot for slot in hit if slot % 7 == 0]
    assert set(outages.hit(first, "net.farm", np.arange(4000))) != set(hit)


@pytest.mark.parametrize("after_s", [0.0, 900.0])
def test_who_is_hit_falls_at_one_instant_and_returns_at_one(after_s: float) -> None:
    fleet, streams = roster(50, block(10, 2, 0.5), 7, after_s=after_s)
    life = 10**9 * HOUR
    still = tuple(
        Member(m.name, m.rtype, 1, life, HOUR, after_s=m.after_s, region=m.region) for m in fleet.plan.members
    )
    plan = Plan("net", still, fleet.plan.routing, 1, ps(10.0), 3, fleet.plan.outages)
    (first, *_) = [o for o in plan.outages["eu"].between(0, ps(500 * HOUR)) if o.begin_ps > 0]
    up, events = Roster(plan, fleet.slots).lives(streams, 0, first.begin_ps - 1, first.begin_ps + ps(100 * HOUR))
    falls = [e for e in events if e.fails and e.at_ps == first.begin_ps]
    assert up.all()
    assert 30 < len(falls) < 70
    assert all(e.node < 100 for e in events)
    ends = {e.at_ps for e in events if not e.fails and e.node == falls[0].node}
    assert min(ends) == max(first.end_ps + ps(after_s), first.begin_ps + ps(10.0))


def test_a_node_serves_only_when_nothing_keeps_it_down() -> None:
    standing = Standing(np.array([True]))
    own = [LifeEvent(1, 0, 0), LifeEvent(4, 2, 0)]
    outer = [LifeEvent(2, 0, 0, True), LifeEvent(3, 0, 0, True), LifeEvent(5, 2, 0, True), LifeEvent(6, 2, 0, True)]
    told = [event.at_ps for event in sorted([*own, *outer], key=lambda e: e.at_ps) if standing.take(event)]
    assert told == [1, 6]
    assert standing.serving(0)
