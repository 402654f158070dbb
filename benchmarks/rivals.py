"""Pythons that have what we measure ourselves against: an environment each, in the temporary folder, made once."""

from __future__ import annotations

import os
import subprocess
import tempfile
import venv
from pathlib import Path


def python_with(package: str, *needed: str) -> str:
    """A Python that has a pinned package, and what else it needs and does not ask for. Raises OSError if it cannot be made."""
    folder = Path(tempfile.gettempdir()) / f"infermint-{package.replace('==', '-')}"
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not (folder / "ready").exists():
        venv.create(folder, with_pip=True, clear=True)
        done = subprocess.run(
            [python, "-m", "pip", "install", "-q", package, *needed], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise OSError(f"{package} could not be installed: {done.stderr.strip().splitlines()[-1]}")
        (folder / "ready").touch()
    return str(python)
