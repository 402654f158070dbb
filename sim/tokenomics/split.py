"""Who gets what is minted: shares that sum to 100 %, and a named owner of the remainder."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from sim.blocks import Block, OneOf
from sim.tokenomics.score import SCORE
from sim.units import SHARE_ONE, Dated, Share, share_parts

RECIPIENTS = ("operators", "validators", "owner", "treasury", "holders")


class Split(Block):
    """How emission is divided.

    `share` of it belongs to this network's service; the rest goes to `others`, services that are paid in the same
    coin and not simulated (Bittensor: the other subnets).
    """

    share: Share = 1.0
    """Part of the coin's emission that this network gets; the rest goes to `others`."""
    score: Annotated[Any, OneOf(SCORE)] | None = None
    """What decides that part instead of `share`: this network's score beside its rivals'."""
    operators: Share = 0.0
    """Part of it for those who serve, divided by `payout`."""
    validators: Share = 0.0
    """Part for validators and their stakers."""
    owner: Share = 0.0
    """Part for the owner of the service (Bittensor: the subnet's owner)."""
    treasury: Share = 0.0
    """Part for the protocol's treasury."""
    holders: Share = 0.0
    """Part for all holders."""
    remainder: Literal["operators", "validators", "owner", "treasury", "holders"] = "treasury"
    """Who keeps the base units that rounding down leaves."""

    @model_validator(mode="after")
    def _sums_to_one(self) -> Split:
        days = {day for name in RECIPIENTS if isinstance(value := getattr(self, name), Dated) for day, _ in value.steps}
        for day in sorted(days) or [datetime.date.min]:
            now = self.at(day)
            total = sum(share_parts(getattr(now, name)) for name in RECIPIENTS)
            if total != SHARE_ONE:
                when = f" on {day}" if days else ""
                raise PydanticCustomError(
                    "sum",
                    "{message}",
                    {
                        "message": f"shares sum to {total * 100 / SHARE_ONE:g} %{when}; must be 100 %",
                        "hint": f"shares of {', '.join(RECIPIENTS)}",
                    },
                )
        return self

    def amounts(self, total: int, metrics: Sequence[float] = ()) -> dict[str, int]:
        """Base units of each recipient with a share (`others` too); they sum to `total` exactly.

        Shares are rounded down; `remainder` keeps the rest. With nothing dated left (`at` was called). `metrics` are this
        network's own (`score.METRICS`), where a score decides its part.
        """
        part = self.score.shares(metrics)[0] if self.score is not None else share_parts(self.share)
        own = total * part // SHARE_ONE
        amounts = {
            name: own * share_parts(share) // SHARE_ONE for name in RECIPIENTS if (share := getattr(self, name)) > 0
        }
        amounts[self.remainder] = amounts.get(self.remainder, 0) + own - sum(amounts.values())
        return {**amounts, "others": total - own} if own < total else amounts
