"""Records as text: what is written comes back as it was, whoever reads it."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.records.run import FlowRow
from sim.records.text import canonical, read

NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers() | st.none() | st.booleans()
TREES = st.recursive(
    NUMBERS | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=20,
)


def same(one: object, other: object) -> bool:
    """Equal in value, kind and sign of zero."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


@given(st.dictionaries(st.text(max_size=4), TREES, max_size=4))
def test_what_is_written_comes_back_to_the_last_bit(tree: dict[str, object]) -> None:
    """Floats, integers of any size and texts, by this reader and by Python's."""
    text = canonical(tree)
    assert same(read(text), tree)
    assert same(json.loads(text), tree)


@given(st.dictionaries(st.text(max_size=4), TREES, max_size=4))
def test_the_order_of_keys_moves_nothing(tree: dict[str, object]) -> None:
    assert canonical(dict(reversed(tree.items()))) == canonical(tree)


def test_rows_of_a_class_are_tables_of_their_fields() -> None:
    row = FlowRow("TAO", 18, "emission", "", "operators", 10**25)
    assert canonical({"rows": [row]}) == (
        '{"rows":[{"amount":10000000000000000000000000,"currency":"TAO","decimals":18,'
        '"reason":"emission","source":"","target":"operators"}]}'
    )


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_refused(number: float) -> None:
    """Where it is written, and where somebody else wrote it."""
    for held in (number, [1.0, number], {"rows": [{"x": number}]}):
        with pytest.raises(ValueError):
            canonical({"held": held})
        with pytest.raises(ValueError):
            read(json.dumps({"held": held}))


def test_a_text_may_say_nan() -> None:
    assert read(canonical({"note": "NaN, Infinity"})) == {"note": "NaN, Infinity"}


@pytest.mark.parametrize("text", ["", "{", '{"a":1} x', "{'a': 1}"])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read(text)
