"""Notebooks: they run, their figures and tables are shown, and they call the public face only."""

from __future__ import annotations

import ast
import json
import os
from pathlib import Path

import pytest

import sim

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
PLAIN = {"matplotlib.pyplot", "pandas", "sim"}
STANDARD = {"datetime", "json", "pathlib", "tempfile"}
FIGURES = {"first_hour": 4, "halving_study": 3, "own_policy_router_network": 2, "validation": 2}
"""Cells that show a figure."""
SHOWN = {
    "halving_study": ["two_years", "joint sets of the uncertain parameters", "tao.break_even_coin_usd", "tao.nodes@2029-12-14", "every_4_years"],
    "own_policy_router_network": ["is not a key here (did you mean `share`?)", "fullest_first"],
    "validation": ["intervals miss theory", "19,700,000 TAO exist", "prefill_first|Vidur"],
}
"""What else a reader must see: a part of some output, or one of two where it hangs on data that do not come along."""


def _code(path: Path) -> list[str]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_is_stored_without_outputs(path):
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        assert not cell.get("outputs") and cell.get("execution_count") is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_calls_the_public_face_only(path):
    for node in ast.walk(ast.parse("\n".join(_code(path)))):
        if isinstance(node, ast.Import):
            assert {alias.name for alias in node.names} <= PLAIN | STANDARD
        assert not isinstance(node, ast.ImportFrom)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "sim":
            assert node.attr in sim.__all__


@pytest.mark.compiled
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_runs_and_shows_what_it_draws(path, monkeypatch):
    import nbformat
    from nbclient import NotebookClient

    # A notebook runs in its own folder, from which the default `../shared` is another place than from the project's.
    shared = Path(os.environ.get("INFERMINT_SHARED", ROOT.parent / "shared"))
    monkeypatch.setenv("INFERMINT_SHARED", str(shared.resolve()))
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}}
    ).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert sum("image/png" in output.get("data", {}) for output in outputs) == FIGURES[path.stem]
    for cell in notebook.cells:
        if "sim.plot." in cell.source and cell.cell_type == "code":
            assert any("image/png" in output.get("data", {}) for output in cell.outputs), cell.source
    told = "\n".join(str(output.get("text") or output.get("data", {}).get("text/plain", "")) for output in outputs)
    all_there = os.environ.get("INFERMINT_REQUIRE_SHARED") == "1"
    for part in SHOWN.get(path.stem, ()):
        assert any(one in told for one in part.split("|")[: 1 if all_there else None]), part
