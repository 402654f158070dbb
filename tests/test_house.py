"""The house stands as `docs/architecture.md` draws it: imports go down, wings keep apart, `--help` stays light."""

from __future__ import annotations

import ast
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[1]
SIM = ROOT / "sim"
FLOORS = {
    "cli": 8, "command": 8, "__main__": 8, "report": 7, "study": 6, "world": 5, "scenario": 4, "serving": 3, "tokenomics": 3, "workload": 2,
    "kernels": 1, "records": 1, "units": 0, "streams": 0, "errors": 0, "blocks": 0, "": 9,
}  # fmt: skip
KERNELS_MAY = {"numpy", "numba", *sys.stdlib_module_names}
SIMPY_IN = {"world", "serving"}
HEAVY = {"numpy", "pandas", "scipy", "matplotlib", "numba", "simpy", "pydantic", "joblib", "jinja2", "yaml"}


def room_of(path: pathlib.Path, base: pathlib.Path) -> str:
    """The room a file belongs to: the first part of its path, without the suffix; "" for the face."""
    first = path.relative_to(base).parts[0].removesuffix(".py")
    return "" if first == "__init__" else first


def imports_of(source: str) -> list[tuple[int, str]]:
    """(line, dotted name) of every import, those inside functions included, those for type checkers left out."""
    found: list[tuple[int, str]] = []
    tree = ast.parse(source)
    typing_only = {
        id(node)
        for test in ast.walk(tree)
        if isinstance(test, ast.If) and ast.unparse(test.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")
        for node in ast.walk(test)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            name = "." * node.level + (node.module or "")
            found += [(node.lineno, f"{name}.{alias.name}" if name == "sim" else name) for alias in node.names[:1]]
            if name == "sim":
                found += [(node.lineno, f"sim.{alias.name}") for alias in node.names[1:]]
    return found


def breaches(path: pathlib.Path, base: pathlib.Path) -> list[str]:
    """Every import of a file that the house forbids, as `file:line: reason`."""
    room = room_of(path, base)
    told = []
    for line, name in imports_of(path.read_text(encoding="utf-8")):
        where = f"{path.relative_to(base.parent)}:{line}: {name}"
        head, _, rest = name.partition(".")
        if name.startswith("."):
            told.append(f"{where}: relative imports hide the room")
        elif head == "sim":
            other = rest.split(".")[0]
            told += _sim_breach(room, other, where)
        elif head == "simpy" and room not in SIMPY_IN:
            told.append(f"{where}: SimPy belongs to {', '.join(sorted(SIMPY_IN))}")
        elif room == "kernels" and head not in KERNELS_MAY:
            told.append(f"{where}: kernels import numpy, numba, math and floor 0 only")
        elif head == "yaml" and room not in ("scenario",):
            told.append(f"{where}: YAML is read in the scenario room only")
    return told


def _sim_breach(room: str, other: str, where: str) -> list[str]:
    if other not in FLOORS:
        return [] if room in ("", "cli", "__main__") else [f"{where}: no such room"]
    if room in (other, "") or FLOORS[room] == FLOORS[other] in (0, 8):
        return []
    if room == "kernels" and FLOORS[other] > 0:
        return [f"{where}: kernels import floor 0 only"]
    if FLOORS[other] >= FLOORS[room]:
        return [f"{where}: {room} (floor {FLOORS[room]}) may not import {other} (floor {FLOORS[other]})"]
    if room == "report" and other not in ("records", "units", "errors", "streams", "blocks"):
        return [f"{where}: report reads records only"]
    return []


def sources() -> list[pathlib.Path]:
    return sorted(SIM.rglob("*.py"))


@pytest.mark.parametrize("path", sources(), ids=lambda p: str(p.relative_to(SIM)))
def test_every_import_goes_down(path):
    assert breaches(path, SIM) == []


@pytest.mark.parametrize(
    ("room", "line", "reason"),
    [
        ("tokenomics", "from sim.serving import contract", "may not import serving"),
        ("serving", "import sim.tokenomics.ledger", "may not import tokenomics"),
        ("records", "from sim import world", "may not import world"),
        ("kernels", "import pandas", "numpy, numba, math"),
        ("kernels", "from sim.records import run", "floor 0 only"),
        ("study", "import simpy", "SimPy belongs to"),
        ("report", "from sim.study import statistics", "records only"),
        ("workload", "import yaml", "scenario room only"),
        ("world", "from . import x", "relative"),
    ],
)
def test_a_planted_breach_is_told_with_file_and_line(tmp_path, room, line, reason):
    base = tmp_path / "sim"
    (base / room).mkdir(parents=True)
    planted = base / room / "planted.py"
    planted.write_text(f'"""Planted."""\n\n{line}\n', encoding="utf-8")
    told = breaches(planted, base)
    assert len(told) == 1
    assert told[0].startswith(f"sim/{room}/planted.py:3: ")
    assert reason in told[0]


def test_the_reference_shares_no_code_with_the_kernels():
    for path in sorted((SIM / "serving" / "reference").rglob("*.py")):
        names = [name for _, name in imports_of(path.read_text(encoding="utf-8"))]
        assert not [n for n in names if n.startswith(("sim.kernels", "numba", "sim.serving.fast"))], path


def test_no_import_circles():
    graph: dict[str, set[str]] = {}
    modules = {".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): p for p in sources()}
    for module, path in modules.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        graph[module] = set()
        for node in tree.body:
            if isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    full = f"{node.module}.{alias.name}"
                    graph[module].add(full if full in modules else node.module)
            elif isinstance(node, ast.Import):
                graph[module].update(alias.name for alias in node.names)
        graph[module] &= set(modules)
        graph[module].discard(module)
    done: set[str] = set()

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, " -> ".join((*trail, module))
        if module not in done:
            for other in sorted(graph[module]):
                visit(other, (*trail, module))
            done.add(module)

    for module in graph:
        visit(module, ())


def test_every_room_says_what_belongs_in_it():
    for room in ("report", "study", "world", "scenario", "serving", "tokenomics", "workload", "kernels", "records"):
        doc = ast.get_docstring(ast.parse((SIM / room / "__init__.py").read_text(encoding="utf-8")))
        assert doc and len(doc) > 80, room


def loaded_after(code: str) -> set[str]:
    script = f"import sys\nsys.argv = ['infermint']\n{code}\nprint(' '.join(sorted(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    return {name.split(".")[0] for name in result.stdout.splitlines()[-1].split()}


def verb(*words: str) -> str:
    return f"from sim.cli import main\ntry:\n    main({list(words)!r})\nexcept SystemExit:\n    pass"


def test_import_of_the_face_loads_nothing_heavy():
    assert not loaded_after("import sim") & HEAVY


def test_help_loads_nothing_heavy():
    assert not loaded_after(verb("--help")) & HEAVY


@pytest.mark.parametrize(
    "words",
    [
        ("validate", "tests/scenarios/format-v1.yaml"),
        ("list", "networks"),
        ("explain", "tests/scenarios/format-v1.yaml"),
    ],
    ids=lambda words: words[0],
)
def test_light_verbs_load_pydantic_and_numpy_at_most(words):
    assert not loaded_after(verb(*words)) & {"pandas", "scipy", "matplotlib", "numba", "simpy", "joblib", "jinja2"}


def test_init_loads_pydantic_and_numpy_at_most(tmp_path):
    code = verb("init", str(tmp_path / "study"))
    assert not loaded_after(code) & {"pandas", "scipy", "matplotlib", "numba", "simpy", "joblib", "jinja2"}
