"""Bytes on the connection: lines, literals and their limits; answers gathered and sent."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable

from worker.demo.imap.errors import Gone
from worker.demo.imap.grammar import Text

MAX_LINE_BYTES = 1_000_000
MAX_LITERALS = 1000
READ_BYTES = 64 * 1024
#: answers are sent on when this much has gathered
FLUSH_BYTES = 1024 * 1024
SEND_TIMEOUT_S = 60.0
#: RFC 3501 §5.4 allows no less than 30 minutes
AUTOLOGOUT_S = 1800.0

_LITERAL = re.compile(rb"\{(\d{1,19})(\+?)\}$")


class LiteralTooLong(Exception):
    """The client announced a literal beyond the limit; it waits for leave to send it, and gets none.

    ``line`` is the command's first line.
    """

    def __init__(self, line: bytes) -> None:
        super().__init__("literal too long")
        self.line = line


class Wire:
    """One connection. Every method raises Gone when the peer is gone, too slow, or breaks a limit."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._received = bytearray()
        self._answer = bytearray()
        #: a scripted fault holds the answer back to send only half of it
        self.holds_back = False

    def read_command(self, literal_limit: Callable[[bytes], int]) -> list[bytes | Text]:
        """One command: text and literals by turns. ``literal_limit`` gives the bytes that a first line allows."""
        parts: list[bytes | Text] = []
        left = MAX_LINE_BYTES
        while True:
            line = self.read_line(left)
            left -= len(line)
            announced = _LITERAL.search(line)
            if not announced:
                return [*parts, line]
            size_bytes = int(announced[1])
            parts.append(line[: announced.start()])
            if size_bytes > literal_limit(parts[0]) or len(parts) > MAX_LITERALS:
                self._refuse_literal(parts[0], waits=not announced[2])
            parts.append(self._literal(size_bytes, waits=not announced[2]))

    def _refuse_literal(self, first_line: bytes, *, waits: bool) -> None:
        if waits:
            raise LiteralTooLong(first_line)
        # It is on its way already: only the end of the connection keeps us from having to swallow it.
        raise Gone("[TOOBIG] Literal too long")

    def _literal(self, size_bytes: int, *, waits: bool) -> Text:
        if waits:
            self.send(b"+ Ready\r\n")
            self.flush()
        return Text(self._read(size_bytes))

    def read_line(self, limit: int = MAX_LINE_BYTES) -> bytes:
        """Up to the next line feed, without the line end."""
        searched = 0
        while (end := self._received.find(b"\n", searched)) < 0:
            searched = len(self._received)
            if searched > limit:
                raise Gone("Line too long")
            self._receive(AUTOLOGOUT_S)
        if end > limit:
            raise Gone("Line too long")
        line = bytes(self._received[:end])
        del self._received[: end + 1]
        return line.removesuffix(b"\r")

    def _read(self, size_bytes: int) -> bytes:
        while len(self._received) < size_bytes:
            self._receive(AUTOLOGOUT_S)
        content = bytes(self._received[:size_bytes])
        del self._received[:size_bytes]
        return content

    def _receive(self, timeout_s: float) -> None:
        try:
            self._socket.settimeout(timeout_s)
            arrived = self._socket.recv(READ_BYTES)
        except OSError as error:
            raise Gone("Autologout") from error
        if not arrived:
            raise Gone("")
        self._received += arrived

    def has_line_within(self, timeout_s: float) -> bool:
        """Whether a whole line has come, waiting for it up to ``timeout_s`` seconds for the next bytes."""
        if b"\n" in self._received:
            return True
        try:
            self._socket.settimeout(timeout_s)
            arrived = self._socket.recv(READ_BYTES)
        except TimeoutError:
            return False
        except OSError as error:
            raise Gone("") from error
        if not arrived or len(self._received) > MAX_LINE_BYTES:
            raise Gone("")
        self._received += arrived
        return b"\n" in self._received

    def send(self, content: bytes) -> None:
        """Add to the answer."""
        self._answer += content
        if len(self._answer) > FLUSH_BYTES and not self.holds_back:
            self.flush()

    def flush(self) -> None:
        """Send what has gathered."""
        content, self._answer = self._answer, bytearray()
        try:
            self._socket.settimeout(SEND_TIMEOUT_S)
            self._socket.sendall(content)
        except OSError as error:
            raise Gone("") from error

    def flush_slowly(self, pause: Callable[[], object]) -> None:
        """Send what has gathered one byte at a time, with a pause after each."""
        content = bytes(self._answer)
        for at in range(len(content)):
            self._answer[:] = content[at : at + 1]
            self.flush()
            pause()

    def flush_half(self) -> None:
        """Send the first half of what has gathered, and forget the rest."""
        del self._answer[(len(self._answer) + 1) // 2 :]
        self.flush()

    def forget(self) -> None:
        """Drop what has gathered."""
        self._answer.clear()
