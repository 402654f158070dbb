"""Problems in the three forms: text for people, JSON for programs, commands for GitHub."""

from __future__ import annotations

import json

import pytest

from sim.errors import Problem, ScenarioError
from sim.scenario.render import WIDTH, clip, render

ONE = Problem("dimension", "a.b", "'1 s' is wrong", "write `1 W`", "s.yaml", 9, 6, "  b: 1 s", 3)


def test_text_points_at_the_value_and_tells_the_fix():
    assert render([ONE]) == (
        "error[dimension]: `a.b`: '1 s' is wrong\n"
        "  --> s.yaml:9:6\n"
        "    9 |   b: 1 s\n"
        "      |      ^^^\n"
        "      = write `1 W`"
    )


def test_text_counts_several():
    assert render([ONE, ONE]).endswith("\n2 errors")


def test_a_problem_without_a_place_is_one_line():
    assert render(ScenarioError("--set 'x' found")) == "error[scenario]: --set 'x' found"


def test_the_caret_stands_under_wide_characters():
    problem = Problem("k", "", "m", "", "s.yaml", 1, 8, "名: 日本, x", 1)
    line, caret = render([problem]).splitlines()[2:4]
    cells = sum(2 if ord(c) > 0x2E80 else 1 for c in line[: line.index("x")])
    assert caret.index("^") == cells


@pytest.mark.parametrize("column", [1, 5, 60, 119, 120, 121, 500, 9_999, 10_000])
def test_a_long_line_is_clipped_around_the_place(column):
    line = "".join(chr(97 + index % 26) for index in range(10_000))
    shown, at = clip(line, column)
    assert len(shown) <= WIDTH + 1
    assert shown[at - 1] == line[column - 1]


def test_control_characters_do_not_reach_the_terminal():
    text = render([Problem("k", "p", "found \x1b[31mred", "fix", "s.yaml", 1, 1, "a: \x1b[31mred", 3)])
    assert "\x1b" not in text and "\\x1b" in text


def test_json_is_one_document_with_all_fields():
    document = json.loads(render([ONE], "json"))
    assert document["format"] == 1
    (problem,) = document["problems"]
    assert (problem["kind"], problem["line"], problem["column"], problem["fix"], problem["file"]) == (
        "dimension",
        9,
        6,
        "write `1 W`",
        "s.yaml",
    )


def test_github_escapes_and_sorts_errors_first():
    warning = Problem("w", "", "100 % sure\nreally", "", "a,b:c.yaml", 3, 2, severity="warning")
    first, second = render([warning, ONE], "github").splitlines()
    assert first == "::error file=s.yaml,line=9,col=6,endColumn=9,title=dimension::a.b: '1 s' is wrong (write `1 W`)"
    assert second == "::warning file=a%2Cb%3Ac.yaml,line=3,col=2,endColumn=3,title=w::100 %25 sure%0Areally"


def test_another_form_is_a_fault_of_the_caller():
    with pytest.raises(ValueError, match="must be one of text, json, github"):
        render([ONE], "xml")
