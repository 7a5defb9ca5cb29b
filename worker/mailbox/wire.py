"""The bytes of one IMAP connection: a total deadline per command, caps on what a server may send, counters.

imaplib trusts a server's literal sizes, waits anew at every read, and keeps a diary of its last lines (the LOGIN
line too). This subclass does its own buffered reading, over the methods imaplib documents as overridable.
"""

from __future__ import annotations

import imaplib
import logging
import re
import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imapclient import IMAPClient

from worker.mailbox.dial import Endpoint, dial
from worker.mailbox.errors import Refused

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

CONNECT_S = 10.0
#: bytes of one line; imaplib's own limit
MAX_LINE = 1_000_000
#: bytes that an answer without message bodies may have in all
ANSWER_BYTES = 32 * 2**20
#: bytes of a literal in such an answer (folder names, labels)
LITERAL_BYTES = 64 * 2**10
_READ_BYTES = 256 * 2**10
# A tagged or untagged status without text: against the grammar, but servers do it, and imaplib gives up on it.
_BARE_STATUS = re.compile(rb"([A-Za-z0-9]{1,20} (?:OK|NO|BAD))\r\n")


# At DEBUG, the library writes addresses, subjects and flags into its log.
logging.getLogger("imapclient").setLevel(logging.WARNING)


@dataclass(frozen=True)
class Limits:
    """What one command may take: seconds in all, bytes of its largest literal, bytes of its whole answer."""

    seconds: float
    literal_bytes: int = LITERAL_BYTES
    answer_bytes: int = ANSWER_BYTES


