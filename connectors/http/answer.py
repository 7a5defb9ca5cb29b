"""What goes out and what comes back: one call, one answer, and the error that says how sure we are."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, BinaryIO

from connectors.contract import ConnectorError, InDoubt, Rejected, Retryable

_CHUNK_BYTES = 1 << 16


@dataclass(frozen=True)
class Upload:
    """A body that is streamed: each try opens it afresh, so memory stays flat whatever its size."""

    open: Callable[[], BinaryIO]
    size_bytes: int
    content_type: str

    def chunks(self) -> Iterator[bytes]:
        """The content. Raises Rejected when the file is not as long as it was said to be."""
        left = self.size_bytes
        with self.open() as source:
            while chunk := source.read(_CHUNK_BYTES):
                left -= len(chunk)
                if left < 0:
                    break
                yield chunk
        if left:
            raise Rejected(f"the file is not {self.size_bytes} bytes long, as it was said to be")


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request. ``path`` starts with a slash and is escaped; ``body`` is JSON, sent byte for byte."""

    method: str
    path: str
    body: bytes = b""
    upload: Upload | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    #: a second copy does no harm, for example because of an idempotency key
    safe_to_repeat: bool = False
    #: the case that the path names: when it is not found, the case is gone
    case_id: str = ""
    #: it changes nothing that anybody sees (a loose file, a token), so an unclear end is as good as none
    prepares: bool = False
    #: the limits it counts towards beside the connection's own: a case's id, or a kind of call
    buckets: tuple[str, ...] = ()
    #: False for the call that fetches the token
    authorized: bool = True

    @property
    def writes(self) -> bool:
        """Whether it may have changed something that counts once it has left."""
        return self.method not in ("GET", "HEAD") and not self.prepares

    @property
    def place(self) -> str:
        """Method and path, without what may be private in the query."""
        return f"{self.method} {self.path.partition('?')[0]}"

    def unclear(self, detail: str) -> ConnectorError:
        """The error for a request that left and was not clearly answered."""
        return InDoubt(detail) if self.writes else Retryable(detail)


def json_body(value: object) -> bytes:
    """Compact JSON; the same value gives the same bytes."""
    return json.dumps(value, separators=(",", ":")).encode()


@dataclass(frozen=True)
class Answer:
    """Status, headers by lower-case name, and the body, which may be no JSON at all."""

    call: Call
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_json(self) -> bool:
        """Whether the body parses; an HTML page with status 200 does not."""
        return self._parsed[0]

    @property
    def data(self) -> Any:
        """The parsed body, or None when it is no JSON."""
        return self._parsed[1]

    @cached_property
    def _parsed(self) -> tuple[bool, Any]:
        if "json" not in self.headers.get("content-type", "").lower():
            return False, None
        try:
            return True, json.loads(self.body)
        except (ValueError, RecursionError):
            return False, None

    def value(self, *path: str) -> Any:
        """The value under these keys. Raises InDoubt (of a write) or Retryable when the answer has none."""
        found = self.data
        for name in path:
            if not isinstance(found, dict) or found.get(name) is None:
                raise self.call.unclear(f"{self.call.place}: the answer lacks {'.'.join(path)}")
            found = found[name]
        return found

    def number(self, *path: str) -> int:
        """As ``value``, and an integer."""
        found = self.value(*path)
        if isinstance(found, bool) or not isinstance(found, int):
            raise self.call.unclear(f"{self.call.place}: {'.'.join(path)} is no number")
        return found

    def items(self, name: str) -> list[dict[str, Any]]:
        """As ``value``, and a list of objects."""
        found = self.value(name)
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            raise self.call.unclear(f"{self.call.place}: {name} is no list")
        return found
