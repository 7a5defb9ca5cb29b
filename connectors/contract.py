"""What a CRM must promise: the one file that a new connector has to read.

Terminology
case        the record in the CRM (ticket, issue …); delivery: one message on its way to one CRM.
key         a delivery's unchanging identity: 40 hex digits, given by the worker, never made here.
append      add a further message to an existing case.

The promise
1. ``create`` and ``append`` store ``delivery.key`` in the same call that makes the record.
2. ``find`` sees the key, on a case or on a message within one, at most ``visible_after_s`` later.
3. A second ``create`` or ``append`` with the same key refuses or returns the first record, and overwrites nothing.
4. Whatever is raised is one of the errors below; they say what happened, so the worker need not guess.
"""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import BinaryIO, ClassVar


class Dedupe(Enum):
    """How a connector keeps a message from becoming two cases."""

    NATIVE = "the CRM refuses a second record with the same key"
    SEARCH = "find() shows the key after visible_after_s seconds"
    NONE = "the CRM cannot be asked"


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What one connector can do: read by the worker to choose a path, and by the test-kit to choose tests."""

    dedupe: Dedupe
    append: bool = True
    #: ``correlate`` can find a case by the Message-IDs stored with its messages.
    correlates: bool = False
    html: bool = False
    #: a message can be added for agents' eyes only
    internal_notes: bool = False
    #: characters of ``Delivery.text`` that one message may hold
    max_text_chars: int = 32_000
    #: bytes of one attachment; 0: attachments are named in the text but not sent
    max_attachment_bytes: int = 0
    #: seconds from create() until find() is sure to see it
    visible_after_s: float = 0.0


@dataclass(frozen=True)
class CaseRef:
    """A case as its CRM knows it: an opaque id, and the number that people quote."""

    id: str
    number: str
    url: str = ""


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


class Severity(Enum):
    """How bad a finding of ``check`` is."""

    OK = "ok"
    WARNING = "warning"
    STOPS_MAIL = "stops mail"


@dataclass(frozen=True)
class Finding:
    """One fact that ``check`` found, with its cure when something is wrong."""

    severity: Severity
    fact: str
    cure: str = ""


@dataclass(frozen=True)
class Request:
    """A request that a connector would send: shown by ``explain``, never sent by it. Secrets are left out."""

    method: str
    target: str
    body: str = ""


class Connector(ABC):
    """One CRM. The constructor's keyword names are its settings keys; ``name_env`` keys arrive as ``name``.

    Every method may be called from several threads at once.
    """

    capabilities: ClassVar[Capabilities]

    @classmethod
    def misfits(cls, options: Mapping[str, object]) -> Sequence[tuple[str, str]]:
        """Contradictions among the constructor's keywords: (key, what is wrong and the cure) each."""
        return ()

    @property
    def target(self) -> str:
        """What, beside the instance's name, decides where a case lands (for example a project); part of the key."""
        return ""

    @abstractmethod
    def check(self) -> Sequence[Finding]:
        """Prove address, credentials, objects and fields; writes nothing. Raises nothing but ConnectorError."""

    @abstractmethod
    def find(self, delivery: Delivery) -> CaseRef | None:
        """The case that holds ``delivery.key`` (on the case or on one of its messages), or None.

        ``delivery.case``, when set, is where an append was about to go.
        """

    @abstractmethod
    def create(self, delivery: Delivery) -> CaseRef:
        """Open a case with the message in it, stamped with the key."""

    def append(self, delivery: Delivery) -> CaseRef:
        """Add the message to ``delivery.case``, stamped with the key; the vendor's rule for closed cases applies.

        Returns the case it is in, maybe a follow-up of ``delivery.case``. Raises CaseGone when that can take none.
        """
        raise CaseGone("this CRM cannot add to a case")

    def correlate(self, message_ids: Sequence[str]) -> CaseRef | None:
        """The case that holds a message with one of these Message-IDs (the last one wins), or None."""
        return None

    def preview(self, delivery: Delivery) -> Sequence[Request]:
        """The requests that delivering this would send, without sending any."""
        return ()

    def close(self) -> None:  # noqa: B027
        """Let go of connections; may be called twice."""


class ConnectorError(Exception):
    """Base of what a connector raises. ``str(error)`` is safe to log: no secret, no message text.

    ConnectorError
    ├── Retryable       nothing happened; the same call may work later
    │   └── Throttled   … and so for every delivery of this connector (or of one bucket) until then
    ├── InDoubt         the request left, no answer came: it may have happened; find() first
    ├── Rejected        never, for this delivery as it is; the others go on
    │   └── CaseGone    delivery.case is deleted, merged or locked; as a new case it may work
    └── Unusable        never, for any delivery, until a person changes something
        └── AuthFailed  the CRM does not know us, or no longer
    """


class Retryable(ConnectorError):
    """Nothing happened; the same call may work later. ``retry_after_s``: None leaves the wait to the worker."""

    def __init__(self, detail: str, retry_after_s: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class Throttled(Retryable):
    """Nothing happened, and the whole connector must wait; or, when ``bucket`` is a case's id, that case only."""

    def __init__(self, detail: str, retry_after_s: float, bucket: str = "") -> None:
        super().__init__(detail, retry_after_s)
        self.bucket = bucket


class InDoubt(ConnectorError):
    """The request left and no clear answer came: it may have happened."""


class Rejected(ConnectorError):
    """The CRM will never take this delivery as it is."""


class CaseGone(Rejected):
    """The case is deleted, merged or locked; the worker opens a new one that follows it."""


class Unusable(ConnectorError):
    """Nothing gets through until a person changes something; the text names what, and the cure."""


class AuthFailed(Unusable):
    """The CRM does not know us, or no longer."""
