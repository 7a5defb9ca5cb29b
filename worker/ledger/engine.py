"""From a database URL to connections: one that writes, and those that read, the same way on SQLite and PostgreSQL."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from worker.ledger.errors import SOURCE, LedgerError
from worker.ledger.lines import Lines

_BUSY_S = 5.0
_READERS = 2
#: A worker may have three connections to a server in all, and its queue needs the third.
_READERS_OF_SERVER = 1
_POSTGRESQL = {"postgres", "postgresql", "postgresql+psycopg"}
CONNECT = {
    # A dead server or a cut line must not hang a poll: give up connecting, and notice silence.
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
    "application_name": "mail-to-case",
    # Prepared statements live in a session, which a pooler such as PgBouncer does not keep.
    "prepare_threshold": None,
}


@dataclass(frozen=True)
class Engines:
    """Where the ledger is written and read; ``file`` is None on a server.

    ``writes`` and ``reads`` are for the daily work; the engines make their connections, and migrate.
    """

    writer: Engine
    reader: Engine
    file: Path | None
    writes: Lines
    reads: Lines

    def close(self) -> None:
        """Let go of every connection."""
        self.writes.close()
        self.reads.close()
        self.writer.dispose()
        self.reader.dispose()


def parsed(database: str) -> URL:
    """The URL in SQLAlchemy's form. Raises LedgerError, which does not repeat the URL: it may hold a password."""
    try:
        url = make_url(database)
    except ArgumentError:
        raise LedgerError(f"{SOURCE}: not a URL; use sqlite:///FILE or postgresql://USER@HOST/NAME") from None
    if url.drivername == "sqlite":
        if not url.database or ":memory:" in url.database:
            raise LedgerError(f"{SOURCE}: names no file; use sqlite:///FILE")
        return url
    if url.drivername not in _POSTGRESQL:
        raise LedgerError(
            f"{SOURCE}: {url.drivername!r} is not supported; use sqlite:///FILE or postgresql://USER@HOST/NAME"
        )
    url = url.set(drivername="postgresql+psycopg")
    if "sslmode" not in url.query and not _is_local(url):
        url = url.update_query_dict({"sslmode": "require"})
    return url


def connected(url: URL) -> Engines:
    """Engines for a parsed URL; nothing is connected yet."""
    if url.drivername == "sqlite":
        return _sqlite(url)
    options: dict[str, Any] = {"connect_args": CONNECT, "use_native_hstore": False, "max_overflow": 0}
    writer = create_engine(url, pool_size=1, **options)
    reader = create_engine(url, pool_size=_READERS_OF_SERVER, isolation_level="AUTOCOMMIT", **options)
    return Engines(writer, reader, None, Lines(writer, 1), Lines(reader, _READERS_OF_SERVER))


def file_of(url: URL) -> Path | None:
    """The file of an SQLite ledger, made readable for its owner alone when it is new."""
    if url.drivername != "sqlite" or not url.database:
        return None
    path = Path(url.database)
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise LedgerError(
            f"{SOURCE}: {path} cannot be opened ({error.strerror}): create its folder, or allow writing there"
        ) from None
    return path


def _sqlite(url: URL) -> Engines:
    # Named parameters, so that one form of them fits both databases.
    options: dict[str, Any] = {"connect_args": {"timeout": _BUSY_S}, "max_overflow": 0, "paramstyle": "named"}
    writer = create_engine(url, pool_size=1, **options)
    reader = create_engine(url, pool_size=_READERS, isolation_level="AUTOCOMMIT", **options)
    event.listen(writer, "connect", _prepare_writer)
    event.listen(writer, "begin", _begin)
    event.listen(reader, "connect", _prepare_reader)
    return Engines(writer, reader, Path(url.database or ""), Lines(writer, 1), Lines(reader, _READERS))


def _prepare_writer(connection: Any, _: object) -> None:
    # Left to itself, the driver begins transactions late, and so without the lock that keeps them whole.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def _prepare_reader(connection: Any, _: object) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA query_only = ON")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _is_local(url: URL) -> bool:
    host = url.host or str(url.query.get("host", ""))
    if not host or host == "localhost" or host.startswith("/"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
