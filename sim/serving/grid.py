"""Cost tables of the kind `grid`: attention read off tables instead of lines, as Vidur's predictor gives them.

Such tables are tens of thousands of numbers: a file of figures names a numpy archive (.npz) that holds them. Whoever builds
a `ReplicaType` in Python gives the arrays themselves.
"""

from __future__ import annotations

import dataclasses
import functools
import os
import zipfile
from typing import NamedTuple

import numpy as np

from sim.errors import ScenarioError, nearest
from sim.serving.contract import GridCost, ReplicaType
from sim.units import PS_PER_S

PS_PER_MS = 10**9
SAFE_PS = 2**61
"""All passes of a jump together stay below this, as for lines (`sim.serving.tables`)."""
MOST_BYTES = 2**28
"""An archive unpacks to this at most, 256 MiB."""
MOST_MS = 10**6
"""Entries stay below this, up or down: a quarter of an hour a layer."""


class Tables(NamedTuple):
    """What an archive holds, by the names of its arrays: float64, milliseconds a layer.

    `dense_ms_per_layer[T]` and `kv_save_ms_per_layer[T]` for T tokens from 0 on, as many entries both;
    `decode_attention_ms_per_layer[Nd, j]` and `prefill_attention_ms_per_layer[i, q]` as in `GridCost`.
    """

    dense_ms_per_layer: np.ndarray
    kv_save_ms_per_layer: np.ndarray
    decode_attention_ms_per_layer: np.ndarray
    prefill_attention_ms_per_layer: np.ndarray


_DIMENSIONS = Tables(1, 1, 2, 2)  # type: ignore[arg-type]


def tables_of(path: str) -> Tables:
    """The tables of an archive; read once as long as the file stays as it is.

    Raises ScenarioError for a file that is no such archive, is too large, lacks an array, or holds one of another shape or with
    entries that are no times. A relative path was not found beside the file that names it, and is not opened.
    """
    if not os.path.isabs(path) or not os.path.isfile(path):
        raise ScenarioError(f"{os.path.basename(path)}: no file of tables found")
    status = os.stat(path)
    return _read(path, status.st_mtime_ns, status.st_size)


@functools.lru_cache(maxsize=16)
def _read(path: str, mtime_ns: int, size: int) -> Tables:
    name = os.path.basename(path)
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > MOST_BYTES:
            raise ScenarioError(f"{name}: {unpacked:,} bytes of tables found; must be {MOST_BYTES:,} or fewer")
        # Arrays of objects would run code: numpy refuses them unless they are allowed.
        with np.load(path, allow_pickle=False) as arrays:
            found = Tables(*(_array(name, arrays, key) for key in Tables._fields))
    except (zipfile.BadZipFile, ValueError, OSError, EOFError) as error:
        raise ScenarioError(f"{name}: no archive of tables (.npz) found: {error}") from None
    if len(found.dense_ms_per_layer) != len(found.kv_save_ms_per_layer):
        raise ScenarioError(
            f"{name}: {len(found.dense_ms_per_layer)} entries of `dense_ms_per_layer` and {len(found.kv_save_ms_per_layer)} of "
            "`kv_save_ms_per_layer` found; both must reach equally far"
        )
    return found


def _array(name: str, arrays: np.lib.npyio.NpzFile, key: str) -> np.ndarray:
    if key not in arrays:
        others = [other for other in arrays.files if other not in Tables._fields]
        near = nearest(key, others, 1)
        hint = f"did you mean `{near[0]}`?" if near else f"there are: {', '.join(arrays.files) or 'none'}"
        raise ScenarioError(f"{name}: no array `{key}` found; {hint}")
    table, wanted = arrays[key], getattr(_DIMENSIONS, key)
    if table.dtype.kind not in "fiu" or table.ndim != wanted or table.size == 0:
        raise ScenarioError(
            f"{name}: `{key}` of {table.dtype} and shape {table.shape} found; must be numbers in {wanted} dimension(s)"
        )
    table = table.astype(np.float64)
    if not (np.abs(table) < MOST_MS).all():
        raise ScenarioError(f"{name}: `{key}` holds entries that are no milliseconds; each must be within {MOST_MS:,}")
    return table


def grid_of(path: str, layers: int, more: np.ndarray, max_num_seqs: int, max_model_len: int, host: int) -> GridCost:
    """The cost of a file's tables: `more` ps on top of 0 .. max_batched_tokens (int64), `host` ps a pass.

    Raises ScenarioError where the tables end before the limits of the engine do.
    """
    tables, tokens = tables_of(path), len(more) - 1
    decode, prefill = tables.decode_attention_ms_per_layer, tables.prefill_attention_ms_per_layer
    reach = {
        "max_batched_tokens": (tokens, min(len(tables.dense_ms_per_layer), prefill.shape[1]) - 1),
        "max_num_seqs": (max_num_seqs, len(decode) - 1),
        "max_model_len": (max_model_len, 64 * (decode.shape[1] - 1)),
    }
    for key, (asked, most) in reach.items():
        if asked > most:
            raise ScenarioError(
                f"serving.{key}: {asked} found; must be at most {most}, where the tables of {os.path.basename(path)} end"
            )
    cost = grid_cost(*tables, layers=layers)
    return dataclasses.replace(
        cost, dense=cost.dense[: tokens + 1] + more, per_sequence=np.zeros(max_num_seqs + 1, np.int64), host=host
    )


def grid_cost(
    dense_ms: np.ndarray, kv_save_ms: np.ndarray, decode_ms: np.ndarray, prefill_ms: np.ndarray, layers: int
) -> GridCost:
    """Tables in milliseconds per layer as integers over all layers, each entry rounded once.

    `dense_ms[T]` counts at T rounded up to 8 tokens (a last, unfinished 8 ends with the table), `kv_save_ms[T]` at T
    itself; `decode_ms[Nd, j]` and `prefill_ms[i, q]` as in `GridCost`. Sampling costs nothing more.
    """
    tokens = np.arange(len(kv_save_ms))
    padded = np.minimum((tokens + 7) // 8 * 8, len(dense_ms) - 1)
    return GridCost(
        dense=_to_ps(dense_ms, layers)[padded] + _to_ps(kv_save_ms, layers),
        per_sequence=np.zeros(len(decode_ms), np.int64),
        host=0,
        decode=_to_ps(decode_ms, layers),
        prefill=_to_ps(prefill_ms, layers),
    )


def _to_ps(ms: np.ndarray, layers: int) -> np.ndarray:
    return np.rint(layers * ms * PS_PER_MS).astype(np.int64)


def longest_grid_pass(cost: GridCost) -> int:
    """An upper bound of any pass in picoseconds, as a Python int."""
    attention = max(0, int(cost.decode.max())) + max(0, int(cost.prefill.max()))
    return max(1, int(cost.dense.max()) + int(cost.per_sequence.max()) + cost.host + attention)


def prove_grid(kind: ReplicaType) -> None:
    """Refuse tables that could break the engines' integers. Raises ScenarioError naming the replica type.

    A jump has at most max_model_len passes, and is to stay below 2^61 ps; that a pass lasts 1 ps or more the engines see to.
    """
    assert isinstance(kind.cost, GridCost)
    longest = longest_grid_pass(kind.cost)
    if longest * kind.max_model_len >= SAFE_PS:
        raise ScenarioError(
            f"{kind.name}: {kind.max_model_len} passes of up to {longest / PS_PER_S:.3g} s found; together they must stay below "
            f"{SAFE_PS / PS_PER_S:.3g} s (lower max_model_len)"
        )
