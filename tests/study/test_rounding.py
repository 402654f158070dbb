"""Numbers and points of a sweep as people read them."""

from __future__ import annotations

import pytest

from sim.study.rounding import point_words, shortened


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, ""),
        ({"networks.tao.operators.home.outside_rent": "0.1 USD/h"}, "outside rent 0.1 USD/h"),
        (
            {
                "networks.tao.operators.home.nodes": "8",
                "networks.tao.operators.farm.nodes": "0",
                "workload.chat.rate": "4 /s",
            },
            "home nodes 8, farm nodes 0, rate 4 /s",
        ),
        (
            {"networks.a.operators.home.nodes": "1", "networks.b.operators.home.nodes": "2"},
            "a operators home nodes 1, b operators home nodes 2",
        ),
        ({"nodes": "1", "a.nodes": "2"}, "nodes 1, a nodes 2"),
    ],
)
def test_a_point_is_told_by_as_many_keys_as_tell_its_paths_apart(values, said):
    assert point_words(values) == said


def test_numbers_that_were_solved_for_are_told_to_four_digits():
    assert shortened("0.19168293127388175 TAO/day, x 1.5 and 12345.6789012") == "0.1917 TAO/day, x 1.5 and 12,346"
