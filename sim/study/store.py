"""The store: one SQLite file that IS a study's result. Runs as JSON and numbers, found again by content.

A run is found by (key, replication), `key` being `run_key`: the hash of its resolved case, the model revision and what
simulated it. So a study resumes by itself, several scenarios may share one file, and nothing is simulated twice. Only the
parent process of a study writes. Each `put` is one transaction: a run is there whole or not at all.

::

    meta     (name, value)                                       what wrote the file first
    runs     (key, replication, status, policy, coin_price, point, outcomes, record, message, versions, finished, wall_s)
    studies  (key, name, record, runs)                           records of whole studies, rebuilt at will
    asked    (asker, key)                                        for which scenarios runs are kept; not in files made before it

`outcomes` is JSON for people who open the file with other tools; `record` is the run's canonical JSON, zlib-compressed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sim.errors import Problem, ScenarioError
from sim.records.run import MODEL_REVISION, RunRecord
from sim.records.study import StudyRecord

FORMAT = 1
"""Layout of the file, in `PRAGMA user_version`."""
APPLICATION_ID = 0x696E6672
"""`infr` in `PRAGMA application_id`: tells our files from other people's SQLite files."""
BUSY_S = 10.0
"""How long a second process waits for a writer before it gives up."""

_TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE runs (
    key TEXT NOT NULL, replication INTEGER NOT NULL, status TEXT NOT NULL CHECK (status IN ('done', 'failed')),
    policy TEXT NOT NULL, coin_price TEXT NOT NULL, point INTEGER NOT NULL,
    outcomes TEXT, record BLOB, message TEXT NOT NULL DEFAULT '',
    versions TEXT NOT NULL, finished TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP, wall_s REAL NOT NULL,
    PRIMARY KEY (key, replication)
);
CREATE TABLE studies (
    key TEXT PRIMARY KEY, name TEXT NOT NULL, record BLOB NOT NULL, runs INTEGER NOT NULL,
    finished TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);
