"""From the tree of the file to the tree of everything a run needs: presets merged in, catalogue filled, files found."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

from pydantic import ValidationError

from sim.blocks import Block
from sim.errors import Problem, ScenarioError
from sim.kept import Kept
from sim.scenario.library import Library
from sim.scenario.nodes import Node, find, plain, split
from sim.scenario.paths import PathError, locate
from sim.scenario.problems import at, problems_of
from sim.scenario.spec import RESOLVED_KEYS, Spec
from sim.serving.catalogue import Gpu, LlmModel

_EXTENDS = {"workload": "workloads", "networks": "networks"}
_NAME_FILES = (*_EXTENDS, *RESOLVED_KEYS)


def with_presets(root: Node, library: Library) -> tuple[Node, list[Problem], list[str]]:
    """The file's tree with what classes and networks extend merged below them; paths of blocks where that failed."""
    problems: list[Problem] = []
    broken: list[str] = []
    for key in RESOLVED_KEYS:
        node = root.get(key)
        if node is not None:
            fix = "put each into a file NAME.yaml beside the scenario and name it where it is used"
            problems.append(at(node.key, "resolved_key", key, f"`{key}` is filled in from the catalogue", fix))
            root = root.without(key)
    for section, folder in _EXTENDS.items():
        block = root.get(section)
        if block is None or not block.is_map:
            continue
        for name, node in block.value.items():
            try:
                block = block.with_(name, library.extended(folder, node).under(node.key))
            except ScenarioError as error:
                problems.extend(error.problems)
                broken.append(f"{section}.{name}.")
                block = block.with_(name, node.without("extends") if node.is_map else node)
        root = root.with_(section, block)
    return root, problems, broken


def with_catalogue(tree: Node, library: Library) -> tuple[Node, list[Problem]]:
    """The tree with `gpus` and `models`: the entries that its operators and client classes name."""
    problems: list[Problem] = []
    for key, asked in (("gpus", _named_gpus(tree)), ("models", _named_models(tree))):
        entries: dict[str, Node] = dict(found.value) if (found := tree.get(key)) is not None else {}
        for name, node in asked.items():
            if name in entries:
                continue
            try:
                entries[name] = library.block(key, name, node).under(None)
            except ScenarioError as error:
                problems.extend(error.problems)
        tree = tree.with_(key, Node(dict(sorted(entries.items())), tree.mark, None))
    return tree, problems


def _named_gpus(tree: Node) -> dict[str, Node]:
    operators = _operators(tree)
    blocks = [*operators, *(one for operator in operators for one in _strategies(operator))]
    return {
        node.value: node for block in blocks if (node := block.get("gpu")) is not None and isinstance(node.value, str)
    }


def _named_models(tree: Node) -> dict[str, Node]:
    classes = tree.get("workload")
    operators = _operators(tree)
    blocks = [*(classes.value.values() if classes is not None and classes.is_map else ()), *operators]
    blocks += [one for operator in operators for one in _strategies(operator)]
    return {
        node.value: node for block in blocks if (node := block.get("model")) is not None and isinstance(node.value, str)
    }


def _strategies(operator: Node) -> list[Node]:
    strategies = operator.get("strategies")
    return list(strategies.value.values()) if strategies is not None and strategies.is_map else []


def _operators(tree: Node) -> list[Node]:
    networks = tree.get("networks")
    found = []
    for network in networks.value.values() if networks is not None and networks.is_map else ():
        operators = network.get("operators")
        if operators is not None and operators.is_map:
            found.extend(operators.value.values())
    return found


def with_files(tree: Node, library: Library, root: type[Block] = Spec) -> tuple[Node, list[Problem]]:
    """The tree of a block with every data file's path made absolute; a field says with `file` that it names one."""
    from sim.scenario.overlay import put

    problems: list[Problem] = []
    for path in data_files(tree, root):
        node = find(tree, path)
        if node is None or node.value is None:
            continue
        try:
            found = library.data_file(node)
        except ScenarioError as error:
            problems.extend(dataclasses.replace(problem, path=path) for problem in error.problems)
            continue
        tree = put(tree, split(tree, path), dataclasses.replace(node, value=str(found)))
    return tree, problems


def data_files(tree: Node, root: type[Block] = Spec) -> list[str]:
    """Paths of the values that name data files."""
    sections = _NAME_FILES if root is Spec else tuple(tree.value)
    named = [f"{name}{path}" for name, node in tree.value.items() if name in sections for path in _files_below(node)]
    return [path for path in named if path.endswith("file") and _names_file(tree, path, root)]


