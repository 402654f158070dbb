"""What a study's numbers depend on, in one digest and in words: equal inputs give equal numbers, so nothing need be run."""

from __future__ import annotations

import functools
import hashlib
import platform
from collections.abc import Sequence
from pathlib import Path

from sim.records.baseline import LONGEST, digest
from sim.scenario import Scenario
from sim.scenario.asides import all_cases
from sim.study.plan import Plan
from sim.study.run import run_keys
from sim.study.summarise import versions

PACKAGE = Path(__file__).parents[1]
"""Where the code is."""


def inputs_digest(scenario: Scenario, plan: Plan, plugins: Sequence[Path] = ()) -> str:
    """Digest of the runs' keys (the resolved scenario of each case), seeds, all code, plugins, versions of libraries, and the machine's kind."""
    parts = [code_digest(), repr(sorted(environment().items())), repr((plan.root_seed, plan.replications))]
    # Bands, checks and outcomes are the scenario's too, though no run depends on them.
    parts += [*run_keys(plan, all_cases(scenario)), repr(values_of(scenario))]
    parts += [digest(path.read_text(encoding="utf-8")) for path in plugins]
    return digest("\n".join(parts))


def environment() -> dict[str, str]:
    """Versions and the kind of machine: with others the same code may give other last digits."""
    return {**versions(), "python": platform.python_version(), "machine": f"{platform.system()} {platform.machine()}"}


@functools.cache
def code_digest() -> str:
    """Digest of every source and preset of the package."""
    found = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*")):
        if path.suffix in (".py", ".yaml", ".npz", ".csv", ".gz") and path.is_file():
            found.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()


def values_of(scenario: Scenario) -> dict[str, str]:
    """What the scenario's own files and settings say, by path, as written; of long values their digest."""
    return {path: short(row.text) for path, row in sorted(scenario.sources.items()) if not _preset(row.file)}


def presets_of(scenario: Scenario) -> dict[str, str]:
    """The digest of each preset file that the scenario takes values from."""
    files = sorted({row.file for row in scenario.sources.values() if _preset(row.file)})
    return {file: digest((PACKAGE.parent / file).read_text(encoding="utf-8")) for file in files}


def short(text: str) -> str:
    """The text, or the digest of a long one."""
    return text if len(text) <= LONGEST else f"{len(text)} characters, {digest(text)}"


def _preset(file: str) -> bool:
    """Whether a source's file is one of the package: these are told by the same names wherever the package is."""
    return file.startswith("sim/presets/")
