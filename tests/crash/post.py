"""The mails of a crash run: new ones, replies, files, spam, two connectors, one too large for memory, one twice."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime

HELP, BILLING = "help@desk.example", "billing@desk.example"
#: larger than what is held in memory: read in pieces, and its file goes through the spool folder
LARGE_BYTES = 1_200_000


@dataclass(frozen=True)
class Posted:
    """One mail as it was sent, and what is to become of it. ``ref`` stands in its text."""

    ref: str
    raw: bytes
    #: the ref of the conversation's first mail
    thread: str
    #: the connectors whose case it has to be in; none for mail that a person has to look at
    connectors: tuple[str, ...] = ("crm",)
    files: Mapping[str, int] = field(default_factory=dict)


def posted() -> tuple[Posted, ...]:
    """In the order of arrival."""
    first = _mail("A")
    return (
        first,
        _mail("B", file=_octets(3_000)),
        _mail("C", thread="A", answers=("A",)),
        _mail("D", connectors=(), X_Spam_Flag="YES"),
        _mail("E", to=BILLING, connectors=("crm", "archive")),
        _mail("F", file=_octets(LARGE_BYTES)),
        _mail("G", thread="B", answers=("B",), file=_octets(500)),
        _mail("H", to="nobody@elsewhere.example", connectors=()),
        _mail("I", thread="A", answers=("A", "C")),
    )


def message_id(ref: str) -> str:
    """Of the mail with that ref."""
    return f"<{ref}.crash@customer.example>"


def _octets(count: int) -> bytes:
    return random.Random(count).randbytes(count)


def _mail(
    ref: str,
    *,
    to: str = HELP,
    thread: str = "",
    answers: tuple[str, ...] = (),
    connectors: tuple[str, ...] = ("crm",),
    file: bytes = b"",
    **headers: str,
) -> Posted:
    message = EmailMessage()
    message["From"] = f"Ann <ann.{thread or ref}@customer.example>".lower()
    message["To"] = to
    message["Subject"] = f"{'Re: ' if answers else ''}About {thread or ref}"
    # Old mail is not answered by itself, and answers are a part of what can go wrong.
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = message_id(ref)
    if answers:
        message["In-Reply-To"] = message_id(answers[-1])
        message["References"] = " ".join(map(message_id, answers))
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(f"[ref {ref}] Text of {ref}\n")
    if file:
        message.add_attachment(file, maintype="application", subtype="octet-stream", filename=f"{ref}.bin")
    files = {hashlib.sha256(file).hexdigest(): 1} if file else {}
    return Posted(ref, message.as_bytes().replace(b"\n", b"\r\n"), thread or ref, connectors, files)
