"""How numbers and names are said."""

from __future__ import annotations

import pytest

from sim.report import words


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (0.1241, "0.124"), (12.34, "12.3"), (388.4, "388"), (999.9, "1,000"), (15_234.6, "15,235"), (-1_234.0, "-1,234"),
     (15_812_345.0, "15.81 M"), (2.5e9, "2.500 bn"), (3e-7, "3.00e-07"), (0.0000364, "0.0000364"), (7e13, "7e+13"), (float("nan"), "n/a")],
)  # fmt: skip
def test_a_number_has_three_digits_and_commas(value: float, text: str) -> None:
    assert words.plain(value) == text


def test_shares_are_told_in_percent_and_their_differences_in_points() -> None:
    assert words.amount(0.42, "%") == "42.0 %"
    assert words.signed(-0.045, "%") == "-4.50 pp"
    assert words.signed(3.0, "nodes") == "+3.00 nodes"
    assert words.amount(None, "%") == "n/a"


def test_a_relative_difference_has_one_number_of_decimals() -> None:
    assert words.relative(-0.2264, -0.271, -0.189) == "-22.6 % [-27.1, -18.9]"
    assert words.relative(3.9, 3.76, 4.04) == "+390 % [+376, +404]"
    assert (
        words.relative(0.0003, -0.0059, 0.0065) == "0.0 % [-0.6, +0.7]"
        or words.relative(0.0003, -0.0059, 0.0065) == "0.0 % [-0.6, +0.6]"
    )
    assert words.relative(0.00012, 0.0001, 0.00014) == "+0.01 % [+0.01, +0.01]"
    assert words.relative(None, None, None) == "n/a"
    assert words.relative(0.1, None, None) == "+10.0 %"


def test_outcomes_are_said_with_network_and_moment() -> None:
    assert words.full_label("tao.nodes@end") == "tao: nodes at the end"
    assert words.full_label("tao.nodes@min") == "tao: lowest nodes"
    assert words.full_label("tao.nodes@2028-01-01") == "tao: nodes on 2028-01-01"
    assert words.full_label("consumer_surplus_usd_per_day") == "consumer surplus"
    assert words.full_label("tao.not_in_the_table") == "tao: not_in_the_table"
    assert words.full_label("tao.nodes@{x!r}") == "tao: nodes on x!r"


def test_a_name_is_one_short_line() -> None:
    assert words.clip("a\nb\x00c\u202ed") == "a b c d"
    assert words.clip("x" * 10_000, 10) == "x" * 9 + "…"
    assert words.clip("\ud800") == ""


def test_durations_use_the_largest_whole_unit() -> None:
    assert words.duration(6 * 31_557_600) == "6 years"
    assert words.duration(31_557_600) == "1 year"
    assert words.duration(604_800) == "1 week"
    assert words.duration(90) == "90.0 s"
    assert words.duration(7200) == "2 h"
    assert words.duration(1.5 * 31_557_600) in ("1.5 years", "13,149 h")


def test_minus_signs_are_set_before_numbers_only() -> None:
    assert (
        words.minus("-5 % [-7, -3] of two-years 2026-01-01")
        == "\u22125\u00a0% [\u22127,\u00a0\u22123] of two-years 2026-01-01"
    )


def test_every_word_of_a_verdict_has_a_sign() -> None:
    from typing import get_args

    from sim.records.study import Word

    assert set(words.SIGNS) == set(get_args(Word))
