"""`sim.plot`: one function a figure of a study. Each draws one panel and returns its matplotlib Axes.

`ax=` draws into your own axes; without it a new pyplot figure is made. Nothing is shown or saved: that is the caller's.
"""

from __future__ import annotations

from sim.report.ecdf import ecdf
from sim.report.fan import fan
from sim.report.flow_bars import flow_bars
from sim.report.forest import forest

__all__ = ["ecdf", "fan", "flow_bars", "forest"]
