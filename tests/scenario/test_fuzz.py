"""Whatever stands in a file, reading it gives a scenario or a `ScenarioError`: never a traceback, never a hang."""

from __future__ import annotations

import datetime
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sim.errors import ScenarioError
from sim.scenario import load
from sim.scenario.nodes import plain
from sim.scenario.reader import read_bytes
from sim.scenario.render import FORMATS, render

PINNED = (Path(__file__).parents[1] / "scenarios" / "format-v1.yaml").read_text(encoding="utf-8")
WORDS = (
    "{",
    "}",
    "[",
    "]",
    ":",
    ": ",
    "- ",
    "\n",
    "\n  ",
    "\t",
    "&a",
    "*a",
    "!!x",
    "'",
    '"',
    "|",
    ">",
    "#",
    "%",
    "010",
    ".nan",
    "1e999",
    "~",
    "2026-01-01",
    "no",
    "?",
    "<<",
    "---",
    "\u2028",
    "\ufeff",
    "é",
    "日本",
)
QUIET = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture]}
FEW = settings(max_examples=8, **QUIET)
"""For whole files, in `make quick`; the same properties meet MANY files in `make test-all`."""
MANY = settings(max_examples=300, **QUIET)


def _told(error: ScenarioError) -> None:
    for problem in error.problems:
        assert problem.message
        assert problem.line >= 0 and problem.column >= 0
    for form in FORMATS:
        assert render(error, form)


def _read(data: bytes) -> None:
    try:
        read_bytes(data, "f.yaml")
    except ScenarioError as error:
        _told(error)


@given(st.binary(max_size=400))
@example(b"\xef\xbb\xbfa: 1")
@example(b"\xff\xfea\x00")
@example(b"a: \x85 b")
@example(b"? - a\n  - b\n: c")
@settings(deadline=None, max_examples=150)
def test_any_bytes(data):
    _read(data)


@given(st.lists(st.sampled_from(WORDS) | st.text(max_size=4), max_size=30).map("".join))
@settings(deadline=None, max_examples=150)
def test_any_text_that_looks_like_yaml(text):
    _read(text.encode("utf-8", "surrogatepass"))


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=6)
    | st.dates()
    | st.sampled_from(["3 s", "1 %", "kind", "-1 /s", "9 MUSD", "2026-01-01"])
)
TREES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["kind", "value", "source", "assumed", "extends", "file", "x"]) | st.text(max_size=4),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


def _paths(data, path=()):
    yield path
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, item in items:
        yield from _paths(item, (*path, key))


DATA = plain(read_bytes(PINNED.encode(), "f.yaml"))
PATHS = [path for path in _paths(DATA) if path]


def _with(data, path, value):
    if not path:
        return value
    if isinstance(data, list):
        return [_with(item, path[1:], value) if index == path[0] else item for index, item in enumerate(data)]
    return {key: _with(item, path[1:], value) if key == path[0] else item for key, item in data.items()}


def _natural(data):
    """Numbers as numbers: the reader's own remember how they were typed, which the dumper does not know."""
    if isinstance(data, dict):
        return {key: _natural(item) for key, item in data.items()}
    if isinstance(data, list):
        return [_natural(item) for item in data]
    return (
        float(data)
        if isinstance(data, float)
        else int(data)
        if isinstance(data, int) and not isinstance(data, bool)
        else data
    )


def _any_value_anywhere_in_the_pinned_file(tmp_path, path, value):
    file = tmp_path / "s.yaml"
    file.write_text(
        yaml.safe_dump(_natural(_with(DATA, path, value)), allow_unicode=True), encoding="utf-8", errors="surrogatepass"
    )
    try:
        scenario = load(file)
        scenario.cases()
    except ScenarioError as error:
        _told(error)


def _any_small_edit_of_the_pinned_file(tmp_path, place, cut, word):
    file = tmp_path / "s.yaml"
    file.write_text(PINNED[:place] + word + PINNED[place + cut :], encoding="utf-8")
    try:
        load(file)
    except ScenarioError as error:
        _told(error)


def _any_set(tmp_path, path, value):
    file = tmp_path / "s.yaml"
    file.write_text(PINNED, encoding="utf-8")
    try:
        load(file, [(path, value)])
    except ScenarioError as error:
        _told(error)


PROPERTIES = {
    _any_value_anywhere_in_the_pinned_file: (st.sampled_from(PATHS), TREES),
    _any_small_edit_of_the_pinned_file: (
        st.integers(0, len(PINNED) - 1),
        st.integers(0, 12),
        st.sampled_from(["", *WORDS]),
    ),
    _any_set: (
        st.sampled_from([".".join(map(str, path)) for path in PATHS]) | st.text(max_size=12),
        st.text(max_size=12) | st.sampled_from(WORDS),
    ),
}


@pytest.mark.long
@pytest.mark.parametrize("body", PROPERTIES, ids=lambda body: body.__name__.strip("_"))
@pytest.mark.parametrize("budget", [FEW, pytest.param(MANY, marks=pytest.mark.slow)], ids=["few", "many"])
def test_any_change_of_the_pinned_file_is_read_or_told(tmp_path, body, budget):
    budget(given(*PROPERTIES[body])(body))(tmp_path)


def test_numbers_remember_how_they_were_typed():
    data = plain(read_bytes(b"a: 1e3\nb: 1.50\nc: +7\nd: 1.5e-3\n", "f.yaml"))
    assert data == {"a": 1000, "b": 1.5, "c": 7, "d": 0.0015}
    assert [str(value) for value in data.values()] == ["1e3", "1.50", "+7", "1.5e-3"]


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("~", None),
        ("null", None),
        ("true", True),
        ("FALSE", False),
        ("yes", "yes"),
        ("0", 0),
        ("0.5", 0.5),
        ("1.", 1.0),
        ("-0", 0),
        ("0o17", None),
        ("1_000", "1_000"),
        ("2026-02-29", "2026-02-29"),
        ("2028-02-29", datetime.date(2028, 2, 29)),
        ("=", "="),
        ("0x1F", None),
    ],
)
def test_the_words_of_yaml_1_2(word, value):
    if re.match("0[ox]", word):
        with pytest.raises(ScenarioError, match="is not a decimal number"):
            read_bytes(f"a: {word}".encode(), "f.yaml")
    else:
        read = plain(read_bytes(f"a: {word}".encode(), "f.yaml"))["a"]
        assert (read, type(read).__mro__[-2]) == (value, type(value).__mro__[-2])
