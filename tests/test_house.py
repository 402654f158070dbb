"""The house stands as `docs/architecture.md` draws it: imports go down, wings keep apart, `--help` stays light."""

from __future__ import annotations

import ast
import pathlib
import subprocess
import sys

import pytest

from sim.scenario.catalogue import LISTS

ROOT = pathlib.Path(__file__).parents[1]
SIM = ROOT / "sim"
FLOORS = {
    "pytest_plugin": 9, "cli": 8, "command": 8, "checking": 8, "against": 8, "__main__": 8, "report": 7, "study": 6, "verify": 6, "replay": 6, "world": 5, "scenario": 4, "serving": 3, "tokenomics": 3, "workload": 2,
    "kernels": 1, "records": 1, "units": 0, "streams": 0, "kept": 0, "errors": 0, "blocks": 0, "": 9,
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


def module_imports(base: pathlib.Path) -> dict[str, dict[str, tuple[pathlib.Path, int]]]:
    """What every module imports of its own tree as it is itself imported: {module: {other: (file, line)}}."""
    root = base.parent
    modules = {
        ".".join(p.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): p for p in base.rglob("*.py")
    }
    graph: dict[str, dict[str, tuple[pathlib.Path, int]]] = {}
    for module, path in modules.items():
        graph[module] = {}
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            names: list[str] = []
            if isinstance(node, ast.ImportFrom) and node.module:
                full = [f"{node.module}.{alias.name}" for alias in node.names]
                names = [name if name in modules else node.module for name in full]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            for name in names:
                if name in modules and name != module:
                    graph[module].setdefault(name, (path.relative_to(root), node.lineno))
    return graph


def circles(base: pathlib.Path) -> list[str]:
    """Every circle of imports, as `file:line: a -> b -> a`: the line closes it."""
    graph = module_imports(base)
    done: set[str] = set()
    told: list[str] = []

    def visit(module: str, trail: tuple[str, ...]) -> None:
        for other, (file, line) in sorted(graph[module].items()):
            if other in trail:
                circle = (*trail[trail.index(other) :], other)
                told.append(f"{file}:{line}: {' -> '.join(circle)}")
            elif other not in done:
                visit(other, (*trail, other))
        done.add(module)

    for module in sorted(graph):
        if module not in done:
            visit(module, (module,))
    return told


def test_no_import_circles():
    assert circles(SIM) == []


def test_a_planted_circle_is_told_with_file_and_line(tmp_path):
    base = tmp_path / "sim"
    base.mkdir()
    (base / "a.py").write_text('"""A."""\n\nfrom sim import b\n')
    (base / "b.py").write_text('"""B."""\n\nimport math\nfrom sim.c import x\n')
    (base / "c.py").write_text('"""C."""\n\nimport sim.a\n\nx = 1\n')
    assert circles(base) == ["sim/c.py:3: sim.a -> sim.b -> sim.c -> sim.a"]


def silent_rooms(base: pathlib.Path) -> list[str]:
    """Rooms and ground-floor modules whose docstring does not say what belongs in them."""
    rooms = [path for path in base.iterdir() if (path / "__init__.py").is_file()]
    files = [*(room / "__init__.py" for room in rooms), *base.glob("*.py")]
    docs = {file: ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or "" for file in files}
    return sorted(
        f"{file.relative_to(base.parent)}:1: says too little of what belongs in it"
        for file, doc in docs.items()
        if len(doc) < (80 if file.name == "__init__.py" else 20)
    )


def test_every_room_says_what_belongs_in_it():
    assert silent_rooms(SIM) == []
    assert {path.parent.name for path in SIM.glob("*/__init__.py")} <= set(FLOORS)


def test_a_planted_room_without_words_is_told(tmp_path):
    room = tmp_path / "sim" / "cellar"
    room.mkdir(parents=True)
    (room / "__init__.py").write_text('"""Things."""\n')
    assert silent_rooms(tmp_path / "sim") == ["sim/cellar/__init__.py:1: says too little of what belongs in it"]


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


LIGHT = {"pandas", "scipy", "matplotlib", "numba", "simpy", "joblib", "jinja2"}
"""What verbs that simulate nothing do without; pydantic, numpy and the YAML reader they may have."""


@pytest.mark.long
@pytest.mark.parametrize(
    "code",
    [
        verb("validate", "tests/scenarios/format-v1.yaml"),
        verb("explain", "tests/scenarios/format-v1.yaml"),
        "\n".join(verb(*words) for words in (("list",), *(("list", name) for name in LISTS))),
    ],
    ids=["validate", "explain", "every list"],
)
def test_light_verbs_load_pydantic_and_numpy_at_most(code):
    assert not loaded_after(code) & LIGHT


@pytest.mark.long
def test_init_loads_pydantic_and_numpy_at_most(tmp_path):
    assert not loaded_after(verb("init", str(tmp_path / "study"))) & LIGHT
