"""The docs as a site: built strictly, every page in its navigation, and nothing loaded from elsewhere."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
_FENCED = re.compile(r"```.*?```", re.DOTALL)
_ITEM = re.compile(r"(?:-|\d+\.) ")
_LOADED = re.compile(r"<(?:script|img|iframe|source|video)\b[^>]*\bsrc=\"?(?P<src>[^\"\s>]+)|<link\b(?P<link>[^>]*)>")


@pytest.fixture(scope="module")
def hooks():
    pytest.importorskip("mkdocs")
    spec = importlib.util.spec_from_file_location("site_hooks", DOCS / "site_hooks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of a site that was built with warnings as errors."""
    pytest.importorskip("material")
    folder = tmp_path_factory.mktemp("site")
    words = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def _pages(nav):
    for entry in nav:
        for item in entry.values() if isinstance(entry, dict) else [entry]:
            yield from _pages(item) if isinstance(item, list) else [item]


def test_the_navigation_has_every_page_once(hooks):
    pages = list(_pages(hooks.navigation((DOCS / "README.md").read_text(encoding="utf-8"))))
    assert len(pages) == len(set(pages))
    assert set(pages) == {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}


def test_the_navigation_has_the_questions_of_the_index(hooks):
    nav = hooks.navigation("[one](a.md)\n| … trust it | |\n| x | [two](b.md), [one](a.md), [three](../c.md) |\n")
    assert nav == [{"Pages by question": "README.md"}, {"One": "a.md"}, {"Trust it": [{"Two": "b.md"}]}]


@pytest.mark.long
def test_every_page_and_the_files_it_links_to_are_in_the_site(site):
    for path in DOCS.rglob("*.md"):
        name = path.relative_to(DOCS).with_suffix(".html").as_posix().replace("README.html", "index.html")
        assert (site / name).exists(), name
    for page in site.rglob("*.html"):
        for target in re.findall(r'href="((?:\.\./)*repository/[^"#]+)"', page.read_text(encoding="utf-8")):
            assert (page.parent / target).is_file(), f"{page.name}: {target}"
    assert (site / "repository" / "CITATION.cff.txt").read_bytes() == (ROOT / "CITATION.cff").read_bytes()
    assert not list(site.rglob("*.py"))


@pytest.mark.long
def test_no_page_of_the_site_loads_anything_from_elsewhere(site):
    pages = list(site.rglob("*.html"))
    assert len(pages) > 50
    for page in pages:
        text = page.read_text(encoding="utf-8")
        loaded = [match["src"] or match["link"] for match in _LOADED.finditer(text)]
        assert loaded and not [each for each in loaded if "//" in each], page.name
        assert "fonts.g" not in text


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda page: page.relative_to(DOCS).as_posix())
def test_lists_begin_behind_a_blank_line_or_a_heading(page):
    # Where files are read a list may follow a line of text; a site would draw it into that paragraph.
    before, inside = "", False
    for line in _FENCED.sub("", page.read_text(encoding="utf-8")).splitlines():
        item = _ITEM.match(line) is not None
        assert not item or inside or not before.strip() or before.startswith("#"), line
        inside = item or (inside and bool(line.strip()))
        before = line
