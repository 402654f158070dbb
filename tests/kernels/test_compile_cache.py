"""What is compiled once is kept: by the hash of the core's sources, outside of the install folder, for every later process."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PARITY = ROOT / "tests" / "parity"


def called(what: str, package: Path, cache: Path | None = None) -> Any:
    """What `kernel_calls` tells of a process of its own, with `sim` from a folder; in the user's own cache if none is given."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join((str(package), str(PARITY))), "PYTHONDONTWRITEBYTECODE": "1"}
    env.pop("NUMBA_DISABLE_JIT", None)
    if cache is not None:
        env.pop("NUMBA_CACHE_DIR", None)
        env["XDG_CACHE_HOME"] = str(cache)
    command = [sys.executable, str(Path(__file__).with_name("kernel_calls.py")), what]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def copied_options(folder: Path) -> ModuleType:
    """The module `sim.kernels.options` of a copied room."""
    spec = importlib.util.spec_from_file_location("copied_options", folder / "options.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.compiled
def test_a_second_process_compiles_nothing():
    first = called("all", ROOT)
    second = called("engine", ROOT)
    assert second["compiled"] == {}
    # Every verb was compiled at once, in the one signature that an engine calls later, and came from the cache.
    verbs = "begin_snapshots gather halt_all index move_origin put_back refresh serve settle_all"
    assert first["signatures"] == second["signatures"] == dict.fromkeys(verbs.split(), 1)
    assert second["loaded"] == dict.fromkeys(verbs.split(), 1)


@pytest.mark.compiled
def test_a_second_process_compiles_nothing_of_the_economy_either():
    first, second = called("economy", ROOT), called("economy", ROOT)
    assert second["compiled"] == {}, first["compiled"].keys()


@pytest.mark.compiled
def test_an_install_folder_that_is_read_only_is_left_alone(tmp_path: Path):
    install, cache = tmp_path / "install", tmp_path / "cache"
    shutil.copytree(ROOT / "sim", install / "sim", ignore=shutil.ignore_patterns("__pycache__"))
    before = files(install)
    folders = [install, *(path for path in install.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        first, second = (called("small", install, cache) for _ in range(2))
    finally:
        for folder in folders:
            folder.chmod(stat.S_IRWXU)
    assert Path(first["sources"]).is_relative_to(install)
    ours = {name: count for name, count in first["compiled"].items() if name.startswith("sim.")}
    assert ours == {"sim.kernels.core.move_origin": 1, "sim.kernels.core.moved": 1}
    assert (second["compiled"], second["loaded"]["move_origin"]) == ({}, 1)
    # Whoever may write everywhere (root) has written nothing either.
    assert files(install) == before
    assert [path.name.split("-")[0] for path in cache.rglob("*.nbc")] == ["core.move_origin"]


def test_any_change_of_the_sources_means_another_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    room = tmp_path / "kernels"
    shutil.copytree(ROOT / "sim" / "kernels", room, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    options = copied_options(room)
    first = options.cache_folder()
    assert first.parent == tmp_path / "cache"
    seen = {first}
    sources = sorted(room.glob("*.py"))
    assert len(sources) >= 12
    for source in sources:
        source.write_text(source.read_text() + "\n# one more line\n")
        seen.add(options.cache_folder())
    assert len(seen) == len(sources) + 1
    for source in sources:
        source.write_text((ROOT / "sim" / "kernels" / source.name).read_text())
    assert options.cache_folder() == first
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "one.py").write_text("")
    with_rules = options.cache_folder(rules)
    assert with_rules not in seen
    (rules / "one.py").write_text("# changed")
    assert options.cache_folder(rules) not in (first, with_rules)
    assert options.cache_folder() == first


def test_where_no_folder_of_the_user_can_be_written_the_temporary_one_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    # A file stands where the cache folder would be.
    (tmp_path / "occupied").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "occupied"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    options = copied_options(ROOT / "sim" / "kernels")
    assert options.cache_folder().is_relative_to(tmp_path / "temporary")
