"""Quantities as people write them (`12 s`, `0.3 USD/Mtok`, `41 %`) and as the code holds them.

One closed table a dimension. `parse` turns text into a number in the base unit of its dimension; a bare number is
refused where a unit is needed. A quantity of money keeps its currency (`Money`). `Quantity` is the marker that makes
a pydantic field read such text; this module imports pydantic only when a model is built.

Base units: duration s, rate 1/s, growth 1/year, token_rate tokens/s, power W, energy_price USD/kWh,
token_price currency/Mtok, coin_price USD/coin, share fraction, money currency, flow currency/day, hourly USD/h,
bytes bytes, bandwidth bytes/s. A year has 365.25 days; there is no month and no `m`.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Any, NamedTuple

from sim.errors import nearest

PS_PER_S = 10**12
YEAR_S = 31_557_600
DAY_S = 86_400
INT64_MAX = 2**63 - 1
SHARE_ONE = 10**12

_TIME = {"us": 1e-6, "ms": 1e-3, "s": 1, "min": 60, "h": 3600, "day": 86_400, "week": 604_800, "year": YEAR_S}
_EXACT_TIME = {name: Fraction(str(value)) if value < 1 else Fraction(value) for name, value in _TIME.items()}


class UnitError(ValueError):
    """The text is no quantity of the wanted dimension. `hint` says what to write."""

    def __init__(self, message: str, hint: str = "", kind: str = "unit") -> None:
        super().__init__(message)
        self.hint = hint
        self.kind = kind


class Money(NamedTuple):
    """An amount with its currency: `USD` or a coin's ticker. What it is per is the field's dimension."""

    amount: float
    currency: str


class Dated(NamedTuple):
    """A value that changes at dates: pairs (date, value) in order of date. Before the first date the first holds."""

    steps: tuple[tuple[datetime.date, Any], ...]

    def at(self, day: datetime.date) -> Any:
        """The value in force on `day` (a step holds from its own date on)."""
        value = self.steps[0][1]
        for date, step in self.steps:
            if date <= day:
                value = step
        return value


@dataclasses.dataclass(frozen=True)
class Dimension:
    """What a quantity is of: its units with their size in the base unit, and an example for messages.

    `money` dimensions take any currency in place of `$` in their units, with the prefixes k, M and B.
    """

    name: str
    label: str
    units: Mapping[str, Fraction]
    example: str
    money: bool = False


def _dimension(name: str, label: str, units: Mapping[str, Any], example: str, money: bool = False) -> Dimension:
    return Dimension(name, label, {unit: Fraction(str(size)) for unit, size in units.items()}, example, money)


_DURATION = Dimension("duration", "a duration", _EXACT_TIME, "90 s")
_RATE = Dimension("rate", "a rate of events", {f"/{u}": 1 / size for u, size in _EXACT_TIME.items()}, "40 /s")
_GROWTH = Dimension(
    "growth",
    "a growth rate",
    {f"%/{u}": Fraction(YEAR_S, 100) / _EXACT_TIME[u] for u in ("day", "week", "year")},
    "35% /year",
)
_BYTES = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}

DIMENSIONS: dict[str, Dimension] = {
    dimension.name: dimension
    for dimension in (
        _DURATION,
        _RATE,
        _GROWTH,
        _dimension("token_rate", "a token rate", {"tok/s": 1, "tok/min": Fraction(1, 60)}, "1200 tok/s"),
        _dimension("power", "a power", {"W": 1, "kW": 1000}, "450 W"),
        _dimension(
            "energy_price", "a price of energy", {"USD/kWh": 1, "USD/MWh": "0.001", "ct/kWh": "0.01"}, "0.12 USD/kWh"
        ),
        _dimension(
            "token_price",
            "a price of inference",
            {"$/Mtok": 1, "$/ktok": 1000, "$/tok": 10**6},
            "0.3 USD/Mtok",
            money=True,
        ),
        _dimension("share", "a share", {"%": "0.01", "bps": "0.0001"}, "41 %"),
        _dimension("money", "an amount of money or coins", {"$": 1}, "8 MUSD", money=True),
        _dimension(
            "flow",
            "an amount per time",
            {"$/day": 1, "$/week": Fraction(1, 7), "$/year": Fraction(DAY_S, YEAR_S)},
            "3600 TAO/day",
            money=True,
        ),
        _dimension(
            "hourly",
            "a price per hour",
            {"USD/h": 1, "USD/day": Fraction(1, 24), "USD/year": Fraction(3600, YEAR_S)},
            "2 USD/h",
        ),
        _dimension("coin_price", "a price of a coin", {"USD/$": 1}, "300 USD/TAO", money=True),
        _dimension("bytes", "a size in bytes", _BYTES, "24 GiB"),
        _dimension("bandwidth", "a bandwidth", {f"{u}/s": size for u, size in _BYTES.items()}, "16 GB/s"),
    )
}

_PREFIX = {"": 1, "k": 10**3, "M": 10**6, "B": 10**9}
_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_QUANTITY = re.compile(rf"^\s*({_NUMBER})\s*(.*?)\s*$")
_CLOCK = re.compile(r"^\s*\d+(:\d+)+\s*$")
_CURRENCY = r"[A-Z][A-Z0-9]{1,9}"


def ps(seconds: float) -> int:
    """Seconds as integer picoseconds, rounded half to even from the float's exact value."""
    above, below = seconds.as_integer_ratio()
    whole, rest = divmod(above * PS_PER_S, below)
    return whole + (2 * rest > below or (2 * rest == below and whole & 1))


