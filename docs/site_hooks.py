"""Hooks of the docs site (`mkdocs.yml`): its navigation, and files of the repository that pages link to.

Pages stay as they are read in the repository. The tables of `README.md` in this folder are the one list of pages by question;
the navigation is made of them. Links that lead out of this folder, to a scenario or a licence, get a copy in the site.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

DOCS = Path(__file__).parent
ROOT = DOCS.parent
_HEAD = re.compile(r"^\| … ([^|]+?) \| \|$")
_LINK = re.compile(r"\[([^\]]*)\]\(([^)#\s]+\.md)\)")
_SERIES = {"decisions/README.md": "20*.md", "studies/README.md": "*[0-9]-*.md"}
"""Pages that list others, and their names: those stand below them."""
_OUTWARD = re.compile(r"\]\(((?:\.\./)+[^)#\s]+)")


def navigation(index: str) -> list[dict[str, Any]]:
    """Sections of the tables of an index, a page where it is first named; single decisions and studies stand below theirs."""
    nav: list[dict[str, Any]] = [{"Pages by question": "README.md"}]
    seen = {"README.md"}
    pages = nav
    for line in index.splitlines():
        head = _HEAD.match(line)
        if head is not None:
            pages = []
            nav.append({_capital(head[1]): pages})
        for title, path in _LINK.findall(line):
            if path not in seen and not path.startswith("../"):
                seen.add(path)
                pages.append({_capital(title): _series(path) if path in _SERIES else path})
    return nav


def _series(index: str) -> list[Any]:
    folder = Path(index).parent.as_posix()
    return [index, *sorted(f"{folder}/{file.name}" for file in (DOCS / folder).glob(_SERIES[index]))]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def on_config(config: Any) -> Any:
    """Put the navigation in."""
    config.nav = navigation((DOCS / "README.md").read_text(encoding="utf-8"))
    return config


def on_files(files: Files, config: Any) -> Files:
    """Add a copy of each file outside this folder that a page links to."""
    for page in sorted(DOCS.rglob("*.md")):
        for target in _OUTWARD.findall(page.read_text(encoding="utf-8")):
            source = (page.parent / target).resolve()
            if source.is_file() and not source.is_relative_to(DOCS) and files.get_file_from_path(_copy(source)) is None:
                files.append(File.generated(config, _copy(source), abs_src_path=str(source)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Let links out of this folder lead to the copies."""
    folder = (DOCS / page.file.src_uri).parent

    def leads_to(match: re.Match[str]) -> str:
        source = (folder / match[1]).resolve()
        if source.is_relative_to(DOCS) or not source.is_file():
            return match[0]
        return f"]({Path(os.path.relpath(DOCS / _copy(source), folder)).as_posix()}"

    return _OUTWARD.sub(leads_to, markdown)


def _copy(source: Path) -> str:
    """Where the copy stands: as text, so that a browser shows it (a page of Markdown would become a page of the site)."""
    place = f"repository/{source.relative_to(ROOT).as_posix()}"
    return place if source.suffix in (".csv", ".html", ".ipynb", ".png") else f"{place}.txt"
