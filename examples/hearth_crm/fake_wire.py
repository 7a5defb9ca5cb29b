"""The fake's socket, and what can be made to go wrong on it."""

from __future__ import annotations

import hashlib
import json
import re
import socket
import struct
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

_CHUNK_BYTES = 1 << 16


@dataclass
class Spoil:
    """What becomes of the ``nth`` request of these methods: ``reset``, ``cut`` or ``reply``, done or not."""

    kind: str
    done: bool = False
    nth: int = 1
    reply: tuple[int, bytes, dict[str, str]] = (500, b"", {})
    at_byte: int = 0
    where: str = r"(POST|PATCH) /"
    played: bool = False

    def hits(self, place: str) -> bool:
        if self.played or not re.match(self.where, place):
            return False
        self.nth -= 1
        self.played = self.nth == 0
        return self.played


class Server(ThreadingHTTPServer):
    fake: Any
    daemon_threads = False
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


class Handler(BaseHTTPRequestHandler):
    server: Server
    wbufsize = -1
    timeout = 30.0

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """The fake keeps its own."""

    def _serve(self) -> None:
        fake = self.server.fake
        parts = urlsplit(self.path)
        request = self._read() | {"place": f"{self.command} {parts.path}", "query": parse_qs(parts.query)}
        spoil = fake.spoiled(request["place"])
        status, answer, headers = 0, b"", {"Content-Type": "application/json"}
        if spoil is None or spoil.done:
            status, found = fake.answer(request)
            answer = json.dumps(found).encode()
        if spoil and spoil.kind == "reset":
            self._reset()
            return
        if spoil and spoil.kind == "reply":
            status, answer, headers = spoil.reply
        self._send(status, answer, headers, spoil.at_byte if spoil else 0)

    do_GET = do_POST = do_PATCH = _serve  # noqa: N815

    def _read(self) -> dict[str, Any]:
        left, digest, kept = int(self.headers.get("Content-Length") or 0), hashlib.sha256(), b""
        size = left
        while left and (chunk := self.rfile.read(min(left, _CHUNK_BYTES))):
            digest.update(chunk)
            kept += chunk if len(kept) < 1 << 20 else b""
            left -= len(chunk)
        is_json = "json" in self.headers.get("Content-Type", "")
        told = {"size": size, "sha256": digest.hexdigest(), "authorization": self.headers.get("Authorization")}
        return told | {"json": json.loads(kept) if is_json else None}

    def _send(self, status: int, answer: bytes, headers: dict[str, str], at_byte: int) -> None:
        lines = [f"HTTP/1.0 {status} Answer", f"Content-Length: {len(answer)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        whole = "\r\n".join([*lines, "", ""]).encode() + answer
        self.wfile.write(whole[: at_byte or len(whole)])

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