def seconds(picoseconds: int) -> float:
    """Integer picoseconds as seconds."""
    return picoseconds / PS_PER_S


def muldiv(a: int, b: int, c: int) -> int:
    """floor(a x b / c) with an exact 128-bit intermediate; a, b >= 0 and c > 0.

    Rules call it: the compiled twin stands in `sim.kernels.rules`, equal to the last bit for arguments and results
    below 2^63. Raises `OverflowError` where an argument is out of range or the result reaches 2^63.
    """
    a, b, c = int(a), int(b), int(c)
    if a < 0 or b < 0 or c <= 0:
        raise OverflowError("muldiv: a negative factor or a divisor that is not positive")
    result = a * b // c
    if result > INT64_MAX:
        raise OverflowError("muldiv: the result exceeds 2^63 - 1")
    return result


@functools.lru_cache(maxsize=1024)
def share_parts(share: float) -> int:
    """A share in [0, 1] as an integer of `SHARE_ONE` parts, from the float's shortest decimal text (half to even)."""
    return round(Fraction(str(share)) * SHARE_ONE)


def units_of(dimension: str) -> list[str]:
    """The units accepted for a dimension, as people write them (`$` stands for a currency)."""
    return list(DIMENSIONS[dimension].units)


def parse(text: Any, dimension: str, tickers: frozenset[str] | None = None) -> float | Money:
    """The quantity that `text` states, in the base unit of `dimension`; `Money` where the dimension has a currency.

    Raises `UnitError` for a bare number, an unknown unit, a unit of another dimension, or an unknown currency
    (only where `tickers`, the declared coins, are given).
    """
    wanted = DIMENSIONS[dimension]
    if isinstance(text, (bool, type(None), list, dict)):
        raise UnitError(f"{text!r} found; must be {wanted.label}", f"write for example `{wanted.example}`")
    # Cases of a study state most of their quantities alike.
    return _parsed(text, dimension, tickers) if isinstance(text, str) else _parse(text, dimension, tickers)


def _parse(text: Any, dimension: str, tickers: frozenset[str] | None) -> float | Money:
    wanted = DIMENSIONS[dimension]
    if _CLOCK.match(str(text)):
        raise UnitError(
            f"'{text}' reads like a clock; this needs {wanted.label}",
            f"write for example `{wanted.example}`",
            kind="clock",
        )
    match = _QUANTITY.match(str(text))
    if match is None:
        raise UnitError(f"'{text}' is not {wanted.label}", f"write for example `{wanted.example}`")
    number, unit = match[1], re.sub(r"\s+", "", match[2])
    if not unit:
        raise UnitError(
            f"'{text}' has no unit; this needs {wanted.label}",
            f"write for example `{_example(number, wanted)}`",
            kind="bare_number",
        )
    if wanted.money:
        return _parse_money(str(text), number, unit, wanted, tickers)
    if unit not in wanted.units:
        raise _wrong_unit(str(text), unit, wanted)
    return _number(text, Fraction(number) * wanted.units[unit], wanted)


