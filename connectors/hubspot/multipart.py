"""A form with one file in it, streamed: nothing of the file is held in memory (RFC 7578)."""

from __future__ import annotations

import io
import secrets
from collections.abc import Callable, Mapping
from typing import BinaryIO, cast

from connectors.http import Upload


class _Chain(io.RawIOBase):
    """Several streams read as one; closing it closes them."""

    def __init__(self, parts: tuple[BinaryIO, ...]) -> None:
        self._parts = parts
        self._at = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while self._at < len(self._parts):
            if chunk := self._parts[self._at].read(size):
                return chunk
            self._at += 1
        return b""

    def close(self) -> None:
        for part in self._parts:
            part.close()
        super().close()


def form(fields: Mapping[str, str], file_name: str, content: Callable[[], BinaryIO], size_bytes: int) -> Upload:
    """The upload of a form whose last field ``file`` is the file; names and values are ours, or cleaned."""
    # Nobody can have put a boundary into a file that was drawn after the file was written.
    boundary = secrets.token_hex(24)
    head = "".join(_field(boundary, name, value) for name, value in fields.items())
    head += f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{file_name}"\r\n'
    before = f"{head}Content-Type: application/octet-stream\r\n\r\n".encode()
    after = f"\r\n--{boundary}--\r\n".encode()

    def opened() -> BinaryIO:
        return cast(BinaryIO, _Chain((io.BytesIO(before), content(), io.BytesIO(after))))

    return Upload(opened, len(before) + size_bytes + len(after), f"multipart/form-data; boundary={boundary}")


def _field(boundary: str, name: str, value: str) -> str:
    return f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
