"""Those who hold the coin without serving or using it: without them a bare pool drains."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import PlainSerializer, PlainValidator, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from sim.blocks import Block, sourced
from sim.units import Flow, Money, Quantity, UnitError, text_of

_SIGNED = Quantity("flow", dated=False)


def _read(value: Any, info: ValidationInfo) -> Any:
    if value == "solve" or isinstance(value, Money):
        return value
    try:
        return _SIGNED.read(value, (info.context or {}).get("tickers"))
    except UnitError as error:
        raise PydanticCustomError(
            error.kind, "{message}", {"message": f"{error}, or `solve`", "hint": error.hint}
        ) from None


_Drift = Annotated[
    Any,
    PlainValidator(_read, json_schema_input_type=Literal["solve"] | Annotated[Money, _SIGNED]),
    PlainSerializer(lambda value: value if value == "solve" else text_of(value, "flow"), when_used="json"),
]


class Holders(Block):
    """Net demand of holders: a + b x ln(value / price) + shock, in USD a day."""

    value: Literal["constant", "fees_capitalized"] = "constant"
    """What they take a coin to be worth: the price at the start, or users' payments a year over `rate` and supply."""
    a: _Drift = "solve"
    """Constant net buying (negative: selling), or `solve`: what leaves no drift at the start."""
    b: Flow | None = sourced(
        None,
        "default 1 % of the pool's USD side a day: a gap closes by half in 35 days",
        "assumed",
        "how far the price follows flows; `pool` only",
    )
    """Net buying per unit of ln(value / price)."""
    rate: Annotated[float, Quantity("growth", above=0)] | None = None
    """Rate at which `fees_capitalized` discounts."""

    @model_validator(mode="after")
    def _complete(self) -> Holders:
        if (self.value == "fees_capitalized") != (self.rate is not None):
            raise PydanticCustomError(
                "missing",
                "{message}",
                {
                    "message": "`rate` and `value: fees_capitalized` belong together",
                    "hint": "for example `rate: 20 %/year`",
                },
            )
        for name in ("a", "b"):
            if isinstance(money := getattr(self, name), Money) and money.currency != "USD":
                raise PydanticCustomError(
                    "currency",
                    "{message}",
                    {
                        "message": f"`{name}` is in {money.currency}; must be in USD",
                        "hint": "for example `100 kUSD/day`",
                    },
                )
        return self

    def worth(self, start_usd: float, fees_usd_per_year: float, supply_coins: float) -> float:
        """USD per coin that holders take it to be worth, never below a millionth of the start."""
        if self.value == "constant" or self.rate is None:
            return start_usd
        return max(fees_usd_per_year / self.rate / supply_coins, start_usd * 1e-6) if supply_coins > 0 else start_usd
