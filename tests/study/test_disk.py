"""A disk that is full or cannot be written: one clear error, exit 2, and what was finished is there once it can be."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.study.small import SMALL

ROOT = Path(__file__).parents[2]
PRIVATE = ("unshare", "--user", "--map-root-user", "--mount")
"""Runs a command where it may mount file systems that nobody else sees."""


def may_mount():
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*PRIVATE, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True).returncode == 0


pytestmark = [
    pytest.mark.compiled,
    pytest.mark.skipif(not may_mount(), reason="needs a system that lets users mount a small disk"),
]


@pytest.fixture
def on_disk(tmp_path):
    """`on_disk(size, script)`: a shell script beside a scenario and an empty disk `disk`; gives what it printed."""
    (tmp_path / "small.yaml").write_text(SMALL.replace("60 day", "10 day"), encoding="utf-8")
    (tmp_path / "disk").mkdir()

    def run(size, script):
        study = f"{sys.executable} -m sim run small.yaml --jobs 1 --quiet --out disk/out"
        whole = f"""
            infermint() {{ PYTHONPATH={ROOT} {sys.executable} -m sim "$@" 2>&1; echo "exit $?"; }}
            study() {{ PYTHONPATH={ROOT} {study} 2>&1; echo "exit $?"; }}
            mount -t tmpfs -o size={size} none disk || exit 9
            {script}
        """
        done = subprocess.run(
            [*PRIVATE, "sh", "-c", whole], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=True
        )
        assert "Traceback" not in done.stdout, done.stdout
        return done.stdout

    return run


@pytest.mark.parametrize(
    ("size", "told"),
    [
        ("40k", "study.sqlite.*the disk is full; runs that finished before are kept"),
        ("180k", "disk/out: cannot be written: No space left on device"),
    ],
)
def test_a_full_disk_is_told_and_the_study_goes_on_when_there_is_room(on_disk, size, told):
    said = on_disk(size, "study; mount -o remount,size=50m disk; study; infermint store show disk/out")
    first, again, shown = said.split("exit ")[:3]
    assert re.search(told, first), said
    assert again.startswith("2\n") and "4 runs from the store" in again, said
    assert shown.startswith("0\n") and "4 finished runs, 0 failed" in shown, said


def test_a_file_that_may_not_grow_is_told_and_the_study_goes_on_when_it_may(on_disk):
    said = on_disk("50m", "(ulimit -f 60; study); study")
    first, again = said.split("exit ")[:2]
    assert "the disk gave an input/output error; runs that finished before are kept" in first
    assert again.startswith("2\n") and "of 4 runs from the store" in again


def test_a_disk_that_cannot_be_written_is_told_and_can_still_be_read(on_disk):
    said = on_disk(
        "50m",
        "mount -o remount,ro disk; study; mount -o remount,rw disk; study; mount -o remount,ro disk; study; "
        "infermint report disk/out; infermint report disk/out --out disk/other; infermint store show disk/out",
    )
    refused, made, again, page, other, shown = said.split("exit ")[:6]
    assert "the folder cannot be made: Read-only file system" in refused
    assert made.startswith("2\n") and "0 of 4 runs from the store" in made
    assert again.startswith("0\n") and "the store cannot be" in again
    assert page.startswith("2\n") and "disk/out/report.html" in page
    assert other.startswith("0\n") and "disk/other: cannot be written: Read-only file system" in other
    assert shown.startswith("2\n") and "4 finished runs" in shown
