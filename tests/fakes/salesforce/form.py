"""A form of two parts, read as it comes: the record's JSON is kept, the file's bytes are only counted."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from tests.fakes.salesforce.strict import Refusal

_HEAD_BYTES = 1 << 16


class Form:
    """Fed piece by piece; the end of the file is known by what is held back of it."""

    def __init__(self, content_type: str) -> None:
        boundary = content_type.partition("boundary=")[2].strip('"')
        self._end = f"\r\n--{boundary}--\r\n".encode()
        self._between = f"\r\n--{boundary}\r\n".encode()
        self._start = f"--{boundary}\r\n".encode()
        self._head: bytearray | None = bytearray()
        self._tail = b""
        self._digest = hashlib.sha256()
        self.size = 0
        self.record: dict[str, Any] = {}

    def feed(self, chunk: bytes) -> None:
        if self._head is not None:
            self._head += chunk
            chunk = self._after_head()
        if self._head is None:
            held = self._tail + chunk
            keep = min(len(held), len(self._end))
            self._count(held[: len(held) - keep])
            self._tail = held[len(held) - keep :]

    def _count(self, content: bytes) -> None:
        self._digest.update(content)
        self.size += len(content)

    def _after_head(self) -> bytes:
        assert self._head is not None
        first, found, rest = bytes(self._head).partition(self._between)
        headers, blank, content = rest.partition(b"\r\n\r\n")
        if not found or not blank:
            return b""
        if b'name="VersionData"' not in headers or b"filename=" not in headers:
            raise Refusal(400, "INVALID_MULTIPART_REQUEST", "the second part must be VersionData, with a file name")
        opening, blank, body = first.removeprefix(self._start).partition(b"\r\n\r\n")
        if b'name="entity_' not in opening or b"application/json" not in opening:
            raise Refusal(400, "INVALID_MULTIPART_REQUEST", "the first part must be the record, as JSON")
        self.record = json.loads(body)
        self._head = None
        return content

    def finish(self) -> tuple[dict[str, Any], int, str]:
        """Record, size and digest. 400 when it did not end as a form does."""
        if self._head is not None or self._tail != self._end:
            raise Refusal(400, "INVALID_MULTIPART_REQUEST", "the form does not end")
        return self.record, self.size, self._digest.hexdigest()
