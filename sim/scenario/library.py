"""Files that a scenario names: presets that it extends, GPUs and models of the catalogue, data files.

A file `NAME.yaml` beside the scenario wins over the preset of that name. Nothing outside the scenario's folder is
read, symbolic links resolved, unless it was allowed on the command line.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Sequence
from pathlib import Path

from sim.errors import Problem, ScenarioError, nearest
from sim.scenario.nodes import Node, merge
from sim.scenario.paths import near_hint
from sim.scenario.problems import at
from sim.scenario.reader import read_file
from sim.workload.trace import where_to_get

PRESETS = Path(__file__).resolve().parent.parent / "presets"
FOLDERS = ("networks", "workloads", "gpus", "models", "shocks", "templates")
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*\Z")


def preset_names(folder: str) -> list[str]:
    """Names of the presets in a folder (`networks`, `gpus`, ...), sorted."""
    return sorted(path.name.removesuffix(".yaml") for path in (PRESETS / folder).glob("*.yaml"))


@functools.lru_cache(maxsize=256)
def _preset(folder: str, name: str) -> Node:
    return read_file(PRESETS / folder / f"{name}.yaml", f"sim/presets/{folder}/{name}.yaml")


class Library:
    """The files that one scenario may name."""

    def __init__(self, scenario: Path, shown: str, allowed: Sequence[str | os.PathLike[str]] = ()) -> None:
        self.folder = scenario.resolve().parent
        self._shown = os.path.dirname(shown)
        self._allowed = tuple(Path(path).resolve() for path in allowed)

    def names(self, folder: str) -> list[str]:
        """What `extends` may name: presets, and files beside the scenario for near-misses."""
        beside = [path.name.removesuffix(".yaml") for path in self.folder.glob("*.yaml")]
        return sorted({*preset_names(folder), *(name for name in beside if _NAME.match(name))})

    def block(self, folder: str, name: str, asked: Node, trail: tuple[str, ...] = ()) -> Node:
        """The block of `NAME.yaml`, what it extends merged in. Raises `ScenarioError` at `asked`."""
        if name in trail:
            chain = " > ".join((*trail, name))
            raise _error(asked, "extends_cycle", f"`extends` goes in a circle: {chain}", "remove one of the links")
        node = self._read(folder, name, asked)
        if not node.is_map:
            raise ScenarioError([at(node.mark, "block", "", "this file must hold a block", "write `key: value`")])
        return self.extended(folder, node, (*trail, name))

    def extended(self, folder: str, node: Node, trail: tuple[str, ...] = ()) -> Node:
        """A block with what it `extends` merged below it, and without that key."""
        base = node.get("extends")
        if base is None:
            return node
        if not isinstance(base.value, str):
            raise _error(
                base,
                "extends",
                f"'{base.mark.typed}' found; must be a name",
                f"there are: {', '.join(preset_names(folder))}",
            )
        below = self.block(folder, base.value, base, trail)
        return merge(below, node.without("extends"))

    def _read(self, folder: str, name: str, asked: Node) -> Node:
        if not _NAME.match(name):
            raise _error(
                asked,
                "extends",
                f"'{name}' is not a name",
                "give the name of a preset, or of a file beside the scenario without `.yaml`",
            )
        beside = self.folder / f"{name}.yaml"
        if beside.is_file():
            self.require_inside(beside, asked)
            return read_file(beside, os.path.join(self._shown, beside.name))
        if (PRESETS / folder / f"{name}.yaml").is_file():
            return _preset(folder, name)
        known = self.names(folder) if nearest(name, self.names(folder)) else preset_names(folder)
        raise _error(
            asked,
            "missing_file",
            f"there is no `{name}` in {folder}, and no file {name}.yaml beside the scenario",
            near_hint(name, known),
        )

    def data_file(self, node: Node) -> Path:
        """The absolute path of a data file named in a scenario, a preset, or on the command line.

        A relative path starts at the folder of the file that names it; on the command line at the working folder,
        and any folder is allowed. Raises `ScenarioError` where the file is missing or lies outside.
        """
        if not isinstance(node.value, str) or not node.value:
            raise _error(
                node, "file", f"'{node.mark.typed}' found; must be the path of a file", "write for example `trace.csv`"
            )
        told = Path(node.value)
        if not node.mark.line:
            path = told
        else:
            path = Path(node.mark.text.path).resolve().parent / told
            self.require_inside(path, node)
        if not path.is_file():
            near = (
                nearest(told.name, [other.name for other in path.parent.glob("*")], 1) if path.parent.is_dir() else []
            )
            fix = (
                f"did you mean `{told.with_name(near[0])}`?"
                if near
                else where_to_get(told.name) or "give the path relative to the file that names it"
            )
            raise _error(node, "missing_file", f"no file '{node.value}'", fix)
        return path.resolve()

    def require_inside(self, path: Path, asked: Node) -> None:
        """Raise `ScenarioError` if a path leaves its folder and was not allowed."""
        home = Path(asked.mark.text.path).resolve().parent if asked.mark.line else self.folder
        real = path.resolve()
        if not any(real.is_relative_to(root) for root in (home, *self._allowed)):
            raise _error(
                asked,
                "outside",
                f"'{asked.value}' leads out of the folder of {os.path.basename(asked.mark.text.name)}",
                "put the file beside the scenario, or allow it: `--allow-path`",
            )


def _error(node: Node, kind: str, message: str, fix: str) -> ScenarioError:
    problem: Problem = at(node.mark, kind, "", message, fix)
    return ScenarioError([problem])
