"""What is known of a mail that was passed on, and what is made of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class Evidence(Enum):
    """What tells of the original author, the strongest first."""

    ATTACHED = "the mail is attached"
    ORIGINAL_FROM = "a field that a group writes when it takes over From"
    REPLY_TO = "the reply address beside a From that a list took over"
    COPIED = "a copied header in the text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """An attached message/rfc822: its fields, decoded, in order; and its text, if it was read."""

    headers: tuple[tuple[str, str], ...]
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedOn:
    """The plain values of a mail that may have been passed on; names and fields are decoded."""

    subject: str
    text: str
    html: str = ""
    from_name: str = ""
    from_address: str = ""
    #: (name, address)
    reply_to: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    attached: tuple[Attached, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """The author of the mail that was passed on."""

    #: "" where none is given, or where the name is itself an address
    name: str
    #: follows the grammar of RFC 5321 section 4.1.2 (dot-string, with the letters of RFC 6531); never ""
    address: str
    #: the date as written, in whatever language; "" if none
    sent: str
    #: aware, UTC; None unless ``sent`` is a date of RFC 5322 or ISO 8601 with its offset
    sent_at: datetime | None
    subject: str
    body: str
    evidence: Evidence
    #: one sentence for the case: "forwarded by …" has its proof here
    why: str
