"""What passes between the worker and a connector: plain, frozen values, no MIME, no IMAP."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO


@dataclass(frozen=True)
class CaseRef:
    """A case as its CRM knows it: an opaque id, and the number that people quote."""

    id: str
    number: str
    url: str = ""
    #: of what create or append returns: the key was there before this call, so that nothing was written by it
    was_there: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class Person:
    """A display name (may be empty) and an address (``local@domain``, may be empty if the mail has none)."""

    name: str
    address: str


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """One file. ``content`` is the bytes themselves or, when they are many, the file that holds them."""

    name: str
    content_type: str
    size_bytes: int
    #: SHA-256, hex
    sha256: str
    content: bytes | Path
    #: shown within the HTML body, by ``content_id`` (without angle brackets)
    inline: bool = False
    content_id: str = ""

    def open(self) -> BinaryIO:
        """A fresh binary stream of the content; the caller closes it."""
        return io.BytesIO(self.content) if isinstance(self.content, bytes) else self.content.open("rb")


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One message on its way to one CRM: plain values, no MIME, no IMAP."""

    key: str
    #: one line, never empty
    subject: str
    #: plain text, ``\n`` line ends
    text: str
    requester: Person
    #: when the author sent it; aware, UTC
    sent_at: datetime
    #: sanitised HTML, or empty
    html: str = ""
    #: the routing address the message came in by, or empty
    recipient: str = ""
    to: tuple[Person, ...] = ()
    cc: tuple[Person, ...] = ()
    #: Message-IDs without angle brackets; empty if there was none
    message_id: str = ""
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    #: the message as received, for connectors that keep or forward it
    source: Attachment | None = None
    #: from the route: queue, priority …; names are the connector's own
    fields: Mapping[str, str] = field(default_factory=dict)
    #: set when the message continues a case
    case: CaseRef | None = None
    #: set when a new case takes the place of one that is gone or may not be written to
    follows: CaseRef | None = None
    #: False: for agents' eyes only
    public: bool = True


@dataclass(frozen=True, kw_only=True)
class Change:
    """What ``update`` does to a case. ``key`` is its unchanging identity, as a delivery's."""

    key: str
    #: by the connector's own names, as in ``Delivery.fields`` (priority, owner, queue, status …); absent: left alone
    fields: Mapping[str, str] = field(default_factory=dict)
    #: plain text for agents' eyes only, or empty
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class CaseState:
    """A case as it stands in its CRM; times are aware, UTC. Words are the CRM's own."""

    case: CaseRef
    status: str
    #: whether somebody still has to do something about it
    open: bool
    opened_at: datetime
    changed_at: datetime
    closed_at: datetime | None = None
    priority: str = ""
    owner: str = ""
    queue: str = ""
    #: the key that the case was made with
    key: str = ""
    #: when an agent wrote to the customer, first and last; None: never, or not to be known (see ``answers``)
    first_answer_at: datetime | None = None
    last_answer_at: datetime | None = None
    #: when the customer wrote last; None: not to be known
    last_customer_at: datetime | None = None