class Wire(imaplib.IMAP4):
    """imaplib's protocol engine on our own reading and writing. Not thread-safe, but for ``interrupt``."""

    def __init__(self, endpoint: Endpoint, timeout_s: float) -> None:
        self.endpoint = endpoint
        self.bytes_in = self.bytes_out = 0
        self._buffer = bytearray()
        self._idle_tag = b""
        self.arm(Limits(timeout_s))
        super().__init__(endpoint.host, endpoint.port)

    def arm(self, limits: Limits) -> None:
        """Start the clock and the caps of one command."""
        self._until = time.monotonic() + limits.seconds
        self._limits = limits
        self._allowance = limits.answer_bytes

    def open(self, host: str = "", port: int = 143, timeout: float | None = None) -> None:
        """Connect, trying every address of the host within CONNECT_S; with implicit TLS, also shake hands."""
        self.host, self.port = host, port
        until = time.monotonic() + CONNECT_S
        self.sock = dial(self.endpoint, until)
        self._reachable()
        if self.endpoint.security == "tls":
            self._secure(until)

    def _secure(self, until: float) -> None:
        """Turn the socket into a TLS one; the certificate and the host name are checked by the context."""
        context = self.endpoint.tls
        assert context is not None
        # OpenSSL's handshake honours a socket timeout as a total, so a slow peer cannot stretch it.
        self.sock.settimeout(max(until - time.monotonic(), 0.1))
        try:
            self.sock = context.wrap_socket(self.sock, server_hostname=self.host, do_handshake_on_connect=False)
            self._reachable()
            self.sock.do_handshake()
        except BaseException:
            self.sock.close()
            raise

    def _reachable(self) -> None:
        """Let the lifeline reach the socket that now counts, before anything waits on it."""
        try:
            self.endpoint.lifeline.hold(self.sock)
        except OSError:
            self.sock.close()
            raise

    def starttls(self, ssl_context: ssl.SSLContext | None = None) -> tuple[Any, Any]:
        """RFC 3501 6.2.1. Whatever the server sent in the clear after its OK is an injection: Refused."""
        typ, data = self._simple_command("STARTTLS")
        if typ != "OK":
            raise self.error(f"STARTTLS failed: {data[0]!r}")
        if self._buffer:
            raise Refused(
                f"mailboxes.{self.endpoint.mailbox}.security: somebody sent text in the clear after STARTTLS, before "
                "TLS began, and may sit in between; use 'tls'"
            )
        # imapclient asks for the capabilities again, since those heard in the clear may be forged (RFC 2595 3.1).
        self._secure(self._until)
        return typ, data

    def _receive(self) -> bytes:
        # Whatever has come so far, the time left for the whole answer is what counts.
        self.sock.settimeout(max(self._until - time.monotonic(), 0.001))
        try:
            data = self.sock.recv(_READ_BYTES)
        except TimeoutError:
            raise TimeoutError(f"no complete answer within {self._limits.seconds:g} s") from None
        if not data:
            raise self.abort("the server closed the connection")
        self.bytes_in += len(data)
        self._allowance -= len(data)
        if self._allowance < 0:
            raise self.abort("an answer far longer than what was asked for")
        return data

    def read(self, size: int) -> bytes:
        """A literal of ``size`` bytes, which is what the server announced: refused above the cap, never trusted."""
        if size > self._limits.literal_bytes:
            raise self.abort(f"a literal of {size} bytes where at most {self._limits.literal_bytes} were asked for")
        parts = [bytes(self._buffer[:size])]
        del self._buffer[:size]
        missing = size - len(parts[0])
        while missing > 0:
            data = self._receive()
            parts.append(data[:missing])
            self._buffer += data[missing:]
            missing -= len(parts[-1])
        return b"".join(parts)

    def readline(self) -> bytes:
        """One line with its end, at most MAX_LINE bytes."""
        searched = 0
        while (end := self._buffer.find(b"\n", searched)) < 0 and len(self._buffer) <= MAX_LINE:
            searched = len(self._buffer)
            self._buffer += self._receive()
        if not 0 <= end <= MAX_LINE:
            raise self.abort(f"a line of more than {MAX_LINE} bytes")
        line = bytes(self._buffer[: end + 1])
        del self._buffer[: end + 1]
        bare = _BARE_STATUS.fullmatch(line) if len(line) < 32 else None
        return bare[1] + b" \r\n" if bare else line

    def send(self, data: ReadableBuffer) -> None:
        """Write a command or a part of it."""
        self.bytes_out += memoryview(data).nbytes
        self.sock.settimeout(max(self._until - time.monotonic(), 0.001))
        self.sock.sendall(data)

    def shutdown(self) -> None:
        """Close the socket; imaplib's own would also close a file that we do not open."""
        self.sock.close()

    def pending(self) -> bool:
        """Whether received bytes wait here, where a selector cannot see them."""
        decrypted = self.sock.pending() if isinstance(self.sock, ssl.SSLSocket) else 0
        return bool(self._buffer) or decrypted > 0

    def start_idle(self) -> bool:
        """Enter IDLE (RFC 2177). True if the server had news before its "+", which the grammar allows."""
        tag: bytes = self._command("IDLE")
        while self._get_response() is not None:
            if self.tagged_commands[tag] is not None:
                self._command_complete("IDLE", tag)
                raise self.error("IDLE failed: the server does not go idle")
        self._idle_tag = tag
        return bool(self.untagged_responses)

    def finish_idle(self) -> tuple[str, list[Any]]:
        """Leave IDLE and read what the server said meanwhile."""
        self.send(b"DONE\r\n")
        answer: tuple[str, list[Any]] = self._command_complete("IDLE", self._idle_tag)
        return answer

    def _log(self, line: str) -> None:
        """No diary: it would keep passwords and parts of mails in memory."""


class Client(IMAPClient):  # type: ignore[misc]
    """imapclient on our wire, with the hidden formatting of every byte for a debug log switched off."""

    wire: Wire

    def __init__(self, endpoint: Endpoint, timeout_s: float) -> None:
        self._endpoint, self._timeout_s = endpoint, timeout_s
        super().__init__(endpoint.host, endpoint.port, ssl=False)
        self.wire.debug = 0
        self.normalise_times = False

    def _create_IMAP4(self) -> Wire:  # noqa: N802
        self.wire = Wire(self._endpoint, self._timeout_s)
        return self.wire
