"""Whether the desk can take mail: folder, free space, schema; looks only, makes nothing."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from connectors.contract import Finding, Severity
from connectors.desk.schema import SCHEMA_VERSION
from connectors.desk.store import Store, schema_version

_SCARCE_BYTES = 500 << 20
_FULL_BYTES = 20 << 20


def findings(store: Store) -> Sequence[Finding]:
    """One finding each for the folder, the free space and the schema."""
    place = _nearest(store.folder.absolute())
    return (_writable(store.folder, place), _space(place), _schema(store.database))


def _nearest(folder: Path) -> Path:
    """The folder, or its nearest parent that exists."""
    return next(one for one in (folder, *folder.parents) if one.exists())


def _writable(folder: Path, place: Path) -> Finding:
    if place.is_dir() and os.access(place, os.W_OK | os.X_OK):
        return Finding(Severity.OK, f"desk folder {folder} can be written to")
    return Finding(
        Severity.STOPS_MAIL,
        f"desk folder {folder} cannot be written to",
        "set path to a folder that this user may write to",
    )


def _space(place: Path) -> Finding:
    free = shutil.disk_usage(place).free
    fact = f"{free >> 20} MiB free at {place}"
    if free >= _SCARCE_BYTES:
        return Finding(Severity.OK, fact)
    severity = Severity.WARNING if free >= _FULL_BYTES else Severity.STOPS_MAIL
    return Finding(severity, fact, "free some space, or set path to another disk")


def _schema(database: Path) -> Finding:
    if not database.exists():
        return Finding(Severity.OK, "no case yet; the desk is made with the first one")
    try:
        with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as db:
            found = schema_version(db)
    except sqlite3.Error as error:
        return Finding(Severity.STOPS_MAIL, f"{database}: {error}", "move the file away, or restore it from a copy")
    if found > SCHEMA_VERSION:
        cure = "update mail-to-case, or set path to another folder"
        return Finding(Severity.STOPS_MAIL, f"{database} was made by a newer version (schema {found})", cure)
    return Finding(Severity.OK, f"desk schema {found}")
