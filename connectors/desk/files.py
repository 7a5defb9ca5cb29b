"""The desk's attachments: files named by their SHA-256, on the disk before the row that names them."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from connectors.contract import Attachment, Unusable

_CHUNK_BYTES = 1 << 20
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")


@dataclass(frozen=True)
class StoredFile:
    """What the disk really holds."""

    sha256: str
    size_bytes: int


class Files:
    """``folder/ab/abcd…``: the content alone names the file, so nothing a mail says becomes a path."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, sha256: str) -> Path:
        """Where the content with that digest lies. Raises ValueError if it is no digest."""
        if not _SHA256.match(sha256):
            raise ValueError("not a SHA-256 in hex")
        return self._folder / sha256[:2] / sha256

    def keep(self, attachment: Attachment) -> StoredFile:
        """Store the content durably, in flat memory. Raises Unusable when the disk refuses."""
        try:
            return self._known(attachment) or self._copied(attachment)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise Unusable(f"desk {self._folder}: {reason}; look at its free space, owner and permissions") from error

    def _known(self, attachment: Attachment) -> StoredFile | None:
        if not _SHA256.match(attachment.sha256):
            return None
        path = self.path(attachment.sha256)
        if not path.exists() or path.stat().st_size != attachment.size_bytes:
            return None
        # Another process may have renamed it just now, and its directory entry may not be on the disk yet.
        _sync_folder(path.parent)
        return StoredFile(attachment.sha256, attachment.size_bytes)

    def _copied(self, attachment: Attachment) -> StoredFile:
        self._folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._folder, prefix="incoming-")
        try:
            with attachment.open() as source, os.fdopen(handle, "wb") as target:
                stored = _copy(source, target)
            self._settle(Path(name), stored)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        return stored

    def _settle(self, incoming: Path, stored: StoredFile) -> None:
        final = self.path(stored.sha256)
        if not final.parent.exists():
            final.parent.mkdir(exist_ok=True)
            _sync_folder(self._folder)
        incoming.replace(final)
        _sync_folder(final.parent)


def _copy(source: BinaryIO, target: BinaryIO) -> StoredFile:
    digest = hashlib.sha256()
    size_bytes = 0
    while chunk := source.read(_CHUNK_BYTES):
        digest.update(chunk)
        size_bytes += len(chunk)
        target.write(chunk)
    target.flush()
    os.fsync(target.fileno())
    return StoredFile(digest.hexdigest(), size_bytes)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