_parsed = functools.lru_cache(maxsize=16_384)(_parse)


def _number(text: Any, exact: Fraction, wanted: Dimension) -> float:
    try:
        return float(exact)
    except OverflowError:
        raise UnitError(f"'{text}' is not a finite number", f"write for example `{wanted.example}`") from None


def _parse_money(text: str, number: str, unit: str, wanted: Dimension, tickers: frozenset[str] | None) -> Money:
    for pattern, size in wanted.units.items():
        regex = re.escape(pattern).replace(r"\$", rf"([kMB]?)({_CURRENCY})")
        match = re.fullmatch(regex, unit)
        if match is None:
            continue
        prefix, currency = _split_currency(match[1], match[2], tickers)
        if tickers is not None and currency != "USD" and currency not in tickers:
            allowed = ["USD", *sorted(tickers)]
            near = nearest(currency, allowed, 1)
            hint = f"did you mean `{near[0]}`?" if near else f"currencies here: {', '.join(allowed)}"
            raise UnitError(f"'{text}': unknown currency {currency}", hint)
        return Money(_number(text, Fraction(number) * size * _PREFIX[prefix], wanted), currency)
    raise _wrong_unit(text, unit, wanted)


def _split_currency(prefix: str, currency: str, tickers: frozenset[str] | None) -> tuple[str, str]:
    """Tell `MTAO` (mega TAO) from a coin whose ticker begins with M: a declared ticker wins over a prefix."""
    whole = prefix + currency
    if prefix and tickers is not None and whole in tickers:
        return "", whole
    undeclared = not prefix and tickers is not None and currency not in tickers
    if undeclared and currency[0] in "MB" and (currency[1:] in (tickers or ()) or currency[1:] == "USD"):
        return currency[0], currency[1:]
    return prefix, currency


def _example(number: str, wanted: Dimension) -> str:
    unit = next(iter(wanted.units)).replace("$", "USD") if wanted.name != "duration" else "s"
    return f"{number}{unit}" if unit == "%" else f"{number} {unit}"


def _wrong_unit(text: str, unit: str, wanted: Dimension) -> UnitError:
    accepted = "units accepted here: " + ", ".join(u.replace("$", "USD") for u in wanted.units)
    lowered = {u.replace("$", "USD").lower(): u.replace("$", "USD") for u in wanted.units}
    if unit.lower() in lowered:
        return UnitError(
            f"'{text}': unit '{unit}' is in the wrong case",
            f"did you mean `{lowered[unit.lower()]}`?",
            kind="unit_case",
        )
    for other in DIMENSIONS.values():
        if other.name != wanted.name and _belongs(unit, other):
            return UnitError(f"'{text}' is {other.label}, but this needs {wanted.label}", accepted, kind="dimension")
    near = nearest(unit, [u.replace("$", "USD") for u in wanted.units], 1)
    hint = f"did you mean `{near[0]}`? {accepted}" if near else accepted
    return UnitError(f"'{text}': unknown unit '{unit}'", hint)


def _belongs(unit: str, dimension: Dimension) -> bool:
    if not dimension.money:
        return unit in dimension.units
    return any(re.fullmatch(re.escape(u).replace(r"\$", rf"[kMB]?{_CURRENCY}"), unit) for u in dimension.units)


def unit_written(text: Any) -> str:
    """The unit of a quantity as it was typed (`kW` of `3 kW`); empty where none is there."""
    match = _QUANTITY.match(str(text))
    return match[2] if match is not None else ""


@functools.lru_cache(maxsize=65_536, typed=True)
def text_of(value: float | Money, dimension: str) -> str:
    """The canonical text of a quantity in its base unit: what goes into keys and resolved scenarios."""
    base = {"token_price": "$/Mtok", "coin_price": "USD/$", "money": "$", "flow": "$/day"}
    if isinstance(value, Money):
        return f"{_plain(value.amount)} {base[dimension].replace('$', value.currency)}"
    if dimension == "share":
        return f"{_plain(float(Fraction(str(value)) * 100))} %"
    if dimension == "growth":
        return f"{_plain(float(Fraction(str(value)) * 100))} %/year"
    unit = next(unit for unit, size in DIMENSIONS[dimension].units.items() if size == 1)
    return f"{_plain(value)} {unit}"


