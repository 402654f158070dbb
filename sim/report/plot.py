"""`sim.plot`: one function a figure of a study. Each draws one panel and returns its matplotlib Axes.

Each takes a study's record, or whatever holds one as `.record`, such as the result of `sim.run`. `ax=` draws into your
own axes; without it a new pyplot figure is made. Nothing is shown or saved: that is the caller's.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, cast

from matplotlib.axes import Axes

from sim.records.study import StudyRecord
from sim.report import ecdf as _ecdf
from sim.report import fan as _fan
from sim.report import flow_bars as _flow_bars
from sim.report import forest as _forest
from sim.report import heat as _heat
from sim.report import lorenz as _lorenz
from sim.report import moves as _moves
from sim.report import supply_curve as _supply_curve
from sim.report import swept as _swept

__all__ = ["ecdf", "fan", "flow_bars", "forest", "heat", "lorenz", "moves", "supply_curve", "swept"]

P = ParamSpec("P")


def _of_result(draw: Callable[Concatenate[StudyRecord, P], Axes]) -> Callable[Concatenate[Any, P], Axes]:
    """The same function for a record or for what holds one."""

    @functools.wraps(draw)
    def drawn(result: Any, *args: P.args, **options: P.kwargs) -> Axes:
        return draw(getattr(result, "record", result), *args, **options)

    return cast(Callable[Concatenate[Any, P], Axes], drawn)


ecdf = _of_result(_ecdf.ecdf)
fan = _of_result(_fan.fan)
flow_bars = _of_result(_flow_bars.flow_bars)
forest = _of_result(_forest.forest)
heat = _of_result(_heat.heat)
lorenz = _of_result(_lorenz.lorenz)
moves = _of_result(_moves.moves)
supply_curve = _of_result(_supply_curve.supply_curve)
swept = _of_result(_swept.swept)