_FILES: Kept[list[str]] = Kept(2048)
"""By map: most maps of a case stand in others as well."""


def _files_below(node: Node) -> list[str]:
    """Paths below a node, each with a dot before it, of leaves whose name ends in `file`: fields that name files are few and
    their names say so. A leaf is below itself.
    """
    if not node.is_map or not node.value:
        return [""]
    return _FILES.get((node,), (), functools.partial(_files_in, node.value))


def _files_in(nodes: dict[str, Node]) -> list[str]:
    inner = ((name, node) for name, node in nodes.items() if node.is_map or name.endswith("file"))
    below = [f".{name}{path}" for name, node in inner for path in _files_below(node)]
    return [path for path in below if path.endswith("file")]


def _names_file(tree: Node, path: str, root: type[Block]) -> bool:
    try:
        place = locate(root, tree, split(tree, path))
    except PathError:
        return False
    extra = place.field.json_schema_extra if place.field is not None else None
    return place.field is not None and (path.endswith(".file") or (isinstance(extra, dict) and "file" in extra))


def tickers_of(tree: Node) -> frozenset[str]:
    """The coins that the networks declare."""
    networks = tree.get("networks")
    nodes = networks.value.values() if networks is not None and networks.is_map else ()
    found = (
        ticker.value
        for node in nodes
        if (coin := node.get("coin")) is not None and (ticker := coin.get("ticker")) is not None
    )
    return frozenset(ticker for ticker in found if isinstance(ticker, str))


def validated(tree: Node) -> tuple[Spec | None, list[Problem]]:
    """The tree as a `Spec`, or everything that is wrong with its values."""
    tickers = tickers_of(tree)
    problems: list[Problem] = []
    data = {
        name: _as_read(node, tickers) if name in _EXTENDS else plain(node)
        for name, node in tree.value.items()
        if name not in RESOLVED_KEYS
    }
    for key, block in (("gpus", Gpu), ("models", LlmModel)):
        entries, wrong = _catalogue(block, key, tree.get(key))
        data[key] = entries
        problems += wrong
    try:
        spec = Spec.model_validate(data, context={"yaml": True, "tickers": tickers})
    except ValidationError as error:
        return None, problems + problems_of(error.errors(include_url=False), tree, Spec)
    if problems:
        return None, problems
    _keep(tree, spec, tickers)
    return spec, problems


_BLOCKS: Kept[Block] = Kept()
"""Blocks by the node and the coins that they were read with: cases of a study are trees that share most of their nodes."""


def _as_read(node: Node, tickers: frozenset[str]) -> Any:
    """The tree as plain dicts, lists and scalars, but for blocks that were read before."""
    if not node.is_map:
        return plain(node)
    found = _BLOCKS.find((node,), (tickers,))
    return found if found is not None else {name: _as_read(child, tickers) for name, child in node.value.items()}


def _keep(tree: Node, spec: Spec, tickers: frozenset[str]) -> None:
    """Keep the blocks of a tree that other trees may share: classes of users, networks, what these say, and their classes of operators."""
    for name, node in tree.value["workload"].value.items():
        _BLOCKS.put((node,), (tickers,), spec.workload[name])
    for name, node in tree.value["networks"].value.items():
        network = spec.networks[name]
        _BLOCKS.put((node,), (tickers,), network)
        for key, child in node.value.items():
            # A kind of a user's own may read a key under another name.
            if child.is_map and key in type(network).model_fields and isinstance(said := getattr(network, key), Block):
                _BLOCKS.put((child,), (tickers,), said)
        operators = node.get("operators")
        for label, child in operators.value.items() if operators is not None and operators.is_map else ():
            _BLOCKS.put((child,), (tickers,), network.operators[label])


def _catalogue(block: type[Block], key: str, node: Node | None) -> tuple[dict[str, Block], list[Problem]]:
    entries, problems = {}, []
    for name, item in node.value.items() if node is not None else ():
        made, wrong = entry(block, item)
        problems += [dataclasses.replace(problem, path=f"{key}.{name}.{problem.path}") for problem in wrong]
        if made is not None:
            entries[name] = made
    return entries, problems


@functools.lru_cache(maxsize=512)
def entry(block: type[Block], node: Node) -> tuple[Block | None, tuple[Problem, ...]]:
    """A catalogue entry; the same node is read once, however many cases use it."""
    data: Any = plain(node)
    try:
        return block.model_validate(data, context={"yaml": True, "tickers": frozenset()}), ()
    except ValidationError as error:
        return None, tuple(problems_of(error.errors(include_url=False), node, block))
