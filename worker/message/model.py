"""The noun: what the rest of the house knows of a mail."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path

from connectors.contract import Attachment, Person


@dataclass(frozen=True, kw_only=True)
class Source:
    """A message as received: its bytes or, when they are many, the spool file that holds them."""

    content: bytes | Path
    size_bytes: int
    #: INTERNALDATE; aware, UTC
    received_at: datetime


@dataclass(frozen=True, kw_only=True)
class InboundMessage:
    """One parsed message. Every text is valid Unicode without control characters except tab and line feed."""

    #: 64 hex digits, see identity.py: survives moves, UIDVALIDITY changes, a missing or reused Message-ID
    identity: str
    #: without angle brackets; "" if there is none that follows the grammar
    message_id: str
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    #: address "" when no author could be read
    author: Person
    reply_to: tuple[Person, ...]
    to: tuple[Person, ...]
    cc: tuple[Person, ...]
    subject: str
    #: from the Date field; when absent or absurd from the last Received; None without either. Aware, UTC
    sent_at: datetime | None
    #: INTERNALDATE; aware, UTC
    received_at: datetime
    text: str
    html: str
    attachments: tuple[Attachment, ...]
    #: every header field in order of appearance, name as written, value unfolded and decoded
    headers: tuple[tuple[str, str], ...]
    size_bytes: int
    #: what was odd, in words an operator understands ("a part could not be decoded: …")
    defects: tuple[str, ...] = ()
    unpacked_tnef: bool = False
    #: the first line of what the writer's mail program marked as old in the HTML, or ""
    old_opens_with: str = ""
    #: None, or why the message could not be parsed; then only headers, and the source attached
    error: str | None = None
    #: of a multipart/report: the delivery-status fields, one mapping per recipient
    delivery_status: tuple[dict[str, str], ...] = field(default=())

    @cached_property
    def reply_text(self) -> str:
        """The new part of a reply: text without quotes and signature. Worked out when first asked for."""
        # The room of replies is large, and most mails are never asked for this.
        from worker.parsing.reply import new_part

        return new_part(self.text, self.old_opens_with)

    def header(self, name: str) -> str:
        """The first field of that name, any case, or ""."""
        return next(iter(self.headers_named(name)), "")

    def headers_named(self, name: str) -> tuple[str, ...]:
        """All fields of that name, any case, in order of appearance."""
        return tuple(self._by_name.get(name.lower(), ()))

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        by_name: dict[str, list[str]] = {}
        for name, value in self.headers:
            by_name.setdefault(name.lower(), []).append(value)
        return by_name
