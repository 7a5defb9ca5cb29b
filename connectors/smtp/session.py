"""One conversation with a mail server, on one clock: smtplib's words, our own eyes on socket and time."""

from __future__ import annotations

import base64
import smtplib
import socket
import ssl
import time
from typing import Any

from connectors.smtp.errors import Answer, Refused, shown
from connectors.smtp.server import Server

_MAX_LINE_BYTES = 8192
_MAX_LINES = 200
_RECEIVE_BYTES = 16 * 1024


class Session(smtplib.SMTP):
    """An open connection. Raises Refused for a reply that is not as hoped, OSError when the line fails."""

    def __init__(self, server: Server, end: float) -> None:
        """``end``: when all must be over, by the monotonic clock."""
        self._server, self._end, self._unread = server, end, bytearray()
        #: between a message's first byte and the answer to its last, nothing else may be said
        self.busy = False
        sock = socket.create_connection((server.host, server.port), self._left_s())
        # An address literal is always a right name for EHLO, and asks no name server (RFC 5321 §4.1.4).
        super().__init__(local_hostname=_literal(sock))
        self.sock: Any = sock

    def open(self) -> None:
        """Greet, encrypt and log in, as the settings say."""
        if self._server.security == "tls":
            self._encrypt()
        self.expect("the greeting", self.getreply(), 220)
        self._greet()
        if self._server.security == "starttls":
            self._start_tls()
        if self._server.user:
            self._log_in()

    def ask(self, stage: str, command: str, *good: int) -> None:
        """Send a command; raises Refused unless the reply is one of ``good``."""
        self.expect(stage, self.docmd(command), *good)

    def expect(self, stage: str, reply: tuple[int, bytes], *good: int) -> None:
        """Raises Refused unless the reply is one of ``good``."""
        code, words = reply
        if code not in good:
            raise Refused(Answer(stage, code, shown(words, self._server.password)))

    def getreply(self) -> tuple[int, bytes]:
        """One reply: -1 when it is none. Unlike smtplib's, it cannot be drawn out beyond the clock."""
        words: list[bytes] = []
        for _ in range(_MAX_LINES):
            line = self._line()
            words.append(line[4:].strip())
            if line[3:4] != b"-":
                break
        code = line[:3]
        return int(code) if len(code) == 3 and code.isdigit() else -1, b"\n".join(words)

    def send(self, s: Any) -> None:
        """All of it, or an OSError."""
        self.sock.settimeout(self._left_s())
        self.sock.sendall(s.encode(self.command_encoding) if isinstance(s, str) else s)

    def leave(self) -> None:
        """Say good-bye, if that is quick, and hang up; never raises."""
        try:
            self._end = min(self._end, time.monotonic() + 2.0)
            if not self.busy:
                self.docmd("QUIT")
        except (OSError, ValueError):
            # What had to be done is done; manners are not worth an error.
            pass
        finally:
            self.close()

    def _greet(self) -> None:
        self.expect("EHLO", self.ehlo(), 250)

    def _start_tls(self) -> None:
        if not self.has_extn("starttls"):
            # Somebody on the way may have cut the offer out, so we do not go on in the clear.
            raise Refused(Answer("STARTTLS", 502, "the server offers no encryption, so nothing is sent to it"))
        self.ask("STARTTLS", "STARTTLS", 220)
        if self._unread:
            raise Refused(Answer("STARTTLS", 502, "somebody on the way slipped words in before the encryption began"))
        self._encrypt()
        self._greet()

    def _encrypt(self) -> None:
        context = ssl.create_default_context()
        if self._server.ca_file:
            context.load_verify_locations(self._server.ca_file)
        self.sock.settimeout(self._left_s())
        self.sock = context.wrap_socket(self.sock, server_hostname=self._server.host)

    def _log_in(self) -> None:
        user, password = (text.encode() for text in (self._server.user, self._server.password))
        offered = self.esmtp_features.get("auth", "").upper().split()
        if "PLAIN" in offered:
            self.ask("AUTH", f"AUTH PLAIN {_base64(bytes(1) + user + bytes(1) + password)}", 235)
        elif "LOGIN" in offered:
            self.ask("AUTH", "AUTH LOGIN", 334)
            self.ask("AUTH", _base64(user), 334)
            self.ask("AUTH", _base64(password), 235)
        else:
            raise Refused(Answer("AUTH", 504, "the server offers neither PLAIN nor LOGIN"))

    def _line(self) -> bytes:
        while (end := self._unread.find(b"\n")) < 0:
            if len(self._unread) > _MAX_LINE_BYTES:
                raise ConnectionError("the server's answer has no end")
            self.sock.settimeout(self._left_s())
            received = self.sock.recv(_RECEIVE_BYTES)
            if not received:
                raise ConnectionError("the server hung up")
            self._unread += received
        line = bytes(self._unread[: end + 1])
        del self._unread[: end + 1]
        return line

    def _left_s(self) -> float:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time for the whole submission is over")
        return left


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _literal(sock: socket.socket) -> str:
    address = sock.getsockname()[0]
    return f"[IPv6:{address.partition('%')[0]}]" if sock.family == socket.AF_INET6 else f"[{address}]"
