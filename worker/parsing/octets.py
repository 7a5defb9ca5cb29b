"""The raw mail, in memory or in a spool file, behind one small face: find and read, never the whole at once."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: bytes that are held at a time when a spool file is read
CHUNK_BYTES = 256 * 1024


class Octets(Protocol):
    """A sequence of bytes that may lie on disk; positions are absolute."""

    size: int

    def find(self, needle: bytes, start: int, stop: int) -> int:
        """Position of the first ``needle`` wholly within [start, stop), or -1."""

    def read(self, start: int, stop: int) -> bytes:
        """The bytes of [start, stop), fewer at the end."""


class InMemory:
    """Octets of a mail that is held as bytes."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.size = len(content)

    def find(self, needle: bytes, start: int, stop: int) -> int:
        """See Octets."""
        return self._content.find(needle, start, stop)

    def read(self, start: int, stop: int) -> bytes:
        """See Octets."""
        return self._content[start:stop]


class OnDisk:
    """Octets of a spool file; holds one window of CHUNK_BYTES."""

    def __init__(self, file_descriptor: int) -> None:
        self._fd = file_descriptor
        self.size = os.fstat(file_descriptor).st_size
        self._base = 0
        self._window = b""

    def find(self, needle: bytes, start: int, stop: int) -> int:
        """See Octets."""
        stop = min(stop, self.size)
        while start + len(needle) <= stop:
            window = self._window_at(start, len(needle))
            found = window.find(needle, start - self._base, stop - self._base)
            if found >= 0:
                return self._base + found
            start = self._base + len(window) - len(needle) + 1
        return -1

    def read(self, start: int, stop: int) -> bytes:
        """See Octets."""
        return os.pread(self._fd, max(0, min(stop, self.size) - start), start)

    def _window_at(self, start: int, needed: int) -> bytes:
        inside = self._base <= start and start + needed <= self._base + len(self._window)
        if not inside:
            self._base, self._window = start, os.pread(self._fd, CHUNK_BYTES + needed, start)
        if len(self._window) < needed:
            raise OSError("the spool file became shorter while it was read")
        return self._window


@contextmanager
def opened(content: bytes | Path) -> Iterator[Octets]:
    """The octets of bytes or of a file, for the time of the block. Raises OSError."""
    if isinstance(content, bytes):
        yield InMemory(content)
        return
    descriptor = os.open(content, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield OnDisk(descriptor)
    finally:
        os.close(descriptor)


def chunks(octets: Octets, start: int, stop: int) -> Iterator[bytes]:
    """[start, stop) in pieces of at most CHUNK_BYTES."""
    for position in range(start, stop, CHUNK_BYTES):
        yield octets.read(position, min(stop, position + CHUNK_BYTES))
