"""The listener: one thread a connection, loopback only."""

from __future__ import annotations

import ipaddress
import socket
import threading
from contextlib import suppress

from worker.demo.imap.dispatch import converse
from worker.demo.imap.session import Service
from worker.demo.imap.wire import Wire

MAX_CONNECTIONS = 100
ACCEPT_POLL_S = 0.5
STOP_WITHIN_S = 10.0


class ImapServer:
    """Serves one mailbox. ``port`` 0 takes a free one."""

    def __init__(self, service: Service, host: str = "127.0.0.1", port: int = 0) -> None:
        """Raises ValueError when ``host`` is not a loopback address: there is no encryption here."""
        require_loopback(host)
        self._service = service
        self._address = (host, port)
        self._lock = threading.Lock()
        self._open: dict[socket.socket, threading.Thread] = {}
        self._listener: socket.socket | None = None
        self._acceptor: threading.Thread | None = None

    @property
    def port(self) -> int:
        """Where it listens; the one asked for until it is started."""
        return self._address[1]

    def start(self) -> None:
        """Raises OSError when the port is taken."""
        family = socket.AF_INET6 if ":" in self._address[0] else socket.AF_INET
        self._listener = socket.create_server(self._address, family=family, backlog=MAX_CONNECTIONS)
        self._listener.settimeout(ACCEPT_POLL_S)
        self._address = (self._address[0], self._listener.getsockname()[1])
        self._acceptor = threading.Thread(
            target=self._accept, args=(self._listener,), name="imap-listener", daemon=True
        )
        self._acceptor.start()

    def stop(self) -> None:
        """End every connection; may be called twice."""
        self._service.stopping.set()
        if self._listener:
            _end(self._listener)
        if self._acceptor:
            self._acceptor.join(STOP_WITHIN_S)
        with self._lock:
            threads = list(self._open.values())
            for connection in self._open:
                _end(connection)
        for thread in threads:
            thread.join(STOP_WITHIN_S)
        if self._listener:
            self._listener.close()
        self._service.store.save()

    def _accept(self, listener: socket.socket) -> None:
        while not self._service.stopping.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                continue
            self._admit(connection)

    def _admit(self, connection: socket.socket) -> None:
        thread = threading.Thread(target=self._serve, args=(connection,), name="imap-connection", daemon=True)
        with self._lock:
            full = len(self._open) >= MAX_CONNECTIONS
            if not full:
                self._open[connection] = thread
                thread.start()
        if full:
            with connection, suppress(OSError):
                connection.sendall(b"* BYE [LIMIT] Too many connections\r\n")

    def _serve(self, connection: socket.socket) -> None:
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            converse(self._service, Wire(connection))
        finally:
            with self._lock:
                self._open.pop(connection, None)
                _end(connection)
                connection.close()


def _end(connection: socket.socket) -> None:
    """Wake whoever waits on it."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def require_loopback(host: str) -> None:
    """Raises ValueError for any address that other machines may reach."""
    try:
        is_loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise ValueError(f"The test mailbox serves a loopback address only, not {host}: use 127.0.0.1")
