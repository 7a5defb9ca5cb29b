"""The SQLite file as a file: damaged ones are moved aside, never deleted, and a lost one is noticed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)

#: A larger file is not read through at every start.
_CHECKED_BYTES = 64 * 1024 * 1024
_BUSY_S = 5.0
_SUFFIXES = ("", "-wal", "-shm")


def set_aside_if_damaged(file: Path) -> str:
    """Move a damaged file away, with its log; the new name, or "" when the file is sound."""
    why = _damage(file)
    if not why:
        return ""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    aside = file.with_name(f"{file.name}.damaged-{stamp}")
    for suffix in _SUFFIXES:
        part = Path(f"{file}{suffix}")
        if part.exists():
            part.rename(f"{aside}{suffix}")
    log.error("ledger_damaged", why=why, moved_to=str(aside), cure="a new ledger is begun; nothing is lost by it")
    return aside.name


def place_of(file: Path) -> tuple[int, int] | None:
    """Device and inode, or None when there is no such file."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _damage(file: Path) -> str:
    """What is wrong with the file, or "". A locked or unreadable one is not damaged: using it will say so."""
    if file.stat().st_size > _CHECKED_BYTES:
        return ""
    try:
        with closing(sqlite3.connect(file, timeout=_BUSY_S)) as connection:
            found = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.OperationalError:
        return ""
    except sqlite3.DatabaseError as error:
        return str(error)
    return "" if found == "ok" else found
