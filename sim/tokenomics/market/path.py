"""A price that no policy moves: a start, a drift, and innovations."""

from __future__ import annotations

import math
from typing import Literal

from sim.tokenomics.market.outside import Flows, Outside
from sim.tokenomics.market.trade import State
from sim.units import YEAR_S, Growth


class Path(Outside):
    """A geometric walk. Trades find a counterparty outside at the price before the epoch's move."""

    kind: Literal["path"] = "path"
    drift: Growth = 0.0
    """Growth of the median price a year, compounded."""

    @property
    def log_drift(self) -> float:
        """Growth of the median's logarithm a year."""
        return math.log1p(self.drift)

    def reprice(self, state: State, flows: Flows) -> None:
        """The drift and the innovation."""
        move = self.log_drift * flows.dt_s / YEAR_S + self.log_move(flows.dt_s, flows.shock)
        state.price_pusd = max(1, round(state.price_pusd * math.exp(move)))
