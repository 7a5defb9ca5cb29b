"""A multipart form as it streams past: names, sizes and digests of its files, and never the whole of them."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Part:
    field_name: str
    filename: str
    media_type: str
    size: int = 0
    digest: Any = field(default_factory=hashlib.sha256)


class FormReader:
    """Fed piece by piece (RFC 7578); ``parts`` is complete once ``ended``."""

    def __init__(self, boundary: str) -> None:
        self._mark = b"\r\n--" + boundary.encode()
        # The first boundary has no line end before it.
        self._buffer = bytearray(b"\r\n")
        self._part: Part | None = None
        self._skipped = 0
        self.parts: list[Part] = []
        self.ended = False

    def feed(self, chunk: bytes) -> None:
        self._buffer += chunk
        while not self.ended and self._step():
            pass

    def _step(self) -> bool:
        at = self._buffer.find(self._mark)
        if at < 0:
            self._take(len(self._buffer) - len(self._mark))
            return False
        self._take(at)
        head_end = self._buffer.find(b"\r\n\r\n")
        if self._buffer[len(self._mark) : len(self._mark) + 2] == b"--":
            self.ended = True
        elif head_end < 0:
            return False
        else:
            self._begin(bytes(self._buffer[len(self._mark) : head_end]))
            del self._buffer[: head_end + 2]
        return True

    def _take(self, count: int) -> None:
        """So many bytes belong to the file that is being read."""
        if count <= 0:
            return
        if self._part is not None:
            # A part begins with the second half of its blank line, so that an empty one too ends with a line end.
            fresh = bytes(self._buffer[max(0, 2 - self._skipped) : count])
            self._skipped = min(2, self._skipped + count)
            self._part.digest.update(fresh)
            self._part.size += len(fresh)
        del self._buffer[:count]

    def _begin(self, head: bytes) -> None:
        text = head.decode()
        name = re.search(r'\bname="([^"]*)"', text)
        filename = re.search(r'filename="([^"]*)"', text)
        media = re.search(r"(?i)content-type: *(\S+)", text)
        self._part = Part(name[1] if name else "", filename[1] if filename else "", media[1] if media else "")
        self._skipped = 0
        self.parts.append(self._part)
