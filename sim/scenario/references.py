"""Outcome references in a scenario, and numbers in an outcome's unit."""

from __future__ import annotations

import dataclasses
import datetime
import re
from typing import Any

from sim.records.outcomes import AGGREGATES, OUTCOMES, Outcome, split_name
from sim.units import Money, UnitError, parse

Measure = float
"""A number in an outcome's unit; shares as fractions."""

_NUMBER = re.compile(r"^\s*([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*?)\s*$")
_PARSED = {
    "s": ("duration", 1.0),
    "days": ("duration", 1 / 86_400),
    "USD/Mtok": ("token_price", 1.0),
    "1/s": ("rate", 1.0),
}
_MONEY = {"USD": "money", "USD/day": "flow", "coins": "money", "coins/day": "flow"}


@dataclasses.dataclass(frozen=True)
class Zone:
    """How large a difference must be to matter: a share of the baseline's mean, or an amount in the outcome's unit."""

    relative: float = 0.0
    absolute: float | None = None


def outcome_of(reference: str) -> Outcome | None:
    """The row of the outcome table that a reference names, or None."""
    return OUTCOMES.get(split_name(reference)[1])


def known_at(at: str) -> bool:
    """Whether what stands behind `@` is an aggregation or a date."""
    if not at or at in AGGREGATES:
        return True
    try:
        datetime.date.fromisoformat(at)
    except ValueError:
        return False
    return True


def unit_of(reference: str, ticker: str = "") -> str:
    """The unit in which people write an outcome; `coins` by the network's ticker where given."""
    outcome = outcome_of(reference)
    unit = outcome.unit if outcome is not None else ""
    return unit.replace("coins", ticker) if ticker else unit


def measure(text: Any, reference: str, ticker: str = "") -> Measure:
    """A number that stands for the outcome: `8 s`, `95 %`, `0.3 USD/Mtok`, `300 nodes`, `2 Gini` as plain `2`.

    Raises `UnitError` where the unit is not the outcome's; counts (`nodes`, `GPUs`) may go without theirs.
    """
    outcome = outcome_of(reference)
    if outcome is None:
        raise UnitError(f"'{text}': no unit is known for {reference}", "name an outcome of the table", kind="outcome")
    unit = outcome.unit
    if unit == "%":
        return _number(parse(text, "share"))
    if unit in _PARSED:
        dimension, size = _PARSED[unit]
        return _number(parse(text, dimension)) * size
    if unit in _MONEY:
        return _money(text, unit, ticker)
    return _counted(text, unit)


def zone(text: Any, reference: str, ticker: str = "") -> Zone:
    """A zone of indifference: `2%` of the baseline's mean, `3 pp` for outcomes in %, else an amount in the unit."""
    match = _NUMBER.match(str(text))
    if match is None or isinstance(text, bool):
        raise UnitError(
            f"'{text}' is no size of a difference", "write for example `2%`, or an amount in the outcome's unit"
        )
    number, unit = float(match[1]), match[2]
    if number < 0:
        raise UnitError(f"'{text}' found; must be at least 0", "write for example `2%`", kind="range")
    if unit == "%":
        return Zone(relative=number / 100)
    if reference == "default":
        raise UnitError(f"'{text}' found; the default must be relative", "write for example `2%`")
    outcome = outcome_of(reference)
    if outcome is not None and outcome.unit == "%":
        if unit != "pp":
            raise UnitError(f"'{text}' found; {reference} is a share", "write `2%` of the baseline, or `2 pp`")
        return Zone(absolute=number / 100)
    return Zone(absolute=measure(text, reference, ticker))


def _number(value: Any) -> float:
    return value.amount if isinstance(value, Money) else float(value)


def _money(text: Any, unit: str, ticker: str) -> float:
    currency = "USD" if unit.startswith("USD") else ticker
    tickers = frozenset({ticker}) if ticker else None
    read = parse(text, _MONEY[unit], tickers)
    assert isinstance(read, Money)  # both dimensions carry a currency
    if currency and read.currency != currency:
        raise UnitError(
            f"'{text}' is in {read.currency}, but this outcome is in {currency}",
            f"write it in {currency}",
            kind="dimension",
        )
    return read.amount


def _counted(text: Any, unit: str) -> float:
    match = _NUMBER.match(str(text))
    if match is None or isinstance(text, bool):
        raise UnitError(f"'{text}' is no number", f"write for example `300{' ' + unit if unit else ''}`")
    if match[2] and match[2] != unit:
        raise UnitError(
            f"'{text}': unit '{match[2]}' found", f"this outcome is in `{unit}`" if unit else "this outcome has no unit"
        )
    return float(match[1])
