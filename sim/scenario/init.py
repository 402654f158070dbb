"""A scenario to start from: a template, the schema that editors read, and a CI workflow, in a folder of one's own."""

from __future__ import annotations

import json
import os
from importlib.metadata import version
from pathlib import Path

from sim.errors import Problem, ScenarioError
from sim.scenario.library import PRESETS, preset_names
from sim.scenario.paths import near_hint

SCHEMA = "scenario.schema.json"
WORKFLOW = Path(".github") / "workflows" / "outcomes.yml"
"""Where GitHub looks for it, from the root of a repository."""


def init(directory: str | os.PathLike[str], template: str = "first-study", workflow: bool = True) -> list[Path]:
    """Write `scenario.yaml`, the schema beside it and a CI workflow; returns the files written, the scenario first.

    Never writes over a scenario or a workflow that is there (the schema is only replaced by the same or a newer one). The workflow
    goes to the root of the repository that the folder is in, else into the folder. Raises `ScenarioError` for an unknown
    template, a file in the way, or a folder that cannot be written.
    """
    if template not in preset_names("templates"):
        raise ScenarioError(
            [
                Problem(
                    "template", "", f"there is no template `{template}`", near_hint(template, preset_names("templates"))
                )
            ]
        )
    folder = Path(directory)
    scenario = folder / "scenario.yaml"
    if scenario.exists():
        raise ScenarioError(
            [Problem("exists", "", f"{scenario} is there already", "choose another folder", file=str(scenario))]
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        schema = folder / SCHEMA
        schema.write_bytes((PRESETS / SCHEMA).read_bytes())
        # "x": a file that appeared in between is not overwritten either.
        with scenario.open("x", encoding="utf-8") as stream:
            stream.write((PRESETS / "templates" / f"{template}.yaml").read_text(encoding="utf-8"))
        return [scenario, schema, *(_workflow(folder) if workflow else ())]
    except OSError as error:
        raise ScenarioError(
            [Problem("file", "", f"{folder} cannot be written: {error.strerror}", "choose another folder")]
        ) from None


def _workflow(folder: Path) -> list[Path]:
    """The workflow, unless one is there. It works in the repository's root: annotations name files from there."""
    root = _repository(folder)
    place = root / WORKFLOW
    if place.exists():
        return []
    scenario = (folder.resolve() / "scenario.yaml").relative_to(root.resolve()).as_posix()
    text = (PRESETS / "workflows" / "outcomes.yaml").read_text(encoding="utf-8")
    # JSON strings are YAML strings, whatever the folder is called.
    text = text.replace("VERSION", version("infermint")).replace("SCENARIO: FILE", f"SCENARIO: {json.dumps(scenario)}")
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("x", encoding="utf-8") as stream:
        stream.write(text)
    return [place]


def _repository(folder: Path) -> Path:
    """The root of the Git repository that a folder is in, as seen from here; the folder itself where there is none."""
    full = folder.resolve()
    for steps, parent in enumerate((full, *full.parents)):
        if (parent / ".git").exists():
            return Path(os.path.normpath(folder / Path(*[".."] * steps))) if steps else folder
    return folder
