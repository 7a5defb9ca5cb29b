"""The desk's database: one writer that commits for everyone who waits, a few readers, one table of errors."""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Generic, TypeVar

from connectors.contract import ConnectorError, InDoubt, Retryable, Unusable
from connectors.desk.schema import SCHEMA, SCHEMA_VERSION, UPGRADES

T = TypeVar("T")

_BUSY_TIMEOUT_S = 10.0
_BATCH = 64
_NEEDS_A_PERSON = frozenset(
    {
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_READONLY,
    }
)


class _Job(Generic[T]):
    """One piece of writing that waits for the next commit."""

    def __init__(self, work: Callable[[sqlite3.Connection], T]) -> None:
        self._work = work
        self._value: T | None = None
        self.error: Exception | None = None
        self.finished = False

    def run(self, db: sqlite3.Connection) -> None:
        """Do the work within the open transaction; what it wrote is undone when it fails."""
        db.execute("SAVEPOINT job")
        try:
            self._value = self._work(db)
        except (sqlite3.Error, ConnectorError) as error:
            # A full disk may have ended the whole transaction, savepoint included.
            if not db.in_transaction:
                raise
            db.execute("ROLLBACK TO job")
            self.error = error
        db.execute("RELEASE job")

    def result(self) -> T:
        if self.error is not None:
            raise self.error
        return self._value  # type: ignore[return-value]


class Store:
    """Safe for threads and processes. Opened at first use, so that building a desk writes nothing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = folder / "desk.db"
        self._queue: deque[_Job[Any]] = deque()
        self._mutex = threading.Lock()
        self._writer: sqlite3.Connection | None = None
        self._readers: list[sqlite3.Connection] = []

    def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``work`` in a transaction that is on the disk when this returns.

        The thread that gets the mutex commits for everyone queued, so that many threads share one fsync.
        Raises what ``work`` raises; Retryable, Unusable or InDoubt for the database's own troubles.
        """
        job = _Job(work)
        self._queue.append(job)
        with self._mutex:
            while not job.finished:
                self._commit_batch()
        try:
            return job.result()
        except sqlite3.Error as error:
            raise self._told(error) from error

    def _commit_batch(self) -> None:
        batch = [self._queue.popleft() for _ in range(min(_BATCH, len(self._queue)))]
        try:
            self._transact(batch)
        except (sqlite3.Error, OSError) as error:
            self._undo()
            for job in batch:
                job.error = job.error or _as_sqlite(error)
        finally:
            for job in batch:
                job.finished = True

    def _transact(self, batch: list[_Job[Any]]) -> None:
        if self._writer is None:
            self._writer = self._open()
        self._writer.execute("BEGIN IMMEDIATE")
        for job in batch:
            job.run(self._writer)
        self._writer.execute("COMMIT")

    def _undo(self) -> None:
        with suppress(sqlite3.Error):
            if self._writer is not None and self._writer.in_transaction:
                self._writer.execute("ROLLBACK")

    def _open(self) -> sqlite3.Connection:
        self.folder.mkdir(parents=True, exist_ok=True)
        db = self._connect()
        try:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
            _migrate(db)
        except BaseException:
            db.close()
            raise
        return db

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.database, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection | None]:
        """A connection to read with, or None while nothing has been written yet. Raises Retryable or Unusable."""
        try:
            db = self._reader()
            try:
                yield db
            finally:
                if db is not None:
                    self._readers.append(db)
        except sqlite3.Error as error:
            told = self._told(error)
            # Reading does nothing, so there is nothing to be in doubt about.
            raise (Retryable(str(told)) if isinstance(told, InDoubt) else told) from error

    def _reader(self) -> sqlite3.Connection | None:
        if self._readers:
            return self._readers.pop()
        if not self.database.exists():
            return None
        db = self._connect()
        try:
            # No tables: another thread or process is making them at this very moment.
            if schema_version(db) > 0:
                _migrate(db)
                return db
        except BaseException:
            db.close()
            raise
        db.close()
        return None

    def close(self) -> None:
        """Let go of every connection; the next use opens them again."""
        with self._mutex:
            while self._readers:
                self._readers.pop().close()
            if self._writer is not None:
                self._writer.close()
                self._writer = None

    def _told(self, error: sqlite3.Error) -> ConnectorError:
        code = (error.sqlite_errorcode if hasattr(error, "sqlite_errorcode") else sqlite3.SQLITE_CANTOPEN) & 0xFF
        detail = f"desk {self.database}: {error}"
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return Retryable(detail)
        if code in _NEEDS_A_PERSON:
            return Unusable(f"{detail}; look at the folder's free space, owner and permissions")
        return InDoubt(detail)


def _as_sqlite(error: sqlite3.Error | OSError) -> sqlite3.Error:
    """The folder that cannot be made is the same trouble as the file that cannot be opened."""
    return error if isinstance(error, sqlite3.Error) else sqlite3.OperationalError(str(error))


def _migrate(db: sqlite3.Connection) -> None:
    """Make the tables, or bring an older version's up to date; several processes may arrive here at once."""
    if schema_version(db) == SCHEMA_VERSION:
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        found = schema_version(db)
        if found > SCHEMA_VERSION:
            raise sqlite3.OperationalError(f"made by a newer version (schema {found}, known {SCHEMA_VERSION})")
        for statement in _missing(found):
            db.execute(statement)
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise


def _missing(found: int) -> list[str]:
    """What leads from that version to this one."""
    upgrades = [statement for version in sorted(UPGRADES) if version > found for statement in UPGRADES[version]]
    return upgrades if found else [*SCHEMA, *upgrades]


def schema_version(db: sqlite3.Connection) -> int:
    """0 for a database without tables."""
    row = db.execute("PRAGMA user_version").fetchone()
    return int(row[0])