def readable(value: float | Money, dimension: str) -> str:
    """A quantity in the unit in which its number is shortest; of equals the largest unit: `4 week` for 2419200 s.

    For reports and `explain`; keys and resolved scenarios hold `text_of`.
    """
    if isinstance(value, Money) or not value or dimension in ("share", "growth"):
        return text_of(value, dimension)
    told = [(f"{value / size:.6g}", unit, float(size)) for unit, size in DIMENSIONS[dimension].units.items()]
    exact = [one for one in told if "e" not in one[0] and abs(float(one[0]) * one[2] - value) <= 1e-9 * abs(value)]
    if not exact:
        return text_of(value, dimension)
    number, unit, _ = min(exact, key=lambda one: (len(one[0]), -one[2]))
    return f"{number} {unit}"


def _plain(number: float) -> str:
    return str(int(number)) if number == int(number) and abs(number) < 1e15 else repr(number)


@dataclasses.dataclass(frozen=True)
class Quantity:
    """Marks a pydantic field as a quantity: text with a unit in YAML, a number in base units in the model.

    `low` and `high` bound it (inclusive; `above` exclusive). `dated` allows `{2026-01-01: 3 %, ...}` in its place.
    """

    dimension: str
    low: float | None = None
    high: float | None = None
    above: float | None = None
    dated: bool = True

    def read(self, text: Any, tickers: frozenset[str] | None = None) -> Any:
        """The value, or a `Dated` of values; raises `UnitError`."""
        if isinstance(text, Dated):
            return text
        if isinstance(text, Mapping) and self.dated:
            return self._dated(text, tickers)
        if isinstance(text, Mapping) and text and all(_is_day(day) for day in text):
            first = next(iter(text.values()))
            raise UnitError(
                "dated values are read but not simulated yet here: the run needs one value that holds throughout",
                f"write for example `{first}`",
                kind="dated",
            )
        value = text if isinstance(text, Money) else parse(text, self.dimension, tickers)
        self._check(text, value.amount if isinstance(value, Money) else value)
        return value

    def _dated(self, text: Mapping[Any, Any], tickers: frozenset[str] | None) -> Dated:
        example = f"`2027-01-01: {DIMENSIONS[self.dimension].example}`"
        if not text:
            raise UnitError("no date found; must hold at least one", f"write for example {example}", kind="dated")
        steps = []
        for day, value in text.items():
            date, step = _date(day), self.read(value, tickers)
            if isinstance(step, Dated):
                message = f"a map of dates found at {day}; must be one value"
                raise UnitError(message, f"write for example {example}", kind="dated")
            steps.append((date, step))
        return Dated(tuple(sorted(steps)))

    def _check(self, text: Any, number: float) -> None:
        wanted = DIMENSIONS[self.dimension]
        if number != number or number in (float("inf"), float("-inf")):
            raise UnitError(f"'{text}' is not a finite number", f"write for example `{wanted.example}`")
        if self.above is not None and number <= self.above:
            raise UnitError(
                f"'{text}' found; must be above {self.edge(self.above)}",
                f"for example `{wanted.example}`",
                kind="range",
            )
        if self.low is not None and number < self.low:
            raise UnitError(
                f"'{text}' found; must be at least {self.edge(self.low)}",
                f"for example `{wanted.example}`",
                kind="range",
            )
        if self.high is not None and number > self.high:
            raise UnitError(
                f"'{text}' found; must be at most {self.edge(self.high)}",
                f"for example `{wanted.example}`",
                kind="range",
            )

    def edge(self, number: float) -> str:
        """A bound as people write it: `50 %`, `100 day`; of the other dimensions the number in their base unit."""
        if self.dimension == "share":
            return f"{number * 100:g} %"
        return readable(float(number), self.dimension) if self.dimension == "duration" and number else f"{number:g}"

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic_core import PydanticCustomError, core_schema

        def validate(value: Any, info: Any) -> Any:
            context = info.context or {}
            try:
                # Outside YAML a float is a value already in base units: models built from Python, and defaults.
                if isinstance(value, float) and not context.get("yaml"):
                    self._check(value, value)
                    return value
                return self.read(value, context.get("tickers"))
            except UnitError as error:
                raise PydanticCustomError(
                    error.kind, "{message}", {"message": str(error), "hint": error.hint}
                ) from None

        def write(value: Any) -> Any:
            if isinstance(value, Dated):
                return {day.isoformat(): text_of(step, self.dimension) for day, step in value.steps}
            return text_of(value, self.dimension)

        return core_schema.with_info_plain_validator_function(
            validate,
            serialization=core_schema.plain_serializer_function_ser_schema(write, when_used="json-unless-none"),
        )

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        wanted = DIMENSIONS[self.dimension]
        scalar = {
            "type": "string",
            "pattern": self.pattern(),
            "patternErrorMessage": f"expected {wanted.label}, e.g. {wanted.example}",
        }
        if not self.dated:
            return scalar
        return {
            "anyOf": [
                scalar,
                {
                    "type": "object",
                    "patternProperties": {r"^\d{4}-\d{2}-\d{2}$": scalar},
                    "additionalProperties": False,
                    "minProperties": 1,
                },
            ]
        }

    def pattern(self) -> str:
        """A regular expression for editors: number, blank, one of the units."""
        units = (re.sub(r"\s+", "", u) for u in DIMENSIONS[self.dimension].units)
        escaped = (
            re.escape(u).replace(r"\$", rf"[kMB]?{_CURRENCY}").replace("%/", "% ?/").replace(r"%\/", r"% ?\/")
            for u in units
        )
        return rf"^\s*{_NUMBER}\s*(?:{'|'.join(escaped)})\s*$"


