"""How every kernel is compiled, and where what was compiled is kept: one decorator, one place.

The cache stands in the user's cache folder under a hash of all sources of this room and of the versions of numba and
Python: a change of any file means a new folder, so that an outer kernel never runs with an inner one of yesterday.
It does not depend on the install folder, which may be read-only. A user's own `NUMBA_CACHE_DIR` is taken as the place
to put that folder in; their own compiled functions are left alone.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba
from numba.core import config

Function = TypeVar("Function", bound=Callable[..., Any])

# No fastmath (integers and floats of rules alike must not be reordered); numpy's error model leaves out the test for
# a zero divisor, which no kernel has; the GIL is free while a kernel runs. Kernels neither allocate nor keep an array,
# so they count no references to arrays (`_nrt`): counting them costs four times the work itself.
OPTIONS = {"nogil": True, "fastmath": False, "error_model": "numpy", "boundscheck": False, "_nrt": False}
# What only kernels call needs no way in from Python or C, and no file of its own: it stands in its callers' files.
INNER = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def sources_digest(*more: Path) -> str:
    """Hash of this room's sources, of more files or folders, and of what compiles them, as 16 hex digits."""
    digest = hashlib.sha256(f"{numba.__version__} {sys.version}".encode())
    for place in (Path(__file__).parent, *more):
        for path in sorted(place.rglob("*.py")) if place.is_dir() else (place,):
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _user_cache() -> Path:
    """The user's cache folder as the platform names it."""
    if os.environ.get("XDG_CACHE_HOME"):
        return Path(os.environ["XDG_CACHE_HOME"])
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", tempfile.gettempdir()))
    home = Path(os.path.expanduser("~"))
    return home / "Library" / "Caches" if sys.platform == "darwin" else home / ".cache"


def cache_folder(*more: Path) -> Path:
    """Where compiled kernels are kept: the first of the user's choice, cache folder and temporary folder to be writable.

    What is compiled of `more` files or folders as well has a folder of its own.
    """
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    roots = (
        [Path(chosen)]
        if chosen
        else [
            _user_cache() / "infermint",
            Path(tempfile.gettempdir()) / f"infermint-{os.path.expanduser('~').strip(os.sep).replace(os.sep, '-')}",
        ]
    )
    digest = sources_digest(*more)
    for root in roots:
        folder = root / digest
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return folder
    return roots[-1] / digest


# Plain Python keeps nothing.
_FOLDER = "" if config.DISABLE_JIT else str(cache_folder())


def is_kept(verb: str) -> bool:
    """Whether the compiled form of `module.function` lies in the cache, for some signature."""
    return bool(_FOLDER) and any(Path(_FOLDER).glob(f"*/{verb}-*.nbc"))


def kernel(function: Function) -> Function:
    """The compiled form of a function that only kernels call; the plain one where `NUMBA_DISABLE_JIT` is set."""
    return numba.njit(**OPTIONS, **INNER)(function)


def part(function: Function) -> Function:
    """As `kernel`, but always compiled into whoever calls it: what a pass or a request goes through each time.

    A call hands over the state as eighty words, array by array. A pass makes a dozen calls, and took three times as long
    with them (golden trace, 740,000 requests a CPU-second in place of 2,000,000). What is rare, or called from many places,
    stays a `kernel`: the same code over and over costs time to compile.
    """
    return numba.njit(**OPTIONS, **INNER, forceinline=True)(function)


def verb(function: Function) -> Function:
    """The compiled form of a kernel that Python calls, kept in the cache with all that it calls."""
    return kept(_FOLDER, function, **OPTIONS, no_cfunc_wrapper=True)


def kept(folder: str, function: Function, *signature: str, **options: Any) -> Function:
    """The compiled form of a function, kept in a folder of `cache_folder` for later processes."""
    # numba asks for the folder when a function is decorated, so that only ours go there.
    before = config.CACHE_DIR
    config.CACHE_DIR = folder
    try:
        return numba.njit(*signature, **options, cache=True)(function)
    except RuntimeError:
        # No writable folder anywhere: compile for this process alone.
        return numba.njit(*signature, **options)(function)
    finally:
        config.CACHE_DIR = before
