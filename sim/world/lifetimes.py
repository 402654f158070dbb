"""Lives of nodes that go on from window to window, as they do where every request is served (`requests.lives: continued`).

Windows whose nodes are drawn anew each time spread an outage of hours over windows that have nothing to do with each other: users cannot
flee from it, and owners' losses even out. Lives of their own clock cost a walk through all failures of the run.
"""

from __future__ import annotations

import numpy as np

from sim.streams import Streams
from sim.units import ps
from sim.world.fleet import LifeEvent, Member, Plan, Roster
from sim.world.lives import Draws, Lives

SPELLS_DRAWN = 16
"""Spells of a node drawn at a time; with it and the streams' names the lives are those of `requests.mode: all`."""
FORGET_CYCLES = 20
"""After so many cycles of up and down without a window a class begins anew, in the stationary state (assumed: nothing of a life
is left by then; it bounds the failures that are walked through)."""


class Lifetimes:
    """One fleet's nodes through a run; windows ask in order of time. `slots` are how many each member may have."""

    def __init__(self, plan: Plan, slots: list[int], streams: Streams) -> None:
        self.plan, self.streams = plan, streams
        self.lives: list[Lives | None] = [None] * len(slots)
        self.up = [np.zeros(count, bool) for count in slots]
        self.there = [np.zeros(count, bool) for count in slots]
        self.known_ps = 0
        """Lives are known before this instant."""

    def window(self, roster: Roster, number: int, start_ps: int, end_ps: int) -> tuple[np.ndarray, list[LifeEvent]]:
        """Which nodes of a roster are up at the start of a window, and what their own lives bring before its end."""
        ups, events = [], list[LifeEvent]()
        for m, slots in enumerate(roster.slots):
            lives = self._upto(m, slots, number, start_ps)
            ups.append(self.up[m][slots])
            told = lives.until(end_ps)
            first = roster.first[m]
            events += [
                LifeEvent(at_ps, 0 if fails else 2, first + int(np.searchsorted(slots, place)))
                for at_ps, place, fails in told
            ]
            self._take(m, told)
        self.known_ps = end_ps
        return np.concatenate(ups), events

    def _upto(self, m: int, slots: np.ndarray, number: int, start_ps: int) -> Lives:
        """The lives of a member's nodes up to a window's start: those that left are gone, those that came serve."""
        member, wanted = self.plan.members[m], np.zeros(len(self.up[m]), bool)
        wanted[slots] = True
        lives = self.lives[m]
        if lives is None or start_ps - self.known_ps > FORGET_CYCLES * _cycle_ps(member):
            # The run's first window looks back to its start, where `all` begins too.
            begin_ps, number = (0, 0) if start_ps <= FORGET_CYCLES * _cycle_ps(member) else (start_ps, number)
            lives = self.lives[m] = self._anew(m, slots, number, begin_ps)
        else:
            self._take(m, lives.until(start_ps))
            for place in np.flatnonzero(self.there[m] & ~wanted).tolist():
                lives.leave(place, start_ps)
                self.up[m][place] = False
            for place in np.flatnonzero(wanted & ~self.there[m]).tolist():
                lives.rise(place, start_ps)
        self.there[m] = wanted
        self._take(m, lives.until(start_ps + 1))
        return lives

    def _anew(self, m: int, slots: np.ndarray, number: int, at_ps: int) -> Lives:
        """Nodes in the stationary state; number 0 is the run's start."""
        member, size = self.plan.members[m], len(self.up[m])
        name = f"{self.plan.network}.{member.name}"
        draws, uniforms = ("lives", "lives_up") if number == 0 else ("life", "up")
        lives = Lives(
            member, Draws(self.streams[f"{draws}.{name}"], number, np.arange(size), SPELLS_DRAWN), self.plan.detect_ps
        )
        self.up[m][:] = False
        drawn = self.streams[f"{uniforms}.{name}"].generator(number).random(size)[slots]
        self.up[m][slots] = lives.settle(slots, at_ps, drawn)
        return lives

    def _take(self, m: int, told: list[tuple[int, int, bool]]) -> None:
        for _, place, fails in told:
            self.up[m][place] = not fails


def _cycle_ps(member: Member) -> int:
    return ps(member.up_time_s + member.repair_s + member.after_s)