"""


def run_key(case_key: str, simulated_by: str = "fast", revision: int = MODEL_REVISION) -> str:
    """The key of a case's runs: SHA-256 over the case's content hash, the model revision and what simulates it."""
    return hashlib.sha256(json.dumps([case_key, revision, simulated_by]).encode()).hexdigest()


PART_REVISION = 2
"""Goes up where parts of runs keep something else than before."""


def part_key(key: str, only: Sequence[str]) -> str:
    """The key of runs that keep what these outcome references read and nothing else, beside the whole runs of `key`."""
    return hashlib.sha256(json.dumps([key, PART_REVISION, *only]).encode()).hexdigest()


class Packed(NamedTuple):
    """A finished run as the file keeps it: whose it is, its outcomes as JSON, and its record compressed."""

    policy: str
    coin_price: str
    point: int
    outcomes: str
    record: bytes

    @classmethod
    def of(cls, record: RunRecord) -> Packed:
        """A record, packed."""
        text = record.to_json()
        return cls(record.policy, record.coin_price, record.point, _json(record.outcomes), _packed(text))


@dataclasses.dataclass(frozen=True)
class Finished:
    """What is known of a stored run besides its record: it varies between identical runs, so only manifests show it."""

    versions: dict[str, str]
    instant: str
    """When it was stored, UTC."""
    wall_s: float


_ASKED = "CREATE TABLE IF NOT EXISTS asked (asker TEXT, key TEXT, PRIMARY KEY (asker, key)) WITHOUT ROWID"


class Store:
    """One file of runs; a context manager. Raises `ScenarioError` where the file cannot serve.

    Parameters
    ----------
    path
        The file; made, with its folder, if it is not there and `create` holds.
    create
        Without it a missing file is an error (reports read, they never make).

    """

    def __init__(self, path: str | Path, create: bool = True) -> None:
        self.path = Path(path)
        if not create and not self.path.exists():
            raise _problem(self.path, "there is no store here", "run the scenario first")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _problem(
                self.path, f"the folder cannot be made: {error.strerror}", "choose another with --out"
            ) from None
        # SQLite writes beside a WAL file even to read it; in a folder that cannot be written nobody else writes either.
        frozen = not create and not os.access(self.path.parent, os.W_OK)
        name = f"{self.path.resolve().as_uri()}{'?immutable=1' if frozen else ''}"
        with self._told():
            self._db = sqlite3.connect(name, uri=True, timeout=BUSY_S, isolation_level=None)
        try:
            with self._told():
                self._prepare()
        except BaseException:
            self._db.close()
            raise

    def _prepare(self) -> None:
        # At one moment: another process may be making the tables.
        self._db.execute("BEGIN")
        try:
            version, application = (
                self._db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("user_version", "application_id")
            )
            tables = {row[0] for row in self._db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        finally:
            self._db.execute("ROLLBACK")
        if application != APPLICATION_ID and (tables or version):
            raise _problem(
                self.path, "this SQLite file is no store of infermint", "name another file, or move this one away"
            )
        if version > FORMAT:
            raise _problem(
                self.path,
                f"store format {version} found; this version reads up to {FORMAT}",
                "install a newer infermint",
            )
        if not version:
            # WAL stays with the file; a commit is on the disk when it returns (`synchronous` is FULL by default).
            self._db.execute("PRAGMA journal_mode = WAL")
            self._create()

    def _create(self) -> None:
        with self._transaction():
            # Another process may have made the tables while this one waited for the lock.
            if self._db.execute("PRAGMA user_version").fetchone()[0]:
                return
            for statement in filter(str.strip, _TABLES.split(";")):
                self._db.execute(statement)
            self._db.execute("INSERT INTO meta VALUES ('format', ?)", (str(FORMAT),))
            self._db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            self._db.execute(f"PRAGMA user_version = {FORMAT}")

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; after the last one closes, the study is one file again."""
        self._db.close()

    # runs

    def get(self, key: str, replication: int) -> RunRecord | None:
        """The finished run, or None."""
        row = self._one(
            "SELECT record FROM runs WHERE key = ? AND replication = ? AND status = 'done'", key, replication
        )
        return None if row is None else RunRecord.from_json(self._text(row[0]))

    def put(
        self,
        key: str,
        replication: int,
        record: RunRecord | Packed,
        wall_s: float = 0.0,
        versions: dict[str, str] | None = None,
    ) -> None:
        """Keep a finished run, in place of one that is there."""
        kept = Packed.of(record) if isinstance(record, RunRecord) else record
        self._write((key, replication, "done", *kept, ""), wall_s, versions)

    def put_failed(self, key: str, replication: int, who: tuple[str, str, int], message: str) -> None:
        """Keep what a run that broke an invariant said; it counts as not finished. `who`: policy, coin price, point."""
        if (key, replication) not in self.done([key]):
            self._write((key, replication, "failed", *who, None, None, message), 0.0, None)

    def _write(self, row: tuple[Any, ...], wall_s: float, versions: dict[str, str] | None) -> None:
        query = """INSERT OR REPLACE INTO runs
            (key, replication, status, policy, coin_price, point, outcomes, record, message, versions, wall_s)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
        with self._told(), self._transaction():
            self._db.execute(query, (*row, _json(versions or {}), wall_s))

    def done(self, keys: Iterable[str]) -> set[tuple[str, int]]:
        """(key, replication) of the finished runs of these keys."""
        wanted = set(keys)
        with self._told():
            rows = self._db.execute("SELECT key, replication FROM runs WHERE status = 'done'").fetchall()
        return {(key, replication) for key, replication in rows if key in wanted}

    def count(self, keys: Iterable[str] | None = None) -> int:
        """How many finished runs there are, of these keys or of all."""
        if keys is not None:
            return len(self.done(keys))
        return int(self._one("SELECT count(*) FROM runs WHERE status = 'done'")[0])

    def mean_wall_s(self) -> float | None:
        """Mean wall time of the finished runs that were simulated, seconds; None where there are none."""
        found = self._one("SELECT avg(wall_s) FROM runs WHERE status = 'done' AND wall_s > 0")[0]
        return None if found is None else float(found)

    def failures(self) -> list[tuple[str, str, int, int, str]]:
        """Runs that broke: (policy, coin price, point, replication, message)."""
        with self._told():
            query = "SELECT policy, coin_price, point, replication, message FROM runs WHERE status = 'failed' ORDER BY 1, 2, 3, 4"
            return [tuple(row) for row in self._db.execute(query)]

    def forget(self, keys: Iterable[str], replications: int) -> None:
        """Drop the runs 0 .. replications - 1 of these keys (a fresh start); all others stay."""
        with self._told(), self._transaction():
            self._db.executemany(
                "DELETE FROM runs WHERE key = ? AND replication < ?", [(key, replications) for key in sorted(set(keys))]
            )

    def ask(self, asker: str, keys: Iterable[str]) -> None:
        """Note for whom runs of these keys are kept (`Plan.asker`)."""
        new = set(keys) - self.asked(asker)
        if new:
            with self._told(), self._transaction():
                self._db.execute(_ASKED)
                self._db.executemany("INSERT OR IGNORE INTO asked VALUES (?, ?)", [(asker, key) for key in sorted(new)])

    def asked(self, asker: str) -> set[str]:
        """Keys of the runs that are kept for one; none in a file that never noted any."""
        with self._told():
            if not self._db.execute("SELECT 1 FROM sqlite_master WHERE name = 'asked'").fetchone():
                return set()
            return {key for (key,) in self._db.execute("SELECT key FROM asked WHERE asker = ?", (asker,))}

    def cells(self) -> dict[tuple[str, str, int], int]:
        """Finished runs by (policy, coin price, point), sorted."""
        with self._told():
            query = "SELECT policy, coin_price, point, count(*) FROM runs WHERE status = 'done' GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
            return {(policy, price, point): count for policy, price, point, count in self._db.execute(query)}

    def others(self, keys: Iterable[str]) -> int:
        """How many runs, finished or failed, have none of these keys."""
        kept = set(keys)
        with self._told():
            return sum(key not in kept for (key,) in self._db.execute("SELECT key FROM runs"))

    def keep_only(self, keys: Iterable[str], names: Iterable[str]) -> None:
        """Drop all runs but those of these keys and all studies but those of these scenario files; give their room back."""
        with self._told(), self._transaction():
            found = {key for (key,) in self._db.execute("SELECT DISTINCT key FROM runs")} - set(keys)
            self._db.executemany("DELETE FROM runs WHERE key = ?", [(key,) for key in sorted(found)])
            self._db.execute(_ASKED)
            self._db.execute("DELETE FROM asked WHERE key NOT IN (SELECT key FROM runs)")
            gone = {name for (name,) in self._db.execute("SELECT DISTINCT name FROM studies")} - set(names)
            self._db.executemany("DELETE FROM studies WHERE name = ?", [(name,) for name in sorted(gone)])
        with self._told():
            self._db.execute("VACUUM")
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def finished(self) -> list[Finished]:
        """Versions, instant and wall time of every finished run in the file."""
        with self._told():
            rows = self._db.execute(
                "SELECT versions, finished, wall_s FROM runs WHERE status = 'done' ORDER BY key, replication"
            ).fetchall()
        return [Finished(json.loads(versions), instant, wall_s) for versions, instant, wall_s in rows]

    # records of whole studies

    def get_study(self, key: str) -> StudyRecord | None:
        """The record of a study under its key, or None."""
        row = self._one("SELECT record FROM studies WHERE key = ?", key)
        return None if row is None else StudyRecord.from_json(self._text(row[0]))

    def put_study(self, key: str, record: StudyRecord) -> None:
        """Keep a study's record; earlier ones of the same scenario file give way to it."""
        text = record.to_json()
        with self._told(), self._transaction():
            self._db.execute("DELETE FROM studies WHERE name = ?", (record.scenario_file,))
            row = (key, record.scenario_file, _packed(text), record.counts.get("runs", 0))
            self._db.execute("INSERT OR REPLACE INTO studies (key, name, record, runs) VALUES (?, ?, ?, ?)", row)

    def studies(self) -> list[StudyRecord]:
        """Every study's record in the file, by scenario file."""
        with self._told():
            rows = self._db.execute("SELECT record FROM studies ORDER BY name, key").fetchall()
        return [StudyRecord.from_json(self._text(row[0])) for row in rows]

    # the file

    def _one(self, query: str, *values: Any) -> Any:
        with self._told():
            return self._db.execute(query, values).fetchone()

    def _text(self, packed: bytes) -> str:
        try:
            return zlib.decompress(packed).decode()
        except (zlib.error, UnicodeDecodeError):
            raise _problem(self.path, "a record in the store is damaged", "start anew with --fresh") from None

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        # IMMEDIATE takes the writer's lock at once: two studies on one file wait in turn instead of failing half-way.
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _problem(self.path, *_meaning(str(error))) from error


_MEANINGS = (
    ("disk is full", "the disk is full; runs that finished before are kept", "free some space and run again"),
    (
        "disk i/o error",
        "the disk gave an input/output error; runs that finished before are kept",
        "check the disk, or choose another with --out",
    ),
    ("readonly", "the store cannot be written", "give it write permission, or choose another place with --out"),
    ("unable to open", "the store cannot be opened or made", "check that the folder is there and can be written"),
    (
        "locked",
        f"another process holds the store (waited {BUSY_S:g} s)",
        "wait for the other study, or choose another place with --out",
    ),
    ("not a database", "this file is no store of infermint", "name another file, or move this one away"),
    ("malformed", "the store is damaged", "move it away and run again"),
    ("no such", "the store lacks a table or column", "move it away and run again"),
)


def _meaning(text: str) -> tuple[str, str]:
    for sign, message, fix in _MEANINGS:
        if sign in text.lower():
            return message, fix
    return f"the store failed: {text}", "move it away and run again"


def _problem(path: Path, message: str, fix: str) -> ScenarioError:
    return ScenarioError([Problem(kind="store", path=str(path), message=message, fix=fix)])


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _packed(text: str) -> bytes:
    return zlib.compress(text.encode(), 3)
