"""A rigged HTTP server on a real socket: it keeps a log, and spoils chosen requests in chosen ways."""

from __future__ import annotations

import hashlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.fakes.http_exchange import Fault, Reply, Seen

__all__ = ["FakeServer", "Fault", "Reply", "Seen"]

_KEPT_BODY_BYTES = 1 << 20
_CHUNK_BYTES = 1 << 16


class _Reset(Exception):
    """Stop here, with a TCP reset."""


class FakeServer:
    """Subclasses answer; ``start`` and ``stop`` may be called again, on the same port."""

    #: of a longer body only size and digest are known
    kept_body_bytes = _KEPT_BODY_BYTES

    def __init__(self, port: int = 0) -> None:
        self.port = port
        self.log: list[tuple[Seen, int]] = []
        self.faults: list[Fault] = []
        self.lock = threading.RLock()
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer(self, seen: Seen) -> Reply:
        """The true answer; called under ``lock``."""
        raise NotImplementedError

    def watcher(self, path: str, headers: Mapping[str, str]) -> Callable[[bytes], None] | None:
        """Who wants the whole body, however long, piece by piece as it comes (a form with a file in it)."""
        return None

    def start(self) -> Any:
        self._server = _Server(self, self.port)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="fake")
        self._thread.start()
        return self

    def stop(self) -> None:
        """Close the door and every connection: who knocks now is refused."""
        server, self._server = self._server, None
        if server is not None and self._thread is not None:
            server.shutdown()
            server.cut_all()
            server.server_close()
            self._thread.join()

    def fail(self, kind: str, where: str = "", **more: Any) -> Fault:
        """Plan a fault."""
        fault = Fault(kind, where, **more)
        with self.lock:
            self.faults.append(fault)
        return fault

    def count(self, where: str) -> int:
        """How many requests began so."""
        with self.lock:
            return sum(f"{seen.method} {seen.path}".startswith(where) for seen, _ in self.log)

    def take_fault(self, method: str, path: str) -> Fault | None:
        with self.lock:
            fault = next((one for one in self.faults if one.hits(method, path)), None)
            if fault:
                fault.times -= 1
            return fault

    def carry_out(self, seen: Seen) -> Reply:
        with self.lock:
            reply = self.answer(seen)
            self.log.append((seen, reply.status))
            return reply

    def note(self, seen: Seen, status: int) -> None:
        with self.lock:
            self.log.append((seen, status))


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True
    request_queue_size = 64
    allow_reuse_address = True

    def __init__(self, fake: FakeServer, port: int) -> None:
        self.fake = fake
        self._sockets: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__(("127.0.0.1", port), _Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        with self._guard:
            self._sockets.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        with self._guard:
            self._sockets.discard(request)
        super().shutdown_request(request)

    def cut_all(self) -> None:
        with self._guard:
            for connection in self._sockets:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Header and body in one packet: written apart, delayed acknowledgements cost 40 ms an answer.
    wbufsize = -1
    disable_nagle_algorithm = True
    timeout = 60.0
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """The log is kept by the fake."""

    def _serve(self) -> None:
        split = urlsplit(self.path)
        fault = self.server.fake.take_fault(self.command, split.path)
        try:
            seen = self._read(split.path, split.query, fault)
            self._send(self._reply(seen, fault), fault)
        except _Reset:
            self._reset()

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = _serve  # noqa: N815

    def _read(self, path: str, query: str, fault: Fault | None) -> Seen:
        left = int(self.headers.get("Content-Length") or 0)
        if fault and fault.kind == "reset_reading":
            self.rfile.read(min(left, fault.at_byte))
            raise _Reset
        headers = {name.lower(): value for name, value in self.headers.items()}
        watch = self.server.fake.watcher(path, headers)
        digest, kept, size = hashlib.sha256(), bytearray(), 0
        while left and (chunk := self.rfile.read(min(left, _CHUNK_BYTES))):
            digest.update(chunk)
            if watch:
                watch(chunk)
            if size < self.server.fake.kept_body_bytes:
                kept += chunk
            size += len(chunk)
            left -= len(chunk)
        return Seen(
            self.command, path, parse_qs(query, keep_blank_values=True), headers, bytes(kept), size, digest.hexdigest()
        )

    def _reply(self, seen: Seen, fault: Fault | None) -> Reply:
        fake = self.server.fake
        if fault is None:
            return fake.carry_out(seen)
        if fault.kind == "delay":
            time.sleep(fault.seconds)
        if fault.kind == "reset_before" or (fault.kind == "reply" and not fault.applied):
            fake.note(seen, fault.reply.status if fault.reply else 0)
            if fault.reply is None:
                raise _Reset
            return fault.reply
        true = fake.carry_out(seen)
        if fault.kind == "reset_after":
            raise _Reset
        if fault.kind == "malformed":
            return Reply(true.status, true.encoded()[:-1] + b"]", true.typed())
        return fault.reply or true

    def _send(self, reply: Reply, fault: Fault | None) -> None:
        body = reply.encoded()
        lines = [
            f"HTTP/1.1 {reply.status} {'OK' if reply.status < 400 else 'Error'}",
            f"Date: {self.date_time_string()}",
        ]
        if "date" in {name.lower() for name in reply.headers}:
            lines.pop()
        lines += [f"{name}: {value}" for name, value in reply.typed().items()]
        lines.append(f"Content-Length: {len(body)}")
        whole = "\r\n".join([*lines, "", ""]).encode("latin-1") + body
        if fault and fault.kind == "cut":
            self.wfile.write(whole[: fault.at_byte])
            self.wfile.flush()
            self.close_connection = True
            return
        self.wfile.write(whole)
        self.wfile.flush()

    def _reset(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
