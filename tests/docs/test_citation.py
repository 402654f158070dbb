"""`CITATION.cff`: what the Citation File Format 1.2.0 asks for, in step with `pyproject.toml`."""

from __future__ import annotations

import tomllib
from pathlib import Path

import yaml

import sim

ROOT = Path(__file__).parents[2]
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
_KEYS = {"cff-version", "message", "type", "title", "abstract", "version", "license", "authors", "keywords"}


def test_the_citation_has_the_keys_that_the_format_needs_and_no_unknown_one():
    assert {"cff-version", "message", "title", "authors"} <= set(CITATION) <= _KEYS
    assert (CITATION["cff-version"], CITATION["type"]) == ("1.2.0", "software")
    # The format takes text where YAML could read a number or a date.
    assert all(isinstance(CITATION[key], str) for key in _KEYS - {"authors", "keywords"})


def test_the_citation_says_what_the_package_says():
    assert CITATION["version"] == PROJECT["version"] == sim.__version__
    assert (CITATION["title"], CITATION["license"]) == (PROJECT["name"], PROJECT["license"])
    assert CITATION["authors"] == PROJECT["authors"]
    assert CITATION["keywords"] == PROJECT["keywords"]


def test_the_readme_leads_to_the_citation():
    assert "](CITATION.cff)" in (ROOT / "README.md").read_text(encoding="utf-8")
