"""What a command line names by itself, without a scenario: a GPU, a model, a client class, an engine's settings.

A name is a preset's, or that of a file NAME.yaml in the working folder, which wins; a path ending in `.yaml` is that
file. Everything is read and told as in a scenario.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sim.errors import Problem, ScenarioError, nearest
from sim.scenario.assemble import entry, with_files
from sim.scenario.library import Library, preset_names
from sim.scenario.nodes import Node
from sim.scenario.paths import near_hint
from sim.scenario.reader import read_value
from sim.serving.catalogue import Gpu, LlmModel, ServingSettings
from sim.workload import ClientClass


def gpu(asked: str) -> Gpu:
    """The GPU that `--gpu` names. Raises `ScenarioError`."""
    found: Gpu = _named("gpus", asked, "--gpu", Gpu)
    return found


def model(asked: str) -> LlmModel:
    """The model that `--model` names. Raises `ScenarioError`."""
    found: LlmModel = _named("models", asked, "--model", LlmModel)
    return found


def client_class(asked: str) -> tuple[str, ClientClass]:
    """The client class that `--class` names, and its name; it needs no `model` here. Raises `ScenarioError`."""
    name, node, _ = _node("workloads", asked, "--class")
    node = node.without("demand")
    if node.get("model") is None:
        node = node.with_("model", read_value("any", "--class"))
    return name, _read(ClientClass, node, lambda path: f"workload.{name}.{path.lstrip('.')}")


def settings(options: Mapping[str, Any]) -> ServingSettings:
    """Engine settings from options of the command line; those that are None keep their default. Raises `ScenarioError`."""
    given = {key: value for key, value in options.items() if value is not None}
    marks = {key: read_value(str(value), "command line") for key, value in given.items()}
    node = dataclasses.replace(read_value("{}", "command line"), value=marks)
    return _read(ServingSettings, node, lambda path: f"--{path.lstrip('.').replace('_', '-')}")


def _named(folder: str, asked: str, option: str, block: Any) -> Any:
    name, node, library = _node(folder, asked, option)
    node, missing = with_files(node, library, block)
    if missing:
        raise ScenarioError(missing)
    return _read(block, node, lambda path: f"{folder}.{name}.{path.lstrip('.')}")


def _node(folder: str, asked: str, option: str) -> tuple[str, Node, Library]:
    """The name and the block that an option names, what it extends merged in, and the files that it may name."""
    path = Path(asked)
    told = read_value("name", option)
    if asked.endswith(".yaml"):
        if not path.is_file():
            raise ScenarioError([Problem("missing_file", "", f"{option} {asked}: no such file", "check the path")])
        library = Library(path, asked, (path.resolve().parent,))
        name = path.name.removesuffix(".yaml")
    else:
        library, name = Library(Path("scenario.yaml"), ""), asked
        if asked not in library.names(folder):
            message = f"{option}: '{asked}' found; must be one of `infermint list {folder}`, or a file of yours"
            beside = [*preset_names(folder), *(library.names(folder) if nearest(asked, library.names(folder)) else ())]
            raise ScenarioError([Problem("missing_file", "", message, near_hint(asked, dict.fromkeys(beside)))])
    return name, library.block(folder, name, dataclasses.replace(told, value=name)), library


def _read(block: Any, node: Node, shown: Any) -> Any:
    made, problems = entry(block, node)
    if problems:
        raise ScenarioError([dataclasses.replace(one, path=shown(one.path)) for one in problems])
    return made
