"""A small IMAP server with state, whose answer to any command a test can replace by any bytes whatever."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from tests.fakes.imap_folder import CAPABILITIES, ImapFolder, Line, Mail, parsed

__all__ = ["HANG_UP", "Line", "Mail", "ScriptedImap"]

#: hang up after sending what precedes it
HANG_UP = b"<hang up>"


Reply = bytes | Callable[[Line], bytes | None]


class ScriptedImap(ImapFolder):
    """Serves one folder to any number of connections from a thread each; use as a context manager."""

    def __init__(self, mails: dict[int, Mail] | None = None, *, capabilities: str = CAPABILITIES) -> None:
        super().__init__({} if mails is None else mails, capabilities)
        self.greeting = b"* OK ready\r\n"
        #: seconds between any two bytes
        self.dribble_s = 0.0
        self.tls: ssl.SSLContext | None = None
        self.implicit_tls = False
        self.connections = 0
        self._rigged: dict[str, list[Reply]] = {}
        self._threads: list[threading.Thread] = []
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])

    def __enter__(self) -> ScriptedImap:
        self._spawn(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        for sock in (self._listener, *self._sockets):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
        for thread in self._threads:
            thread.join(5)

    def rig(self, name: str, *replies: Reply) -> None:
        """Answer the next commands of that name with these bytes, one reply each; the last one for ever.

        ``TAG`` stands for the command's tag; a function may return None for the usual answer.
        """
        self._rigged[name] = list(replies)

    def names(self) -> list[str]:
        """The commands received, by name."""
        return [parsed(line).name for line in self.lines]

    def say(self, data: bytes) -> None:
        """Speak without being asked, on the newest connection."""
        self._sockets[-1].sendall(data)

    def _spawn(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                self.connections += 1
                self._spawn(self._serve, sock)

    def _serve(self, sock: socket.socket) -> None:
        with suppress(OSError, EOFError):
            if self.implicit_tls and self.tls:
                sock = self.tls.wrap_socket(sock, server_side=True)
            self._sockets.append(sock)
            self._send(sock, self.greeting)
            while True:
                sock = self._one(sock)
        sock.close()

    def _one(self, sock: socket.socket) -> socket.socket:
        raw = self._line(sock)
        self.lines.append(raw)
        line = parsed(raw)
        self.latest.tag = line.tag or self.latest.tag
        self._send(sock, self._answer(line).replace(b"TAG", line.tag.encode()))
        if line.name == "LOGOUT":
            raise EOFError
        if line.name == "STARTTLS" and self.tls:
            sock = self.tls.wrap_socket(sock, server_side=True)
            self._sockets.append(sock)
        return sock

    def _line(self, sock: socket.socket) -> bytes:
        line = b""
        while not line.endswith(b"\r\n"):
            byte = sock.recv(1)
            if not byte:
                raise EOFError
            line += byte
        return line[:-2]

    def _send(self, sock: socket.socket, data: bytes) -> None:
        data, hang_up, _ = data.partition(HANG_UP)
        if self.dribble_s:
            for byte in data:
                sock.sendall(bytes([byte]))
                time.sleep(self.dribble_s)
        else:
            sock.sendall(data)
        if hang_up:
            sock.shutdown(socket.SHUT_RDWR)
            raise EOFError

    def _answer(self, line: Line) -> bytes:
        replies = self._rigged.get(line.name, [])
        if replies:
            reply = replies.pop(0) if len(replies) > 1 else replies[0]
            data = reply(line) if callable(reply) else reply
            if data is not None:
                return data
        return self.usual(line)
