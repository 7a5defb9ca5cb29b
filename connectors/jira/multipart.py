"""Several files as one form, read piece by piece, so that memory stays flat whatever their size."""

from __future__ import annotations

import io
import re
import secrets
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO

from connectors.contract import Attachment
from connectors.http import Upload
from connectors.jira.filenames import safe_name

_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}\Z", re.IGNORECASE)

Opener = Callable[[], BinaryIO]


class _Joined(io.RawIOBase):
    """One piece after the other, each opened when its turn comes."""

    def __init__(self, pieces: Sequence[Opener]) -> None:
        self._left = list(pieces)
        self._piece: BinaryIO | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while True:
            if self._piece is None:
                if not self._left:
                    return 0
                self._piece = self._left.pop(0)()
            if chunk := self._piece.read(len(buffer)):
                buffer[: len(chunk)] = chunk
                return len(chunk)
            self._drop()

    def _drop(self) -> None:
        piece, self._piece = self._piece, None
        if piece is not None:
            piece.close()

    def close(self) -> None:
        self._drop()
        super().close()


def form(files: Sequence[Attachment]) -> Upload:
    """A multipart body with each file as a part named ``file`` (RFC 7578)."""
    boundary = secrets.token_hex(24)
    pieces: list[Opener] = []
    size = 0
    for file in files:
        head = _head(boundary, file)
        pieces += [_of(head), file.open, _of(b"\r\n")]
        size += len(head) + file.size_bytes + 2
    tail = f"--{boundary}--\r\n".encode()
    pieces.append(_of(tail))
    media_type = f"multipart/form-data; boundary={boundary}"
    return Upload(lambda: io.BufferedReader(_Joined(pieces), 1 << 16), size + len(tail), media_type)


def _of(data: bytes) -> Opener:
    return lambda: io.BytesIO(data)


def _head(boundary: str, file: Attachment) -> bytes:
    media_type = file.content_type if _MEDIA_TYPE.match(file.content_type) else "application/octet-stream"
    disposition = f'form-data; name="file"; filename="{safe_name(file)}"'
    return f"--{boundary}\r\nContent-Disposition: {disposition}\r\nContent-Type: {media_type}\r\n\r\n".encode()
