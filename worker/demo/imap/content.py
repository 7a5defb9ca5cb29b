"""A message file as IMAP has to show it: every line feed with its carriage return, all other bytes as they are."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

CHUNK_BYTES = 1024 * 1024

_BARE_LF = re.compile(rb"(?<!\r)\n")

#: Modification time in ns and bytes on disk: changes when somebody edits the file.
Stamp = tuple[int, int]


@dataclass(frozen=True)
class Measure:
    """``size_bytes`` as served; ``bare_lf`` line feeds of the file lack their carriage return."""

    size_bytes: int
    bare_lf: int


def stamp_of(path: Path) -> Stamp:
    """Raises OSError."""
    found = path.stat()
    return found.st_mtime_ns, found.st_size


def measure(path: Path) -> Measure:
    """Raises OSError."""
    size_bytes = bare = 0
    last = b""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            size_bytes += len(chunk)
            bare += chunk.count(b"\n") - chunk.count(b"\r\n") - (last == b"\r" and chunk[:1] == b"\n")
            last = chunk[-1:]
    return Measure(size_bytes + bare, bare)


def whole(path: Path) -> bytes:
    """Raises OSError."""
    return _BARE_LF.sub(b"\r\n", path.read_bytes())


def piece(path: Path, start: int, count: int) -> bytes:
    """Bytes ``start`` to ``start + count`` of a file without bare line feeds. Raises OSError."""
    with path.open("rb") as file:
        file.seek(start)
        return file.read(count)


def write(directory: Path, name: str, raw: bytes) -> Path:
    """Put ``raw`` into ``directory/name``: all of it, or nothing, and on the disk when this returns. Raises OSError."""
    temporary = directory / f".{name}.partial"
    try:
        with temporary.open("xb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        return temporary.rename(directory / name)
    finally:
        temporary.unlink(missing_ok=True)
