"""What PgBouncer does in transaction mode: many clients, few sessions, handed out for a transaction at a time.

A client keeps nothing of a session: each transaction may run on another one, where everybody's settings would
add up, and where what a server tells of its own accord (NOTIFY) reaches nobody.
"""

from __future__ import annotations

import contextlib
import queue
import socket
import struct
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

_PROTOCOL = 196608


class Pooler:
    """Listens on loopback; ``sessions`` connections to the real server serve everybody."""

    def __init__(self, url: str, sessions: int) -> None:
        parts = urlsplit(url)
        self._url = parts
        self._greeting = b""
        self._free: queue.LifoQueue[socket.socket] = queue.LifoQueue()
        self._door = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._open: list[socket.socket] = [self._door]
        for _ in range(sessions):
            self._free.put(self._session())
        self.clients = 0
        self.url = f"postgresql://{parts.username}@127.0.0.1:{self._door.getsockname()[1]}{parts.path}"
        self._threads = [threading.Thread(target=self._welcome)]
        self._threads[0].start()

    def close(self) -> None:
        """Cut everybody off."""
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for one in self._open:
            one.close()

    def _session(self) -> socket.socket:
        server = socket.create_connection((self._url.hostname or "", self._url.port or 5432))
        self._open.append(server)
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        words = f"user\0{self._url.username}\0database\0{self._url.path[1:]}\0application_name\0pooler\0\0".encode()
        server.sendall(struct.pack("!II", 8 + len(words), _PROTOCOL) + words)
        self._greeting = b"".join(whole for _, whole in _until_ready(server))
        return server

    def _welcome(self) -> None:
        while True:
            try:
                client, _ = self._door.accept()
            except OSError:
                return
            self._open.append(client)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.clients += 1
            self._threads.append(threading.Thread(target=self._serve, args=(client,)))
            self._threads[-1].start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError, EOFError), client:
            while struct.unpack("!I", _exactly(client, struct.unpack("!I", _exactly(client, 4))[0] - 4)[:4])[0] != (
                _PROTOCOL
            ):
                # It asks for TLS or GSSAPI first.
                client.sendall(b"N")
            client.sendall(self._greeting)
            while True:
                self._transaction(client, _message(client))

    def _transaction(self, client: socket.socket, first: tuple[bytes, bytes]) -> None:
        """From a client's first word until the server is idle again."""
        if first[0] == b"X":
            raise EOFError
        server = self._free.get()
        try:
            kind, whole = first
            while True:
                server.sendall(whole)
                if kind in (b"Q", b"S"):
                    for answer, told in _until_ready(server):
                        # What a session is told by NOTIFY is nobody's.
                        client.sendall(b"" if answer == b"A" else told)
                    if told[-1:] == b"I":
                        return
                kind, whole = _message(client)
        finally:
            self._free.put(server)


def _until_ready(server: socket.socket) -> Iterator[tuple[bytes, bytes]]:
    while True:
        message = _message(server)
        yield message
        if message[0] == b"Z":
            return


def _message(sender: socket.socket) -> tuple[bytes, bytes]:
    head = _exactly(sender, 5)
    return head[:1], head + _exactly(sender, struct.unpack("!I", head[1:])[0] - 4)


def _exactly(sender: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = sender.recv(count - len(data))
        if not more:
            raise EOFError
        data += more
    return data
