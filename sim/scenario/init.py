"""A scenario to start from: a template, and the schema that editors read, in a folder of one's own."""

from __future__ import annotations

import os
from pathlib import Path

from sim.errors import Problem, ScenarioError
from sim.scenario.library import PRESETS, preset_names
from sim.scenario.paths import near_hint

SCHEMA = "scenario.schema.json"


def init(directory: str | os.PathLike[str], template: str = "first-study") -> list[Path]:
    """Write `TEMPLATE.yaml` and the schema beside it; returns the files written, the scenario first.

    Never writes over a scenario that is there (the schema is only replaced by the same or a newer one). Raises
    `ScenarioError` for an unknown template, a file in the way, or a folder that cannot be written.
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
    except OSError as error:
        raise ScenarioError(
            [Problem("file", "", f"{folder} cannot be written: {error.strerror}", "choose another folder")]
        ) from None
    return [scenario, schema]