def _is_day(text: Any) -> bool:
    try:
        return bool(_date(text))
    except UnitError:
        return False


def _date(text: Any) -> datetime.date:
    if isinstance(text, datetime.date):
        return text
    try:
        return datetime.date.fromisoformat(str(text))
    except ValueError:
        raise UnitError(f"'{text}' is not a date", "write for example `2028-01-01`", kind="date") from None


Duration = Annotated[float, Quantity("duration", low=0)]
"""Seconds, >= 0."""
PositiveDuration = Annotated[float, Quantity("duration", above=0)]
"""Seconds, > 0."""
FixedDuration = Annotated[float, Quantity("duration", above=0, dated=False)]
"""Seconds, > 0, the same for the whole run."""
Rate = Annotated[float, Quantity("rate", low=0)]
"""Events per second, >= 0."""
Growth = Annotated[float, Quantity("growth")]
"""Fraction per year (0.35 = 35 % a year); may be negative."""
Share = Annotated[float, Quantity("share", low=0, high=1)]
"""Fraction in [0, 1]."""
Change = Annotated[float, Quantity("share", low=-1)]
"""Fraction >= -1: a relative change (-0.5 = half less)."""
Power = Annotated[float, Quantity("power", low=0)]
"""Watts."""
EnergyPrice = Annotated[float, Quantity("energy_price", low=0)]
"""USD per kWh."""
TokenPrice = Annotated[Money, Quantity("token_price", low=0)]
"""Currency per million LLM tokens."""
CoinPrice = Annotated[Money, Quantity("coin_price", above=0)]
"""USD per coin; `currency` is the coin's ticker."""
Amount = Annotated[Money, Quantity("money", low=0)]
"""An amount of a currency."""
Flow = Annotated[Money, Quantity("flow", low=0)]
"""An amount of a currency per day."""
Hourly = Annotated[float, Quantity("hourly", low=0)]
"""USD per hour."""
FixedShare = Annotated[float, Quantity("share", low=0, high=1, dated=False)]
"""Fraction in [0, 1], the same for the whole run."""
FixedTokenPrice = Annotated[Money, Quantity("token_price", low=0, dated=False)]
"""Currency per million LLM tokens, the same for the whole run."""
FixedCoinPrice = Annotated[Money, Quantity("coin_price", above=0, dated=False)]
"""USD per coin, once for the whole run."""
FixedAmount = Annotated[Money, Quantity("money", low=0, dated=False)]
"""An amount of a currency, once for the whole run."""
FixedHourly = Annotated[float, Quantity("hourly", low=0, dated=False)]
"""USD per hour, the same for the whole run."""
Bytes = Annotated[float, Quantity("bytes", above=0, dated=False)]
"""Bytes."""
Bandwidth = Annotated[float, Quantity("bandwidth", above=0, dated=False)]
"""Bytes per second."""
