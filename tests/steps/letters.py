"""Mails for the tests of reading: from tests/mail, or put together here."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from worker.message import InboundMessage, Source
from worker.message.reading import parse

MAILS = Path(__file__).parent.parent / "mail"
RECEIVED = datetime(2026, 11, 21, 11, tzinfo=UTC)
HEADER = (
    b"From: Ann <ann@example.com>\r\nTo: help@example.com\r\nSubject: Order\r\n"
    b"Date: Sat, 21 Nov 2026 10:00:00 +0000\r\nMessage-ID: <m1@example.com>\r\n"
)


def source(content: bytes | Path) -> Source:
    """A mail as the mailbox hands it over."""
    size = len(content) if isinstance(content, bytes) else content.stat().st_size
    return Source(content=content, size_bytes=size, received_at=RECEIVED)


def read(content: bytes | Path, spool: Path | None = None) -> InboundMessage:
    """The mail as read in this process."""
    return parse(source(content), spool)


def read_named(name: str) -> InboundMessage:
    """A mail of tests/mail, which has to be readable."""
    message = read((MAILS / f"{name}.eml").read_bytes())
    assert message.error is None
    return message


def multipart(*parts: bytes, boundary: bytes = b"b", header: bytes = HEADER, subtype: bytes = b"mixed") -> bytes:
    """A mail of these parts, each with its own header."""
    head = header + b"Content-Type: multipart/" + subtype + b'; boundary="' + boundary + b'"\r\n\r\n'
    return head + b"".join(b"--%s\r\n%s\r\n" % (boundary, part) for part in parts) + b"--%s--\r\n" % boundary
