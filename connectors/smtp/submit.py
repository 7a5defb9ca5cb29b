"""Hand one message to a mail server: whatever happens, it is told as one of the contract's errors."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from connectors.errors import ConnectorError, InDoubt, Rejected, Retryable, Throttled, Unusable
from connectors.smtp.address import path_of
from connectors.smtp.content import END, Survey, in_lines, pieces, stuffed, survey
from connectors.smtp.errors import WAIT_S, Refused, error_of
from connectors.smtp.server import Server
from connectors.smtp.session import Session

_SLOWEST_BYTES_PER_S = 100_000


@dataclass(frozen=True, kw_only=True)
class Submission:
    """One message and, quite apart from what it says itself, who it goes to and who hears of failures."""

    #: gets the bounces; "" is the null reverse-path, which gets none (RFC 5321 §4.5.5)
    sender: str
    recipients: tuple[str, ...]
    #: the bytes themselves or, when they are many, the file that holds them
    content: bytes | Path
    #: lines of ours that go before the content
    head: bytes = b""
    #: so many bytes of the content are left out at its begin
    skip_bytes: int = 0

    def lines(self) -> Iterator[bytes]:
        """The whole message with CRLF line ends, in pieces."""
        return in_lines(pieces(self.head, self.content, self.skip_bytes))


def submit(server: Server, mail: Submission) -> None:
    """Hand the message over, to all recipients or to none.

    Raises Retryable (nothing happened), Throttled (the server as a whole cannot now), Rejected (never, for this
    message), Unusable, AuthFailed, or InDoubt when the line was lost after the message's end had been sent:
    the server may have taken it (RFC 1047).
    """
    sender, recipients = _paths(mail)
    seen = survey(mail.lines())
    paths = (sender, *recipients)
    with _session(server, seen.size_bytes) as session:
        _announce(session, paths, _parameters(session, paths, seen))
        _hand_over(session, mail)


def probe(server: Server, sender: str = "", recipients: tuple[str, ...] = ()) -> None:
    """Connect, encrypt, log in and, when there are recipients, ask whether they would be taken; nothing is sent.

    Raises as ``submit`` does.
    """
    paths = _paths(Submission(sender=sender, recipients=recipients, content=b""))
    with _session(server, 0) as session:
        if recipients:
            named = (paths[0], *paths[1])
            _announce(session, named, _parameters(session, named, Survey(0, is_ascii=True)))
            session.ask("RSET", "RSET", 250)


def _paths(mail: Submission) -> tuple[str, tuple[str, ...]]:
    """The addresses as commands may hold them; nothing else of a mail ever gets into a command (I17)."""
    try:
        return path_of(mail.sender) if mail.sender else "", tuple(map(path_of, mail.recipients))
    except ValueError as error:
        raise Rejected(f"an address {error}") from None


@contextmanager
def _session(server: Server, size_bytes: int) -> Iterator[Session]:
    """An open session; what goes wrong before a message is named concerns the server as a whole."""
    end = time.monotonic() + server.timeout_s + size_bytes / _SLOWEST_BYTES_PER_S
    try:
        session = Session(server, end)
    except OSError as error:
        raise _unreachable(server, error) from error
    try:
        try:
            session.open()
        except Refused as refused:
            raise error_of(refused.answer, message=False) from None
        except OSError as error:
            raise _unreachable(server, error) from error
        yield session
    finally:
        session.leave()


def _unreachable(server: Server, error: OSError) -> ConnectorError:
    """A server that cannot be reached is a matter of time; one whose certificate is no good, of a person."""
    told = f"{server.host}:{server.port}: {error.strerror or error or type(error).__name__}"
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return Unusable(f"{told}; the server's certificate is not trusted: correct its name, or trust its authority")
    return Throttled(told, WAIT_S)


def _parameters(session: Session, paths: tuple[str, ...], seen: Survey) -> str:
    """What the server must know of the message beforehand. Raises Rejected when it cannot take such a one."""
    words = []
    if not all(path.isascii() for path in paths):
        if not session.has_extn("smtputf8"):
            raise Rejected("an address has letters beyond ASCII, for which the server lacks SMTPUTF8")
        session.command_encoding = "utf-8"
        words.append("SMTPUTF8")
    if not seen.is_ascii:
        # A header in raw UTF-8 needs no more than this either, as long as no address of ours is in it: it came that
        # way, and to ask for SMTPUTF8 would make it bounce at servers further on that lack it.
        if not session.has_extn("8bitmime"):
            raise Rejected("the message has bytes beyond ASCII, for which the server lacks 8BITMIME")
        words.append("BODY=8BITMIME")
    if session.has_extn("size"):
        most = session.esmtp_features["size"]
        if most.isdigit() and 0 < int(most) < seen.size_bytes:
            raise Rejected(f"the message has {seen.size_bytes} bytes, and the server takes {most} at most")
        words.append(f"SIZE={seen.size_bytes}")
    return "".join(f" {word}" for word in words)


def _announce(session: Session, paths: tuple[str, ...], parameters: str) -> None:
    """Name sender and recipients; if one recipient is refused, nobody gets the message."""
    with _before_the_end():
        session.ask("MAIL FROM", f"MAIL FROM:<{paths[0]}>{parameters}", 250)
        for number, recipient in enumerate(paths[1:], 1):
            session.ask(f"RCPT TO (recipient {number})", f"RCPT TO:<{recipient}>", 250, 251)


def _hand_over(session: Session, mail: Submission) -> None:
    with _before_the_end():
        session.ask("DATA", "DATA", 354)
        session.busy = True
        for piece in stuffed(mail.lines()):
            session.send(piece)
    try:
        # From the first byte of this on, the server may take the message.
        session.send(END)
        reply = session.getreply()
        session.busy = False
        session.expect("the message", reply, 250)
    except Refused as refused:
        raise error_of(refused.answer, message=True) from None
    except OSError as error:
        raise InDoubt(
            f"the line was lost after the message's end was sent ({error or type(error).__name__})"
        ) from error


@contextmanager
def _before_the_end() -> Iterator[None]:
    """As long as its end has not been sent, no server takes a message: whatever fails, nothing happened."""
    try:
        yield
    except Refused as refused:
        raise error_of(refused.answer, message=True) from None
    except OSError as error:
        raise Retryable(f"the line was lost before the message's end ({error or type(error).__name__})") from error
