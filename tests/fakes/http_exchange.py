"""What passes between a client and a rigged HTTP server, and what may be done to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Seen:
    """One request as it came. Of a long body only size and digest are kept."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes
    size_bytes: int
    sha256: str

    @property
    def json(self) -> Any:
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def first(self, name: str) -> str:
        return next(iter(self.query.get(name, [])), "")


@dataclass(frozen=True)
class Reply:
    """``body`` bytes are sent as they are, anything else as JSON."""

    status: int
    body: Any = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()

    def typed(self) -> dict[str, str]:
        media = {} if isinstance(self.body, bytes) else {"Content-Type": "application/json; charset=utf-8"}
        return media | dict(self.headers)


@dataclass
class Fault:
    """What goes wrong with the next ``times`` requests whose ``METHOD /path`` begins with ``where`` (or with one of
    several, divided by ``|``).

    kind    reset_before · reset_reading · reset_after · cut (after ``at_byte`` bytes of the whole answer) · reply
            (``reply`` instead of the true answer) · delay (``seconds``) · malformed
    applied for ``reply``: the request is carried out first, and only its answer is replaced
    """

    kind: str
    where: str = ""
    times: int = 1
    at_byte: int = 0
    seconds: float = 0.0
    reply: Reply | None = None
    applied: bool = False

    def hits(self, method: str, path: str) -> bool:
        return self.times > 0 and f"{method} {path}".startswith(tuple(self.where.split("|")))
