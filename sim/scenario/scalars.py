"""What an unquoted word of YAML means here: the core schema of YAML 1.2, with the traps refused.

`no` and `NO` are text, `010` is refused (8 to some readers, 10 to others), `1e6` is a number, `.nan` and `.inf` are
refused, `2026-01-01` is a date. Numbers remember how they were typed, so that messages quote the user's own text.
"""

from __future__ import annotations

import datetime
import re
from typing import Any

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]+\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+(\.[0-9]*)?\Z")
_OTHER_BASE = re.compile(r"[-+]?0(o[0-7]+|x[0-9a-fA-F]+|b[01]+)\Z")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF|nan|NaN|NAN)\Z")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_DIGITS = 40


class TypedInt(int):
    """A whole number that prints as it was typed."""

    typed: str

    def __str__(self) -> str:
        return self.typed

    __repr__ = __str__


class TypedFloat(float):
    """A number that prints as it was typed."""

    typed: str

    def __str__(self) -> str:
        return self.typed

    __repr__ = __str__


class ScalarError(ValueError):
    """The word is a trap; `fix` says what to write."""

    def __init__(self, kind: str, message: str, fix: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.fix = fix


def resolve(word: str) -> Any:
    """The value of an unquoted word. Raises `ScalarError` for those that readers of YAML disagree about.

    Whole numbers in exponent form (`1e6`) are ints. A date is a `datetime.date` where such a day exists, else text.
    """
    if word in _NULL:
        return None
    if word in _BOOL:
        return _BOOL[word]
    if _NOT_FINITE.match(word):
        raise ScalarError("not_finite", f"`{word}` is not a finite number", "write a number, or leave the key out")
    if _LEADING_ZERO.match(word):
        bare = re.sub(r"^([-+]?)0+(?=[0-9])", r"\1", word)
        raise ScalarError("leading_zero", f"`{word}` begins with 0: {_as_octal(word)}", f"write `{bare}`")
    if _OTHER_BASE.match(word):
        raise ScalarError("number_base", f"`{word}` is not a decimal number", f"write `{int(word, 0)}`")
    if _INT.match(word) or _FLOAT.match(word):
        return _number(word)
    if _DATE.match(word):
        try:
            return datetime.date.fromisoformat(word)
        except ValueError:
            return word
    return word


def _as_octal(word: str) -> str:
    digits = word.lstrip("+-")
    if set(digits) <= set("01234567"):
        return f"some readers take it for {int(digits, 8)}"
    return "readers differ on what it is"


def _number(word: str) -> Any:
    if len(word) > _DIGITS:
        raise ScalarError(
            "number_size",
            f"`{word[:_DIGITS]}…` has {len(word)} characters; a number has at most {_DIGITS}",
            "write it shorter",
        )
    real = float(word)
    if real in (float("inf"), float("-inf")):
        raise ScalarError("not_finite", f"`{word}` is too large for a number", "write a smaller number")
    number: Any = TypedInt(word) if _INT.match(word) else TypedFloat(word)
    if isinstance(number, float) and "e" in word.lower() and number.is_integer() and abs(number) < 2**53:
        number = TypedInt(int(number))
    number.typed = word
    return number
