"""Every page: its links lead somewhere, its commands are commands, its YAML is YAML."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from sim.cli import cli
from sim.scenario.reader import read_file

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "reports" / "README.md", *(ROOT / "docs").rglob("*.md")]
)
_BLOCK = re.compile(r"```(\w*)\n(.*?)```", re.DOTALL)
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
_INLINE = re.compile(r"`(infermint [a-z][^`]*)`")


def _ids(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("page", [*PAGES, *NOTEBOOKS], ids=_ids)
def test_links_of_a_page_lead_to_files(page):
    for target in _LINK.findall(page.read_text(encoding="utf-8")):
        if not target.startswith(("http://", "https://")):
            assert (page.parent / target).exists(), target


def _leads_to(page: Path) -> set[Path]:
    """Pages of the docs that a page links to."""
    found = ((page.parent / target).resolve() for target in _LINK.findall(page.read_text(encoding="utf-8")))
    return {path for path in found if path.suffix == ".md" and path.is_relative_to(ROOT / "docs")}


def test_every_page_is_reached_from_the_readme():
    reached, looked_at = {ROOT / "README.md"}, set[Path]()
    while reached - looked_at:
        page = (reached - looked_at).pop()
        looked_at.add(page)
        reached |= _leads_to(page)
    assert set((ROOT / "docs").rglob("*.md")) - reached == set()


def test_the_pages_by_question_hold_every_page_but_single_decisions():
    index = ROOT / "docs" / "README.md"
    assert set((ROOT / "docs").glob("*.md")) - {index} - _leads_to(index) == set()
    decisions = ROOT / "docs" / "decisions" / "README.md"
    assert set(decisions.parent.glob("*.md")) - {decisions} - _leads_to(decisions) == set()


def _anchors(page: Path) -> set[str]:
    """Anchors of a page's headings: lower case, blanks as hyphens, nothing else but letters, digits and `_`."""
    heads = re.findall(r"^#+ (.*)$", _BLOCK.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=_ids)
def test_links_into_a_page_lead_to_headings(page):
    for target, anchor in re.findall(r"\]\(([^)#\s]*)#([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if not target.startswith(("http://", "https://")):
            assert anchor in _anchors(page.parent / target if target else page), f"{target}#{anchor}"


def _commands(text: str) -> list[tuple[str, bool]]:
    """Commands of a page, and whether they stand in a block (in prose a verb may be named without its arguments)."""
    lines = [line for kind, body in _BLOCK.findall(text) if kind in ("", "sh") for line in body.splitlines()]
    whole = [(line.strip(), True) for line in lines if line.strip().startswith("infermint ")]
    return whole + [(line, False) for line in _INLINE.findall(_BLOCK.sub("", text))]


@pytest.mark.parametrize("page", PAGES, ids=_ids)
def test_commands_of_a_page_have_verbs_and_options_that_exist(page):
    for line, whole in _commands(page.read_text(encoding="utf-8")):
        words = shlex.split(line, comments=True)[1:]
        command: click.Command = cli
        # Walk to the verb (`trace import` has two words), then let click read the rest without running anything.
        while isinstance(command, click.Group) and words:
            verb = command.get_command(click.Context(command), words[0])
            assert verb is not None, f"`{line}`: no verb {words[0]}"
            command, words = verb, words[1:]
        if words or whole:
            command.make_context("infermint", words, resilient_parsing=not whole)


@pytest.mark.parametrize("page", [p for p in PAGES if "```yaml" in p.read_text(encoding="utf-8")], ids=_ids)
def test_yaml_of_a_page_can_be_read(page, tmp_path):
    for number, (kind, body) in enumerate(_BLOCK.findall(page.read_text(encoding="utf-8"))):
        if kind == "yaml":
            file = tmp_path / f"{number}.yaml"
            file.write_text(body, encoding="utf-8")
            read_file(file)


def test_the_readme_names_each_room_of_the_house_and_each_target():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"`?make ([a-z-]+)", text):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for folder in re.findall(r"`((?:sim|scenarios|docs|tests|benchmarks|notebooks|reports)/[\w/.]*)`", text):
        if not folder.startswith("reports/demo"):
            assert (ROOT / folder).exists(), folder
